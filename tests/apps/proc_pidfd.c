/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes and signals as descriptors: pidfd_open(2), signalfd(2), CLONE_PIDFD. */
#include "check.h"
#include <linux/sched.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void of_process(void)
{
    siginfo_t info;
    pid_t child = fork();

    if (!child) {
        pause();
        _exit(0);
    }
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    CHECK(fd >= 0);
    VALUE(fcntl(fd, F_GETFD));
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    VALUE(poll(&poller, 1, 10));
    CALL(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    CALL(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
    VALUE(poll(&poller, 1, 5000));
    VALUE(poller.revents);
    memset(&info, 0, sizeof(info));
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    CHECK(info.si_pid == child);
    VALUE(info.si_status);
    CALL(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    CALL(syscall(SYS_pidfd_send_signal, 0, 0, NULL, 0));
    CALL(syscall(SYS_pidfd_open, 0, 0));
    CALL(syscall(SYS_pidfd_open, 1 << 30, 0));
    close(fd);
}

static void of_clone(void)
{
    int fd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&fd, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (!child)
        _exit(3);
    CHECK(child > 0 && fd >= 0);
    siginfo_t info;
    CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    VALUE(info.si_status);
    close(fd);
}

static void of_signals(void)
{
    struct signalfd_siginfo records[3];
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(fd >= 0);
    VALUE(read(fd, records, sizeof(records)));
    VALUE(read(fd, records, 100));
    union sigval value = {.sival_int = 77};
    sigqueue(getpid(), SIGRTMIN, value);
    kill(getpid(), SIGUSR1);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    VALUE(poll(&poller, 1, 0));
    VALUE(read(fd, records, sizeof(records)));
    CHECK(records[0].ssi_signo == SIGUSR1 && records[0].ssi_code == SI_USER);
    CHECK(records[0].ssi_pid == (uint32_t)getpid());
    CHECK(records[1].ssi_signo == (uint32_t)SIGRTMIN && records[1].ssi_code == SI_QUEUE);
    VALUE(records[1].ssi_int);
    VALUE(poll(&poller, 1, 0));

    pid_t child = fork();
    if (!child) {
        usleep(10000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    VALUE(poll(&poller, 1, 5000));
    fcntl(fd, F_SETFL, 0);
    VALUE(read(fd, records, sizeof(records)));
    CHECK(records[0].ssi_pid == (uint32_t)child);
    waitpid(child, NULL, 0);
    close(fd);
}

int main(void)
{
    of_process();
    of_clone();
    of_signals();
    return 0;
}
