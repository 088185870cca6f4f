/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dentry cache: references, the list of unused dentries, names that come, go and
 * move.  Knows nothing of paths; see walk.c.
 */
#include "fs/dentry.h"

#include "fs/dentry_hash.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define UNUSED_MAX 2048u /* cached dentries without a reference */

struct spinlock dentry_lock = SPINLOCK_INIT(LOCK_RANK_FS);
static uint32_t unused_count;
static struct list unused = LIST_INIT(unused); /* oldest first */

void dentry_get_locked(struct dentry *dentry)
{
    if (dentry->count++ == 0) {
        list_remove(&dentry->lru);
        unused_count--;
    }
    if (UNLIKELY(dentry->flags & DENTRY_EXPIRE))
        dentry->flags -= DENTRY_EXPIRE_ONE;
}

/* The oldest unused dentry leaves the cache for good; its parent, whose reference is free now. */
static struct dentry *evict_locked(struct dentry **doomed)
{
    struct dentry *dentry = LIST_FIRST(&unused, struct dentry, lru), *parent = dentry->parent;

    list_remove(&dentry->lru);
    unused_count--;
    dentry_hash_remove(dentry);
    dentry->hash_next = *doomed;
    *doomed = dentry;
    return parent;
}

/* Gives a reference back; what is to be freed is chained by hash_next into *doomed. */
static void drop_locked(struct dentry *dentry, struct dentry **doomed)
{
    while (--dentry->count == 0) {
        struct dentry *parent = dentry->parent;

        if ((dentry->flags & DENTRY_HASHED) && dentry->inode->sb->uncached)
            dentry_hash_remove(dentry);
        if (dentry->flags & DENTRY_HASHED) {
            list_push_back(&unused, &dentry->lru);
            if (++unused_count <= UNUSED_MAX)
                return;
            dentry = evict_locked(doomed);
            continue;
        }
        dentry->hash_next = *doomed;
        *doomed = dentry;
        if (parent == dentry)
            return;
        dentry = parent; /* the child's reference */
    }
}

static void free_doomed(struct dentry *doomed)
{
    while (doomed) {
        struct dentry *next = doomed->hash_next;

        inode_put(doomed->inode);
        if (doomed->name != doomed->inline_name)
            kfree(doomed->name);
        kfree(doomed);
        doomed = next;
    }
}

struct dentry *dentry_get(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    dentry_get_locked(dentry);
    spin_unlock(&dentry_lock);
    return dentry;
}

void dentry_put(struct dentry *dentry)
{
    struct dentry *doomed = NULL;

    if (!dentry)
        return;
    spin_lock(&dentry_lock);
    drop_locked(dentry, &doomed);
    spin_unlock(&dentry_lock);
    free_doomed(doomed);
}

void dentry_shrink(uint32_t keep)
{
    struct dentry *doomed = NULL;

    spin_lock(&dentry_lock);
    while (unused_count > keep)
        drop_locked(evict_locked(&doomed), &doomed);
    dentry_hash_shrink();
    spin_unlock(&dentry_lock);
    free_doomed(doomed);
}

struct inode *dentry_inode(struct dentry *dentry)
{
    return dentry->inode;
}

static bool set_name(struct dentry *dentry, const char *name, size_t length)
{
    char *copy = dentry->inline_name;

    if (length >= sizeof(dentry->inline_name)) {
        copy = kmalloc(length + 1);
        if (!copy)
            return false;
    }
    memcpy(copy, name, length);
    copy[length] = 0;
    dentry->name = copy;
    dentry->name_length = (uint32_t)length;
    dentry->hash = name_hash(name, length);
    return true;
}

struct dentry *dentry_new(const char *name, size_t length, struct inode *inode)
{
    struct dentry *dentry = kmalloc(sizeof(*dentry));

    if (!dentry)
        return NULL;
    dentry->count = 1;
    dentry->flags = 0;
    dentry->parent = dentry;
    dentry->inode = inode;
    dentry->hash_next = NULL;
    list_init(&dentry->lru);
    if (!set_name(dentry, name, length)) {
        kfree(dentry);
        return NULL;
    }
    return dentry;
}

struct dentry *dentry_create_root(struct inode *inode)
{
    return dentry_new("", 0, inode);
}

struct dentry *dentry_create_anonymous(struct inode *inode, const char *name)
{
    struct dentry *dentry = dentry_new(name, strlen(name), inode);

    if (dentry) {
        inode_get(inode);
        dentry->flags = DENTRY_ANONYMOUS;
    }
    return dentry;
}

/* Length of the component at name and its hash. */
static inline size_t hash_component(const char *name, uint32_t *hash)
{
    const char *end = name;
    uint32_t value = NAME_HASH_START;

    for (char c; (c = *end) != 0 && c != '/'; end++)
        value = NAME_HASH_STEP(value, c);
    *hash = value;
    return (size_t)(end - name);
}

/* Nearly everybody who is privileged searches, and then there is nothing to look up. */
static inline bool may_search(const struct inode *inode, const struct fs_context *context)
{
    return S_ISDIR(inode->attr.mode) &&
           (LIKELY(context->privileged) || inode_permission(inode, 1, context) == 0);
}

