/* SPDX-License-Identifier: BSD-2-Clause */
/* See xattr.h.  The rules of the name spaces are those of xattr(7). */
#include "fs/xattr.h"

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TOTAL_MAX (256u << 10) /* bytes of names and values of one inode */

struct xattr {
    struct list link;
    char *name; /* behind the value */
    size_t size;
    uint8_t value[];
};

struct inode_xattrs {
    struct list list; /* in order of age */
    size_t total;
};

enum name_space { USER, TRUSTED, SECURITY };

static size_t cost(const struct xattr *xattr)
{
    return sizeof(*xattr) + xattr->size + strlen(xattr->name) + 1;
}

static struct xattr *find(const struct inode_xattrs *xattrs, const char *name)
{
    if (!xattrs)
        return NULL;
    LIST_FOR_EACH(link, &xattrs->list)
    {
        struct xattr *xattr = LIST_ENTRY(link, struct xattr, link);

        if (!strcmp(xattr->name, name))
            return xattr;
    }
    return NULL;
}

/* Which name space, or errno. */
static int space_of(const char *name)
{
    static const char *const prefixes[] = {
        [USER] = "user.", [TRUSTED] = "trusted.", [SECURITY] = "security."};

    for (int i = 0; i < (int)ARRAY_SIZE(prefixes); i++) {
        size_t length = strlen(prefixes[i]);

        if (strncmp(name, prefixes[i], length) == 0)
            return name[length] ? i : -EINVAL;
    }
    return -EOPNOTSUPP;
}

static int allowed(struct inode *inode, const char *name, bool write)
{
    const struct fs_context *context = fs_current();
    uint32_t mode = inode->attr.mode;
    int space = space_of(name);

    if (!write && strncmp(name, "system.posix_acl_", 17) == 0)
        return -ENODATA; /* access control lists could be there, and are not */
    if (space < 0)
        return space;
    if (!inode->sb->attributes)
        return -EOPNOTSUPP;
    if (write && inode->sb->read_only)
        return -EROFS;
    if (write && (inode->flags & (INODE_IMMUTABLE | INODE_APPEND)))
        return -EPERM;
    if (space == SECURITY)
        return write && !context->privileged ? -EPERM : 0;
    if (space == TRUSTED && !context->privileged)
        return write ? -EPERM : -ENODATA;
    if (space == TRUSTED)
        return 0;
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return write ? -EPERM : -ENODATA;
    if (write && S_ISDIR(mode) && (mode & S_ISVTX) && !inode_owner_or_privileged(inode))
        return -EPERM;
    return vfs_permission(inode, write ? 2 : 4);
}

ssize_t xattr_get(struct inode *inode, const char *name, void *value, size_t size)
{
    ssize_t result = allowed(inode, name, false);
    const struct xattr *xattr;

    if (result)
        return result;
    mutex_lock(&inode->lock);
    xattr = find(inode->xattrs, name);
    result = xattr ? (ssize_t)xattr->size : -ENODATA;
    if (xattr && size && xattr->size > size)
        result = -ERANGE;
    else if (xattr && size)
        memcpy(value, xattr->value, xattr->size);
    mutex_unlock(&inode->lock);
    return result;
}

ssize_t xattr_list(struct inode *inode, char *names, size_t size)
{
    bool privileged = fs_current()->privileged;
    size_t used = 0;

    mutex_lock(&inode->lock);
    if (inode->xattrs) {
        LIST_FOR_EACH(link, &inode->xattrs->list)
        {
            const struct xattr *xattr = LIST_ENTRY(link, struct xattr, link);
            size_t length = strlen(xattr->name) + 1;

            if (space_of(xattr->name) == TRUSTED && !privileged)
                continue;
            if (used + length <= size)
                memcpy(names + used, xattr->name, length);
            used += length;
        }
    }
    mutex_unlock(&inode->lock);
    return size && used > size ? -ERANGE : (ssize_t)used;
}

static struct inode_xattrs *get_xattrs(struct inode *inode)
{
    if (!inode->xattrs) {
        inode->xattrs = kmalloc(sizeof(*inode->xattrs));
        if (inode->xattrs) {
            list_init(&inode->xattrs->list);
            inode->xattrs->total = 0;
        }
    }
    return inode->xattrs;
}

static void drop(struct inode_xattrs *xattrs, struct xattr *xattr)
{
    xattrs->total -= cost(xattr);
    list_remove(&xattr->link);
    kfree(xattr);
}

/* Under inode->lock: puts fresh in the place of the old one. */
static int replace(struct inode *inode, struct xattr *fresh, uint32_t flags)
{
    struct inode_xattrs *xattrs = get_xattrs(inode);
    struct xattr *old;
    size_t total;

    if (!xattrs)
        return -ENOMEM;
    old = find(xattrs, fresh->name);
    if (old && (flags & XATTR_CREATE))
        return -EEXIST;
    if (!old && (flags & XATTR_REPLACE))
        return -ENODATA;
    total = xattrs->total + cost(fresh) - (old ? cost(old) : 0);
    if (total > TOTAL_MAX)
        return -ENOSPC;
    if (old)
        drop(xattrs, old);
    list_push_back(&xattrs->list, &fresh->link);
    xattrs->total = total;
    inode->attr.ctime = fs_now();
    return 0;
}

int xattr_set(struct inode *inode, const char *name, const void *value, size_t size, uint32_t flags)
{
    size_t length = strlen(name) + 1;
    int error = allowed(inode, name, true);
    struct xattr *fresh;

    if (error)
        return error;
    fresh = kmalloc(sizeof(*fresh) + size + length);
    if (!fresh)
        return -ENOMEM;
    fresh->size = size;
    fresh->name = (char *)fresh->value + size;
    memcpy(fresh->value, value, size);
    memcpy(fresh->name, name, length);
    mutex_lock(&inode->lock);
    error = replace(inode, fresh, flags);
    mutex_unlock(&inode->lock);
    if (error)
        kfree(fresh);
    return error;
}

int xattr_remove(struct inode *inode, const char *name)
{
    int error = allowed(inode, name, true);
    struct xattr *old;

    if (error)
        return error;
    mutex_lock(&inode->lock);
    old = find(inode->xattrs, name);
    if (old) {
        drop(inode->xattrs, old);
        inode->attr.ctime = fs_now();
    }
    mutex_unlock(&inode->lock);
    return old ? 0 : -ENODATA;
}

void xattr_free(struct inode *inode)
{
    struct inode_xattrs *xattrs = inode->xattrs;

    while (!list_empty(&xattrs->list))
        drop(xattrs, LIST_FIRST(&xattrs->list, struct xattr, link));
    kfree(xattrs);
}
