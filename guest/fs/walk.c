/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a path to a dentry: components, "..", symbolic links (at most 40), search
 * permission.  path_resolution(7).  Knows no file system.
 */
#include "fs/dentry.h"
#include "fs/dentry_mount.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define SYMLINKS_MAX 40

static const struct fs_context *(*context_source)(void);

void fs_set_current_source(const struct fs_context *(*source)(void))
{
    context_source = source;
}

const struct fs_context *fs_current(void)
{
    return context_source();
}

int vfs_lookup_locked(struct dentry *dir, const char *name, size_t length, struct dentry **child)
{
    struct inode *inode, *mounted;
    int error;

    *child = dentry_find(dir, name, length);
    if (*child)
        return 0;
    if (!dir->inode->ops->lookup)
        return -ENOTDIR;
    error = dir->inode->ops->lookup(dir->inode, name, length, &inode);
    if (error)
        return error;
    mounted = S_ISDIR(inode->attr.mode) ? vfs_lazy_mount(dir, name, length) : NULL;
    if (mounted) {
        inode_put(inode);
        inode = mounted;
    }
    *child = dentry_add(dir, name, length, inode);
    if (!*child)
        return -ENOMEM;
    if (mounted)
        dentry_pin_mount(*child);
    return 0;
}

int vfs_lookup(struct dentry *dir, const char *name, size_t length, struct dentry **child)
{
    struct inode *inode = dir->inode;
    int error;

    *child = dentry_find(dir, name, length);
    if (*child)
        return 0;
    mutex_lock(&inode->lock);
    error = vfs_lookup_locked(dir, name, length, child);
    mutex_unlock(&inode->lock);
    return error;
}

struct walk {
    const struct fs_context *context;
    struct dentry *at; /* a reference */
    const char *rest; /* what is left of the path */
    char *buffer; /* rest points into it after a symbolic link; or NULL */
    unsigned int links;
    uint32_t flags;
    const struct walk_limits *limits; /* NULL: none */
    struct dentry *root; /* ".." stays there */
    struct dentry *mount; /* with RESOLVE_NO_XDEV: where all must lie */
};

static bool limited(const struct walk *walk, uint32_t resolve)
{
    return walk->limits && (walk->limits->resolve & resolve);
}

static void move_to(struct walk *walk, struct dentry *dentry)
{
    dentry_put(walk->at);
    walk->at = dentry;
}

/* To the root: an absolute path, or the target of a link.  Consumes nothing on failure. */
static int to_root(struct walk *walk)
{
    if (limited(walk, RESOLVE_BENEATH))
        return -EXDEV;
    if (limited(walk, RESOLVE_NO_XDEV) && dentry_mount_above(walk->root) != walk->mount)
        return -EXDEV;
    move_to(walk, dentry_get(walk->root));
    return 0;
}

/* Step by step from the start, since the cache's walk knows no limits. */
static int start_limited(struct walk *walk, struct dentry *start)
{
    int error;

    if (limited(walk, RESOLVE_BENEATH | RESOLVE_IN_ROOT))
        walk->root = walk->limits->root;
    walk->mount = dentry_mount_above(start);
    walk->at = dentry_get(start);
    error = *walk->rest == '/' ? to_root(walk) : 0;
    if (error)
        dentry_put(walk->at);
    return error;
}

/* parent: the last component is not to be walked. */
static int start_walk(struct walk *walk, const struct fs_context *context, struct dentry *start,
                      const char *path, uint32_t flags, const struct walk_limits *limits,
                      bool parent)
{
    if (!*path && !(flags & WALK_EMPTY))
        return -ENOENT;
    *walk = (struct walk){.context = context, .rest = path, .flags = flags, .root = context->root};
    if (!start)
        start = context->cwd;
    if (UNLIKELY(limits && limits->resolve)) {
        walk->limits = limits;
        return start_limited(walk, start);
    }
    if (*path == '/')
        start = context->root;
    walk->at = dentry_walk(start, &walk->rest, context, parent);
    return 0;
}

/* Puts the link's target in front of the rest of the path. */
static int follow_text(struct walk *walk, struct inode *inode)
{
    size_t rest_length = strlen(walk->rest);
    char *buffer = kmalloc(PATH_MAX);
    ssize_t length;

    if (!buffer)
        return -ENOMEM;
    length = inode->ops->readlink(inode, buffer, PATH_MAX - 1);
    if (length > 0 && (size_t)length + rest_length + 2 > PATH_MAX)
        length = -ENAMETOOLONG;
    if (length <= 0) {
        kfree(buffer);
        return length < 0 ? (int)length : -ENOENT;
    }
    if (rest_length)
        buffer[length++] = '/';
    memcpy(buffer + length, walk->rest, rest_length + 1);
    kfree(walk->buffer);
    walk->buffer = buffer;
    walk->rest = buffer;
    return buffer[0] == '/' ? to_root(walk) : 0;
}

