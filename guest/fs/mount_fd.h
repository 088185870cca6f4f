/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts by descriptors: fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2).
 *
 * A context collects what a file system is to be, then makes it; a detached mount is one
 * that is in no tree yet: a dentry without a name below one that keeps its file system and
 * whose name is the mount's source.
 */
#ifndef FS_MOUNT_FD_H
#define FS_MOUNT_FD_H

#include "fs/mount.h"

enum fsconfig_command {
    FSCONFIG_SET_FLAG,
    FSCONFIG_SET_STRING,
    FSCONFIG_SET_BINARY,
    FSCONFIG_SET_PATH,
    FSCONFIG_SET_PATH_EMPTY,
    FSCONFIG_SET_FD,
    FSCONFIG_CMD_CREATE,
    FSCONFIG_CMD_RECONFIGURE,
};
#define FSCONFIG_TEXT_MAX 256u /* bytes of a key or value, with the NUL */

/* A context for a new file system (-ENODEV: unknown type), or for that of a mount's root. */
int mount_context_new(const char *type, struct file **file);
int mount_context_pick(struct dentry *root, struct file **file);
bool is_mount_context(const struct file *file);
/* value is NULL for flags.  0, -EINVAL (unknown, or made already), -EBUSY, -EOPNOTSUPP. */
int mount_context_set(struct file *file, enum fsconfig_command command, const char *key,
                      const char *value);
int mount_context_create(struct file *file);
int mount_context_reconfigure(struct file *file);
/* The detached mount of a created file system, as an O_PATH file; once. */
int mount_context_mount(struct file *file, uint32_t mount_flags, struct file **detached);

/* A detached bind mount of what a dentry names, as an O_PATH file. */
int mount_clone(struct dentry *from, struct file **detached);

#endif
