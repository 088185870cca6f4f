/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: clones of one snapshot, kept ahead of the calls that will want them.  Here a pool
 * is made, called and destroyed; pool_keep.c moves VMs around.  Knows VMs through vmm.h only.
 */
#include "vmm/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/snapshot/snapshot.h"

#define READY_DEFAULT 4u
#define MOST_MAX 65536u

/* ---- Calls --------------------------------------------------------------- */

static int refuse(struct vmm_call *call, enum vmm_call_outcome outcome, int result,
                  const char *text)
{
    call->outcome = outcome;
    call->out_length = 0;
    return vmm_fail(&call->error, result, VMM_FAULT_USAGE, "%s", text);
}

static void leave_queue(struct vmm_pool *pool, struct pool_waiter *waiter)
{
    struct pool_waiter **link = &pool->first;

    while (*link != waiter) {
        link = &(*link)->next;
    }
    *link = waiter->next;
    if (*link == NULL) {
        pool->last = link;
    }
}

/* Waits for a VM or a seat: 0 with *vm (NULL: a seat). */
static int queue_up(struct vmm_pool *pool, struct vmm_call *call, uint64_t until_ns,
                    struct vmm **vm)
{
    struct pool_waiter self = {0};
    int result = pool_cond_init(&self.woken);

    if (result != 0) {
        return refuse(call, VMM_CALL_REFUSED, result, "the pool cannot wait");
    }
    *pool->last = &self;
    pool->last = &self.next;
    while (!self.granted && !pool->stopping && result != ETIMEDOUT) {
        result = pool_wait(pool, &self.woken, until_ns);
    }
    if (!self.granted) {
        leave_queue(pool, &self);
    }
    pthread_cond_destroy(&self.woken);
    *vm = self.vm;
    if (self.granted) {
        return 0;
    }
    if (pool->stopping) {
        return refuse(call, VMM_CALL_CANCELLED, -ECANCELED, "the pool is being destroyed");
    }
    return refuse(call, VMM_CALL_TIMED_OUT, -ETIMEDOUT,
                  "the time limit came before a VM of the pool was free");
}

/* 0 with a VM, or with a seat (*vm is NULL).  With the lock. */
static int take(struct vmm_pool *pool, struct vmm_call *call, uint64_t until_ns, struct vmm **vm)
{
    int result = 0;

    *vm = NULL;
    if (pool->stopping) {
        return refuse(call, VMM_CALL_CANCELLED, -ECANCELED, "the pool is being destroyed");
    }
    if (pool->ready_count > 0) { /* so nobody is in the queue */
        *vm = pool->ready[--pool->ready_count];
        if (pool_wants_clone(pool)) {
            pool_call_keeper(pool);
        }
        return 0;
    }
    pool->waits++;
    if (pool->total < pool->most) {
        pool->total++;
    } else {
        result = queue_up(pool, call, until_ns, vm);
    }
    return result;
}

/* Fills the seat; with the lock, which it drops meanwhile. */
static int clone_now(struct vmm_pool *pool, struct vmm_call *call, struct vmm **vm)
{
    int result;

    pthread_mutex_unlock(&pool->lock);
    result = vmm_clone(pool->snapshot, pool->config, vm, &call->error);
    pthread_mutex_lock(&pool->lock);
    if (result == 0) {
        pool->created++;
        return 0;
    }
    call->outcome = VMM_CALL_REFUSED;
    call->out_length = 0;
    pool_give_seat(pool);
    return result;
}

/* Calls in a VM of ours, without the lock; *clean says whether it may serve again. */
static int call_in(struct vmm_pool *pool, struct vmm *vm, struct vmm_call *call, uint64_t until_ns,
                   bool *clean)
{
    uint64_t timeout_ns = call->timeout_ns, now = until_ns != 0 ? pool_now_ns() : 0;
    int result;

    if (until_ns != 0) {
        call->timeout_ns = until_ns > now ? until_ns - now : 1;
    }
    result = vmm_call_with(vm, call);
    call->timeout_ns = timeout_ns;
    *clean = pool->reuse && call->outcome != VMM_CALL_BROKEN && vmm_reset(vm, NULL) == 0;
    return result;
}

