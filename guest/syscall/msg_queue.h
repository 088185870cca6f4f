/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues of typed messages: who gets which, who sleeps.  A sender hands its message to the
 * first sleeping receiver that wants it; a receiver lets those sleeping senders go on whose
 * messages fit now.  Everything here is guarded by object.lock, which callers hold.
 */
#ifndef SYSCALL_MSG_QUEUE_H
#define SYSCALL_MSG_QUEUE_H

#include "syscall/sysv_ipc.h"

struct ipc_message {
    struct list link;
    int64_t type;
    uint64_t size;
    uint8_t bytes[];
};

struct msg_queue {
    struct ipc_object object; /* first */
    struct list messages, receivers, senders; /* the latter: struct waiter.waiter.link */
    uint64_t bytes, count, bytes_max;
    int64_t send_time, receive_time;
    int last_sender, last_receiver;
};

enum selection { SELECT_ANY, SELECT_EQUAL, SELECT_NOT_EQUAL, SELECT_LEAST, SELECT_NUMBER };

struct msg_receive { /* what a receiver wants */
    struct ipc_waiter waiter;
    enum selection selection;
    int64_t type;
    uint64_t size;
    bool truncate;
    struct ipc_message *message; /* what it got */
    int pid;
};

struct msg_sender {
    struct ipc_waiter waiter;
    uint64_t size;
};

/* 0, and the message is the queue's or a receiver's; or errno. */
int msg_send(struct msg_queue *queue, struct ipc_message *message, bool may_wait);
/* 0, and receive->message is the caller's to free; or errno. */
int msg_receive(struct msg_queue *queue, struct msg_receive *receive, bool may_wait);
/* Room has come: sleeping senders go on as far as their messages fit. */
void msg_wake_senders(struct msg_queue *queue);
void msg_end_all(struct msg_queue *queue, int error); /* every sleeper */

#endif
