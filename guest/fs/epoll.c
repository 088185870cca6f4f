/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See epoll.h.  A watched file's wait queues hold entries whose callback puts the
 * item on the ready list; epoll_wait (epoll_wait.c) looks only there.
 */
#include "fs/epoll_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define NESTING_MAX 4 /* epolls that watch epolls */

static struct mutex forget_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(forget_lock.waiters)};

/* Under the watched queue's lock, possibly in an interrupt. */
static bool on_wake(struct wait_entry *entry, uint32_t key)
{
    /* The entry's thread field is unused beside a callback: it points to the item. */
    struct epoll_item *item = (struct epoll_item *)(void *)entry->thread;

    if (key && !(key & (item->events | POLL_ERR | POLL_HUP)))
        return false;
    /* Exclusive, and nobody looks: another epoll may have the wake-up. */
    bool taken = !(item->events & EPOLL_EXCLUSIVE) || !wait_queue_empty(&item->epoll->waiters);
    epoll_make_ready(item);
    return taken;
}

struct attach {
    struct poll_table table;
    struct epoll_item *item;
};

static void add_entry(struct poll_table *table, struct wait_queue *queue)
{
    struct epoll_item *item = CONTAINER_OF(table, struct attach, table)->item;
    struct wait_entry *entry;

    if (item->entry_count == EPOLL_QUEUES_MAX)
        return;
    entry = &item->entries[item->entry_count++];
    *entry = (struct wait_entry){.thread = (struct thread *)(void *)item,
                                 .callback = on_wake,
                                 .exclusive = item->events & EPOLL_EXCLUSIVE};
    wait_add(queue, entry);
}

/* ---- items; epoll->lock is held ---- */

static int compare(const struct epoll_item *item, const struct file *file, int fd)
{
    if (item->file != file)
        return item->file < file ? -1 : 1;
    return item->fd < fd ? -1 : item->fd > fd;
}

/* The item, or NULL with the place where it belongs. */
static struct epoll_item *find(struct epoll *epoll, const struct file *file, int fd,
                               struct rb_node **parent, struct rb_node ***link)
{
    struct rb_node **at = &epoll->items.root;

    *parent = NULL;
    while (*at) {
        struct epoll_item *item = RB_ENTRY(*at, struct epoll_item, node);
        int order = compare(item, file, fd);

        if (order == 0)
            return item;
        *parent = *at;
        at = order > 0 ? &(*at)->left : &(*at)->right;
    }
    *link = at;
    return NULL;
}

static void remove_item(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;

    for (uint32_t i = 0; i < item->entry_count; i++)
        wait_remove(&item->entries[i]);
    spin_lock(&epoll->ready_lock);
    list_remove(&item->ready_link);
    spin_unlock(&epoll->ready_lock);
    spin_lock(&item->file->watch_lock);
    list_remove(&item->file_link);
    spin_unlock(&item->file->watch_lock);
    rb_erase(&epoll->items, &item->node);
    kfree(item);
}

/* Does target lead to epoll through the epolls it watches?  Depth is bounded. */
static bool reaches(struct file *target, const struct epoll *epoll, int depth)
{
    struct epoll *inner = target->private_data;
    bool found = false;

    if (inner == epoll || depth > NESTING_MAX)
        return true;
    mutex_lock(&inner->lock);
    for (struct rb_node *node = rb_first(&inner->items); node && !found; node = rb_next(node)) {
        struct epoll_item *item = RB_ENTRY(node, struct epoll_item, node);

        found = is_epoll(item->file) && reaches(item->file, epoll, depth + 1);
    }
    mutex_unlock(&inner->lock);
    return found;
}

static int insert(struct epoll *epoll, struct file *target, int fd, uint32_t events, uint64_t data)
{
    struct rb_node *parent, **link;
    struct attach attach = {.table = {.add = add_entry}};
    struct epoll_item *item;

    if (find(epoll, target, fd, &parent, &link))
        return -EEXIST;
    item = kzalloc(sizeof(*item));
    if (!item)
        return -ENOMEM;
    *item = (struct epoll_item){
        .epoll = epoll, .file = target, .fd = fd, .events = events, .data = data};
    list_init(&item->ready_link);
    rb_insert(&epoll->items, &item->node, parent, link);
    spin_lock(&target->watch_lock);
    list_push_back(&target->poll_watches, &item->file_link);
    spin_unlock(&target->watch_lock);
    attach.item = item;
    if (epoll_ready_events(item, &attach.table))
        epoll_make_ready(item);
    return 0;
}

