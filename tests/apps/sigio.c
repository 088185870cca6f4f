/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal-driven I/O: O_ASYNC, F_SETOWN and F_SETOWN_EX, F_SETSIG and what siginfo says. */
#include "check.h"

#include <poll.h>
#include <time.h>

static int ends[2];

static void expect(const char *when)
{
    struct timespec second = {.tv_sec = 1}, none = {0};
    sigset_t set;
    siginfo_t info;
    int signo;

    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    NEED(write(ends[1], "x", 1) == 1);
    signo = sigtimedwait(&set, &info, &second);
    printf("%s: signal %d", when, signo);
    if (signo == SIGUSR1)
        printf(" code %d fd right %d band has POLLIN %d", info.si_code, info.si_fd == ends[0],
               (info.si_band & POLLIN) != 0);
    printf("\n");
    while (sigtimedwait(&set, &info, &none) > 0)
        ;
    NEED(read(ends[0], &(char){0}, 1) == 1);
    while (sigtimedwait(&set, &info, &none) > 0)
        ;
}

static void owners(void)
{
    struct f_owner_ex owner = {.type = 9, .pid = 9};

    VALUE(fcntl(ends[0], F_GETOWN));
    CALL(fcntl(ends[0], F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_TID && owner.pid == 0);
    CALL(fcntl(ends[0], F_SETOWN, getpid()));
    CHECK(fcntl(ends[0], F_GETOWN) == getpid());
    CALL(fcntl(ends[0], F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_PID && owner.pid == getpid());
    CALL(fcntl(ends[0], F_SETOWN, -getpgrp()));
    CALL(fcntl(ends[0], F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_PGRP && owner.pid == getpgrp());
    owner = (struct f_owner_ex){F_OWNER_TID, gettid()};
    CALL(fcntl(ends[0], F_SETOWN_EX, &owner));
    CHECK(fcntl(ends[0], F_GETOWN) == gettid());
    owner.type = 3;
    CALL(fcntl(ends[0], F_SETOWN_EX, &owner));
    CALL(fcntl(ends[0], F_SETOWN_EX, (void *)1));
    CALL(fcntl(ends[0], F_SETOWN, 4000000));
    CALL(fcntl(ends[0], F_SETOWN, 0));
    VALUE(fcntl(ends[0], F_GETOWN));
}

int main(void)
{
    sigset_t set;
    pid_t pid = getpid();

    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    NEED(pipe(ends) == 0);
    owners();
    expect("nobody asked");
    NEED(fcntl(ends[0], F_SETOWN, pid) == 0);
    NEED(fcntl(ends[0], F_SETFL, O_ASYNC) == 0);
    CHECK(fcntl(ends[0], F_GETFL) == O_ASYNC);
    expect("asynchronous");
    VALUE(fcntl(ends[0], F_GETSIG));
    CALL(fcntl(ends[0], F_SETSIG, SIGUSR1));
    VALUE(fcntl(ends[0], F_GETSIG));
    expect("another signal");
    NEED(fcntl(ends[0], F_SETOWN, -getpgrp()) == 0);
    NEED(fcntl(ends[0], F_SETOWN_EX, &((struct f_owner_ex){F_OWNER_TID, gettid()})) == 0);
    expect("to the thread");
    CALL(fcntl(ends[0], F_SETSIG, 65));
    NEED(fcntl(ends[0], F_SETFL, 0) == 0);
    expect("no more");
    return 0;
}
