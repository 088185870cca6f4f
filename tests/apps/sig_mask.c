/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocking, pending, sigsuspend, sigwaitinfo, sigtimedwait, order of delivery. */
#include "check.h"
#include <time.h>

static int order[16], count;

static void note(int number)
{
    if (count < 16)
        order[count++] = number;
}

int main(void)
{
    sigset_t set, old, pending;
    siginfo_t info;

    signal(SIGUSR1, note);
    signal(SIGUSR2, note);
    signal(SIGHUP, note);
    signal(SIGRTMIN, note);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGKILL);
    VALUE(sigprocmask(SIG_BLOCK, &set, &old));
    CHECK(!sigismember(&old, SIGUSR1));
    sigprocmask(SIG_BLOCK, NULL, &old);
    VALUE(sigismember(&old, SIGKILL));
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGRTMIN);
    raise(SIGRTMIN);
    VALUE(count);
    sigpending(&pending);
    printf("%d %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
           sigismember(&pending, SIGHUP), sigismember(&pending, SIGRTMIN));
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    VALUE(sigwaitinfo(&one, &info));
    VALUE(info.si_signo);
    VALUE(count);
    struct timespec soon = {0, 20000000};
    CALL(sigtimedwait(&one, &info, &soon));
    soon.tv_nsec = 1000000000;
    CALL(sigtimedwait(&one, &info, &soon));
    sigfillset(&one);
    sigdelset(&one, SIGUSR1);
    CALL(sigsuspend(&one));
    VALUE(count);
    VALUE(sigprocmask(SIG_UNBLOCK, &set, NULL));
    VALUE(count);
    for (int i = 0; i < count; i++)
        printf("%s ", order[i] == SIGUSR1 ? "usr1" : order[i] == SIGRTMIN ? "rt" : "other");
    printf("\n");
    CALL(sigprocmask(99, &set, NULL));
    raise(SIGHUP);
    VALUE(count);
    return 0;
}