int epoll_add(struct file *file, struct file *target, int fd, uint32_t events, uint64_t data)
{
    struct epoll *epoll = file->private_data;
    int error;

    if (!target->ops->poll)
        return -EPERM;
    if (target == file ||
        ((events & EPOLL_EXCLUSIVE) && (is_epoll(target) || (events & ~EPOLL_WITH_EXCLUSIVE))))
        return -EINVAL;
    mutex_lock(&forget_lock); /* the graph of epolls stands still */
    error = is_epoll(target) && reaches(target, epoll, 1) ? -ELOOP : 0;
    if (!error) {
        mutex_lock(&epoll->lock);
        error = insert(epoll, target, fd, events, data);
        mutex_unlock(&epoll->lock);
    }
    mutex_unlock(&forget_lock);
    return error;
}

int epoll_modify(struct file *file, struct file *target, int fd, uint32_t events, uint64_t data)
{
    struct epoll *epoll = file->private_data;
    struct rb_node *parent, **link;
    struct epoll_item *item;
    int error;

    mutex_lock(&epoll->lock);
    item = find(epoll, target, fd, &parent, &link);
    error = !item ? -ENOENT : ((events | item->events) & EPOLL_EXCLUSIVE) ? -EINVAL : 0;
    if (!error) {
        item->events = events;
        item->data = data;
        if (epoll_ready_events(item, NULL))
            epoll_make_ready(item);
    }
    mutex_unlock(&epoll->lock);
    return error;
}

int epoll_delete(struct file *file, struct file *target, int fd)
{
    struct epoll *epoll = file->private_data;
    struct rb_node *parent, **link;
    struct epoll_item *item;

    mutex_lock(&epoll->lock);
    item = find(epoll, target, fd, &parent, &link);
    if (item)
        remove_item(item);
    mutex_unlock(&epoll->lock);
    return item ? 0 : -ENOENT;
}

void epoll_forget_file(struct file *file)
{
    mutex_lock(&forget_lock);
    while (!list_empty(&file->poll_watches)) {
        struct epoll_item *item = LIST_FIRST(&file->poll_watches, struct epoll_item, file_link);
        struct epoll *epoll = item->epoll;

        mutex_lock(&epoll->lock);
        /* epoll_delete may have been faster; nothing is added to a file without references. */
        if (!list_empty(&file->poll_watches) &&
            LIST_FIRST(&file->poll_watches, struct epoll_item, file_link) == item)
            remove_item(item);
        mutex_unlock(&epoll->lock);
    }
    mutex_unlock(&forget_lock);
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->private_data;
    struct rb_node *next;

    mutex_lock(&forget_lock);
    mutex_lock(&epoll->lock);
    for (struct rb_node *node = rb_first(&epoll->items); node; node = next) {
        next = rb_next(node);
        remove_item(RB_ENTRY(node, struct epoll_item, node));
    }
    mutex_unlock(&epoll->lock);
    mutex_unlock(&forget_lock);
    kfree(epoll);
}

const struct file_ops epoll_ops = {.poll = epoll_poll, .release = epoll_release};

struct file *epoll_create(void)
{
    struct epoll *epoll = kzalloc(sizeof(*epoll));
    struct file *file;

    if (!epoll)
        return NULL;
    mutex_init(&epoll->lock);
    spin_init(&epoll->ready_lock, LOCK_RANK_ANY);
    list_init(&epoll->ready);
    wait_queue_init(&epoll->waiters);
    /* It is woken under the lock of another wait queue: outside the order of those. */
    spin_init(&epoll->waiters.lock, LOCK_RANK_ANY);
    file = file_create(&epoll_ops, FMODE_READ | FMODE_WRITE, O_RDWR, epoll);
    if (!file) {
        kfree(epoll);
        return NULL;
    }
    file->inode = inode_create_anonymous(0600);
    if (file->inode)
        return file;
    file_put(file);
    return NULL;
}
