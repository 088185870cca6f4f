/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seats of a pool, and its keepers: threads that clone ahead and destroy what has served, so
 * that callers do neither.  The rules are in pool.h.
 */
#include "vmm/pool.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#define RETRY_NS 100000000ull /* after a clone that failed */

uint64_t pool_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int pool_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    int result = pthread_condattr_init(&attributes);

    if (result == 0) {
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        result = pthread_cond_init(cond, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    return -result;
}

int pool_wait(struct vmm_pool *pool, pthread_cond_t *cond, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                             .tv_nsec = (long)(until_ns % 1000000000u)};

    if (until_ns == 0) {
        return pthread_cond_wait(cond, &pool->lock);
    }
    return pthread_cond_timedwait(cond, &pool->lock, &until);
}

/* ---- Seats and VMs; all with the lock ------------------------------------ */

static struct pool_waiter *take_waiter(struct vmm_pool *pool)
{
    struct pool_waiter *waiter = pool->stopping ? NULL : pool->first;

    if (waiter != NULL) {
        pool->first = waiter->next;
        if (pool->first == NULL) {
            pool->last = &pool->first;
        }
    }
    return waiter;
}

static void grant(struct pool_waiter *waiter, struct vmm *vm)
{
    waiter->vm = vm;
    waiter->granted = true;
    pthread_cond_signal(&waiter->woken);
}

/* VMs that are used again come back, so those in use count as kept ahead. */
bool pool_wants_clone(const struct vmm_pool *pool)
{
    unsigned int ahead = pool->ready_count + pool->cloning + (pool->reuse ? pool->inside : 0);

    return !pool->stopping && pool->total < pool->most && ahead < pool->target;
}

static void *keep(void *arg);

void pool_start_keeper(struct vmm_pool *pool)
{
    sigset_t all, before;

    sigfillset(&all); /* the embedder's signals are for its own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&pool->keeper[pool->keepers], NULL, keep, pool) == 0) {
        pool->keepers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* One keeper per VM that is to be destroyed, as far as there may be so many. */
void pool_call_keeper(struct vmm_pool *pool)
{
    unsigned int work = pool->dead_count + (pool_wants_clone(pool) ? 1 : 0);

    if (pool->keepers_idle > 0) {
        pthread_cond_signal(&pool->work);
    }
    if (pool->keepers_idle < work && pool->keepers < POOL_KEEPERS_MAX && !pool->stopping) {
        pool_start_keeper(pool);
    }
}

void pool_give_seat(struct vmm_pool *pool)
{
    struct pool_waiter *waiter = take_waiter(pool);

    if (waiter != NULL) {
        grant(waiter, NULL);
        return;
    }
    pool->total--;
    if (pool->keepers_idle > 0 && pool_wants_clone(pool)) {
        pthread_cond_signal(&pool->work);
    }
}

void pool_give_vm(struct vmm_pool *pool, struct vmm *vm)
{
    struct pool_waiter *waiter = take_waiter(pool);

    if (waiter != NULL) {
        grant(waiter, vm);
    } else {
        pool->ready[pool->ready_count++] = vm;
    }
}

void pool_bury(struct vmm_pool *pool, struct vmm *vm)
{
    pool->dead[pool->dead_count++] = vm;
    pool_call_keeper(pool);
}

int pool_clone(struct vmm_pool *pool, struct vmm **vm, struct vmm_error *error)
{
    int result = vmm_clone(pool->snapshot, pool->config, vm, error);

    if (result != 0) {
        return result;
    }
    /* Ahead of time, so that the first call is as quick as later ones. */
    result = vmm_warm(*vm, error);
    if (result != 0) {
        vmm_destroy(*vm);
        *vm = NULL;
    }
    return result;
}

/* ---- Keepers ------------------------------------------------------------- */

static void clone_ahead(struct vmm_pool *pool)
{
    struct vmm *vm;
    int result;

    pool->total++;
    pool->cloning++;
    pthread_mutex_unlock(&pool->lock);
    result = pool_clone(pool, &vm, NULL);
    pthread_mutex_lock(&pool->lock);
    pool->cloning--;
    if (result == 0) {
        pool->created++;
        pool_give_vm(pool, vm);
    } else {
        pool->retry_ns = pool_now_ns() + RETRY_NS;
        pool_give_seat(pool);
    }
}

static void destroy_one(struct vmm_pool *pool)
{
    struct vmm *vm = pool->dead[--pool->dead_count];

    pthread_mutex_unlock(&pool->lock);
    vmm_destroy(vm);
    pthread_mutex_lock(&pool->lock);
    pool_give_seat(pool);
}

static void *keep(void *arg)
{
    struct vmm_pool *pool = arg;

    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        bool wants = pool_wants_clone(pool);
        bool later = wants && pool->retry_ns != 0 && pool_now_ns() < pool->retry_ns;

        if (wants && !later) {
            clone_ahead(pool);
        } else if (pool->dead_count > 0) {
            destroy_one(pool);
        } else {
            pool->keepers_idle++;
            pool_wait(pool, &pool->work, later ? pool->retry_ns : 0);
            pool->keepers_idle--;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}
