/* SPDX-License-Identifier: BSD-2-Clause */
/* Record and whole-file locks between processes: conflicts, waiting, release by close and exit. */
#include "check.h"
#include <sys/file.h>
#include <sys/wait.h>

static int lock(int fd, int command, short type, off_t start, off_t length)
{
    struct flock request = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, command, &request);
}

static void show_lock(int fd, off_t start, off_t length)
{
    struct flock f = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    NEED(fcntl(fd, F_GETLK, &f) == 0);
    printf("[%ld, +%ld): type %d", (long)start, (long)length, f.l_type);
    if (f.l_type != F_UNLCK)
        printf(" from %ld length %ld, parent's: %d", (long)f.l_start, (long)f.l_len,
               f.l_pid == getppid());
    printf("\n");
}

static void child_view(int fd)
{
    show_lock(fd, 0, 5);
    show_lock(fd, 0, 0);
    show_lock(fd, 200, 0);
    CALL(lock(fd, F_SETLK, F_WRLCK, 15, 1));
    CALL(lock(fd, F_SETLK, F_RDLCK, 15, 1));
    CALL(lock(fd, F_SETLK, F_WRLCK, 0, 10));
    CALL(flock(open("f", O_RDWR), LOCK_EX | LOCK_NB));
    CALL(flock(open("f", O_RDWR), LOCK_SH | LOCK_NB));
    fflush(stdout);
    _exit(0);
}

int main(void)
{
    enter_scratch();
    write_file("f", "some bytes");
    int fd = open("f", O_RDWR), pipes[2], status;
    NEED(fd >= 0);
    CALL(lock(fd, F_SETLK, F_WRLCK, 10, 90));
    CALL(lock(fd, F_SETLK, F_RDLCK, 15, 5)); /* cuts the range in three */
    CALL(flock(fd, LOCK_SH));
    fflush(stdout);
    if (fork() == 0)
        child_view(fd);
    wait(&status);
    CALL(lock(fd, F_SETLK, F_UNLCK, 0, 0));

    /* A waiter gets the lock when its holder exits. */
    int go[2];
    NEED(pipe(pipes) == 0 && pipe(go) == 0);
    pid_t holder = fork();
    if (holder == 0) {
        NEED(lock(fd, F_SETLK, F_WRLCK, 0, 0) == 0);
        NEED(write(pipes[1], "x", 1) == 1);
        char word;
        NEED(read(go[0], &word, 1) == 1);
        usleep(20000); /* so that the other one usually waits */
        _exit(7);
    }
    char c;
    NEED(read(pipes[0], &c, 1) == 1);
    CALL(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    NEED(write(go[1], "x", 1) == 1);
    CALL(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
    wait(&status);
    VALUE(WEXITSTATUS(status));

    /* Closing any descriptor of the file gives the process's record locks up. */
    close(open("f", O_RDONLY));
    fflush(stdout);
    if (fork() == 0) {
        CALL(lock(fd, F_SETLK, F_WRLCK, 0, 0));
        fflush(stdout);
        _exit(0);
    }
    wait(&status);

    /* flock belongs to the open file, so a dup shares it and another open conflicts. */
    int other = open("f", O_RDWR), twin = dup(fd);
    CALL(flock(twin, LOCK_EX | LOCK_NB));
    CALL(flock(other, LOCK_EX | LOCK_NB));
    close(fd);
    CALL(flock(other, LOCK_EX | LOCK_NB));
    close(twin);
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(lock(other, F_OFD_SETLK, F_WRLCK, 0, 10));
    int third = open("f", O_RDWR);
    CALL(lock(third, F_OFD_SETLK, F_WRLCK, 5, 10));
    CALL(lock(third, F_SETLK, F_WRLCK, 5, 10));
    CALL(lock(open("f", O_RDONLY), F_SETLK, F_WRLCK, 50, 1));
    CALL(lock(third, F_SETLK, 9, 0, 0));
    return 0;
}
