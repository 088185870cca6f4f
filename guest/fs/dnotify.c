/* SPDX-License-Identifier: BSD-2-Clause */
/* See dnotify.h. */
#include "fs/dnotify.h"

#include "fs/file_owner.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "mm/slab.h"

struct dnotify_watch {
    struct list link;
    struct file *file; /* no reference: its end ends the watch */
    int fd; /* as the program knows it */
    uint32_t mask;
};

static struct mutex dnotify_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                     .waiters = LIST_INIT(dnotify_mutex.waiters)};
static struct list watches = LIST_INIT(watches);

uint32_t dnotify_mask(uint32_t in_mask)
{
    uint32_t what = 0;

    if (in_mask & IN_ACCESS)
        what |= DN_ACCESS;
    if (in_mask & IN_MODIFY)
        what |= DN_MODIFY;
    if (in_mask & (IN_CREATE | IN_MOVED_TO))
        what |= DN_CREATE;
    if (in_mask & (IN_DELETE | IN_MOVED_FROM))
        what |= DN_DELETE;
    if (in_mask & IN_ATTRIB)
        what |= DN_ATTRIB;
    return what;
}

static void remove_watch(struct dnotify_watch *watch)
{
    list_remove(&watch->link);
    kfree(watch);
    atomic_fetch_sub(&notify_watches, 1);
}

static struct dnotify_watch *find(const struct file *file)
{
    LIST_FOR_EACH(link, &watches)
    {
        struct dnotify_watch *watch = LIST_ENTRY(link, struct dnotify_watch, link);

        if (watch->file == file)
            return watch;
    }
    return NULL;
}

int dnotify_set(struct file *file, int fd, uint32_t mask)
{
    struct dnotify_watch *watch, *fresh = kmalloc(sizeof(*fresh));
    int error = fresh ? 0 : -ENOMEM;

    if (!file->inode || !S_ISDIR(file->inode->attr.mode))
        error = -ENOTDIR;
    mutex_lock(&dnotify_mutex);
    watch = find(file);
    if (!error && !(mask & ~DN_MULTISHOT)) {
        if (watch)
            remove_watch(watch);
    } else if (!error && watch) {
        watch->mask |= mask;
    } else if (!error) {
        *fresh = (struct dnotify_watch){.file = file, .fd = fd, .mask = mask};
        list_push_back(&watches, &fresh->link);
        atomic_fetch_add(&notify_watches, 1);
        fresh = NULL;
    }
    mutex_unlock(&dnotify_mutex);
    kfree(fresh);
    return error;
}

void dnotify_tell(const struct inode *dir, uint32_t what)
{
    if (!what)
        return;
    mutex_lock(&dnotify_mutex);
    LIST_FOR_EACH_SAFE(link, next, &watches)
    {
        struct dnotify_watch *watch = LIST_ENTRY(link, struct dnotify_watch, link);

        if (watch->file->inode != dir || !(watch->mask & what))
            continue;
        file_owner_notify(watch->file, watch->fd, POLL_PRI);
        if (!(watch->mask & DN_MULTISHOT))
            remove_watch(watch);
    }
    mutex_unlock(&dnotify_mutex);
}

void dnotify_forget(const struct file *file)
{
    struct dnotify_watch *watch;

    mutex_lock(&dnotify_mutex);
    watch = find(file);
    if (watch)
        remove_watch(watch);
    mutex_unlock(&dnotify_mutex);
}
