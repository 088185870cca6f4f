/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of the handlers for files: descriptors, paths, buffers. */
#ifndef SYSCALL_SYS_FILE_H
#define SYSCALL_SYS_FILE_H

#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "syscall/dispatch.h"

/* A path copied in; most are short enough to need no memory. */
struct user_path {
    char *text;
    char small[120];
};
int user_path_get(struct user_path *path,
                  uint64_t address); /* 0, -EFAULT, -ENAMETOOLONG, -ENOMEM */
void user_path_put(struct user_path *path);

/*
 * Where a *at() call starts: *start is NULL for the current directory, else a reference
 * for dentry_put().  Absolute paths ignore the descriptor.  0, -EBADF, -ENOTDIR.
 */
int at_start(int dir_fd, const char *path, struct dentry **start);
/* What a descriptor of any kind with a path refers to, or AT_FDCWD: a reference. */
int at_place(int fd, struct dentry **place);
/* Walks; AT_EMPTY_PATH with "" gives what the descriptor refers to, of any kind. */
int at_walk(int dir_fd, uint64_t path_address, uint32_t walk_flags, struct dentry **found);

/* What a larger structure of a newer program has behind ours: 0, -E2BIG, -EFAULT. */
int user_is_zero(uint64_t address, uint64_t size);

/* Descriptor argument: a reference, or NULL (EBADF); O_PATH files count only for _any. */
struct file *fd_arg(uint64_t fd);
struct file *fd_arg_any(uint64_t fd);

/* The iovec of a readv or writev: segments in *segments (kfree when not inline). */
#define IOV_INLINE 8u
ssize_t iov_get(uint64_t address, uint64_t count, struct iov_user *small,
                struct iov_user **segments);

/* fcntl(2)'s commands for signals and leases; O_ASYNC on or off: -EINVAL where nothing tells of
 * news. */
int64_t owner_command(struct file *file, int fd, uint64_t command, uint64_t arg);
int64_t owner_ioctl(struct file *file, int fd, uint32_t request,
                    uint64_t arg); /* -ENOTTY: no socket */
int set_async(struct file *file, int fd, bool on);

/* RLIMIT_FSIZE for a regular file that shall reach to end: 0, or -EFBIG with SIGXFSZ. */
int64_t check_file_size(const struct inode *inode, uint64_t end);
/* Linux's write result: EPIPE also raises SIGPIPE. */
int64_t finish_write(ssize_t result);
/* One transfer at the file position (or as a stream), with the position lock. */
ssize_t file_read_at_pos(struct file *file, struct iobuf *buf);
ssize_t file_write_at_pos(struct file *file, struct iobuf *buf);

#endif