int walk_may_follow(struct dentry *link, const struct walk_limits *limits)
{
    uint32_t resolve = limits ? limits->resolve : 0;

    if ((resolve & RESOLVE_NO_SYMLINKS) || (mount_flags(link) & MS_NOSYMFOLLOW))
        return -ELOOP;
    if (!link->inode->ops->follow)
        return 0;
    if (resolve & RESOLVE_NO_MAGICLINKS)
        return -ELOOP;
    return (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ? -EXDEV : 0;
}

/* link is a symbolic link in the directory walk->at; consumes the reference. */
static int follow_link(struct walk *walk, struct dentry *link)
{
    struct inode *inode = link->inode;
    struct dentry *target;
    int error;

    error = ++walk->links > SYMLINKS_MAX ? -ELOOP : walk_may_follow(link, walk->limits);
    if (error) {
        dentry_put(link);
        return error;
    }
    if (inode->ops->follow) {
        error = inode->ops->follow(inode, &target);
        if (!error)
            move_to(walk, target);
    } else if (inode->ops->readlink) {
        error = follow_text(walk, inode);
    } else {
        error = -EINVAL;
    }
    dentry_put(link);
    return error;
}

static bool is_dots(const char *name, size_t length, size_t dots)
{
    return length == dots && name[0] == '.' && name[dots - 1] == '.';
}

static int go_up(struct walk *walk)
{
    if (walk->at == walk->root)
        return limited(walk, RESOLVE_BENEATH) ? -EXDEV : 0;
    move_to(walk, dentry_get_parent(walk->at));
    return 0;
}

static int check_mount(const struct walk *walk)
{
    return limited(walk, RESOLVE_NO_XDEV) && dentry_mount_above(walk->at) != walk->mount ? -EXDEV
                                                                                         : 0;
}

static int may_search(const struct walk *walk)
{
    if (!S_ISDIR(walk->at->inode->attr.mode))
        return -ENOTDIR;
    return inode_permission(walk->at->inode, 1, walk->context);
}

/* Takes the next component off the path; false at its end. */
static bool next_component(struct walk *walk, struct last_name *name)
{
    const char *s = walk->rest;

    while (*s == '/')
        s++;
    name->name = s;
    while (*s && *s != '/')
        s++;
    name->length = (size_t)(s - name->name);
    name->trailing_slash = *s == '/';
    while (*s == '/')
        s++;
    walk->rest = s;
    return name->length > 0;
}

static int step(struct walk *walk, const struct last_name *part)
{
    bool last = !*walk->rest;
    struct dentry *child;
    int error;

    if (is_dots(part->name, part->length, 1))
        return 0;
    if (is_dots(part->name, part->length, 2)) {
        error = go_up(walk);
        return error ? error : check_mount(walk);
    }
    error = vfs_lookup(walk->at, part->name, part->length, &child);
    if (error)
        return error;
    if (S_ISLNK(child->inode->attr.mode) &&
        (!last || part->trailing_slash || (walk->flags & WALK_FOLLOW))) {
        if (last && part->trailing_slash)
            walk->flags |= WALK_DIRECTORY;
        return follow_link(walk, child);
    }
    move_to(walk, child);
    if (last && part->trailing_slash && !S_ISDIR(child->inode->attr.mode))
        return -ENOTDIR;
    return check_mount(walk);
}

static int check_component(struct walk *walk, const struct last_name *part)
{
    int error = may_search(walk);

    if (!error && part->length > NAME_MAX)
        error = -ENAMETOOLONG;
    return error;
}

/* Ends the walk: what is left of the path, then the reference in *found. */
static int finish_walk(struct walk *walk, struct dentry **found)
{
    struct last_name part;
    int error = 0;

    while (!error && next_component(walk, &part)) {
        error = check_component(walk, &part);
        if (!error)
            error = step(walk, &part);
    }
    if (!error && (walk->flags & WALK_DIRECTORY) && !S_ISDIR(walk->at->inode->attr.mode))
        error = -ENOTDIR;
    kfree(walk->buffer);
    if (error)
        dentry_put(walk->at);
    else
        *found = walk->at;
    return error;
}

int vfs_walk_as(const struct fs_context *context, struct dentry *start, const char *path,
                uint32_t flags, const struct walk_limits *limits, struct dentry **found)
{
    struct walk walk;
    int error = start_walk(&walk, context, start, path, flags, limits, false);

    return error ? error : finish_walk(&walk, found);
}

int vfs_walk(struct dentry *start, const char *path, uint32_t flags, struct dentry **found)
{
    const struct fs_context *context = fs_current();
    const char *rest = path;
    struct dentry *at;

    if (UNLIKELY(!*path))
        return vfs_walk_as(context, start, path, flags, NULL, found);
    if (*path == '/')
        start = context->root;
    else if (!start)
        start = context->cwd;
    at = dentry_walk(start, &rest, context, false);
    if (LIKELY(!*rest && !(flags & WALK_DIRECTORY))) { /* the cache knew the way */
        *found = at;
        return 0;
    }
    struct walk walk = {
        .context = context, .rest = rest, .flags = flags, .root = context->root, .at = at};
    return finish_walk(&walk, found);
}

int vfs_walk_parent(struct dentry *start, const char *path, struct dentry **parent,
                    struct last_name *last)
{
    return vfs_walk_parent_as(fs_current(), start, path, NULL, parent, last);
}

int vfs_walk_parent_as(const struct fs_context *context, struct dentry *start, const char *path,
                       const struct walk_limits *limits, struct dentry **parent,
                       struct last_name *last)
{
    struct walk walk;
    int error = start_walk(&walk, context, start, path, 0, limits, true);

    if (error)
        return error;
    last->length = 0;
    while (!error && next_component(&walk, last)) {
        error = check_component(&walk, last);
        if (error || !*walk.rest)
            break;
        error = step(&walk, last);
    }
    last->buffer = walk.buffer;
    if (error) {
        kfree(walk.buffer);
        dentry_put(walk.at);
    } else {
        *parent = walk.at;
    }
    return error;
}
