/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of semaphores: values, sleepers and what is undone at a process's end.  The
 * calls themselves are in sys_sem.c.  Everything here is guarded by object.lock.
 *
 * Who changes a value does the work of those sleepers that can go on now, and wakes only
 * them.  Sleepers with one operation wait at their semaphore, apart for "less" and
 * "zero"; those with several wait at the set.
 */
#ifndef SYSCALL_SEM_SET_H
#define SYSCALL_SEM_SET_H

#include "syscall/sysv_ipc.h"

#define SEM_VALUE_MAX 32767
#define SEM_OPERATIONS_MAX 500u
#define SEM_SETS_MAX 32000u
#define SEM_SET_SIZE_MAX 32000u

struct undo_owner;

struct semaphore {
    int value, last_pid;
    struct list wait_less, wait_zero; /* struct sem_waiter.waiter.link */
};

struct sem_undo { /* what a process's end adds */
    struct list link; /* of the set */
    const struct undo_owner *owner; /* no reference: its end is the entry's */
    int16_t adjust[];
};

struct sem_set {
    struct ipc_object object; /* first */
    uint32_t count;
    int64_t operation_time;
    struct list undos;
    struct list wait_several; /* struct sem_waiter.waiter.link */
    struct semaphore semaphores[];
};

struct sem_waiter {
    struct ipc_waiter waiter;
    const struct linux_sembuf *operations;
    uint32_t count, blocked; /* blocked: the operation that could not be done */
    struct sem_undo *undo;
    int pid;
};

#define SEM_BLOCKED 1 /* no errno */
/* All operations or none: 0, SEM_BLOCKED, -EAGAIN, -ERANGE. */
int sem_try(struct sem_set *set, struct sem_waiter *waiter);
/* Values have changed at these operations' semaphores (count 0: at all): lets sleepers go on. */
void sem_update(struct sem_set *set, const struct linux_sembuf *operations, uint32_t count);
void sem_queue(struct sem_set *set, struct sem_waiter *waiter); /* where it waits */
void sem_end_all(struct sem_set *set, int error); /* every sleeper */
/* Sleepers at semaphore number, for more or for zero. */
uint32_t sem_count_waiters(struct sem_set *set, uint32_t number, bool zero);
/* The owner's entry, made if need be; NULL: out of memory. */
struct sem_undo *sem_undo_get(struct sem_set *set, const struct undo_owner *owner);
void sem_undo_forget(struct sem_set *set, uint32_t number); /* SETVAL, SETALL */
void sem_undo_free_all(struct sem_set *set);
/* Undoes and forgets what the owner has in the set. */
void sem_undo_run(struct sem_set *set, const struct undo_owner *owner, int pid);
extern atomic_uint sem_undo_count; /* entries in all sets */

#endif
