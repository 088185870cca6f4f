/* SPDX-License-Identifier: BSD-2-Clause */
/* See lease.h. */
#include "fs/lease.h"

#include "arch/clock.h"
#include "fs/dentry.h"
#include "fs/file_owner.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "mm/slab.h"

#define BREAK_NS 45000000000ul /* /proc/sys/fs/lease-break-time */

struct lease {
    struct list link;
    struct file *file; /* no reference: its end ends the lease */
    int fd; /* as the holder knows it */
    enum file_lock_type type;
    enum file_lock_type target; /* what it must become; the same as type: nothing */
    uint64_t deadline_ns; /* then it is made so */
};

struct inode_leases { /* freed with the last lease */
    struct list list;
    struct wait_queue changed;
    unsigned int waiting; /* who would break one; keeps the structure */
};

static struct mutex lease_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(lease_mutex.waiters)};

/* lease_mutex is held from here on. */
static struct lease *find(struct inode *inode, const struct file *file)
{
    if (!inode->leases)
        return NULL;
    LIST_FOR_EACH(link, &inode->leases->list)
    {
        struct lease *lease = LIST_ENTRY(link, struct lease, link);

        if (lease->file == file)
            return lease;
    }
    return NULL;
}

static void free_if_unused(struct inode *inode)
{
    struct inode_leases *leases = inode->leases;

    if (leases && list_empty(&leases->list) && !leases->waiting) {
        inode->leases = NULL;
        kfree(leases);
    }
}

static void remove_lease(struct inode *inode, struct lease *lease)
{
    list_remove(&lease->link);
    kfree(lease);
    wake_all(&inode->leases->changed, 0);
    free_if_unused(inode);
}

/* Is the file open in a way that the lease forbids? */
static bool conflicts(struct file *file, enum file_lock_type type)
{
    struct inode *inode = file->inode;

    if (type == FILE_LOCK_READ && atomic_load(&inode->deny_write) > 0)
        return true;
    /* The lease's own file holds one reference to the name, others that are open more. */
    if (type == FILE_LOCK_WRITE && (!file->dentry || dentry_is_shared(file->dentry)))
        return true;
    if (!inode->leases)
        return false;
    LIST_FOR_EACH(link, &inode->leases->list)
    {
        struct lease *other = LIST_ENTRY(link, struct lease, link);

        if (other->file != file && (type == FILE_LOCK_WRITE || other->type == FILE_LOCK_WRITE))
            return true;
    }
    return false;
}

static int add(struct file *file, enum file_lock_type type, int fd)
{
    struct inode *inode = file->inode;
    struct lease *lease = kzalloc(sizeof(*lease));

    if (!lease)
        return -ENOMEM;
    if (!inode->leases) {
        inode->leases = kzalloc(sizeof(*inode->leases));
        if (!inode->leases) {
            kfree(lease);
            return -ENOMEM;
        }
        list_init(&inode->leases->list);
        wait_queue_init(&inode->leases->changed);
    }
    lease->file = file;
    lease->fd = fd;
    lease->type = lease->target = type;
    list_push_back(&inode->leases->list, &lease->link);
    return 0;
}

static int set_locked(struct file *file, enum file_lock_type type, int fd)
{
    struct lease *own = find(file->inode, file);

    if (type == FILE_LOCK_NONE) {
        if (!own)
            return -EAGAIN;
        remove_lease(file->inode, own);
        return 0;
    }
    /* While it is being broken it may become what is asked for, and no more. */
    if (own && own->target != own->type && type != own->target)
        return -EAGAIN;
    if (conflicts(file, type) && !(own && own->target == type))
        return -EAGAIN;
    if (!own)
        return add(file, type, fd);
    own->type = own->target = type;
    wake_all(&file->inode->leases->changed, 0);
    return 0;
}

int lease_set(struct file *file, enum file_lock_type type, int fd)
{
    int error;

    if (!file->inode || !S_ISREG(file->inode->attr.mode))
        return -EINVAL;
    if (!inode_owner_or_privileged(file->inode))
        return -EACCES;
    mutex_lock(&lease_mutex);
    error = set_locked(file, type, fd);
    mutex_unlock(&lease_mutex);
    return error;
}

enum file_lock_type lease_get(struct file *file)
{
    enum file_lock_type type = FILE_LOCK_NONE;
    struct lease *lease;

    if (!file->inode)
        return type;
    mutex_lock(&lease_mutex);
    lease = find(file->inode, file);
    if (lease)
        type = lease->target;
    mutex_unlock(&lease_mutex);
    return type;
}

/* Asks the holder, or after too long takes it away.  Returns whether the lease is in the way. */
static bool break_one(struct inode *inode, struct lease *lease, bool write)
{
    enum file_lock_type target = write ? FILE_LOCK_NONE : FILE_LOCK_READ;

    if (lease->type == FILE_LOCK_READ && !write)
        return false;
    if (lease->target == lease->type) {
        lease->target = target;
        lease->deadline_ns = clock_ns() + BREAK_NS;
        file_owner_notify(lease->file, lease->fd, POLL_IN);
    } else if (write) {
        lease->target = target;
    }
    if (clock_ns() < lease->deadline_ns)
        return true;
    if (lease->target == FILE_LOCK_NONE) {
        list_remove(&lease->link);
        kfree(lease);
    } else {
        lease->type = lease->target;
    }
    wake_all(&inode->leases->changed, 0);
    return false;
}

static bool break_all(struct inode *inode, bool write, uint64_t *deadline_ns)
{
    bool in_the_way = false;

    *deadline_ns = WAIT_FOREVER;
    LIST_FOR_EACH_SAFE(link, next, &inode->leases->list)
    {
        struct lease *lease = LIST_ENTRY(link, struct lease, link);

        if (break_one(inode, lease, write)) {
            in_the_way = true;
            *deadline_ns = MIN(*deadline_ns, lease->deadline_ns);
        }
    }
    return in_the_way;
}

int lease_break(struct inode *inode, bool write, bool nonblocking)
{
    struct inode_leases *leases;
    struct wait_entry entry;
    uint64_t deadline_ns;
    int error = 0;

    mutex_lock(&lease_mutex);
    leases = inode->leases;
    if (leases)
        leases->waiting++;
    while (leases && !error && break_all(inode, write, &deadline_ns)) {
        if (nonblocking) {
            error = -EAGAIN;
            break;
        }
        wait_begin(&leases->changed, &entry);
        mutex_unlock(&lease_mutex);
        error = wait_sleep(deadline_ns);
        wait_end(&leases->changed, &entry);
        mutex_lock(&lease_mutex);
        error = error == -ETIMEDOUT ? 0 : error;
    }
    if (leases) {
        leases->waiting--;
        free_if_unused(inode);
    }
    mutex_unlock(&lease_mutex);
    return error;
}

void lease_release(struct file *file)
{
    struct lease *lease;

    mutex_lock(&lease_mutex);
    lease = find(file->inode, file);
    if (lease)
        remove_lease(file->inode, lease);
    mutex_unlock(&lease_mutex);
}
