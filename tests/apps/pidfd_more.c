/* SPDX-License-Identifier: BSD-2-Clause */
/* waitid(2) on a pidfd that does not block; process_madvise(2); pidfd_getfd(2). */
#include "check.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void waiting(void)
{
    siginfo_t info;
    int pipes[2];
    char byte;

    NEED(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[1]);
        NEED(read(pipes[0], &byte, 1) == 0);
        _exit(5);
    }
    int fd = (int)syscall(SYS_pidfd_open, child, O_NONBLOCK);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    memset(&info, 1, sizeof(info));
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
    VALUE(info.si_pid);
    close(pipes[1]);
    NEED(fcntl(fd, F_SETFL, 0) == 0);
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    VALUE(info.si_status);
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    close(fd);
    close(pipes[0]);
}

static void advising(void)
{
    char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec ranges[2] = {{memory, 4096}, {memory + 4096, 4096}};
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

    memory[0] = memory[4096] = 9;
    VALUE(syscall(SYS_process_madvise, self, ranges, 2, MADV_COLD, 0));
    VALUE(syscall(SYS_process_madvise, self, ranges, 2, MADV_WILLNEED, 0));
    CHECK(memory[0] == 9 && memory[4096] == 9);
    VALUE(syscall(SYS_process_madvise, self, ranges, 2, MADV_COLD, 1));
    VALUE(syscall(SYS_process_madvise, -1, ranges, 2, MADV_COLD, 0));
    VALUE(syscall(SYS_process_madvise, self, (void *)8, 2, MADV_COLD, 0));
    VALUE(syscall(SYS_process_madvise, self, ranges, 2000, MADV_COLD, 0));
    ranges[1].iov_base = memory + 100;
    VALUE(syscall(SYS_process_madvise, self, ranges, 2, MADV_COLD, 0));
    close(self);
}

static void getting(void)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int file = open("/dev/null", O_RDONLY);
    int copy = (int)syscall(SYS_pidfd_getfd, self, file, 0);

    CHECK(copy >= 0 && copy != file && (fcntl(copy, F_GETFD) & FD_CLOEXEC));
    VALUE(syscall(SYS_pidfd_getfd, self, 999, 0));
    VALUE(syscall(SYS_pidfd_getfd, self, file, 1));
    VALUE(syscall(SYS_pidfd_getfd, file, file, 0));
}

int main(void)
{
    waiting();
    advising();
    getting();
    return 0;
}
