/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of a pool, shared by vmm/pool.c (making it, calls) and vmm/pool_keep.c (seats,
 * keepers).  Internal to libvmm.
 *
 * Rules.  `lock` covers everything below it in struct vmm_pool, is held for some
 * instructions at a time and never while a VM is made, called, reset or destroyed.
 * Every VM, from before it is cloned until after it is destroyed, counts in `total`, and
 * total <= most: such a permission to have a VM is a seat.  Callers that find neither a
 * VM nor a free seat queue up; what becomes free is handed to the first of them (a clean
 * VM, or a seat to clone one in), never left for whoever comes by: first come first
 * served.  So nobody waits for a keeper; keepers only save waiting.
 */
#ifndef VMM_POOL_H
#define VMM_POOL_H

#include <pthread.h>
#include <sys/types.h>

#include "vmm/vmm.h"

/* Destroying idles in the host's kernel, so several at a time. */
#define POOL_KEEPERS_MAX 8u

struct pool_waiter {
    struct pool_waiter *next;
    pthread_cond_t woken;
    bool granted; /* vm, or when that is NULL a seat */
    struct vmm *vm;
};

struct vmm_pool {
    struct vmm_snapshot *snapshot;
    struct vmm_config *config;
    unsigned int target, most;
    bool reuse;
    pid_t owner; /* after fork() the child has no keepers */

    pthread_mutex_t lock;
    pthread_cond_t work; /* for keepers */
    pthread_cond_t idle; /* nobody calls any more */
    struct pool_waiter *first, **last;
    struct vmm **ready, **dead; /* stacks of up to `most`; the VM used last is warmest */
    unsigned int ready_count, dead_count;
    unsigned int total, cloning, busy;
    unsigned int inside; /* callers anywhere in vmm_pool_call() */
    unsigned int keepers, keepers_idle;
    pthread_t keeper[POOL_KEEPERS_MAX];
    uint64_t retry_ns; /* no clones ahead until then */
    bool stopping;
    uint64_t calls, created, resets, waits;
};

/* 0 or a negative errno; its waits are on the monotonic clock. */
int pool_cond_init(pthread_cond_t *cond);
/* until_ns 0: without end.  ETIMEDOUT when that time has come. */
int pool_wait(struct vmm_pool *pool, pthread_cond_t *cond, uint64_t until_ns);
uint64_t pool_now_ns(void);

/* All with the lock held. */
bool pool_wants_clone(const struct vmm_pool *pool);
void pool_start_keeper(struct vmm_pool *pool); /* `keepers` tells whether it worked */
void pool_call_keeper(struct vmm_pool *pool); /* there is something to do in the background */
void pool_give_seat(struct vmm_pool *pool); /* a seat has become free */
void pool_give_vm(struct vmm_pool *pool, struct vmm *vm); /* clean, on its seat */
void pool_bury(struct vmm_pool *pool, struct vmm *vm); /* to be destroyed in the background */

/* A clone that has rehearsed; without the lock. */
int pool_clone(struct vmm_pool *pool, struct vmm **vm, struct vmm_error *error);

#endif
