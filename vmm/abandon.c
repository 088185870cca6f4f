/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving a finished VM behind without waiting for its teardown.  The host's
 * kernel takes a VM down when its last descriptor is closed, and idles some 10
 * ms at it; whoever holds that descriptor last waits.  So a helper process
 * that shares memory and descriptors with us (no copy of anything is made)
 * stays until we have ended, and is killed by our end.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/vmm.h"

#define STACK_BYTES (16u << 10)
/* Memory and descriptors in common; no signal to anybody at its end. */
#define HELPER_FLAGS (CLONE_VM | CLONE_FILES)

/* At the low end of the helper's stack. */
struct helper {
    _Atomic(uint32_t) ready;
    _Atomic(uint32_t) never;
};

static void futex(_Atomic(uint32_t) *word, int operation, uint32_t value)
{
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static int helper_main(void *arg)
{
    struct helper *helper = arg;

    /* Our creator's end is ours: no process is ever left behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* Whoever reads our output sees its end now. */
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    atomic_store(&helper->ready, 1);
    futex(&helper->ready, FUTEX_WAKE, 1);
    for (;;) {
        futex(&helper->never, FUTEX_WAIT, 0);
    }
    return 0;
}

int vmm_abandon(void)
{
    uint8_t *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct helper *helper = (struct helper *)stack;
    sigset_t all, before;
    int result = 0;

    if (stack == MAP_FAILED) {
        return -ENOMEM;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the helper runs no handler of ours */
    if (clone(helper_main, stack + STACK_BYTES, HELPER_FLAGS, helper) < 0) {
        result = -errno;
        munmap(stack, STACK_BYTES);
    }
    /* It must be under our death's signal before we die. */
    while (result == 0 && atomic_load(&helper->ready) == 0) {
        futex(&helper->ready, FUTEX_WAIT, 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}
