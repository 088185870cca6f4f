/* SPDX-License-Identifier: BSD-2-Clause */
/* See mqueue.h: messages, sleepers, notifications, and a queue as a file.  Names: mqueue_names.c.
 */
#include "syscall/mqueue.h"

#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"

#define SI_MESGQ (-3)

static struct mq_waiter *waiter_at(struct list *link)
{
    return CONTAINER_OF(link, struct mq_waiter, waiter.link);
}

static void enqueue(struct mqueue *queue, struct mq_message *message)
{
    struct list *at = queue->messages.prev;

    while (at != &queue->messages &&
           LIST_ENTRY(at, struct mq_message, link)->priority < message->priority)
        at = at->prev;
    list_push_front(at, &message->link); /* behind at */
    queue->count++;
    queue->bytes += message->size;
}

static struct mq_message *dequeue(struct mqueue *queue)
{
    struct mq_message *message = LIST_FIRST(&queue->messages, struct mq_message, link);

    list_remove(&message->link);
    queue->count--;
    queue->bytes -= message->size;
    return message;
}

/* Locked.  The registration ends; the process's reference is the caller's. */
static struct process *take_notified(struct mqueue *queue)
{
    struct process *process = queue->notified;

    queue->notified = NULL;
    return process;
}

/* A message has come to an empty queue that nobody waits at: the one who asked hears of it. */
static void notify(struct mqueue *queue)
{
    struct kernel_siginfo info = {.signo = queue->notify_signo, .code = SI_MESGQ};
    struct process *process = take_notified(queue);

    if (!process)
        return;
    info.kill.pid = current_process()->pid;
    info.kill.uid = current_task()->cred.uid;
    info.kill.value = queue->notify_value;
    if (queue->notify_signo)
        (void)signal_send_process(process, queue->notify_signo, &info);
    process_put(process);
}

static int send_locked(struct mqueue *queue, struct mq_message *message, bool may_wait,
                       uint64_t deadline_ns)
{
    struct mq_waiter self = {.message = message};

    if (!list_empty(&queue->receivers)) {
        struct mq_waiter *receiver = waiter_at(queue->receivers.next);

        receiver->message = message;
        ipc_complete(&receiver->waiter, 0);
        return 0;
    }
    if (queue->count < queue->messages_max) {
        enqueue(queue, message);
        if (queue->count == 1)
            notify(queue);
        return 0;
    }
    if (!may_wait)
        return -EAGAIN;
    ipc_waiter_init(&self.waiter);
    list_push_back(&queue->senders, &self.waiter.link);
    return ipc_wait(&queue->wait, &self.waiter, deadline_ns);
}

int mqueue_send(struct mqueue *queue, struct mq_message *message, bool may_wait,
                uint64_t deadline_ns)
{
    int error;

    mutex_lock(&queue->wait.lock);
    error = send_locked(queue, message, may_wait, deadline_ns);
    mutex_unlock(&queue->wait.lock);
    if (!error)
        wake_all(&queue->poll_wait, POLL_IN | POLL_RDNORM);
    return error;
}

static int receive_locked(struct mqueue *queue, struct mq_message **message, bool may_wait,
                          uint64_t deadline_ns)
{
    struct mq_waiter self = {.message = NULL};
    int error;

    if (queue->count) {
        *message = dequeue(queue);
        if (!list_empty(&queue->senders)) { /* the room goes to who has waited longest */
            struct mq_waiter *sender = waiter_at(queue->senders.next);

            enqueue(queue, sender->message);
            ipc_complete(&sender->waiter, 0);
        }
        return 0;
    }
    if (!may_wait)
        return -EAGAIN;
    ipc_waiter_init(&self.waiter);
    list_push_back(&queue->receivers, &self.waiter.link);
    error = ipc_wait(&queue->wait, &self.waiter, deadline_ns);
    *message = self.message;
    return error;
}

int mqueue_receive(struct mqueue *queue, struct mq_message **message, bool may_wait,
                   uint64_t deadline_ns)
{
    int error;

    mutex_lock(&queue->wait.lock);
    error = receive_locked(queue, message, may_wait, deadline_ns);
    mutex_unlock(&queue->wait.lock);
    if (!error)
        wake_all(&queue->poll_wait, POLL_OUT | POLL_WRNORM);
    return error;
}

int mqueue_notify(struct mqueue *queue, int signo, uint64_t value)
{
    int error = 0;

    mutex_lock(&queue->wait.lock);
    if (queue->notified) {
        error = -EBUSY;
    } else {
        process_get(current_process());
        queue->notified = current_process();
        queue->notify_signo = signo;
        queue->notify_value = value;
    }
    mutex_unlock(&queue->wait.lock);
    return error;
}

void mqueue_notify_off(struct mqueue *queue, const struct process *process)
{
    struct process *dropped = NULL;

    mutex_lock(&queue->wait.lock);
    if (queue->notified == process)
        dropped = take_notified(queue);
    mutex_unlock(&queue->wait.lock);
    if (dropped)
        process_put(dropped);
}

/* ---- as a file ---- */

static ssize_t mq_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct mqueue *queue = mqueue_of(file);
    char text[96];
    int length;

    mutex_lock(&queue->wait.lock);
    length = snprintf(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
                      queue->bytes, queue->notified && !queue->notify_signo ? SIGEV_NONE : 0,
                      queue->notified ? queue->notify_signo : 0,
                      queue->notified ? queue->notified->pid : 0);
    mutex_unlock(&queue->wait.lock);
    if (*pos >= length)
        return 0;
    ssize_t done = iobuf_put(buf, text + *pos, (size_t)(length - *pos));
    if (done > 0)
        *pos += done;
    return done;
}

static uint32_t mq_poll(struct file *file, struct poll_table *table)
{
    struct mqueue *queue = mqueue_of(file);
    uint32_t count, ready = 0;

    if (table)
        table->add(table, &queue->poll_wait);
    count = __atomic_load_n(&queue->count, __ATOMIC_RELAXED);
    if (count)
        ready |= POLL_IN | POLL_RDNORM;
    if (count < queue->messages_max)
        ready |= POLL_OUT | POLL_WRNORM;
    return ready;
}

/* Closing any descriptor of the queue ends the registration, mq_close(3). */
static int mq_flush(struct file *file, const struct fd_table *table)
{
    (void)table;
    if (current_thread()->task)
        mqueue_notify_off(mqueue_of(file), current_process());
    return 0;
}

const struct file_ops mqueue_file_ops = {.read = mq_read, .poll = mq_poll, .flush = mq_flush};

struct mqueue *mqueue_of(const struct file *file)
{
    return file->ops == &mqueue_file_ops ? CONTAINER_OF(file->inode, struct mqueue, inode) : NULL;
}
