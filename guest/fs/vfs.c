/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree at boot: a tmpfs over the boot archive, with /dev and /proc mounted
 * when they are first looked up, and small files that programs expect.
 */
#include "fs/vfs.h"

#include "fs/archive.h"
#include "fs/dentry.h"
#include "fs/device.h"
#include "fs/mounts.h"
#include "fs/procfs.h"
#include "fs/pty.h"
#include "fs/sysfs.h"
#include "fs/tmpfs.h"
#include "iface/blockdev.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

static struct tmpfs root_fs, dev_fs;
static struct archive boot_archive;
static struct dentry *root_dentry;

static size_t hostname_text(char *buf, size_t size)
{
    size_t length = strlcpy(buf, procfs_hostname(), size - 1);

    length = MIN(length, size - 2);
    buf[length] = '\n';
    return length + 1;
}

static const struct tmpfs_default etc_files[] = {
    {.name = "passwd",
     .mode = S_IFREG | 0644,
     .text =
         "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"},
    {.name = "group", .mode = S_IFREG | 0644, .text = "root:x:0:\nnogroup:x:65534:\n"},
    {.name = "hosts",
     .mode = S_IFREG | 0644,
     .text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"},
    {.name = "hostname", .mode = S_IFREG | 0644, .generate = hostname_text},
    {.name = "resolv.conf", .mode = S_IFREG | 0644, .text = ""},
    {.name = "nsswitch.conf",
     .mode = S_IFREG | 0644,
     .text = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"},
    {.name = "mtab", .mode = S_IFLNK | 0777, .text = "/proc/self/mounts"},
    {0},
};

static const struct tmpfs_default root_defaults[] = {
    {.name = "dev", .mode = S_IFDIR | 0755},
    {.name = "proc", .mode = S_IFDIR | 0555},
    {.name = "sys", .mode = S_IFDIR | 0555},
    {.name = "tmp", .mode = S_IFDIR | 01777},
    {.name = "etc", .mode = S_IFDIR | 0755, .children = etc_files},
    {.name = "root", .mode = S_IFDIR | 0700},
    {0},
};

#define CHAR_NODE(name_, major_, minor_)                                               \
    {                                                                                  \
        .name = (name_), .mode = S_IFCHR | 0666, .device = MAKE_DEVICE(major_, minor_) \
    }
#define LINK_NODE(name_, target_)                                  \
    {                                                              \
        .name = (name_), .mode = S_IFLNK | 0777, .text = (target_) \
    }

static bool disk_present(const struct tmpfs_default *row)
{
    return DEVICE_MINOR(row->device) / DISK_MINORS < blockdev_count();
}

#define DISK_NODE(name_, index_)                                                                   \
    {                                                                                              \
        .name = (name_), .mode = S_IFBLK | 0660,                                                   \
        .device = MAKE_DEVICE(DEVICE_MAJOR_VIRTBLK, (index_)*DISK_MINORS), .present = disk_present \
    }

static const struct tmpfs_default vmm_defaults[] = {
    CHAR_NODE("call", DEVICE_MAJOR_VMM, VMM_MINOR_CALL),
    CHAR_NODE("host", DEVICE_MAJOR_VMM, VMM_MINOR_HOST),
    CHAR_NODE("ready", DEVICE_MAJOR_VMM, VMM_MINOR_READY),
    CHAR_NODE("generation", DEVICE_MAJOR_VMM, VMM_MINOR_GENERATION),
    {0},
};

static const struct tmpfs_default dev_defaults[] = {
    CHAR_NODE("null", 1, 3),
    CHAR_NODE("zero", 1, 5),
    CHAR_NODE("full", 1, 7),
    CHAR_NODE("random", 1, 8),
    CHAR_NODE("urandom", 1, 9),
    CHAR_NODE("kmsg", 1, 11),
    CHAR_NODE("tty", 5, 0),
    CHAR_NODE("console", 5, 1),
    CHAR_NODE("ptmx", 5, 2),
    {.name = "pts", .mode = S_IFDIR | 0755},
    LINK_NODE("stdin", "/proc/self/fd/0"),
    LINK_NODE("stdout", "/proc/self/fd/1"),
    LINK_NODE("stderr", "/proc/self/fd/2"),
    LINK_NODE("fd", "/proc/self/fd"),
    {.name = "shm", .mode = S_IFDIR | 01777},
    {.name = "vmm", .mode = S_IFDIR | 0755, .children = vmm_defaults},
    DISK_NODE("vda", 0),
    DISK_NODE("vdb", 1),
    DISK_NODE("vdc", 2),
    DISK_NODE("vdd", 3),
    DISK_NODE("vde", 4),
    DISK_NODE("vdf", 5),
    DISK_NODE("vdg", 6),
    DISK_NODE("vdh", 7),
    {0},
};

struct inode *devtmpfs_mount(void)
{
    if (!dev_fs.sb.root && tmpfs_init(&dev_fs, "devtmpfs", MAKE_DEVICE(0, 6), 0755, dev_defaults))
        return NULL;
    leaks_keep(dev_fs.sb.root);
    return inode_get(dev_fs.sb.root);
}

static const struct lazy_mount {
    const char *name;
    struct inode *(*mount)(void);
    bool below_dev;
} lazy_mounts[] = {{"dev", devtmpfs_mount, false},
                   {"proc", procfs_mount, false},
                   {"sys", sysfs_mount, false},
                   {"pts", devpts_mount, true}};

struct inode *vfs_lazy_mount(struct dentry *dir, const char *name, size_t length)
{
    bool in_dev = dir->inode == dev_fs.sb.root;

    if (dir != root_dentry && !in_dev)
        return NULL;
    for (uint32_t i = 0; i < ARRAY_SIZE(lazy_mounts); i++) {
        const struct lazy_mount *row = &lazy_mounts[i];

        if (row->below_dev == in_dev && strlen(row->name) == length &&
            memcmp(name, row->name, length) == 0)
            return row->mount();
    }
    return NULL;
}

size_t mounts_text(char *buf, size_t size)
{
    static const char text[] = "tmpfs / tmpfs rw,relatime 0 0\n"
                               "devtmpfs /dev devtmpfs rw,nosuid,relatime 0 0\n"
                               "devpts /dev/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,"
                               "ptmxmode=000 0 0\n"
                               "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
                               "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\n";

    return MIN(strlcpy(buf, text, size), size - 1);
}

int vfs_init(const void *archive, uint64_t archive_size)
{
    int error = tmpfs_init(&root_fs, "tmpfs", MAKE_DEVICE(0, 2), 0755, root_defaults);

    if (error)
        return error;
    archive_init(&boot_archive, &root_fs, archive, archive_size);
    atomic_store(&root_fs.next_ino, 17 + archive_size / 4);
    root_fs.archive = &boot_archive;
    root_dentry = dentry_create_root(inode_get(root_fs.sb.root));
    return root_dentry ? 0 : -ENOMEM;
}

struct dentry *vfs_root(void)
{
    return dentry_get(root_dentry);
}

void vfs_describe_mapping(struct file *file, char *buf, size_t size, uint64_t *device,
                          uint64_t *inode)
{
    *device = file->inode->sb->device;
    *inode = file->inode->attr.ino;
    if (!file->dentry || dentry_path(file->dentry, root_dentry, buf, size) < 0)
        buf[0] = 0;
}
