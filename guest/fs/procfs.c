/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: inodes made from tables at lookup, text files whose contents are made
 * when they are first read.  What is in them: procfs_system.c and procfs_process.c.
 */
#include "fs/mount.h"
#include "fs/procfs_internal.h"

#include <stdarg.h>

#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define TEXT_SIZE_FIRST 2048u
#define TEXT_SIZE_MAX (4u << 20)
#define NUMBER_POS 256u /* getdents: positions of numbered names start here */

const struct procfs_source *procfs_source;
static struct super_block proc_super;
static const struct inode_ops proc_ops, proc_magic_ops;

void procfs_set_source(const struct procfs_source *source)
{
    procfs_source = source;
}

const char *procfs_hostname(void)
{
    return procfs_source ? procfs_source->hostname() : "localhost";
}

void proc_append(struct proc_text *text, const void *data, size_t size)
{
    if (text->used < text->size)
        memcpy(text->buf + text->used, data, MIN(size, text->size - text->used));
    text->used += size;
}

void proc_print(struct proc_text *text, const char *format, ...)
{
    size_t room = text->used < text->size ? text->size - text->used : 0;
    va_list args;

    va_start(args, format);
    text->used += (size_t)vsnprintf(room ? text->buf + text->used : NULL, room, format, args);
    va_end(args);
    if (text->used == text->size) /* the last byte was taken by the NUL */
        text->used++;
}

static struct inode *new_node(struct super_block *sb, const struct proc_entry *entry, int pid,
                              int tid, int number, uint64_t ino)
{
    struct proc_node *node = kzalloc(sizeof(*node));
    uint32_t mode = entry->mode;

    if (!node)
        return NULL;
    inode_init(&node->inode, S_ISLNK(mode) && entry->follow ? &proc_magic_ops : &proc_ops, sb, mode,
               ino);
    if (S_ISDIR(mode))
        node->inode.attr.nlink = 2;
    node->inode.attr.block_size = 1024;
    node->entry = entry;
    node->pid = pid;
    node->tid = tid;
    node->number = number;
    return &node->inode;
}

static void proc_evict(struct inode *inode)
{
    kfree(proc_node_of(inode));
}

static uint64_t child_ino(const struct proc_node *dir, uint64_t index)
{
    return (dir->inode.attr.ino * 1000003 + index + 1) & 0xffffffff;
}

/* A canonical decimal number behind the directory's prefix, or -1. */
static int parse_number(const struct proc_entry *dir, const char *name, size_t length)
{
    size_t prefix = dir->number_prefix ? strlen(dir->number_prefix) : 0;
    int value = 0;

    if (length < prefix || memcmp(name, dir->number_prefix, prefix) != 0)
        return -1;
    name += prefix;
    length -= prefix;
    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        value = value * 10 + (name[i] - '0');
    }
    return value;
}

static struct inode *make_numbered(const struct proc_node *dir, int number)
{
    const struct proc_entry *entry = dir->entry;
    int pid = dir->pid, tid = dir->tid, kept = 0;

    if (entry->needs & PROC_NUMBER_IS_PID)
        pid = number;
    if (entry->needs & PROC_NUMBER_IS_TID)
        tid = number;
    if (entry->needs & (PROC_NUMBER_IS_FD | PROC_NUMBER_IS_KEPT))
        kept = number;
    return new_node(dir->inode.sb, entry->number_entry, pid, tid, kept,
                    child_ino(dir, NUMBER_POS + (uint64_t)number));
}

/* The permissions of /proc/PID/fd/N show how the file is open. */
static void set_link_mode(struct inode *inode)
{
    struct proc_node *node = proc_node_of(inode);
    struct procfs_process process;
    struct file *file = NULL;

    if (!procfs_source->get(node->pid, node->tid, &process))
        return;
    if (process.files)
        file = fd_get(process.files, node->number);
    procfs_source->put(&process);
    if (!file)
        return;
    inode->attr.mode = S_IFLNK | 0100 | ((file->mode & FMODE_READ) ? 0400 : 0) |
                       ((file->mode & FMODE_WRITE) ? 0200 : 0);
    file_put(file);
}

