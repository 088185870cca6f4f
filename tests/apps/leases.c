/* SPDX-License-Identifier: BSD-2-Clause */
/* Leases, fcntl(2)'s F_SETLEASE: who may have one, who is told, who waits. */
#include "check.h"

#include <sys/wait.h>

static volatile sig_atomic_t told;

static void on_io(int signo)
{
    (void)signo;
    told++;
}

static pid_t open_in_child(int flags, int held)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(held); /* else it would keep the lease that it waits for */
        _exit(open("file", flags) >= 0 ? 0 : errno);
    }
    return pid;
}

static int result_of(pid_t pid)
{
    int status;

    NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void who_may(void)
{
    int reader = open("file", O_RDONLY), both = open("file", O_RDWR), pipes[2];

    VALUE(fcntl(reader, F_GETLEASE));
    CALL(fcntl(reader, F_SETLEASE, F_RDLCK));
    CALL(fcntl(both, F_SETLEASE, F_RDLCK));
    CALL(fcntl(both, F_SETLEASE, F_WRLCK));
    close(reader);
    CALL(fcntl(both, F_SETLEASE, F_UNLCK));
    CALL(fcntl(both, F_SETLEASE, F_WRLCK));
    VALUE(fcntl(both, F_GETLEASE));
    CALL(fcntl(both, F_SETLEASE, 7));
    CALL(fcntl(both, F_SETLEASE, F_UNLCK));
    VALUE(fcntl(both, F_GETLEASE));
    close(both);
    reader = open("file", O_RDONLY);
    CALL(fcntl(reader, F_SETLEASE, F_RDLCK));
    VALUE(fcntl(reader, F_GETLEASE));
    NEED(pipe(pipes) == 0);
    CALL(fcntl(pipes[0], F_SETLEASE, F_RDLCK));
    CALL(fcntl(-1, F_SETLEASE, F_RDLCK));
    close(reader);
}

static void breaking(int lease, int flags)
{
    int fd = open("file", O_RDONLY);

    told = 0;
    NEED(fcntl(fd, F_SETLEASE, lease) == 0);
    pid_t pid = open_in_child(flags | O_NONBLOCK, fd);
    VALUE(result_of(pid));
    VALUE(told);
    VALUE(fcntl(fd, F_GETLEASE));
    pid = open_in_child(flags, fd);
    usleep(30000);
    VALUE(waitpid(pid, NULL, WNOHANG));
    CALL(fcntl(fd, F_SETLEASE, fcntl(fd, F_GETLEASE)));
    VALUE(result_of(pid));
    VALUE(fcntl(fd, F_GETLEASE));
    close(fd);
}

int main(void)
{
    enter_scratch();
    write_file("file", "x");
    NEED(signal(SIGIO, on_io) != SIG_ERR);
    who_may();
    breaking(F_RDLCK, O_WRONLY);
    breaking(F_WRLCK, O_WRONLY);
    breaking(F_WRLCK, O_RDONLY);
    int fd = open("file", O_RDONLY);
    NEED(fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
    VALUE(result_of(open_in_child(O_RDONLY, fd)));
    pid_t pid = open_in_child(O_WRONLY, fd);
    usleep(30000);
    close(fd);
    VALUE(result_of(pid));
    return 0;
}
