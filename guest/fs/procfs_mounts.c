/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID/mounts and mountinfo: the mounts of the start (vfs.c) and those that mount(2) made. */
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/mounts.h"
#include "fs/procfs_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

struct mounts_shown {
    struct proc_text *text;
    char *path; /* PATH_MAX bytes */
    struct dentry *root; /* of the reader */
    bool info; /* the form of mountinfo */
};

/* Blanks and backslashes as octal, since fields end at blanks. */
static void print_field(struct proc_text *text, const char *field)
{
    for (; *field; field++) {
        if (strchr(" \t\n\\", *field))
            proc_print(text, "\\%03o", (unsigned int)*field);
        else
            proc_append(text, field, 1);
    }
}

static void print_options(struct proc_text *text, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {{MS_NOSUID, "nosuid"},          {MS_NODEV, "nodev"},
                 {MS_NOEXEC, "noexec"},          {MS_NOATIME, "noatime"},
                 {MS_NODIRATIME, "nodiratime"},  {MS_RELATIME, "relatime"},
                 {MS_NOSYMFOLLOW, "nosymfollow"}};

    proc_print(text, "%s", (flags & MS_RDONLY) ? "ro" : "rw");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (flags & names[i].flag)
            proc_print(text, ",%s", names[i].name);
}

static void show_mount(const struct mount_shown *mount, void *context)
{
    struct mounts_shown *shown = context;
    struct proc_text *text = shown->text;

    if (!dentry_is_below(mount->root, shown->root) ||
        dentry_path(mount->root, shown->root, shown->path, PATH_MAX) < 0)
        return;
    if (shown->info) {
        proc_print(text, "%u %u %u:%u / ", mount->id, mount->parent_id,
                   DEVICE_MAJOR(mount->sb->device), DEVICE_MINOR(mount->sb->device));
        print_field(text, shown->path);
        proc_print(text, " ");
        print_options(text, mount->flags);
        proc_print(text, " - %s ", mount->sb->type);
        print_field(text, mount->source);
        proc_print(text, " %s\n", mount->sb->read_only ? "ro" : "rw");
        return;
    }
    print_field(text, mount->source);
    proc_print(text, " ");
    print_field(text, shown->path);
    proc_print(text, " %s ", mount->sb->type);
    print_options(text, mount->flags);
    proc_print(text, " 0 0\n");
}

/* What mount(2) has added to the mounts of the start. */
static int added_mounts(struct proc_text *text, const struct procfs_process *p, bool info)
{
    struct mounts_shown shown = {.text = text, .root = p->root, .info = info};

    shown.path = kmalloc(PATH_MAX);
    if (!shown.path)
        return -ENOMEM;
    if (shown.root)
        mount_for_each(show_mount, &shown);
    kfree(shown.path);
    return 0;
}

int proc_mounts(struct proc_text *text, const struct procfs_process *p)
{
    char *buf = kmalloc(1024);

    if (!buf)
        return -ENOMEM;
    proc_append(text, buf, mounts_text(buf, 1024));
    kfree(buf);
    return added_mounts(text, p, false);
}

int proc_mountinfo(struct proc_text *text, const struct procfs_process *p)
{
    proc_print(text, "2 1 0:2 / / rw,relatime - tmpfs tmpfs rw\n"
                     "6 2 0:6 / /dev rw,nosuid,relatime - devtmpfs devtmpfs rw\n"
                     "20 6 0:20 / /dev/pts rw,nosuid,noexec,relatime - devpts devpts "
                     "rw,gid=5,mode=620,ptmxmode=000\n"
                     "5 2 0:5 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n"
                     "21 2 0:21 / /sys rw,nosuid,nodev,noexec,relatime - sysfs sysfs rw\n");
    return added_mounts(text, p, true);
}

uint32_t proc_mounts_poll(struct file *file, struct poll_table *table)
{
    struct proc_text *text = file->private_data;
    unsigned int changes;
    uint32_t ready = POLL_IN | POLL_RDNORM;

    if (table)
        table->add(table, &mount_change_queue);
    changes = mount_changes();
    if (changes != text->seen)
        ready |= POLL_ERR | POLL_PRI;
    text->seen = changes;
    return ready;
}
