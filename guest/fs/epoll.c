/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See epoll.h.  A watched file's wait queues hold entries whose callback puts the
 * item on the ready list; epoll_wait looks only there.
 *
 * Locks, outermost first: forget_lock (ends of files and of epolls meet), epoll.lock
 * (items), then the watched file's own; ready_lock (spinlock, taken under any wait
 * queue's lock) guards the ready list.
 */
#include "fs/epoll.h"

#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/rbtree.h"
#include "mm/slab.h"

#define NESTING_MAX 4 /* epolls that watch epolls */
#define PRIVATE_EVENTS (EPOLL_EXCLUSIVE | EPOLL_WAKEUP | EPOLL_ONESHOT | EPOLL_EDGE)
#define QUEUES_MAX 2u /* wait queues one file may add: readable and writable */

struct epoll {
    struct mutex lock; /* items */
    struct rb_tree items; /* by file and descriptor */
    uint64_t passes; /* waits that found something, counted */
    struct spinlock ready_lock;
    struct list ready; /* struct epoll_item.ready_link */
    struct wait_queue waiters; /* epoll_wait sleeps here; also polls of the epoll itself */
};

struct epoll_item {
    struct rb_node node;
    struct epoll *epoll;
    struct file *file; /* no reference: it tells us when it ends */
    int fd;
    uint32_t events; /* 0 after a one-shot */
    uint64_t data;
    uint64_t pass; /* of epoll->passes, which reported it last */
    struct list file_link; /* of file->poll_watches */
    struct list ready_link; /* to itself: not on the list */
    struct wait_entry entries[QUEUES_MAX];
    uint32_t entry_count;
};

static const struct file_ops epoll_ops;
static struct mutex forget_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(forget_lock.waiters)};

bool is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}

/*
 * Back to the list after a look.  Wakes nobody: whoever waits was woken when the item became
 * ready, and somebody who polls the epoll would wake himself for ever.
 */
static void stay_ready(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;

    spin_lock(&epoll->ready_lock);
    if (list_empty(&item->ready_link))
        list_push_back(&epoll->ready, &item->ready_link);
    spin_unlock(&epoll->ready_lock);
}

static void make_ready(struct epoll_item *item)
{
    stay_ready(item);
    wake_all(&item->epoll->waiters, POLL_IN | POLL_RDNORM);
}

/* Under the watched queue's lock, possibly in an interrupt. */
static bool on_wake(struct wait_entry *entry, uint32_t key)
{
    /* The entry's thread field is unused beside a callback: it points to the item. */
    struct epoll_item *item = (struct epoll_item *)(void *)entry->thread;

    if (key && !(key & (item->events | POLL_ERR | POLL_HUP)))
        return false;
    /* Exclusive, and nobody looks: another epoll may have the wake-up. */
    bool taken = !(item->events & EPOLL_EXCLUSIVE) || !wait_queue_empty(&item->epoll->waiters);
    make_ready(item);
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

    if (item->entry_count == QUEUES_MAX)
        return;
    entry = &item->entries[item->entry_count++];
    *entry = (struct wait_entry){.thread = (struct thread *)(void *)item,
                                 .callback = on_wake,
                                 .exclusive = item->events & EPOLL_EXCLUSIVE};
    wait_add(queue, entry);
}

static uint32_t ready_events(struct epoll_item *item, struct poll_table *table)
{
    uint32_t ready = item->file->ops->poll(item->file, table);

    return ready & (item->events | (item->events ? POLL_ERR | POLL_HUP : 0)) & ~PRIVATE_EVENTS;
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
    if (ready_events(item, &attach.table))
        make_ready(item);
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
        if (ready_events(item, NULL))
            make_ready(item);
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

/* ---- waiting ---- */

static struct epoll_item *take_ready(struct epoll *epoll)
{
    struct epoll_item *item = NULL;

    spin_lock(&epoll->ready_lock);
    if (!list_empty(&epoll->ready)) {
        item = LIST_FIRST(&epoll->ready, struct epoll_item, ready_link);
        list_remove(&item->ready_link);
    }
    spin_unlock(&epoll->ready_lock);
    return item;
}

/*
 * Level-triggered items stay on the list, behind the others.  An item that this pass or a later
 * one has reported ends the look: it has been at all that was there.
 */
uint32_t epoll_look(struct file *file, struct epoll_result *results, uint32_t count, uint64_t *pass)
{
    struct epoll *epoll = file->private_data;
    struct epoll_item *item;
    uint32_t events, found = 0;
    uint64_t number;

    mutex_lock(&epoll->lock);
    number = *pass ? *pass : epoll->passes + 1;
    while (found < count && (item = take_ready(epoll)) != NULL) {
        if (item->pass >= number) {
            stay_ready(item);
            break;
        }
        if ((events = ready_events(item, NULL)) == 0)
            continue;
        results[found++] = (struct epoll_result){events, item->data};
        item->pass = number;
        if (item->events & EPOLL_ONESHOT)
            item->events &= PRIVATE_EVENTS;
        else if (!(item->events & EPOLL_EDGE))
            stay_ready(item);
    }
    if (found && !*pass)
        *pass = ++epoll->passes;
    mutex_unlock(&epoll->lock);
    return found;
}

int64_t epoll_wait(struct file *file, struct epoll_result *results, uint32_t count,
                   uint64_t deadline_ns, uint64_t *pass)
{
    struct epoll *epoll = file->private_data;
    uint32_t found = epoll_look(file, results, count, pass);
    struct wait_entry entry;
    int error = 0;

    if (found || deadline_ns == 0)
        return found;
    wait_begin(&epoll->waiters, &entry);
    while ((found = epoll_look(file, results, count, pass)) == 0 &&
           (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&epoll->waiters, &entry);
    wait_end(&epoll->waiters, &entry);
    return error == -ERESTARTSYS && !found ? -ERESTARTNOHAND : (int)found;
}

static uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *epoll = file->private_data;
    struct epoll_item *item;
    uint32_t ready = 0;

    if (table)
        table->add(table, &epoll->waiters);
    mutex_lock(&epoll->lock);
    while (!ready && (item = take_ready(epoll)) != NULL) {
        if (ready_events(item, NULL)) {
            stay_ready(item);
            ready = POLL_IN | POLL_RDNORM;
        }
    }
    mutex_unlock(&epoll->lock);
    return ready;
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

static const struct file_ops epoll_ops = {.poll = epoll_poll, .release = epoll_release};

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
