/* SPDX-License-Identifier: BSD-2-Clause */
/* sigaltstack: handlers run on it, its flags while they do, and refusals. */
#include "check.h"

static char other[32768];

static void on_signal(int number)
{
    char here;
    stack_t now;

    sigaltstack(NULL, &now);
    printf("signal %d on the other stack: %d flags %d\n", number,
           &here > other && &here < other + sizeof(other), now.ss_flags);
    stack_t change = {.ss_sp = other, .ss_size = sizeof(other)};
    if (now.ss_flags & SS_ONSTACK)
        CALL(sigaltstack(&change, NULL));
}

int main(void)
{
    stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)}, old;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

    VALUE(sigaltstack(NULL, &old));
    VALUE(old.ss_flags);
    VALUE(sigaltstack(&stack, NULL));
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigaltstack(NULL, &old);
    CHECK(old.ss_sp == other && old.ss_size == sizeof(other) && old.ss_flags == 0);
    stack.ss_size = 100;
    CALL(sigaltstack(&stack, NULL));
    stack.ss_flags = 0x55;
    stack.ss_size = sizeof(other);
    CALL(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE;
    VALUE(sigaltstack(&stack, NULL));
    raise(SIGUSR1);
    return 0;
}
