/* SPDX-License-Identifier: BSD-2-Clause */
/* See notify.h: watches by inode, and what is told to them. */
#include "fs/dentry.h"
#include "fs/dnotify.h"
#include "fs/notify_internal.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define BUCKETS 64u
#define EVENTS_MAX 16384u /* in a queue: fs.inotify.max_queued_events */
#define WATCHES_MAX 65536u /* in all */

atomic_uint notify_watches;
struct spinlock notify_lock = SPINLOCK_INIT(LOCK_RANK_FS);

struct watch {
    struct list bucket_link, owner_link;
    struct inotify *owner;
    struct inode *inode; /* a reference */
    int wd;
    uint32_t mask;
};

static struct list buckets[BUCKETS] LARGE_BSS; /* next NULL before first use */

static struct list *bucket_of(const struct inode *inode)
{
    struct list *bucket = &buckets[(uintptr_t)inode / 64 % BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

/* ---- events; notify_lock is held ---- */

static bool same_as_last(const struct inotify *inotify, int wd, const struct notify_event *event)
{
    const struct inotify_record *last;

    if (list_empty(&inotify->events))
        return false;
    last = LIST_ENTRY(inotify->events.prev, struct inotify_record, link);
    return last->wd == wd && last->mask == event->mask && last->cookie == event->cookie &&
           last->name_length == (event->name ? event->name_length : 0) &&
           (!event->name || memcmp(last->name, event->name, event->name_length) == 0);
}

static void queue_event(struct inotify *inotify, int wd, const struct notify_event *event)
{
    static const struct notify_event overflow = {.mask = IN_Q_OVERFLOW};
    struct inotify_record *record;
    size_t length;

    if (inotify->count >= EVENTS_MAX) {
        event = &overflow;
        wd = -1;
    }
    length = event->name ? event->name_length : 0;
    if (same_as_last(inotify, wd, event))
        return;
    record = kmalloc(sizeof(*record) + length);
    if (!record)
        return;
    record->wd = wd;
    record->mask = event->mask;
    record->cookie = event->cookie;
    record->name_length = (uint32_t)length;
    memcpy(record->name, event->name, length);
    list_push_back(&inotify->events, &record->link);
    inotify->count++;
    wake_all(&inotify->waiters, POLL_IN | POLL_RDNORM);
}

/* To the list of the dead, which the caller frees without the lock. */
static void end_watch(struct watch *watch, struct list *dead)
{
    static const struct notify_event ignored = {.mask = IN_IGNORED};

    queue_event(watch->owner, watch->wd, &ignored);
    list_remove(&watch->bucket_link);
    list_remove(&watch->owner_link);
    list_push_back(dead, &watch->owner_link);
    atomic_fetch_sub(&notify_watches, 1);
}

static void free_watches(struct list *dead)
{
    LIST_FOR_EACH_SAFE(link, next, dead)
    {
        struct watch *watch = LIST_ENTRY(link, struct watch, owner_link);

        inode_put(watch->inode);
        kfree(watch);
    }
}

static void tell(struct inode *inode, const struct notify_event *event, struct list *dead)
{
    LIST_FOR_EACH_SAFE(link, next, bucket_of(inode))
    {
        struct watch *watch = LIST_ENTRY(link, struct watch, bucket_link);

        if (watch->inode != inode || !(watch->mask & event->mask & IN_ALL_EVENTS) ||
            (event->unlinked && (watch->mask & IN_EXCL_UNLINK)))
            continue;
        queue_event(watch->owner, watch->wd, event);
        if (watch->mask & IN_ONESHOT)
            end_watch(watch, dead);
    }
}

void notify_inode(struct inode *inode, const struct notify_event *event)
{
    struct list dead = LIST_INIT(dead);

    spin_lock(&notify_lock);
    tell(inode, event, &dead);
    spin_unlock(&notify_lock);
    free_watches(&dead);
    if (S_ISDIR(inode->attr.mode))
        dnotify_tell(inode, dnotify_mask(event->mask));
}

/* The inode has no name any more: its watches end.  (Linux waits for the last close.) */
static void end_inode(struct inode *inode)
{
    static const struct notify_event event = {.mask = IN_DELETE_SELF};
    struct list dead = LIST_INIT(dead);

    spin_lock(&notify_lock);
    tell(inode, &event, &dead);
    LIST_FOR_EACH_SAFE(link, next, bucket_of(inode))
    {
        struct watch *watch = LIST_ENTRY(link, struct watch, bucket_link);

        if (watch->inode == inode)
            end_watch(watch, &dead);
    }
    spin_unlock(&notify_lock);
    free_watches(&dead);
}

static uint32_t is_dir(const struct inode *inode)
{
    return S_ISDIR(inode->attr.mode) ? IN_ISDIR : 0;
}

void notify_name(struct inode *dir, const char *name, size_t length, uint32_t mask,
                 const struct inode *subject)
{
    struct notify_event event = {
        .mask = mask | is_dir(subject), .name = name, .name_length = length};

    notify_inode(dir, &event);
}

void notify_linked(struct inode *dir, const char *name, size_t length, struct inode *target)
{
    notify_inode(target, &(struct notify_event){.mask = IN_ATTRIB});
    notify_name(dir, name, length, IN_CREATE, target);
}

static void lost_name(struct inode *inode)
{
    if (inode->attr.nlink == 0 || S_ISDIR(inode->attr.mode))
        end_inode(inode);
}

void notify_unlinked(struct inode *dir, const char *name, size_t length, struct inode *target)
{
    if (!S_ISDIR(target->attr.mode))
        notify_inode(target, &(struct notify_event){.mask = IN_ATTRIB});
    notify_name(dir, name, length, IN_DELETE, target);
    lost_name(target);
}

void notify_moved(const struct notify_rename *rename)
{
    static atomic_uint next_cookie;
    struct notify_event event = {.mask = IN_MOVED_FROM | is_dir(rename->moved),
                                 .cookie = atomic_fetch_add(&next_cookie, 1) + 1,
                                 .name = rename->old_name,
                                 .name_length = rename->old_length};

    notify_inode(rename->old_dir, &event);
    event.mask = IN_MOVED_TO | is_dir(rename->moved);
    event.name = rename->new_name;
    event.name_length = rename->new_length;
    notify_inode(rename->new_dir, &event);
    if (rename->old_dir == rename->new_dir)
        dnotify_tell(rename->new_dir, DN_RENAME);
    if (rename->replaced)
        notify_inode(rename->replaced, &(struct notify_event){.mask = IN_ATTRIB});
    notify_inode(rename->moved, &(struct notify_event){.mask = IN_MOVE_SELF});
    if (rename->replaced)
        lost_name(rename->replaced);
    if (rename->exchanged) { /* the same the other way round */
        struct notify_rename back = {.old_dir = rename->new_dir,
                                     .new_dir = rename->old_dir,
                                     .moved = rename->exchanged,
                                     .old_name = rename->new_name,
                                     .old_length = rename->new_length,
                                     .new_name = rename->old_name,
                                     .new_length = rename->old_length};
        notify_moved(&back);
    }
}

/* ---- watches of one inotify ---- */

static struct watch *find_watch(struct inotify *inotify, const struct inode *inode)
{
    LIST_FOR_EACH(link, bucket_of(inode))
    {
        struct watch *watch = LIST_ENTRY(link, struct watch, bucket_link);

        if (watch->inode == inode && watch->owner == inotify)
            return watch;
    }
    return NULL;
}

int notify_watch(struct inotify *inotify, struct inode *inode, uint32_t mask)
{
    uint32_t kept = mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT);
    struct watch *fresh = kmalloc(sizeof(*fresh)), *watch;
    int result;

    if (!fresh)
        return -ENOMEM;
    spin_lock(&notify_lock);
    watch = find_watch(inotify, inode);
    if (watch && (mask & IN_MASK_CREATE)) {
        result = -EEXIST;
    } else if (watch) {
        watch->mask = (mask & IN_MASK_ADD) ? watch->mask | kept : kept;
        result = watch->wd;
    } else if (atomic_load(&notify_watches) >= WATCHES_MAX || inotify->next_wd == INT_MAX) {
        result = -ENOSPC;
    } else {
        *fresh = (struct watch){
            .owner = inotify, .inode = inode_get(inode), .wd = inotify->next_wd++, .mask = kept};
        list_push_back(bucket_of(inode), &fresh->bucket_link);
        list_push_back(&inotify->watches, &fresh->owner_link);
        atomic_fetch_add(&notify_watches, 1);
        result = fresh->wd;
        fresh = NULL;
    }
    spin_unlock(&notify_lock);
    kfree(fresh);
    return result;
}

int notify_unwatch(struct inotify *inotify, int wd)
{
    struct list dead = LIST_INIT(dead);

    spin_lock(&notify_lock);
    LIST_FOR_EACH_SAFE(link, next, &inotify->watches)
    {
        struct watch *watch = LIST_ENTRY(link, struct watch, owner_link);

        if (wd < 0 || watch->wd == wd)
            end_watch(watch, &dead);
    }
    spin_unlock(&notify_lock);
    bool found = !list_empty(&dead);
    free_watches(&dead);
    return found ? 0 : -EINVAL;
}
