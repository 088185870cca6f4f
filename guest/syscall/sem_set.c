/* SPDX-License-Identifier: BSD-2-Clause */
/* See sem_set.h. */
#include "syscall/sem_set.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

atomic_uint sem_undo_count;

static struct sem_waiter *waiter_at(struct list *link)
{
    return CONTAINER_OF(link, struct sem_waiter, waiter.link);
}

/* One operation: 0, SEM_BLOCKED or -ERANGE. */
static int try_one(struct sem_set *set, const struct linux_sembuf *operation, struct sem_undo *undo)
{
    struct semaphore *semaphore = &set->semaphores[operation->number];
    int change = operation->operation, result = semaphore->value + change;

    if (change == 0)
        return semaphore->value ? SEM_BLOCKED : 0;
    if (result < 0)
        return SEM_BLOCKED;
    if (result > SEM_VALUE_MAX)
        return -ERANGE;
    if (operation->flags & SEM_UNDO) {
        int adjust = undo->adjust[operation->number] - change;

        if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX)
            return -ERANGE;
        undo->adjust[operation->number] = (int16_t)adjust;
    }
    semaphore->value = result;
    return 0;
}

static void take_back(struct sem_set *set, const struct linux_sembuf *operation,
                      struct sem_undo *undo)
{
    set->semaphores[operation->number].value -= operation->operation;
    if (operation->operation && (operation->flags & SEM_UNDO))
        undo->adjust[operation->number] =
            (int16_t)(undo->adjust[operation->number] + operation->operation);
}

int sem_try(struct sem_set *set, struct sem_waiter *waiter)
{
    int error = 0;
    uint32_t i;

    for (i = 0; i < waiter->count && !error; i++)
        error = try_one(set, &waiter->operations[i], waiter->undo);
    if (!error) {
        for (i = 0; i < waiter->count; i++)
            set->semaphores[waiter->operations[i].number].last_pid = waiter->pid;
        return 0;
    }
    waiter->blocked = i - 1;
    if (error == SEM_BLOCKED && (waiter->operations[i - 1].flags & IPC_NOWAIT))
        error = -EAGAIN;
    while (--i > 0)
        take_back(set, &waiter->operations[i - 1], waiter->undo);
    return error;
}

void sem_queue(struct sem_set *set, struct sem_waiter *waiter)
{
    struct semaphore *semaphore = &set->semaphores[waiter->operations[0].number];

    if (waiter->count > 1)
        list_push_back(&set->wait_several, &waiter->waiter.link);
    else if (waiter->operations[0].operation)
        list_push_back(&semaphore->wait_less, &waiter->waiter.link);
    else
        list_push_back(&semaphore->wait_zero, &waiter->waiter.link);
}

/* Completes those of a list that can go on; did any? */
static bool serve_list(struct sem_set *set, struct list *list, const struct semaphore *less_of)
{
    bool any = false;

    LIST_FOR_EACH_SAFE(link, next, list)
    {
        struct sem_waiter *waiter = waiter_at(link);
        int result;

        if (less_of && less_of->value == 0) /* nobody can take more: do not look at them all */
            break;
        result = sem_try(set, waiter);
        if (result == SEM_BLOCKED)
            continue;
        ipc_complete(&waiter->waiter, result);
        if (result == 0)
            set->operation_time = ipc_now();
        any = true;
    }
    return any;
}

static bool serve_semaphore(struct sem_set *set, uint32_t number)
{
    struct semaphore *semaphore = &set->semaphores[number];
    bool any = serve_list(set, &semaphore->wait_less, semaphore);

    if (semaphore->value == 0)
        any |= serve_list(set, &semaphore->wait_zero, NULL);
    return any;
}

void sem_update(struct sem_set *set, const struct linux_sembuf *operations, uint32_t count)
{
    bool again = true;

    while (again) {
        again = false;
        for (uint32_t i = 0; i < (count ? count : set->count); i++)
            again |= serve_semaphore(set, count ? operations[i].number : i);
        if (serve_list(set, &set->wait_several, NULL)) {
            count = 0; /* that may have changed any of them */
            again = true;
        }
    }
}

static void end_list(struct list *list, int error)
{
    LIST_FOR_EACH_SAFE(link, next, list)
    ipc_complete(&waiter_at(link)->waiter, error);
}

void sem_end_all(struct sem_set *set, int error)
{
    end_list(&set->wait_several, error);
    for (uint32_t i = 0; i < set->count; i++) {
        end_list(&set->semaphores[i].wait_less, error);
        end_list(&set->semaphores[i].wait_zero, error);
    }
}

uint32_t sem_count_waiters(struct sem_set *set, uint32_t number, bool zero)
{
    struct semaphore *semaphore = &set->semaphores[number];
    uint32_t count = 0;

    LIST_FOR_EACH(link, zero ? &semaphore->wait_zero : &semaphore->wait_less)
    count++;
    LIST_FOR_EACH(link, &set->wait_several)
    {
        const struct sem_waiter *waiter = waiter_at(link);
        const struct linux_sembuf *operation = &waiter->operations[waiter->blocked];

        count += operation->number == number && (operation->operation == 0) == zero;
    }
    return count;
}

/* ---- undo ---- */

struct sem_undo *sem_undo_get(struct sem_set *set, const struct undo_owner *owner)
{
    struct sem_undo *undo;

    LIST_FOR_EACH(link, &set->undos)
    {
        undo = LIST_ENTRY(link, struct sem_undo, link);
        if (undo->owner == owner)
            return undo;
    }
    undo = kzalloc(sizeof(*undo) + set->count * sizeof(undo->adjust[0]));
    if (!undo)
        return NULL;
    undo->owner = owner;
    list_push_back(&set->undos, &undo->link);
    atomic_fetch_add(&sem_undo_count, 1);
    return undo;
}

void sem_undo_forget(struct sem_set *set, uint32_t number)
{
    LIST_FOR_EACH(link, &set->undos)
    LIST_ENTRY(link, struct sem_undo, link)->adjust[number] = 0;
}

static void free_undo(struct sem_undo *undo)
{
    list_remove(&undo->link);
    atomic_fetch_sub(&sem_undo_count, 1);
    kfree(undo);
}

void sem_undo_free_all(struct sem_set *set)
{
    LIST_FOR_EACH_SAFE(link, next, &set->undos)
    free_undo(LIST_ENTRY(link, struct sem_undo, link));
}

static void run(struct sem_set *set, const struct sem_undo *undo, int pid)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct semaphore *semaphore = &set->semaphores[i];

        if (!undo->adjust[i])
            continue;
        /* Linux's answer to what cannot be: the nearest value that can. */
        semaphore->value = MIN(MAX(semaphore->value + undo->adjust[i], 0), SEM_VALUE_MAX);
        semaphore->last_pid = pid;
    }
}

void sem_undo_run(struct sem_set *set, const struct undo_owner *owner, int pid)
{
    LIST_FOR_EACH_SAFE(link, next, &set->undos)
    {
        struct sem_undo *undo = LIST_ENTRY(link, struct sem_undo, link);

        if (undo->owner != owner)
            continue;
        run(set, undo, pid);
        free_undo(undo);
        sem_update(set, NULL, 0);
        return;
    }
}
