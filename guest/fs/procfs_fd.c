/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID/fd and fdinfo: what descriptors refer to. */
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/procfs_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

static struct file *find_file(const struct proc_node *node)
{
    struct procfs_process p;
    struct file *file = NULL;

    if (!procfs_source->get(node->pid, node->tid, &p))
        return NULL;
    if (p.files)
        file = fd_get(p.files, node->number);
    procfs_source->put(&p);
    return file;
}

/* What ls -l /proc/self/fd shows for a file without a path: "pipe:[7]". */
static void anonymous_name(struct file *file, char *buf, size_t size)
{
    uint64_t ino = file->inode ? file->inode->attr.ino : 0;
    uint32_t mode = file->inode ? file->inode->attr.mode : 0;

    if (S_ISFIFO(mode))
        snprintf(buf, size, "pipe:[%lu]", ino);
    else if (S_ISSOCK(mode))
        snprintf(buf, size, "socket:[%lu]", ino);
    else
        snprintf(buf, size, "anon_inode:[%lu]", ino);
}

static int follow_fd(const struct proc_node *node, struct dentry **target)
{
    struct file *file = find_file(node);
    char name[40];

    if (!file)
        return -ENOENT;
    if (file->dentry) {
        *target = dentry_get(file->dentry);
    } else {
        anonymous_name(file, name, sizeof(name));
        *target = file->inode ? dentry_create_anonymous(file->inode, name) : NULL;
    }
    file_put(file);
    return *target ? 0 : -ENOMEM;
}

static ssize_t link_fd(const struct proc_node *node, char *buf, size_t size)
{
    struct file *file = find_file(node);
    char name[40];
    ssize_t length;

    if (!file)
        return -ENOENT;
    if (file->dentry) {
        length = proc_path_of(file->dentry, buf, size);
    } else {
        anonymous_name(file, name, sizeof(name));
        length = MIN((ssize_t)strlen(name), (ssize_t)size);
        memcpy(buf, name, (size_t)length);
    }
    file_put(file);
    return length;
}

int proc_next_fd(const struct proc_node *node, int from)
{
    struct procfs_process p;
    int found = -1;

    if (!procfs_source->get(node->pid, node->tid, &p))
        return -1;
    if (p.files)
        found = fd_next(p.files, from);
    procfs_source->put(&p);
    return found;
}

static int fdinfo(const struct proc_node *node, struct proc_text *text)
{
    struct procfs_process p;
    struct file *file = NULL;
    bool cloexec = false;

    if (!procfs_source->get(node->pid, node->tid, &p))
        return -ENOENT;
    if (p.files)
        file = fd_get(p.files, node->number);
    if (file)
        cloexec = fd_get_cloexec(p.files, node->number) > 0;
    procfs_source->put(&p);
    if (!file)
        return -ENOENT;
    proc_print(text, "pos:\t%ld\nflags:\t0%o\n", (long)file->pos,
               atomic_load(&file->flags) | (cloexec ? O_CLOEXEC : 0));
    proc_print(text, "mnt_id:\t%u\nino:\t%lu\n", file->dentry ? mount_id(file->dentry) : 0,
               file->inode ? file->inode->attr.ino : 0);
    file_put(file);
    return 0;
}

const struct proc_entry proc_fd_template = {
    .mode = S_IFLNK | 0700, .link = link_fd, .follow = follow_fd};
const struct proc_entry proc_fdinfo_template = {.mode = S_IFREG | 0400, .text_of = fdinfo};
