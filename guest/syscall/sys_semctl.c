/* SPDX-License-Identifier: BSD-2-Clause */
/* semctl(2). */
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sem_set.h"

static struct sem_set *set_of(struct ipc_object *object)
{
    return (struct sem_set *)object;
}

static int64_t remove_set(struct sem_set *set)
{
    int64_t result;

    mutex_lock(&set->object.lock);
    result = ipc_owner(&set->object);
    mutex_unlock(&set->object.lock);
    if (result)
        return result;
    if (!ipc_remove(&sem_sets, &set->object))
        return -EIDRM;
    mutex_lock(&set->object.lock);
    sem_end_all(set, -EIDRM);
    sem_undo_free_all(set);
    mutex_unlock(&set->object.lock);
    return 0;
}

static int64_t give_status(struct sem_set *set, uint32_t command, uint64_t to)
{
    struct linux_semid_ds status = {0};
    int64_t result;

    mutex_lock(&set->object.lock);
    result = command == SEM_STAT_ANY ? 0 : ipc_permission(&set->object, 4);
    ipc_fill_perm(&set->object, &status.perm);
    status.operation_time = set->operation_time;
    status.change_time = set->object.change_time;
    status.count = set->count;
    mutex_unlock(&set->object.lock);
    if (result)
        return result;
    if (copy_to_user(UADDR(to), &status, sizeof(status)))
        return -EFAULT;
    return command == IPC_STAT ? 0 : set->object.id;
}

static int64_t set_status(struct sem_set *set, uint64_t from)
{
    struct linux_semid_ds status;
    int64_t result;

    if (copy_from_user(&status, UADDR(from), sizeof(status)))
        return -EFAULT;
    mutex_lock(&set->object.lock);
    result = ipc_owner(&set->object);
    if (!result)
        ipc_set_perm(&set->object, &status.perm);
    mutex_unlock(&set->object.lock);
    return result;
}

static int64_t get_all(struct sem_set *set, uint64_t to)
{
    uint16_t *values = kmalloc(set->count * sizeof(*values));
    int64_t result;

    if (!values)
        return -ENOMEM;
    mutex_lock(&set->object.lock);
    result = ipc_permission(&set->object, 4);
    for (uint32_t i = 0; i < set->count; i++)
        values[i] = (uint16_t)set->semaphores[i].value;
    mutex_unlock(&set->object.lock);
    if (!result && copy_to_user(UADDR(to), values, set->count * sizeof(*values)))
        result = -EFAULT;
    kfree(values);
    return result;
}

static int64_t set_all_locked(struct sem_set *set, const uint16_t *values)
{
    int64_t result = set->object.removed ? -EIDRM : ipc_permission(&set->object, 2);

    for (uint32_t i = 0; i < set->count && !result; i++)
        if (values[i] > SEM_VALUE_MAX)
            result = -ERANGE;
    if (result)
        return result;
    for (uint32_t i = 0; i < set->count; i++) {
        set->semaphores[i].value = values[i];
        set->semaphores[i].last_pid = current_process()->pid;
        sem_undo_forget(set, i);
    }
    set->object.change_time = ipc_now();
    sem_update(set, NULL, 0);
    return 0;
}

static int64_t set_all(struct sem_set *set, uint64_t from)
{
    uint16_t *values = kmalloc(set->count * sizeof(*values));
    int64_t result = -EFAULT;

    if (!values)
        return -ENOMEM;
    if (copy_from_user(values, UADDR(from), set->count * sizeof(*values)) == 0) {
        mutex_lock(&set->object.lock);
        result = set_all_locked(set, values);
        mutex_unlock(&set->object.lock);
    }
    kfree(values);
    return result;
}

/* Commands for one semaphore; the set is locked. */
static int64_t control_one(struct sem_set *set, uint32_t number, uint32_t command, int value)
{
    struct linux_sembuf changed = {.number = (uint16_t)number};
    struct semaphore *semaphore;
    int64_t result;

    if (number >= set->count)
        return -EINVAL;
    result = set->object.removed ? -EIDRM : ipc_permission(&set->object, command == SETVAL ? 2 : 4);
    if (result)
        return result;
    semaphore = &set->semaphores[number];
    switch (command) {
    case GETVAL:
        return semaphore->value;
    case GETPID:
        return semaphore->last_pid;
    case GETNCNT:
    case GETZCNT:
        return sem_count_waiters(set, number, command == GETZCNT);
    default: /* SETVAL */
        semaphore->value = value;
        semaphore->last_pid = current_process()->pid;
        sem_undo_forget(set, number);
        set->object.change_time = ipc_now();
        sem_update(set, &changed, 1);
        return 0;
    }
}

static int64_t control(struct sem_set *set, const struct syscall_args *args)
{
    uint32_t command = (uint32_t)args->arg[2];
    int64_t result;

    switch (command) {
    case IPC_RMID:
        return remove_set(set);
    case IPC_SET:
        return set_status(set, args->arg[3]);
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        return give_status(set, command, args->arg[3]);
    case GETALL:
        return get_all(set, args->arg[3]);
    case SETALL:
        return set_all(set, args->arg[3]);
    case SETVAL:
        if ((int)args->arg[3] < 0 || (int)args->arg[3] > SEM_VALUE_MAX)
            return -ERANGE;
        break;
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
        break;
    default:
        return -EINVAL;
    }
    mutex_lock(&set->object.lock);
    result = control_one(set, (uint32_t)args->arg[1], command, (int)args->arg[3]);
    mutex_unlock(&set->object.lock);
    return result;
}

static int64_t give_limits(uint32_t command, uint64_t to)
{
    struct linux_seminfo info = {.map = 1024000000,
                                 .sets = (int32_t)SEM_SETS_MAX,
                                 .semaphores = 1024000000,
                                 .undos = 1024000000,
                                 .per_set = (int32_t)SEM_SET_SIZE_MAX,
                                 .per_call = (int32_t)SEM_OPERATIONS_MAX,
                                 .undo_entries = (int32_t)SEM_OPERATIONS_MAX,
                                 .undo_size = 20,
                                 .value_max = SEM_VALUE_MAX,
                                 .adjust_max = SEM_VALUE_MAX};

    if (command == SEM_INFO) {
        mutex_lock(&sem_sets.lock);
        info.undo_size = (int32_t)sem_sets.count;
        info.adjust_max = 0;
        for (uint32_t i = 0; i < sem_sets.capacity; i++)
            if (sem_sets.slots[i])
                info.adjust_max += (int32_t)set_of(sem_sets.slots[i])->count;
        mutex_unlock(&sem_sets.lock);
    }
    return copy_to_user(UADDR(to), &info, sizeof(info)) ? -EFAULT : ipc_index_max(&sem_sets);
}

int64_t sys_semctl(const struct syscall_args *args)
{
    uint32_t command = (uint32_t)args->arg[2];
    struct ipc_object *object;
    int64_t result;
    int id = (int)args->arg[0];

    if (id < 0)
        return -EINVAL;
    if (command == IPC_INFO || command == SEM_INFO)
        return give_limits(command, args->arg[3]);
    if (command == SEM_STAT || command == SEM_STAT_ANY)
        object = ipc_find_index(&sem_sets, id);
    else
        object = ipc_find(&sem_sets, id);
    if (!object)
        return -EINVAL;
    result = control(set_of(object), args);
    ipc_put(&sem_sets, object);
    return result;
}
