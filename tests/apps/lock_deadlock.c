/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that wait for each other's ranges: EDEADLK for the last; which lock F_GETLK names. */
#include "check.h"

#include <sys/wait.h>

static int lock(int fd, int command, short type, off_t start, off_t length)
{
    struct flock request = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, command, &request);
}

static void wait_until_sleeping(pid_t pid)
{
    char path[64], text[256] = "", *end;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    for (int i = 0; i < 1000; i++) {
        int fd = open(path, O_RDONLY);
        NEED(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
        close(fd);
        end = strrchr(text, ')');
        if (end && end[2] == 'S')
            return;
        usleep(1000);
    }
    NEED(!"sleeping");
}

/* Takes its own byte, says so, and wants the next one. */
static pid_t start(int fd, int own, int next)
{
    int ready[2];
    char byte;

    NEED(pipe(ready) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        NEED(lock(fd, F_SETLK, F_WRLCK, own, 1) == 0);
        NEED(write(ready[1], "x", 1) == 1);
        _exit(lock(fd, F_SETLKW, F_WRLCK, next, 1) == 0 ? 0 : 1);
    }
    NEED(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void deadlock(int fd)
{
    int status[2];

    CALL(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    pid_t a = start(fd, 1, 0);
    wait_until_sleeping(a);
    pid_t b = start(fd, 2, 1);
    wait_until_sleeping(b);
    CALL(lock(fd, F_SETLKW, F_WRLCK, 2, 1));
    CALL(lock(fd, F_SETLK, F_WRLCK, 2, 1));
    CALL(lock(fd, F_SETLKW, F_WRLCK, 3, 1));
    CALL(lock(fd, F_SETLK, F_UNLCK, 0, 1));
    NEED(waitpid(a, &status[0], 0) == a && waitpid(b, &status[1], 0) == b);
    CHECK(status[0] == 0 && status[1] == 0);
    CALL(lock(fd, F_SETLKW, F_WRLCK, 0, 10));
}

static void first_conflict(int fd)
{
    struct flock seen = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int status;

    CALL(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    CALL(lock(fd, F_SETLK, F_WRLCK, 50, 5));
    CALL(lock(fd, F_SETLK, F_RDLCK, 10, 5));
    CALL(lock(fd, F_SETLK, F_WRLCK, 30, 5));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        NEED(fcntl(fd, F_GETLK, &seen) == 0);
        printf("first: type %d at %ld length %ld\n", seen.l_type, (long)seen.l_start,
               (long)seen.l_len);
        seen = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET};
        NEED(fcntl(fd, F_GETLK, &seen) == 0);
        printf("for a reader: type %d at %ld length %ld\n", seen.l_type, (long)seen.l_start,
               (long)seen.l_len);
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
    enter_scratch();
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    deadlock(fd);
    first_conflict(fd);
    return 0;
}
