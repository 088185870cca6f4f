/* SPDX-License-Identifier: BSD-2-Clause */
/* See msg_queue.h. */
#include "syscall/msg_queue.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"

/* ---- sending ---- */

static bool fits(const struct msg_queue *queue, uint64_t size)
{
    return size + queue->bytes <= queue->bytes_max && queue->count + 1 <= queue->bytes_max;
}

static bool wants(const struct msg_receive *receive, const struct ipc_message *message)
{
    switch (receive->selection) {
    case SELECT_ANY:
        return true;
    case SELECT_EQUAL:
        return message->type == receive->type;
    case SELECT_NOT_EQUAL:
        return message->type != receive->type;
    case SELECT_LEAST:
        return message->type <= receive->type;
    default:
        return false; /* MSG_COPY never sleeps */
    }
}

/* To the first sleeping receiver that wants it; false: nobody does. */
static bool hand_over(struct msg_queue *queue, struct ipc_message *message)
{
    LIST_FOR_EACH_SAFE(link, next, &queue->receivers)
    {
        struct msg_receive *receive = CONTAINER_OF(link, struct msg_receive, waiter.link);

        if (!wants(receive, message))
            continue;
        if (message->size > receive->size && !receive->truncate) {
            ipc_complete(&receive->waiter, -E2BIG);
            continue;
        }
        receive->message = message;
        queue->last_receiver = receive->pid;
        queue->receive_time = ipc_now();
        ipc_complete(&receive->waiter, 0);
        return true;
    }
    return false;
}

int msg_send(struct msg_queue *queue, struct ipc_message *message, bool may_wait)
{
    struct msg_sender sender = {.size = message->size};
    int error = ipc_permission(&queue->object, 2);

    while (!error && !queue->object.removed && !fits(queue, message->size)) {
        if (!may_wait)
            return -EAGAIN;
        ipc_waiter_init(&sender.waiter);
        if (message->size)
            list_push_back(&queue->senders, &sender.waiter.link);
        else /* it needs no room, so those behind need not be looked at when there is none */
            list_push_front(&queue->senders, &sender.waiter.link);
        error = ipc_wait(&queue->object, &sender.waiter, WAIT_FOREVER);
    }
    if (error)
        return error == -EINTR ? -ERESTARTNOHAND : error;
    if (queue->object.removed)
        return -EIDRM;
    queue->last_sender = current_process()->pid;
    queue->send_time = ipc_now();
    if (!hand_over(queue, message)) {
        list_push_back(&queue->messages, &message->link);
        queue->bytes += message->size;
        queue->count++;
    }
    return 0;
}

/* ---- receiving ---- */

/* The message the receiver wants: the first, the one with the least type, or by number. */
static struct ipc_message *find_message(struct msg_queue *queue, const struct msg_receive *receive)
{
    struct ipc_message *found = NULL;
    int64_t number = 0;

    LIST_FOR_EACH(link, &queue->messages)
    {
        struct ipc_message *message = LIST_ENTRY(link, struct ipc_message, link);

        if (receive->selection == SELECT_NUMBER) {
            if (number++ == receive->type)
                return message;
        } else if (wants(receive, message)) {
            if (receive->selection != SELECT_LEAST)
                return message;
            if (!found || message->type < found->type)
                found = message;
        }
    }
    return found;
}

void msg_wake_senders(struct msg_queue *queue)
{
    uint64_t room = queue->bytes_max > queue->bytes ? queue->bytes_max - queue->bytes : 0;

    LIST_FOR_EACH_SAFE(link, next, &queue->senders)
    {
        struct msg_sender *sender = CONTAINER_OF(link, struct msg_sender, waiter.link);

        if (sender->size && !room)
            break;
        if (sender->size > room)
            continue;
        room -= sender->size;
        ipc_complete(&sender->waiter, 0);
    }
}

static struct ipc_message *copy_message(const struct ipc_message *message)
{
    struct ipc_message *copy = kmalloc(sizeof(*copy) + message->size);

    if (copy)
        memcpy(copy, message, sizeof(*copy) + message->size);
    return copy;
}

static int take_locked(struct msg_queue *queue, struct msg_receive *receive)
{
    struct ipc_message *message = find_message(queue, receive);

    if (!message)
        return -ENOMSG;
    if (message->size > receive->size && !receive->truncate)
        return -E2BIG;
    if (receive->selection == SELECT_NUMBER) {
        if (message->size > receive->size)
            return -EINVAL; /* a copy is not cut */
        receive->message = copy_message(message);
        return receive->message ? 0 : -ENOMEM;
    }
    list_remove(&message->link);
    queue->bytes -= message->size;
    queue->count--;
    queue->last_receiver = receive->pid;
    queue->receive_time = ipc_now();
    receive->message = message;
    msg_wake_senders(queue);
    return 0;
}

int msg_receive(struct msg_queue *queue, struct msg_receive *receive, bool may_wait)
{
    int error = ipc_permission(&queue->object, 4);

    if (!error && queue->object.removed)
        error = -EIDRM;
    if (!error)
        error = take_locked(queue, receive);
    if (error != -ENOMSG || !may_wait)
        return error;
    ipc_waiter_init(&receive->waiter);
    list_push_back(&queue->receivers, &receive->waiter.link);
    error = ipc_wait(&queue->object, &receive->waiter, WAIT_FOREVER);
    return error == -EINTR ? -ERESTARTNOHAND : error;
}

void msg_end_all(struct msg_queue *queue, int error)
{
    LIST_FOR_EACH_SAFE(link, next, &queue->receivers)
    ipc_complete(&CONTAINER_OF(link, struct msg_receive, waiter.link)->waiter, error);
    LIST_FOR_EACH_SAFE(link, next, &queue->senders)
    ipc_complete(&CONTAINER_OF(link, struct msg_sender, waiter.link)->waiter, error);
}
