/* SPDX-License-Identifier: BSD-2-Clause */
/* See mqueue.h: messages, sleepers, notifications, and a queue as a file. */
#include "syscall/mqueue.h"

#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"

#define SI_MESGQ (-3)
#define CAP_SYS_RESOURCE 24

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
static int mq_flush(struct file *file)
{
    if (current_thread()->task)
        mqueue_notify_off(mqueue_of(file), current_process());
    return 0;
}

static const struct file_ops mqueue_file_ops = {
    .read = mq_read, .poll = mq_poll, .flush = mq_flush};

struct mqueue *mqueue_of(const struct file *file)
{
    return file->ops == &mqueue_file_ops ? CONTAINER_OF(file->inode, struct mqueue, inode) : NULL;
}

/* ---- names ---- */

static void evict(struct inode *inode)
{
    struct mqueue *queue = CONTAINER_OF(inode, struct mqueue, inode);

    LIST_FOR_EACH_SAFE(link, next, &queue->messages)
    kfree(LIST_ENTRY(link, struct mq_message, link));
    if (queue->notified)
        process_put(queue->notified);
    kfree(queue);
}

static struct mutex names_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                  .waiters = LIST_INIT(names_lock.waiters)};
static struct list names = LIST_INIT(names); /* struct mqueue.name_link; names_lock */

static struct mqueue *find_locked(const char *name)
{
    LIST_FOR_EACH(link, &names)
    {
        struct mqueue *queue = LIST_ENTRY(link, struct mqueue, name_link);

        if (strcmp(queue->name, name) == 0)
            return queue;
    }
    return NULL;
}

/* Limits of the system and of the user, names locked: 0 or errno. */
static int check_limits(const struct mq_limits *limits, uint64_t *charge)
{
    bool privileged = task_capable(CAP_SYS_RESOURCE);
    uint64_t others = 0, queues = 0;

    if (limits->messages <= 0 || limits->size <= 0 ||
        limits->messages > (privileged ? MQ_MESSAGES_HARD : MQ_MESSAGES_DEFAULT) ||
        limits->size > (privileged ? MQ_SIZE_HARD : MQ_SIZE_DEFAULT))
        return -EINVAL;
    LIST_FOR_EACH(link, &names)
    {
        struct mqueue *queue = LIST_ENTRY(link, struct mqueue, name_link);

        queues++;
        if (queue->inode.attr.uid == fs_current()->fsuid)
            others += queue->charge;
    }
    if (queues >= MQ_QUEUES_MAX && !privileged)
        return -ENOSPC;
    /* What Linux counts: the bytes, and its headers and tree nodes of 48 bytes each. */
    *charge = (uint64_t)limits->messages * ((uint64_t)limits->size + 48) +
              MIN((uint64_t)limits->messages, MQ_PRIORITIES) * 48;
    return others + *charge > rlimit_soft(RLIMIT_MSGQUEUE) ? -EMFILE : 0;
}

static int create_locked(const char *name, uint32_t mode, const struct mq_limits *limits,
                         struct mqueue **created)
{
    static const struct inode_ops inode_ops = {.evict = evict};
    size_t length = strlen(name);
    struct mqueue *queue;
    uint64_t charge;
    int error = check_limits(limits, &charge);

    if (error)
        return error;
    queue = kzalloc(sizeof(*queue) + length + 1);
    if (!queue)
        return -ENOMEM;
    inode_init(&queue->inode, &inode_ops, &anonymous_super,
               S_IFREG | (mode & 07777 & ~fs_current()->umask), inode_next_anonymous_ino());
    queue->inode.attr.uid = fs_current()->fsuid;
    queue->inode.attr.gid = fs_current()->fsgid;
    queue->inode.attr.size = 80; /* as Linux shows the text that reading gives */
    mutex_init(&queue->wait.lock);
    list_init(&queue->messages);
    list_init(&queue->receivers);
    list_init(&queue->senders);
    wait_queue_init(&queue->poll_wait);
    queue->messages_max = (uint32_t)limits->messages;
    queue->size_max = (uint32_t)limits->size;
    queue->charge = charge;
    memcpy(queue->name, name, length + 1);
    list_push_back(&names, &queue->name_link);
    *created = queue;
    return 0;
}

/* An open file of the queue, names locked. */
static int open_locked(struct mqueue *queue, uint32_t flags, struct file **file)
{
    static const uint32_t modes[] = {FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE};

    *file = file_create(&mqueue_file_ops, modes[flags & O_ACCMODE] | FMODE_SEEK,
                        flags & (O_ACCMODE | O_NONBLOCK), NULL);
    if (!*file)
        return -ENOMEM;
    (*file)->inode = inode_get(&queue->inode);
    return 0;
}

int mqueue_open(const char *name, uint32_t flags, uint32_t mode, const struct mq_limits *limits,
                struct file **file)
{
    static const struct mq_limits usual = {MQ_MESSAGES_DEFAULT, MQ_SIZE_DEFAULT};
    static const uint8_t wanted[] = {4, 2, 6};
    struct mqueue *queue;
    int error = 0;

    mutex_lock(&names_lock);
    queue = find_locked(name);
    if (queue && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        error = -EEXIST;
    else if (queue && (flags & O_ACCMODE) == O_ACCMODE)
        error = -EINVAL;
    else if (queue)
        error = vfs_permission(&queue->inode, wanted[flags & O_ACCMODE]);
    else if (flags & O_CREAT)
        error = create_locked(name, mode, limits ? limits : &usual, &queue);
    else
        error = -ENOENT;
    if (!error)
        error = open_locked(queue, flags, file);
    mutex_unlock(&names_lock);
    return error;
}

int mqueue_unlink(const char *name)
{
    struct mqueue *queue;
    int error = -ENOENT;

    mutex_lock(&names_lock);
    queue = find_locked(name);
    if (queue) /* as in a sticky directory that everybody may write to */
        error = inode_owner_or_privileged(&queue->inode) ? 0 : -EPERM;
    if (!error)
        list_remove(&queue->name_link);
    mutex_unlock(&names_lock);
    if (!error)
        inode_put(&queue->inode);
    return error;
}

void mqueue_remove_all(void)
{
    while (!list_empty(&names)) {
        struct mqueue *queue = LIST_FIRST(&names, struct mqueue, name_link);

        list_remove(&queue->name_link);
        inode_put(&queue->inode);
    }
}
