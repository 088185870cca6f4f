/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that a directory hears of too: from a name to its parent, see notify.h. */
#include "fs/dentry.h"
#include "fs/notify.h"
#include "iface/open_flags.h"
#include "lib/string.h"

/* The parent, a reference, and the name as it is now; NULL when it has none. */
static struct dentry *parent_and_name(struct dentry *dentry, char name[NAME_MAX],
                                      struct notify_event *event)
{
    struct dentry *parent = NULL;

    spin_lock(&dentry_lock);
    if (dentry->parent != dentry && !(dentry->flags & DENTRY_ANONYMOUS) &&
        dentry->name_length <= NAME_MAX) {
        parent = dentry->parent;
        event->name = name;
        event->name_length = dentry->name_length;
        event->unlinked = !(dentry->flags & DENTRY_HASHED);
        memcpy(name, dentry->name, dentry->name_length);
    }
    spin_unlock(&dentry_lock);
    return parent ? dentry_get_parent(dentry) : NULL;
}

void notify_dentry(struct dentry *dentry, uint32_t mask)
{
    struct notify_event event = {.mask = mask};
    char name[NAME_MAX];
    struct dentry *parent;

    if (S_ISDIR(dentry->inode->attr.mode))
        event.mask |= IN_ISDIR;
    parent = parent_and_name(dentry, name, &event);
    if (parent) {
        notify_inode(parent->inode, &event);
        dentry_put(parent);
    }
    event = (struct notify_event){.mask = event.mask};
    notify_inode(dentry->inode, &event);
}

void notify_file(struct file *file, uint32_t mask)
{
    if (file->dentry && !(file->mode & FMODE_PATH))
        notify_dentry(file->dentry, mask);
}
