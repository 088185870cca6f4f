/* SPDX-License-Identifier: BSD-2-Clause */
/* Dentries by parent and name: a hash table that starts small and doubles.  dentry_lock is held. */
#include "fs/dentry_hash.h"

#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define HASH_SIZE_FIRST 64u
#define HASH_SIZE_MAX 65536u

static struct dentry *first_table[HASH_SIZE_FIRST];
static struct dentry **table = first_table;
static uint32_t table_size = HASH_SIZE_FIRST;
static uint32_t hashed_count;

uint32_t name_hash(const char *name, size_t length)
{
    uint32_t hash = NAME_HASH_START;

    for (size_t i = 0; i < length; i++)
        hash = NAME_HASH_STEP(hash, name[i]);
    return hash;
}

static struct dentry **bucket(const struct dentry *parent, uint32_t hash)
{
    uint64_t mixed = ((uintptr_t)parent >> 5) * 0x9e3779b97f4a7c15ul;

    return &table[(hash ^ (uint32_t)(mixed >> 32)) & (table_size - 1)];
}

/* Doubles the table; a failed allocation leaves longer chains. */
static void grow_table(void)
{
    uint32_t old_size = table_size;
    struct dentry **old = table;
    struct dentry **bigger = kcalloc(old_size * 2, sizeof(*bigger));

    if (!bigger)
        return;
    leaks_keep(bigger);
    table = bigger;
    table_size = old_size * 2;
    for (uint32_t i = 0; i < old_size; i++) {
        struct dentry *next;

        for (struct dentry *dentry = old[i]; dentry; dentry = next) {
            struct dentry **head = bucket(dentry->parent, dentry->hash);

            next = dentry->hash_next;
            dentry->hash_next = *head;
            *head = dentry;
        }
    }
    if (old != first_table)
        kfree(old);
}

void dentry_hash_insert(struct dentry *dentry)
{
    struct dentry **head;

    if (hashed_count >= table_size * 2 && table_size < HASH_SIZE_MAX)
        grow_table();
    head = bucket(dentry->parent, dentry->hash);
    dentry->hash_next = *head;
    *head = dentry;
    dentry->flags |= DENTRY_HASHED;
    hashed_count++;
}

void dentry_hash_remove(struct dentry *dentry)
{
    if (!(dentry->flags & DENTRY_HASHED))
        return;
    for (struct dentry **link = bucket(dentry->parent, dentry->hash); *link;
         link = &(*link)->hash_next) {
        if (*link == dentry) {
            *link = dentry->hash_next;
            break;
        }
    }
    dentry->flags &= ~DENTRY_HASHED;
    hashed_count--;
}

/* Where names change by themselves, one that is still open may be gone: its inode says so. */
static bool has_vanished(const struct dentry *dentry)
{
    return dentry->inode->sb->uncached && dentry->inode->attr.nlink == 0;
}

struct dentry *dentry_hash_find(struct dentry *parent, const char *name, size_t length,
                                uint32_t hash)
{
    for (struct dentry *d = *bucket(parent, hash); d; d = d->hash_next)
        if (d->hash == hash && d->parent == parent && d->name_length == length &&
            memcmp(d->name, name, length) == 0 && !has_vanished(d))
            return d;
    return NULL;
}

struct dentry *dentry_hash_find_alias(const struct inode *dir, const char *name, size_t length,
                                      const struct dentry *except)
{
    for (uint32_t i = 0; i < table_size; i++)
        for (struct dentry *d = table[i]; d; d = d->hash_next)
            if (d != except && d->parent->inode == dir && !(d->flags & DENTRY_MOUNT) &&
                d->name_length == length && memcmp(d->name, name, length) == 0)
                return d;
    return NULL;
}

void dentry_hash_shrink(void)
{
    if (hashed_count || table == first_table)
        return;
    kfree(table);
    table = first_table;
    table_size = HASH_SIZE_FIRST;
    memset(first_table, 0, sizeof(first_table));
}
