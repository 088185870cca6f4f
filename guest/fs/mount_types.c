/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of file systems that mount(2) knows, and where their roots come from. */
#include "fs/inode.h"
#include "fs/mount.h"
#include "fs/mounts.h"
#include "fs/procfs.h"
#include "fs/pty.h"
#include "fs/sysfs.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct inode *(*mqueue_source)(void);

void mount_set_mqueue_source(struct inode *(*root)(void))
{
    mqueue_source = root;
}

static struct inode *mqueue_mount(void)
{
    return mqueue_source ? mqueue_source() : NULL;
}

static const struct {
    const char *name;
    struct inode *(*get)(void); /* the only one there is; NULL: a tmpfs for each mount */
    bool no_options; /* else those of the only one are taken, and without effect */
} types[] = {
    {"tmpfs", NULL, false},
    {"ramfs", NULL, false},
    {"proc", procfs_mount, false},
    {"sysfs", sysfs_mount, false},
    {"devtmpfs", devtmpfs_mount, false},
    {"devpts", devpts_mount, false},
    {"mqueue", mqueue_mount, true},
};

const char *mount_type_name(size_t index)
{
    return index < ARRAY_SIZE(types) ? types[index].name : NULL;
}

static size_t find_type(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(types) && strcmp(types[i].name, name) != 0)
        i++;
    return i;
}

bool mount_type_known(const char *type)
{
    return find_type(type) < ARRAY_SIZE(types);
}

int mount_type_check(const char *type, const char *options)
{
    size_t index = find_type(type);

    if (index < ARRAY_SIZE(types) && !types[index].get)
        return tmpfs_check_options(options);
    return *options ? -EINVAL : 0;
}

int mount_make_root(const struct mount_request *request, struct inode **root)
{
    size_t index = find_type(request->type);

    if (index >= ARRAY_SIZE(types))
        return -ENODEV;
    if (!types[index].get)
        return tmpfs_mount(request->type, request->options, root);
    if (types[index].no_options && request->options && *request->options)
        return -EINVAL;
    *root = types[index].get();
    return *root ? 0 : -ENOMEM;
}
