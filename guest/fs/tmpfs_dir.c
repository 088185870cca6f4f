/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of tmpfs: a list in order of age, which getdents walks, and a hash
 * beside it when there are many entries.  fs->tree_lock is held by callers.
 */
#include "fs/archive.h"
#include "fs/dentry.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define TABLE_FROM 16u /* entries from which a hash pays */

static void table_insert(struct tmpfs_dir *dir, struct tmpfs_entry *entry)
{
    struct tmpfs_entry **head = &dir->table[entry->hash & (dir->table_size - 1)];

    entry->hash_next = *head;
    *head = entry;
}

/* Without memory the old table, or the list, goes on serving. */
static void table_resize(struct tmpfs_dir *dir, uint32_t size)
{
    struct tmpfs_entry **table = kcalloc(size, sizeof(struct tmpfs_entry *));

    if (!table)
        return;
    leaks_keep(table);
    kfree(dir->table);
    dir->table = table;
    dir->table_size = size;
    LIST_FOR_EACH(link, &dir->entries)
    table_insert(dir, LIST_ENTRY(link, struct tmpfs_entry, link));
}

static bool matches(const struct tmpfs_entry *entry, uint32_t hash, const char *name, size_t length)
{
    return entry->hash == hash && entry->length == length && memcmp(entry->name, name, length) == 0;
}

struct tmpfs_entry *tmpfs_dir_find(struct tmpfs_inode *node, const char *name, size_t length)
{
    struct tmpfs_dir *dir = &node->dir;
    uint32_t hash = name_hash(name, length);

    if (dir->table) {
        for (struct tmpfs_entry *entry = dir->table[hash & (dir->table_size - 1)]; entry;
             entry = entry->hash_next)
            if (matches(entry, hash, name, length))
                return entry;
        return NULL;
    }
    LIST_FOR_EACH(link, &dir->entries)
    {
        struct tmpfs_entry *entry = LIST_ENTRY(link, struct tmpfs_entry, link);

        if (matches(entry, hash, name, length))
            return entry;
    }
    return NULL;
}

/* Row of the defaults with that name, or NULL; its number in *row. */
static const struct tmpfs_default *find_default(const struct tmpfs_dir *dir, const char *name,
                                                size_t length, uint32_t *row)
{
    if (!dir->defaults)
        return NULL;
    for (*row = 0; *row < TMPFS_DEFAULTS_MAX && dir->defaults[*row].name; (*row)++) {
        const struct tmpfs_default *found = &dir->defaults[*row];

        if (strlen(found->name) == length && memcmp(found->name, name, length) == 0)
            return found;
    }
    return NULL;
}

void tmpfs_inherit_defaults(struct tmpfs_inode *node, struct tmpfs_entry *entry)
{
    uint32_t row;
    const struct tmpfs_default *known = find_default(&node->dir, entry->name, entry->length, &row);

    if (!known)
        return;
    node->dir.defaults_done |= 1ul << row;
    if (!entry->inode || !S_ISDIR(entry->inode->inode.attr.mode) || !S_ISDIR(known->mode))
        return;
    entry->inode->dir.defaults = known->children;
    if (entry->inode->implicit) /* "tmp/x" in the archive does not say what /tmp is */
        entry->inode->inode.attr.mode = known->mode;
}

void tmpfs_keep_inode(struct tmpfs_inode *inode)
{
    leaks_keep(inode);
    if (S_ISLNK(inode->inode.attr.mode))
        leaks_keep(inode->target);
}

struct tmpfs_entry *tmpfs_dir_add(struct tmpfs_inode *node, const char *name, size_t length,
                                  struct tmpfs_inode *inode, uint8_t type, bool copy_name)
{
    struct tmpfs_dir *dir = &node->dir;
    struct tmpfs_entry *entry = kmalloc(sizeof(*entry) + (copy_name ? length : 0));

    if (!entry) {
        if (inode && !copy_name)
            inode_put(&inode->inode);
        return NULL;
    }
    *entry = (struct tmpfs_entry){.inode = inode,
                                  .cookie = dir->next_cookie++,
                                  .name = name,
                                  .hash = name_hash(name, length),
                                  .length = (uint16_t)length,
                                  .type = type};
    if (copy_name) {
        memcpy(entry + 1, name, length);
        entry->name = (const char *)(entry + 1);
    }
    leaks_keep(entry);
    if (inode)
        tmpfs_keep_inode(inode);
    list_push_back(&dir->entries, &entry->link);
    dir->count++;
    if (dir->table)
        table_insert(dir, entry);
    if (dir->count >= TABLE_FROM && dir->count >= dir->table_size * 2)
        table_resize(dir, MAX(TABLE_FROM, dir->table_size * 4));
    if (type == S_IFDIR >> 12)
        node->inode.attr.nlink++;
    tmpfs_inherit_defaults(node, entry);
    return entry;
}