static void set_owner(struct inode *inode)
{
    struct proc_node *node = proc_node_of(inode);
    struct procfs_process process;

    if (!node->pid || !procfs_source->get(node->pid, node->tid, &process))
        return;
    inode->attr.uid = process.uid[1];
    inode->attr.gid = process.gid[1];
    procfs_source->put(&process);
}

static int proc_lookup(struct inode *inode, const char *name, size_t length, struct inode **child)
{
    struct proc_node *dir = proc_node_of(inode);
    const struct proc_entry *entry = dir->entry->children;
    int number = dir->entry->next_number ? parse_number(dir->entry, name, length) : -1;

    *child = NULL;
    if (number >= 0) {
        if (dir->entry->next_number(dir, number) != number)
            return -ENOENT;
        *child = make_numbered(dir, number);
    } else {
        for (; entry && entry->name; entry++)
            if (strlen(entry->name) == length && memcmp(entry->name, name, length) == 0)
                break;
        if (!entry || !entry->name)
            return -ENOENT;
        *child = new_node(inode->sb, entry, dir->pid, dir->tid, dir->number,
                          child_ino(dir, (uint64_t)(entry - dir->entry->children)));
    }
    if (!*child)
        return -ENOMEM;
    if (number >= 0 && (dir->entry->needs & PROC_NUMBER_IS_FD) && S_ISLNK((*child)->attr.mode))
        set_link_mode(*child);
    set_owner(*child);
    return 0;
}

static bool emit_static(const struct proc_node *dir, struct dir_context *context)
{
    const struct proc_entry *table = dir->entry->children;

    for (uint64_t i = 0; table && table[i].name; i++) {
        if (context->pos > i + 2)
            continue;
        if (!context->emit(context, table[i].name, strlen(table[i].name), child_ino(dir, i),
                           mode_to_dirent_type(table[i].mode), i + 3))
            return false;
        context->pos = i + 3;
    }
    return true;
}

static int proc_iterate(struct file *file, struct dir_context *context)
{
    struct proc_node *dir = proc_node_of(file->inode);
    const char *prefix = dir->entry->number_prefix ? dir->entry->number_prefix : "";
    char name[16];

    while (context->pos < 2) {
        if (!context->emit(context, "..", context->pos + 1, dir->inode.attr.ino, S_IFDIR >> 12,
                           context->pos + 1))
            return 0;
        context->pos++;
    }
    if (!emit_static(dir, context) || !dir->entry->next_number)
        return 0;
    context->pos = MAX(context->pos, NUMBER_POS);
    for (;;) {
        int from = (int)(context->pos - NUMBER_POS);
        int number = from >= 0 ? dir->entry->next_number(dir, from) : -1;

        if (number < 0)
            return 0;
        if (!context->emit(context, name,
                           (size_t)snprintf(name, sizeof(name), "%s%d", prefix, number),
                           child_ino(dir, NUMBER_POS + (uint64_t)number),
                           mode_to_dirent_type(dir->entry->number_entry->mode),
                           NUMBER_POS + (uint64_t)number + 1))
            return 0;
        context->pos = NUMBER_POS + (uint64_t)number + 1;
    }
}

/* Makes the text, again with a larger buffer while it does not fit. */
static int generate(const struct proc_node *node, struct proc_text *text)
{
    struct procfs_process process;
    size_t size = TEXT_SIZE_FIRST;
    int error;

    if (node->pid && !procfs_source->get(node->pid, node->tid, &process))
        return -ESRCH;
    for (;; size *= 4) {
        *text = (struct proc_text){.buf = kmalloc(size), .size = size, .seen = text->seen};
        error = text->buf ? 0 : -ENOMEM;
        if (!error)
            error = node->entry->text_of ? node->entry->text_of(node, text)
                                         : node->entry->text(text, node->pid ? &process : NULL);
        if (!error && text->used <= text->size)
            break;
        kfree(text->buf);
        text->buf = NULL;
        if (!error && size >= TEXT_SIZE_MAX)
            error = -EFBIG;
        if (error)
            break;
    }
    if (node->pid)
        procfs_source->put(&process);
    return error;
}