/* What vmm_pool_call() does between entering and leaving; with the lock. */
static int serve(struct vmm_pool *pool, struct vmm_call *call, uint64_t until_ns)
{
    struct vmm *vm;
    bool clean;
    int result = take(pool, call, until_ns, &vm);

    if (result == 0 && vm == NULL) {
        result = clone_now(pool, call, &vm);
    }
    if (result != 0) {
        return result;
    }
    pool->busy++;
    pool->calls++;
    pthread_mutex_unlock(&pool->lock);
    result = call_in(pool, vm, call, until_ns, &clean);
    pthread_mutex_lock(&pool->lock);
    pool->busy--;
    pool->resets += clean;
    if (clean) {
        pool_give_vm(pool, vm);
    } else {
        pool_bury(pool, vm);
    }
    return result;
}

int vmm_pool_call(struct vmm_pool *pool, struct vmm_call *call)
{
    uint64_t until_ns = 0;
    int result;

    if (call->size < sizeof(*call)) {
        return -EINVAL;
    }
    if (getpid() != pool->owner) {
        return refuse(call, VMM_CALL_REFUSED, -EPERM, "the pool belongs to the parent process");
    }
    if (call->timeout_ns != 0) {
        uint64_t now = pool_now_ns();

        until_ns = call->timeout_ns < (uint64_t)INT64_MAX - now ? now + call->timeout_ns : 0;
    }
    pthread_mutex_lock(&pool->lock);
    pool->inside++;
    result = serve(pool, call, until_ns);
    pool->inside--;
    if (pool->inside == 0 && pool->stopping) {
        pthread_cond_signal(&pool->idle);
    }
    pthread_mutex_unlock(&pool->lock);
    return result;
}

int vmm_pool_get_stats(struct vmm_pool *pool, struct vmm_pool_stats *stats)
{
    struct vmm_pool_stats all = {0};
    size_t size = stats->size;

    if (size < sizeof(stats->size)) {
        return -EINVAL;
    }
    pthread_mutex_lock(&pool->lock);
    all.ready = pool->ready_count;
    all.busy = pool->busy;
    all.calls = pool->calls;
    all.created = pool->created;
    all.resets = pool->resets;
    all.waits = pool->waits;
    pthread_mutex_unlock(&pool->lock);
    all.size = size < sizeof(all) ? size : sizeof(all);
    memcpy(stats, &all, all.size);
    return 0;
}

/* ---- Making and destroying ----------------------------------------------- */

static void free_pool(struct vmm_pool *pool)
{
    vmm_config_free(pool->config);
    free(pool->ready);
    free(pool->dead);
    free(pool);
}

/* The options, checked: a caller of an older version knows fewer of them. */
static int read_options(const struct vmm_pool_options *given, struct vmm_pool_options *options,
                        struct vmm_error *error)
{
    memset(options, 0, sizeof(*options));
    if (given != NULL) {
        if (given->size < sizeof(given->size)) {
            return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "pool: size is not set");
        }
        memcpy(options, given, given->size < sizeof(*options) ? given->size : sizeof(*options));
    }
    if (options->ready == 0) {
        options->ready = READY_DEFAULT;
        if (options->most != 0 && options->most < READY_DEFAULT) {
            options->ready = options->most;
        }
    }
    if (options->ready > MOST_MAX || options->most > MOST_MAX) {
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "pool: more than %u VMs", MOST_MAX);
    }
    if (options->most == 0) {
        options->most = options->ready > MOST_MAX / 4 ? MOST_MAX : 4 * options->ready;
    }
    if (options->most < options->ready) {
        options->most = options->ready;
    }
    return 0;
}

