/* SPDX-License-Identifier: BSD-2-Clause */
/* RLIMIT_SIGPENDING: how many signals queue, what still gets through, /proc/self/status. */
#include "check.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

int main(void)
{
    struct rlimit limit = {5, 5};
    sigset_t set;
    union sigval value = {.sival_int = 0};
    int queued = 0, taken = 0, last = -1, in_order = 1;
    siginfo_t info;
    struct timespec now = {0, 0};

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGUSR1);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    for (int i = 0; i < 100; i++) {
        value.sival_int = i;
        NEED(sigqueue(getpid(), i % 2 ? SIGRTMIN : SIGRTMIN + 1, value) == 0);
    }
    int low_first = 1, previous = SIGRTMIN;
    while (sigtimedwait(&set, &info, &now) > 0) {
        low_first &= info.si_signo >= previous;
        if (info.si_signo != previous)
            last = -1;
        in_order &= info.si_value.sival_int > last;
        last = info.si_value.sival_int;
        previous = info.si_signo;
        taken++;
    }
    VALUE(taken);
    CHECK(low_first && in_order);
    /* The limit is the real user's; a child in a fresh one. */
    NEED(setgid(54321) == 0 && setuid(54321) == 0);
    NEED(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    errno = 0;
    while (queued < 50 && sigqueue(getpid(), SIGRTMIN, value) == 0)
        queued++;
    CHECK(queued <= 5 && errno == EAGAIN);
    VALUE(kill(getpid(), SIGUSR1));
    VALUE(kill(getpid(), SIGRTMIN + 1));
    taken = 0;
    while (sigtimedwait(&set, &info, &now) > 0)
        taken++;
    CHECK(taken == queued + 2);
    return 0;
}