/* The text is kept in private_data until the file is read from its start again. */
static ssize_t proc_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    const struct proc_node *node = proc_node_of(file->inode);
    struct proc_text *text = file->private_data;
    ssize_t done = 0;
    int error = 0;

    if (node->entry->read)
        return node->entry->read(node, buf, pos);
    if (!node->entry->text && !node->entry->text_of)
        return -EACCES;
    mutex_lock(&file->inode->lock);
    if (*pos == 0) {
        kfree(text->buf);
        *text = (struct proc_text){0}; /* the process may have gone */
        error = generate(node, text);
    }
    if (!error && text->buf && (uint64_t)*pos < text->used) {
        done = iobuf_put(buf, text->buf + *pos, MIN(buf->remaining, text->used - (uint64_t)*pos));
        if (done > 0)
            *pos += done;
    }
    mutex_unlock(&file->inode->lock);
    return error ? error : done;
}

static ssize_t proc_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    const struct proc_node *node = proc_node_of(file->inode);
    char value[256];
    ssize_t size;
    int error;

    (void)pos;
    if (!node->entry->store)
        return -EACCES;
    if (buf->remaining >= sizeof(value))
        return -EINVAL;
    size = iobuf_get(buf, value, buf->remaining);
    if (size < 0)
        return size;
    value[size] = 0;
    if (size && value[size - 1] == '\n')
        value[size - 1] = 0;
    error = node->entry->store(node, value);
    return error ? error : size;
}

static void proc_release(struct file *file)
{
    struct proc_text *text = file->private_data;

    if (text)
        kfree(text->buf);
    kfree(text);
}

static const struct file_ops mounts_ops = {
    .read = proc_read, .poll = proc_mounts_poll, .release = proc_release};
static const struct file_ops text_ops = {
    .read = proc_read, .write = proc_write, .release = proc_release};
static const struct file_ops dir_ops = {.iterate = proc_iterate};

static int proc_open(struct inode *inode, struct file *file)
{
    file->mode |= FMODE_SEEK;
    if (S_ISDIR(inode->attr.mode)) {
        file->ops = &dir_ops;
        return 0;
    }
    file->private_data = kzalloc(sizeof(struct proc_text));
    if (!file->private_data)
        return -ENOMEM;
    ((struct proc_text *)file->private_data)->seen = mount_changes();
    file->ops = proc_node_of(inode)->entry->tells_changes ? &mounts_ops : &text_ops;
    return 0;
}

static ssize_t proc_readlink(struct inode *inode, char *buf, size_t size)
{
    struct proc_node *node = proc_node_of(inode);

    return S_ISLNK(node->entry->mode) && node->entry->link ? node->entry->link(node, buf, size)
                                                           : -EINVAL;
}

static int proc_follow(struct inode *inode, struct dentry **target)
{
    struct proc_node *node = proc_node_of(inode);

    return node->entry->follow(node, target);
}

static const struct inode_ops proc_ops = {
    .lookup = proc_lookup, .readlink = proc_readlink, .open = proc_open, .evict = proc_evict};
static const struct inode_ops proc_magic_ops = {
    .readlink = proc_readlink, .follow = proc_follow, .evict = proc_evict};

static int next_process(const struct proc_node *node, int from)
{
    (void)node;
    return procfs_source->next_pid(MAX(from, 1));
}

static const struct proc_entry proc_root = {
    .mode = S_IFDIR | 0555,
    .children = proc_system_entries,
    .next_number = next_process,
    .number_entry = &proc_process_template,
    .needs = PROC_NUMBER_IS_PID,
};

static void proc_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats = (struct fs_stats){.magic = 0x9fa0, .block_size = PAGE_SIZE, .name_max = NAME_MAX};
}

static struct super_block proc_super = {
    .type = "proc", .device = MAKE_DEVICE(0, 5), .uncached = true, .statfs = proc_statfs};

int procfs_pid_of_directory(const struct file *file)
{
    if (!file->inode || file->inode->sb != &proc_super)
        return 0;
    const struct proc_node *node = proc_node_of(file->inode);
    return node->entry == &proc_process_template ? node->pid : 0;
}

struct inode *proc_mount_table(struct super_block *sb, const struct proc_entry *root)
{
    if (!sb->root)
        sb->root = new_node(sb, root, 0, 0, 0, 1);
    leaks_keep(sb->root);
    return sb->root ? inode_get(sb->root) : NULL;
}

struct inode *procfs_mount(void)
{
    return procfs_source ? proc_mount_table(&proc_super, &proc_root) : NULL;
}
