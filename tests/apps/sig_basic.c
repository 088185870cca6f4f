/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers: arguments, the mask while one runs, SA_NODEFER, SA_RESETHAND, what sigaction returns.
 */
/* variants: dynamic static musl */
#include "check.h"

static int depth, deepest, calls;

static void nest(int number)
{
    calls++;
    if (++depth > deepest)
        deepest = depth;
    if (calls < 4)
        raise(number);
    depth--;
}

static void show(int number, siginfo_t *info, void *context)
{
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("signal %d code %d own pid %d context %d blocked USR1 %d USR2 %d HUP %d\n", number,
           info->si_code, info->si_pid == getpid(), context != NULL, sigismember(&now, SIGUSR1),
           sigismember(&now, SIGUSR2), sigismember(&now, SIGHUP));
}

int main(void)
{
    struct sigaction action = {.sa_handler = nest}, old;

    VALUE(sigaction(SIGUSR1, &action, &old));
    CHECK(old.sa_handler == SIG_DFL);
    raise(SIGUSR1);
    VALUE(deepest);
    VALUE(calls);
    calls = deepest = 0;
    action.sa_flags = SA_NODEFER;
    VALUE(sigaction(SIGUSR1, &action, &old));
    CHECK(old.sa_handler == nest);
    raise(SIGUSR1);
    VALUE(deepest);
    action = (struct sigaction){.sa_sigaction = show, .sa_flags = SA_SIGINFO | SA_RESETHAND};
    sigaddset(&action.sa_mask, SIGHUP);
    VALUE(sigaction(SIGUSR2, &action, NULL));
    VALUE(kill(getpid(), SIGUSR2));
    VALUE(sigaction(SIGUSR2, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    action.sa_flags = SA_SIGINFO;
    VALUE(sigaction(SIGUSR1, &action, NULL));
    VALUE(raise(SIGUSR1));
    CALL(sigaction(SIGKILL, &action, NULL));
    CALL(sigaction(SIGSTOP, &action, NULL));
    CALL(sigaction(0, &action, NULL));
    CALL(sigaction(65, &action, NULL));
    CALL(kill(getpid(), 0));
    CALL(kill(getpid(), 65));
    CALL(kill(0x3fffffff, SIGUSR1));
    signal(SIGUSR2, SIG_IGN);
    VALUE(raise(SIGUSR2));
    raise(SIGCHLD);
    raise(SIGURG);
    raise(SIGWINCH);
    raise(SIGCONT);
    printf("alive\n");
    return 0;
}
