/* SPDX-License-Identifier: BSD-2-Clause */
/* sigaltstack(2): SS_AUTODISARM, changes from within a handler, sizes, inheritance. */
#include "check.h"
#include <sys/wait.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char stack[65536], other[65536];
static int inside_flags, change_errno, on_stack;

static void handler(int signo)
{
    char here;
    stack_t now, fresh = {.ss_sp = other, .ss_size = sizeof(other)};
    (void)signo;
    on_stack = &here >= stack && &here < stack + sizeof(stack);
    NEED(sigaltstack(NULL, &now) == 0);
    inside_flags = now.ss_flags;
    errno = 0;
    sigaltstack(&fresh, NULL);
    change_errno = errno;
}

static void with(const char *name, int stack_flags, int action_flags)
{
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack), .ss_flags = stack_flags}, now;
    struct sigaction action = {.sa_handler = handler, .sa_flags = action_flags};

    VALUE(sigaltstack(&alt, NULL));
    NEED(sigaction(SIGUSR1, &action, NULL) == 0);
    raise(SIGUSR1);
    NEED(sigaltstack(NULL, &now) == 0);
    printf("%s: on it %d, flags inside %x, changing %d, after %s flags %x\n", name, on_stack,
           (unsigned int)inside_flags, change_errno,
           now.ss_sp == stack ? "the same" : "another one", (unsigned int)now.ss_flags);
}

int main(void)
{
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)}, now;

    NEED(sigaltstack(NULL, &now) == 0);
    VALUE(now.ss_flags);
    with("plain", 0, SA_ONSTACK);
    with("unused", 0, 0);
    with("autodisarm", (int)SS_AUTODISARM, SA_ONSTACK);
    alt.ss_size = 100;
    VALUE(sigaltstack(&alt, NULL));
    alt.ss_size = sizeof(stack);
    alt.ss_flags = 77;
    VALUE(sigaltstack(&alt, NULL));
    alt.ss_flags = SS_ONSTACK;
    VALUE(sigaltstack(&alt, NULL));
    fflush(stdout);
    if (fork() == 0) {
        NEED(sigaltstack(NULL, &now) == 0);
        CHECK(now.ss_sp == stack && now.ss_size == sizeof(stack));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    alt.ss_flags = SS_DISABLE;
    VALUE(sigaltstack(&alt, NULL));
    NEED(sigaltstack(NULL, &now) == 0);
    VALUE(now.ss_flags);
    VALUE(sigaltstack((void *)8, NULL));
    return 0;
}
