/* SPDX-License-Identifier: BSD-2-Clause */
/* See sysv_ipc.h. */
#include "syscall/sysv_ipc.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/mqueue.h"

#define CAP_IPC_OWNER 15
#define CAP_SYS_ADMIN 21
#define NS_PER_SECOND 1000000000ul
#define CAPACITY_FIRST 16u

int64_t ipc_now(void)
{
    return (int64_t)(clock_wall_ns() / NS_PER_SECOND);
}

static bool in_group(const struct credentials *cred, uint32_t gid)
{
    if (cred->egid == gid)
        return true;
    for (uint32_t i = 0; cred->groups && i < cred->groups->count; i++)
        if (cred->groups->gids[i] == gid)
            return true;
    return false;
}

int ipc_permission(const struct ipc_object *object, uint32_t want)
{
    const struct credentials *cred = &current_task()->cred;
    uint32_t granted = object->mode;

    if (cred->euid == object->cuid || cred->euid == object->uid)
        granted >>= 6;
    else if (in_group(cred, object->cgid) || in_group(cred, object->gid))
        granted >>= 3;
    return (want & ~granted & 7) && !task_capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

int ipc_owner(const struct ipc_object *object)
{
    const struct credentials *cred = &current_task()->cred;

    if (cred->euid == object->cuid || cred->euid == object->uid || task_capable(CAP_SYS_ADMIN))
        return 0;
    return -EPERM;
}

void ipc_fill_perm(const struct ipc_object *object, struct linux_ipc_perm *perm)
{
    *perm = (struct linux_ipc_perm){.key = object->key,
                                    .uid = object->uid,
                                    .gid = object->gid,
                                    .cuid = object->cuid,
                                    .cgid = object->cgid,
                                    .mode = object->mode,
                                    .sequence = (uint16_t)((uint32_t)object->id / IPC_INDEX_MAX)};
}

void ipc_set_perm(struct ipc_object *object, const struct linux_ipc_perm *perm)
{
    object->uid = perm->uid;
    object->gid = perm->gid;
    object->mode = (object->mode & ~0777u) | (perm->mode & 0777);
    object->change_time = ipc_now();
}

/* ---- tables ---- */

static int grow(struct ipc_table *table)
{
    uint32_t capacity = table->capacity ? table->capacity * 2 : CAPACITY_FIRST;
    struct ipc_object **slots = kcalloc(capacity, sizeof(struct ipc_object *));

    if (!slots)
        return -ENOMEM;
    if (table->slots)
        memcpy(slots, table->slots, table->capacity * sizeof(struct ipc_object *));
    kfree(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    return 0;
}

/* Table locked: gives a new object a number, and the table a reference. */
static int64_t insert(struct ipc_table *table, const struct ipc_get *get)
{
    const struct credentials *cred = &current_task()->cred;
    struct ipc_object *object;
    uint32_t index = 0;
    int error = 0;

    if (table->count >= table->limit)
        return -ENOSPC;
    if (table->count == table->capacity)
        error = grow(table);
    object = error ? NULL : get->create(get, &error);
    if (!object)
        return error;
    while (table->slots[index])
        index++;
    ref_init(&object->refs);
    mutex_init(&object->lock);
    object->key = get->key;
    object->id = (int)(table->sequence * IPC_INDEX_MAX + index);
    table->sequence = (table->sequence + 1) & 0xffff;
    object->uid = object->cuid = cred->euid;
    object->gid = object->cgid = cred->egid;
    object->mode = get->flags & 0777;
    object->removed = false;
    object->change_time = ipc_now();
    table->slots[index] = object;
    table->count++;
    return object->id;
}

static struct ipc_object *find_key(struct ipc_table *table, int32_t key)
{
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->slots[i] && table->slots[i]->key == key)
            return table->slots[i];
    return NULL;
}

int64_t ipc_get(struct ipc_table *table, const struct ipc_get *get)
{
    uint32_t want = (get->flags >> 6 | get->flags >> 3 | get->flags) & 7;
    struct ipc_object *object = NULL;
    int64_t result;

    mutex_lock(&table->lock);
    if (get->key != IPC_PRIVATE)
        object = find_key(table, get->key);
    if (!object) {
        bool create = get->key == IPC_PRIVATE || (get->flags & IPC_CREAT);
        result = create ? insert(table, get) : -ENOENT;
    } else if ((get->flags & IPC_CREAT) && (get->flags & IPC_EXCL)) {
        result = -EEXIST;
    } else {
        result = get->check ? get->check(object, get) : 0;
        if (!result)
            result = ipc_permission(object, want);
        if (!result)
            result = object->id;
    }
    mutex_unlock(&table->lock);
    return result;
}

struct ipc_object *ipc_find_index(struct ipc_table *table, int index)
{
    struct ipc_object *object = NULL;

    mutex_lock(&table->lock);
    if (index >= 0 && (uint32_t)index < table->capacity)
        object = table->slots[index];
    if (object)
        ref_get(&object->refs);
    mutex_unlock(&table->lock);
    return object;
}

struct ipc_object *ipc_find(struct ipc_table *table, int id)
{
    struct ipc_object *object =
        id < 0 ? NULL : ipc_find_index(table, (int)((uint32_t)id % IPC_INDEX_MAX));

    if (object && object->id != id) {
        ipc_put(table, object);
        object = NULL;
    }
    return object;
}

int ipc_index_max(struct ipc_table *table)
{
    int max = 0;

    mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->slots[i])
            max = (int)i;
    mutex_unlock(&table->lock);
    return max;
}

void ipc_put(struct ipc_table *table, struct ipc_object *object)
{
    if (object && ref_put(&object->refs))
        table->free(object);
}

bool ipc_remove(struct ipc_table *table, struct ipc_object *object)
{
    uint32_t index = (uint32_t)object->id % IPC_INDEX_MAX;
    bool there;

    mutex_lock(&table->lock);
    there = index < table->capacity && table->slots[index] == object;
    if (there) {
        table->slots[index] = NULL;
        if (--table->count == 0) {
            kfree(table->slots);
            table->slots = NULL;
            table->capacity = 0;
        }
    }
    mutex_unlock(&table->lock);
    if (!there)
        return false;
    mutex_lock(&object->lock);
    object->removed = true;
    mutex_unlock(&object->lock);
    ipc_put(table, object);
    return true;
}

static void remove_all(struct ipc_table *table)
{
    for (int i = ipc_index_max(table); i >= 0; i--) {
        struct ipc_object *object = ipc_find_index(table, i);

        if (object)
            ipc_remove(table, object);
        ipc_put(table, object);
    }
}

void ipc_remove_everything(void)
{
    remove_all(&shm_segments);
    remove_all(&sem_sets);
    remove_all(&msg_queues);
    mqueue_remove_all();
}

/* ---- waiting ---- */

void ipc_waiter_init(struct ipc_waiter *waiter)
{
    waiter->thread = current_thread();
    waiter->result = IPC_PENDING;
    wait_prepare();
}

int ipc_wait(struct ipc_object *object, struct ipc_waiter *waiter, uint64_t deadline_ns)
{
    int error = 0;

    while (waiter->result == IPC_PENDING && !error) {
        mutex_unlock(&object->lock);
        error = wait_sleep(deadline_ns);
        mutex_lock(&object->lock);
    }
    if (waiter->result != IPC_PENDING)
        return waiter->result;
    list_remove(&waiter->link);
    return error == -ETIMEDOUT ? error : -EINTR;
}

void ipc_complete(struct ipc_waiter *waiter, int result)
{
    list_remove(&waiter->link);
    waiter->result = result;
    thread_wake(waiter->thread);
}