void tmpfs_dir_remove(struct tmpfs_inode *node, struct tmpfs_entry *entry)
{
    struct tmpfs_dir *dir = &node->dir;

    if (dir->table) {
        struct tmpfs_entry **link = &dir->table[entry->hash & (dir->table_size - 1)];

        while (*link != entry)
            link = &(*link)->hash_next;
        *link = entry->hash_next;
    }
    list_remove(&entry->link);
    dir->count--;
    if (entry->type == S_IFDIR >> 12)
        node->inode.attr.nlink--;
    if (entry->inode) {
        if (entry->inode->inode.attr.nlink == 0) /* open files alone hold it now */
            leaks_own(entry->inode);
        inode_put(&entry->inode->inode);
    }
    kfree(entry);
}

static bool fill_default(struct tmpfs_inode *node, const struct tmpfs_default *row)
{
    if (S_ISLNK(row->mode)) {
        node->target = kstrdup(row->text);
        node->inode.attr.size = strlen(row->text);
        return node->target;
    }
    if (!S_ISREG(row->mode))
        return true;
    if (row->generate) {
        char *text = kmalloc(512);

        if (!text)
            return false;
        leaks_keep(text);
        node->file.data_size = row->generate(text, 512);
        node->file.data = (const uint8_t *)text;
        node->file.data_owned = true;
    } else if (row->text) {
        node->file.data_size = strlen(row->text);
        node->file.data = (const uint8_t *)row->text;
    }
    node->inode.attr.size = node->file.data_size;
    return true;
}

static struct tmpfs_entry *add_row(struct tmpfs_inode *dir, const struct tmpfs_default *row)
{
    struct tmpfs *fs = tmpfs_of(&dir->inode);
    struct tmpfs_inode *node;

    if (row->present && !row->present(row))
        return NULL;
    node = tmpfs_new_inode(fs, row->mode, row->device, tmpfs_next_ino(fs));
    if (!node)
        return NULL;
    if (!fill_default(node, row)) {
        inode_put(&node->inode);
        return NULL;
    }
    return tmpfs_dir_add(dir, row->name, strlen(row->name), node, mode_to_dirent_type(row->mode),
                         false);
}

struct tmpfs_entry *tmpfs_add_default(struct tmpfs_inode *dir, const char *name, size_t length)
{
    uint32_t row;
    const struct tmpfs_default *found = find_default(&dir->dir, name, length, &row);

    if (!found || (dir->dir.defaults_done >> row & 1))
        return NULL;
    return add_row(dir, found);
}

void tmpfs_add_all_defaults(struct tmpfs_inode *dir)
{
    const struct tmpfs_default *row = dir->dir.defaults;

    for (uint32_t i = 0; row && i < TMPFS_DEFAULTS_MAX && row[i].name; i++)
        if (!(dir->dir.defaults_done >> i & 1))
            add_row(dir, &row[i]);
}

static uint64_t parent_ino(struct file *file)
{
    struct dentry *parent;
    uint64_t ino;

    if (!file->dentry)
        return file->inode->attr.ino;
    parent = dentry_get_parent(file->dentry);
    ino = parent->inode->attr.ino;
    dentry_put(parent);
    return ino;
}

static void emit_entries(struct tmpfs_dir *dir, struct dir_context *context)
{
    LIST_FOR_EACH(link, &dir->entries)
    {
        struct tmpfs_entry *entry = LIST_ENTRY(link, struct tmpfs_entry, link);
        uint64_t ino;

        if (entry->cookie < context->pos)
            continue;
        ino = entry->inode ? entry->inode->inode.attr.ino : 16 + entry->member / 4;
        if (!context->emit(context, entry->name, entry->length, ino, entry->type,
                           entry->cookie + 1))
            return;
        context->pos = entry->cookie + 1;
    }
}

int tmpfs_iterate(struct file *file, struct dir_context *context)
{
    struct tmpfs_inode *dir = tmpfs_inode_of(file->inode);
    struct tmpfs *fs = tmpfs_of(file->inode);

    if (context->pos == 0) {
        if (!context->emit(context, ".", 1, file->inode->attr.ino, S_IFDIR >> 12, 1))
            return 0;
        context->pos = 1;
    }
    if (context->pos == 1) {
        if (!context->emit(context, "..", 2, parent_ino(file), S_IFDIR >> 12, 2))
            return 0;
        context->pos = 2;
    }
    mutex_lock(&fs->tree_lock);
    if (fs->archive)
        archive_finish(fs->archive);
    tmpfs_add_all_defaults(dir);
    emit_entries(&dir->dir, context);
    mutex_unlock(&fs->tree_lock);
    if (!(file->mode & FMODE_NOATIME))
        inode_accessed(file->inode);
    return 0;
}