static struct vmm_pool *new_pool(const struct vmm_config *config,
                                 const struct vmm_pool_options *options)
{
    struct vmm_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL) {
        return NULL;
    }
    pool->ready = calloc(1 + (size_t)options->most, sizeof(struct vmm *));
    pool->dead = calloc(1 + (size_t)options->most, sizeof(struct vmm *));
    pool->config = config != NULL ? vmm_config_copy(config) : NULL;
    if (pool->ready == NULL || pool->dead == NULL || (config != NULL && pool->config == NULL)) {
        free_pool(pool);
        return NULL;
    }
    pool->target = options->ready;
    pool->most = options->most;
    pool->reuse = options->reuse;
    pool->owner = getpid();
    pool->last = &pool->first;
    return pool;
}

static int init_locks(struct vmm_pool *pool)
{
    int result;

    pthread_mutex_init(&pool->lock, NULL);
    result = pool_cond_init(&pool->work);
    if (result == 0) {
        result = pool_cond_init(&pool->idle);
        if (result != 0) {
            pthread_cond_destroy(&pool->work);
        }
    }
    return result;
}

int vmm_pool_create(struct vmm_snapshot *snapshot, const struct vmm_config *config,
                    const struct vmm_pool_options *given, struct vmm_pool **out,
                    struct vmm_error *error)
{
    struct vmm_pool_options options;
    struct vmm_pool *pool;
    struct vmm *vm;
    int result = read_options(given, &options, error);

    *out = NULL;
    if (result != 0) {
        return result;
    }
    pool = new_pool(config, &options);
    if (pool == NULL || init_locks(pool) != 0) {
        if (pool != NULL) {
            free_pool(pool);
        }
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    pool->snapshot = snapshot_get(snapshot);
    /* The first one here: what cannot work is told now, not at the first call. */
    result = pool_clone(pool, &vm, error);
    pthread_mutex_lock(&pool->lock);
    if (result == 0) {
        pool->total = pool->created = 1;
        pool->ready[pool->ready_count++] = vm;
        pool_start_keeper(pool);
        if (pool->keepers == 0) {
            result = vmm_fail(error, -EAGAIN, VMM_FAULT_USAGE, "pool: no thread can be started");
        }
    }
    pthread_mutex_unlock(&pool->lock);
    if (result != 0) {
        vmm_pool_destroy(pool);
        return result;
    }
    *out = pool;
    return 0;
}

/* Nobody but the calling thread has the pool any more. */
static void destroy_vms(struct vmm_pool *pool)
{
    while (pool->ready_count > 0) {
        vmm_destroy(pool->ready[--pool->ready_count]);
    }
    while (pool->dead_count > 0) {
        vmm_destroy(pool->dead[--pool->dead_count]);
    }
}

static void stop_everybody(struct vmm_pool *pool)
{
    struct pool_waiter *waiter;

    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    for (waiter = pool->first; waiter != NULL; waiter = waiter->next) {
        pthread_cond_signal(&waiter->woken);
    }
    pthread_cond_broadcast(&pool->work);
    while (pool->inside > 0) {
        pool_wait(pool, &pool->idle, 0);
    }
    pthread_mutex_unlock(&pool->lock);
    /* Without the lock, which keepers take before they end; no new one is started now. */
    for (unsigned int i = 0; i < pool->keepers; i++) {
        pthread_join(pool->keeper[i], NULL);
    }
}

void vmm_pool_destroy(struct vmm_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    if (getpid() == pool->owner) {
        stop_everybody(pool);
        pthread_cond_destroy(&pool->work);
        pthread_cond_destroy(&pool->idle);
        pthread_mutex_destroy(&pool->lock);
    } else if (pthread_mutex_trylock(&pool->lock) != 0) {
        return; /* a thread of the parent was changing it at the moment of the fork */
    }
    destroy_vms(pool);
    vmm_snapshot_free(pool->snapshot);
    free_pool(pool);
}
