/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the three kinds of System V IPC share, sysvipc(7): numbers, keys, owners,
 * permissions, and sleeping until somebody else has done one's work.
 *
 * Locks: ipc_table.lock (mutex) guards slots, keys and removed; ipc_object.lock (mutex,
 * never taken with a table's lock held, nor the other way round) guards the rest of an object.
 * Whoever completes a waiter does so under the object's lock, which the waiter takes again
 * before its entry, on its stack, goes away.
 */
#ifndef SYSCALL_SYSV_IPC_H
#define SYSCALL_SYSV_IPC_H

#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/refcount.h"
#include "syscall/linux_abi_ipc.h"

#define IPC_INDEX_MAX 32768u /* id = sequence * this + index */

struct ipc_object {
    struct refcount refs; /* one of the table's until removed */
    struct mutex lock;
    int32_t key;
    int id;
    uint32_t uid, gid, cuid, cgid, mode; /* lock */
    bool removed; /* both locks to set */
    int64_t change_time; /* seconds since 1970 */
};

struct ipc_table {
    struct mutex lock;
    struct ipc_object **slots; /* room for capacity; NULL: free */
    uint32_t capacity, count;
    uint32_t limit; /* objects */
    uint32_t sequence;
    void (*free)(struct ipc_object *object);
};

/* What a get call asks for. */
struct ipc_get {
    int32_t key;
    uint32_t flags;
    /* A new object, with struct ipc_object left to us; NULL with *error. */
    struct ipc_object *(*create)(const struct ipc_get *get, int *error);
    int (*check)(struct ipc_object *object,
                 const struct ipc_get *get); /* of an old one; may be NULL */
    uint64_t size; /* the kind's own */
};
int64_t ipc_get(struct ipc_table *table, const struct ipc_get *get); /* the id, or errno */

/* A reference to an object by id, or NULL: EINVAL. */
struct ipc_object *ipc_find(struct ipc_table *table, int id);
/* By index, for *_STAT: a reference, or NULL. */
struct ipc_object *ipc_find_index(struct ipc_table *table, int index);
int ipc_index_max(struct ipc_table *table); /* of those in use; 0: none */
void ipc_put(struct ipc_table *table, struct ipc_object *object);
/* Off the table; the object's lock is not held.  False: somebody else was faster. */
bool ipc_remove(struct ipc_table *table, struct ipc_object *object);

/* May the caller?  want: mode bits as 4 read, 2 write.  0 or -EACCES; lock held. */
int ipc_permission(const struct ipc_object *object, uint32_t want);
int ipc_owner(const struct ipc_object *object); /* IPC_SET, IPC_RMID: 0 or -EPERM */
void ipc_fill_perm(const struct ipc_object *object, struct linux_ipc_perm *perm);
void ipc_set_perm(struct ipc_object *object, const struct linux_ipc_perm *perm);
int64_t ipc_now(void); /* seconds since 1970 */

#define IPC_PENDING 1 /* no errno, no result */
struct ipc_waiter {
    struct list link; /* in a queue of the object's */
    struct thread *thread;
    int result; /* IPC_PENDING until somebody completes it: 0 or errno */
};
/*
 * Sleeps with object->lock dropped until the waiter, which the caller has put on a list, is
 * completed: its result, or -EINTR, -ETIMEDOUT with the waiter off the list.
 */
int ipc_wait(struct ipc_object *object, struct ipc_waiter *waiter, uint64_t deadline_ns);
void ipc_waiter_init(struct ipc_waiter *waiter);
void ipc_complete(struct ipc_waiter *waiter, int result); /* off its list, and awake */

/* What outlives processes, message queues with a name too: for the end of a debug build's run. */
void ipc_remove_everything(void);
extern struct ipc_table shm_segments, sem_sets, msg_queues;

void ipc_connect_sources(void); /* boot: /proc/sysvipc, mount -t mqueue */

/* The process's part in promises (SEM_UNDO) ends; the last one's end undoes them. */
struct process;
void sem_process_ends(struct process *process);

#endif
