/* SPDX-License-Identifier: BSD-2-Clause */
/* semget, semop, semtimedop; semctl is in sys_semctl.c. */
#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sem_set.h"
#include "syscall/time_util.h"

#define OPERATIONS_INLINE 8u

static void free_set(struct ipc_object *object);
struct ipc_table sem_sets = {
    .lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT), .waiters = LIST_INIT(sem_sets.lock.waiters)},
    .limit = SEM_SETS_MAX,
    .free = free_set};

static struct sem_set *set_of(struct ipc_object *object)
{
    return (struct sem_set *)object;
}

static void free_set(struct ipc_object *object)
{
    sem_undo_free_all(set_of(object));
    kfree(object);
}

/* ---- semget ---- */

static struct ipc_object *create(const struct ipc_get *get, int *error)
{
    struct sem_set *set;

    *error = get->size ? -ENOMEM : -EINVAL;
    if (!get->size)
        return NULL;
    set = kzalloc(sizeof(*set) + get->size * sizeof(set->semaphores[0]));
    if (!set)
        return NULL;
    set->count = (uint32_t)get->size;
    list_init(&set->undos);
    list_init(&set->wait_several);
    for (uint32_t i = 0; i < set->count; i++) {
        list_init(&set->semaphores[i].wait_less);
        list_init(&set->semaphores[i].wait_zero);
    }
    *error = 0;
    return &set->object;
}

static int check(struct ipc_object *object, const struct ipc_get *get)
{
    return get->size > set_of(object)->count ? -EINVAL : 0;
}

int64_t sys_semget(const struct syscall_args *args)
{
    struct ipc_get get = {.key = (int32_t)args->arg[0],
                          .flags = (uint32_t)args->arg[2],
                          .create = create,
                          .check = check,
                          .size = (uint32_t)args->arg[1]};

    return get.size > SEM_SET_SIZE_MAX ? -EINVAL : ipc_get(&sem_sets, &get);
}

/* ---- semop ---- */

/* What the operations need; 0 or errno.  The set is locked. */
static int check_operations(struct sem_set *set, const struct linux_sembuf *operations,
                            uint32_t count, bool *undo)
{
    uint32_t want = 0;

    *undo = false;
    for (uint32_t i = 0; i < count; i++) {
        if (operations[i].number >= set->count)
            return -EFBIG;
        want |= operations[i].operation ? 2 : 4;
        *undo |= operations[i].operation && (operations[i].flags & SEM_UNDO);
    }
    return ipc_permission(&set->object, (want & 2) ? 2 : 4);
}

static int operate_locked(struct sem_set *set, struct sem_waiter *waiter, uint64_t deadline_ns)
{
    bool undo;
    int error;

    if (set->object.removed)
        return -EIDRM;
    error = check_operations(set, waiter->operations, waiter->count, &undo);
    if (!error && undo) {
        struct undo_owner *owner = process_undo_owner(current_process());

        waiter->undo = owner ? sem_undo_get(set, owner) : NULL;
        error = waiter->undo ? 0 : -ENOMEM;
    }
    if (error)
        return error;
    ipc_waiter_init(&waiter->waiter);
    error = sem_try(set, waiter);
    if (error == SEM_BLOCKED) {
        sem_queue(set, waiter);
        error = ipc_wait(&set->object, &waiter->waiter, deadline_ns);
        return error == -ETIMEDOUT ? -EAGAIN : error;
    }
    if (!error) {
        set->operation_time = ipc_now();
        sem_update(set, waiter->operations, waiter->count);
    }
    return error;
}

static int64_t operate(int id, uint64_t from, uint64_t count, uint64_t deadline_ns)
{
    struct linux_sembuf small[OPERATIONS_INLINE], *operations = small;
    struct sem_waiter waiter = {.count = (uint32_t)count, .pid = current_process()->pid};
    struct ipc_object *object = NULL;
    int64_t result = -EFAULT;

    if (count > OPERATIONS_INLINE) {
        operations = kmalloc(count * sizeof(*operations));
        if (!operations)
            return -ENOMEM;
    }
    waiter.operations = operations;
    if (copy_from_user(operations, UADDR(from), count * sizeof(*operations)) == 0) {
        object = ipc_find(&sem_sets, id);
        result = -EINVAL;
    }
    if (object) {
        mutex_lock(&object->lock);
        result = operate_locked(set_of(object), &waiter, deadline_ns);
        mutex_unlock(&object->lock);
        ipc_put(&sem_sets, object);
    }
    if (operations != small)
        kfree(operations);
    return result;
}

int64_t sys_semtimedop(const struct syscall_args *args)
{
    uint64_t deadline_ns = WAIT_FOREVER, timeout_ns;
    uint64_t count = (uint32_t)args->arg[2];
    int error;

    if (args->arg[3]) {
        error = get_user_timespec(&timeout_ns, UADDR(args->arg[3]));
        if (error)
            return error;
        deadline_ns = time_add(clock_ns(), timeout_ns);
    }
    if (count == 0 || (int)args->arg[0] < 0)
        return -EINVAL;
    if (count > SEM_OPERATIONS_MAX)
        return -E2BIG;
    return operate((int)args->arg[0], args->arg[1], count, deadline_ns);
}

int64_t sys_semop(const struct syscall_args *args)
{
    struct syscall_args forever = *args;

    forever.arg[3] = 0;
    return sys_semtimedop(&forever);
}

static void undo_everywhere(const struct undo_owner *owner, int pid)
{
    for (int i = ipc_index_max(&sem_sets); i >= 0; i--) {
        struct ipc_object *object = ipc_find_index(&sem_sets, i);

        if (!object)
            continue;
        mutex_lock(&object->lock);
        if (!object->removed)
            sem_undo_run(set_of(object), owner, pid);
        mutex_unlock(&object->lock);
        ipc_put(&sem_sets, object);
    }
}

void sem_process_ends(struct process *process)
{
    struct undo_owner *owner = atomic_load_explicit(&process->undo_owner, memory_order_relaxed);

    if (LIKELY(!owner))
        return;
    owner = atomic_exchange(&process->undo_owner, NULL);
    if (!owner || !ref_put(&owner->refs))
        return;
    if (atomic_load(&sem_undo_count))
        undo_everywhere(owner, process->pid);
    kfree(owner);
}