static bool is_last(const char *rest)
{
    while (*rest == '/')
        rest++;
    return !*rest;
}

struct dentry *dentry_walk(struct dentry *start, const char **path,
                           const struct fs_context *context, bool parent_only)
{
    struct dentry *at = start;
    const char *rest = *path;

    spin_lock(&dentry_lock);
    for (;;) {
        struct dentry *child;
        uint32_t hash;
        size_t length;

        while (*rest == '/')
            rest++;
        length = hash_component(rest, &hash);
        if (length == 0 || (parent_only && is_last(rest + length)) ||
            !may_search(at->inode, context))
            break;
        if (length <= 2 && rest[0] == '.' && rest[length - 1] == '.') {
            if (length == 2 && at != context->root)
                at = at->parent;
        } else {
            child = dentry_hash_find(at, rest, length, hash);
            /* The last name with a slash behind it must be a directory: the caller's rule. */
            if (!child || S_ISLNK(child->inode->attr.mode) ||
                (rest[length] == '/' && !S_ISDIR(child->inode->attr.mode)))
                break;
            at = child;
        }
        rest += length;
    }
    dentry_get_locked(at);
    spin_unlock(&dentry_lock);
    *path = rest;
    return at;
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length)
{
    uint32_t hash = name_hash(name, length);
    struct dentry *dentry;

    spin_lock(&dentry_lock);
    dentry = dentry_hash_find(parent, name, length, hash);
    if (dentry)
        dentry_get_locked(dentry);
    spin_unlock(&dentry_lock);
    return dentry;
}

struct dentry *dentry_add(struct dentry *parent, const char *name, size_t length,
                          struct inode *inode)
{
    struct dentry *fresh = dentry_new(name, length, inode);
    struct dentry *there;

    if (!fresh) {
        inode_put(inode);
        return NULL;
    }
    spin_lock(&dentry_lock);
    there = dentry_hash_find(parent, name, length, fresh->hash);
    if (there) {
        dentry_get_locked(there);
    } else {
        fresh->parent = parent;
        dentry_get_locked(parent);
        dentry_hash_insert(fresh);
    }
    spin_unlock(&dentry_lock);
    if (!there)
        return fresh;
    fresh->hash_next = NULL;
    free_doomed(fresh);
    return there;
}

bool dentry_is_shared(struct dentry *dentry)
{
    bool shared;

    spin_lock(&dentry_lock);
    shared = dentry->count > 1;
    spin_unlock(&dentry_lock);
    return shared;
}

void dentry_unhash(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    dentry_hash_remove(dentry);
    spin_unlock(&dentry_lock);
}

int dentry_move(struct dentry *dentry, struct dentry *new_parent, const char *name, size_t length)
{
    struct dentry fresh, *old_parent, *doomed = NULL;
    char *old_name = NULL;

    if (!set_name(&fresh, name, length))
        return -ENOMEM;
    spin_lock(&dentry_lock);
    dentry_hash_remove(dentry);
    old_parent = dentry->parent;
    dentry_get_locked(new_parent);
    dentry->parent = new_parent;
    if (dentry->name != dentry->inline_name)
        old_name = dentry->name;
    memcpy(dentry->inline_name, fresh.inline_name, sizeof(fresh.inline_name));
    dentry->name = fresh.name == fresh.inline_name ? dentry->inline_name : fresh.name;
    dentry->name_length = fresh.name_length;
    dentry->hash = fresh.hash;
    dentry_hash_insert(dentry);
    drop_locked(old_parent, &doomed);
    spin_unlock(&dentry_lock);
    kfree(old_name);
    free_doomed(doomed);
    return 0;
}

static void swap_names(struct dentry *a, struct dentry *b)
{
    struct dentry old = *a;

    memcpy(a->inline_name, b->inline_name, sizeof(a->inline_name));
    a->name = b->name == b->inline_name ? a->inline_name : b->name;
    a->name_length = b->name_length;
    a->hash = b->hash;
    a->parent = b->parent;
    memcpy(b->inline_name, old.inline_name, sizeof(b->inline_name));
    b->name = old.name == a->inline_name ? b->inline_name : old.name;
    b->name_length = old.name_length;
    b->hash = old.hash;
    b->parent = old.parent;
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
    spin_lock(&dentry_lock);
    dentry_hash_remove(a);
    dentry_hash_remove(b);
    swap_names(a, b);
    dentry_hash_insert(a);
    dentry_hash_insert(b);
    spin_unlock(&dentry_lock);
}

void dentry_place_locked(struct dentry *mount, struct dentry *covered)
{
    mount->parent = covered->parent;
    dentry_get_locked(mount->parent);
    dentry_hash_remove(covered);
    covered->flags |= DENTRY_COVERED;
    dentry_hash_insert(mount);
}

void dentry_pin_mount(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    leaks_keep(dentry);
    dentry->flags |= DENTRY_MOUNT;
    dentry->count++;
    spin_unlock(&dentry_lock);
}

struct dentry *dentry_get_parent(struct dentry *dentry)
{
    struct dentry *parent;

    spin_lock(&dentry_lock);
    parent = dentry->parent;
    dentry_get_locked(parent);
    spin_unlock(&dentry_lock);
    return parent;
}
