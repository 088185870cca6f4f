/* SPDX-License-Identifier: BSD-2-Clause */
/* See mqueue.h: how queues come, are found by name, and go; their limits. */
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/mqueue.h"

#define CAP_SYS_RESOURCE 24

void mqueue_evict(struct inode *inode)
{
    struct mqueue *queue = CONTAINER_OF(inode, struct mqueue, inode);

    LIST_FOR_EACH_SAFE(link, next, &queue->messages)
    kfree(LIST_ENTRY(link, struct mq_message, link));
    if (queue->notified)
        process_put(queue->notified);
    kfree(queue);
}

static const struct mq_limits usual = {MQ_MESSAGES_DEFAULT, MQ_SIZE_DEFAULT};

static struct mutex names_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                  .waiters = LIST_INIT(names_lock.waiters)};
static struct list names = LIST_INIT(names); /* struct mqueue.name_link; names_lock */
static uint64_t last_cookie;

static struct mqueue *find_locked(const char *name, size_t length)
{
    LIST_FOR_EACH(link, &names)
    {
        struct mqueue *queue = LIST_ENTRY(link, struct mqueue, name_link);

        if (strlen(queue->name) == length && memcmp(queue->name, name, length) == 0)
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

static int create_locked(const char *name, size_t length, uint32_t mode,
                         const struct mq_limits *limits, struct mqueue **created)
{
    struct mqueue *queue;
    uint64_t charge;
    int error = check_limits(limits, &charge);

    if (error)
        return error;
    queue = kzalloc(sizeof(*queue) + length + 1);
    if (!queue)
        return -ENOMEM;
    inode_init(&queue->inode, &mqueue_inode_ops, &mqueue_super, S_IFREG | (mode & 07777),
               inode_next_anonymous_ino());
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
    memcpy(queue->name, name, length);
    queue->cookie = ++last_cookie;
    list_push_back(&names, &queue->name_link);
    *created = queue;
    return 0;
}

struct inode *mqueue_lookup(const char *name, size_t length)
{
    struct mqueue *queue;
    struct inode *inode = NULL;

    mutex_lock(&names_lock);
    queue = find_locked(name, length);
    if (queue)
        inode = inode_get(&queue->inode);
    mutex_unlock(&names_lock);
    return inode;
}

int mqueue_create(const char *name, size_t length, uint32_t mode, struct inode **inode)
{
    struct mqueue *queue;
    int error;

    mutex_lock(&names_lock);
    error = find_locked(name, length) ? -EEXIST : create_locked(name, length, mode, &usual, &queue);
    if (!error)
        *inode = inode_get(&queue->inode);
    mutex_unlock(&names_lock);
    return error;
}

bool mqueue_next(uint64_t from, struct mqueue_entry *entry)
{
    bool found = false;

    mutex_lock(&names_lock);
    LIST_FOR_EACH(link, &names)
    {
        const struct mqueue *queue = LIST_ENTRY(link, struct mqueue, name_link);

        if (queue->cookie >= from) {
            entry->cookie = queue->cookie;
            entry->ino = queue->inode.attr.ino;
            memcpy(entry->name, queue->name, strlen(queue->name) + 1);
            found = true;
            break;
        }
    }
    mutex_unlock(&names_lock);
    return found;
}

int mqueue_open_file(struct inode *inode, struct file *file)
{
    (void)inode; /* what it needs is found through the file's own */
    file->ops = &mqueue_file_ops;
    file->mode |= FMODE_SEEK;
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
    static const uint8_t wanted[] = {4, 2, 6};
    struct mqueue *queue;
    int error = 0;

    mutex_lock(&names_lock);
    queue = find_locked(name, strlen(name));
    if (queue && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        error = -EEXIST;
    else if (queue && (flags & O_ACCMODE) == O_ACCMODE)
        error = -EINVAL;
    else if (queue)
        error = vfs_permission(&queue->inode, wanted[flags & O_ACCMODE]);
    else if (flags & O_CREAT)
        error = create_locked(name, strlen(name), mode & ~fs_current()->umask,
                              limits ? limits : &usual, &queue);
    else
        error = -ENOENT;
    if (!error)
        error = open_locked(queue, flags, file);
    mutex_unlock(&names_lock);
    return error;
}

int mqueue_unlink(const char *name, size_t length)
{
    struct mqueue *queue;
    int error = -ENOENT;

    mutex_lock(&names_lock);
    queue = find_locked(name, length);
    if (queue) /* as in a sticky directory that everybody may write to */
        error = inode_owner_or_privileged(&queue->inode) ? 0 : -EPERM;
    if (!error) {
        list_remove(&queue->name_link);
        queue->inode.attr.nlink = 0; /* also where the name is cached */
    }
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
