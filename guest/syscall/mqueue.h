/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX message queues, mq_overview(7): named queues that are open as files.  The calls are in
 * sys_mqueue.c.
 *
 * Locks (mutexes): names_lock (mqueue.c) guards the list of names and who may be on it; lock (of
 * wait) guards a queue's messages, sleepers and notification, and is never held with the
 * other.  A queue lives as long as its inode: a name and each open file hold it.  Senders hand
 * messages to sleeping receivers and receivers take those of sleeping senders in, so nobody
 * is woken in vain.
 */
#ifndef SYSCALL_MQUEUE_H
#define SYSCALL_MQUEUE_H

#include "fs/inode.h"
#include "syscall/linux_abi.h"
#include "syscall/sysv_ipc.h"

#define MQ_PRIORITIES 32768u
#define MQ_QUEUES_MAX 256u
#define MQ_MESSAGES_DEFAULT 10u
#define MQ_SIZE_DEFAULT 8192u
#define MQ_MESSAGES_HARD 65536u /* for the privileged */
#define MQ_SIZE_HARD 16777216u

struct process;

struct mq_message {
    struct list link; /* of the queue: highest priority first, oldest first */
    uint32_t priority;
    uint32_t size;
    uint8_t bytes[];
};

struct mq_waiter {
    struct ipc_waiter waiter;
    struct mq_message *message; /* a sender's; what a receiver got */
};

struct mqueue {
    struct inode inode; /* first: counts references */
    struct ipc_object wait; /* its lock only */
    struct list name_link; /* of all names, by age; to itself once unlinked */
    uint64_t cookie; /* position in the directory; rises */
    struct list messages, receivers, senders;
    uint32_t messages_max, size_max, count;
    uint64_t bytes; /* in messages */
    uint64_t charge; /* against RLIMIT_MSGQUEUE of the owner */
    struct process *notified; /* who asked for a notification: a reference; NULL: nobody */
    int notify_signo; /* 0: none is sent */
    uint64_t notify_value;
    struct wait_queue poll_wait;
    char name[];
};

/* Queues as files of a directory, which callers have locked; mqueue_fs.c. */
extern struct super_block mqueue_super;
extern const struct inode_ops mqueue_inode_ops;
extern const struct file_ops mqueue_file_ops;
/* The queue's inode by name, a reference; NULL: there is none. */
struct inode *mqueue_lookup(const char *name, size_t length);
/* A new one with the usual limits: 0 with a reference, or errno. */
int mqueue_create(const char *name, size_t length, uint32_t mode, struct inode **inode);
/* The first at or behind a position: its cookie, name (NAME_MAX + 1 bytes) and number; or false. */
struct mqueue_entry {
    uint64_t cookie, ino;
    char name[NAME_MAX + 1];
};
bool mqueue_next(uint64_t from, struct mqueue_entry *entry);
int mqueue_open_file(struct inode *inode, struct file *file);

struct mqueue *mqueue_of(const struct file *file); /* NULL: another kind of file */
/*
 * mq_open(3) for a name without slash: an open file, or errno.  attr NULL: defaults, else the
 * numbers of messages and bytes.
 */
struct mq_limits {
    int64_t messages, size;
};
int mqueue_open(const char *name, uint32_t flags, uint32_t mode, const struct mq_limits *limits,
                struct file **file);
int mqueue_unlink(const char *name, size_t length);
void mqueue_evict(struct inode *inode);
/* The message becomes the queue's unless it fails: -EAGAIN, -ETIMEDOUT, -EINTR. */
int mqueue_send(struct mqueue *queue, struct mq_message *message, bool may_wait,
                uint64_t deadline_ns);
/* The best message, which becomes the caller's. */
int mqueue_receive(struct mqueue *queue, struct mq_message **message, bool may_wait,
                   uint64_t deadline_ns);
/* Registers the caller (signo 0: without a signal), or takes it off: 0 or -EBUSY. */
int mqueue_notify(struct mqueue *queue, int signo, uint64_t value);
void mqueue_notify_off(struct mqueue *queue, const struct process *process);
void mqueue_connect_sources(void); /* boot: mount -t mqueue */
void mqueue_remove_all(void); /* all names: for the end of a debug build's run */

#endif
