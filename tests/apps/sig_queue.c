/* SPDX-License-Identifier: BSD-2-Clause */
/* sigqueue to oneself: values, order and number of real-time signals; the lowest first. */
#include "check.h"

static void show(int number, siginfo_t *info, void *context)
{
    (void)context;
    printf("rt+%d code %d value %d own %d\n", number - SIGRTMIN, info->si_code,
           info->si_value.sival_int, info->si_pid == getpid());
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = show, .sa_flags = SA_SIGINFO};
    sigset_t set;

    sigfillset(&action.sa_mask);
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 4; i++)
        sigaction(SIGRTMIN + i, &action, NULL);
    for (int i = 0; i < 12; i++)
        NEED(sigqueue(getpid(), SIGRTMIN + 3 - i % 4, (union sigval){.sival_int = i}) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CALL(sigqueue(getpid(), 65, (union sigval){.sival_int = 0}));
    CALL(sigqueue(getpid(), 0, (union sigval){.sival_int = 0}));
    return 0;
}
