/* SPDX-License-Identifier: BSD-2-Clause */
/* read(2), write(2) and their relatives; lseek.  Opening is in sys_open.c. */
#include "syscall/sys_file.h"

#include "fs/inode.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"

struct file *fd_arg_any(uint64_t fd)
{
    return fd_get(fd_current(), (int)fd);
}

struct file *fd_arg(uint64_t fd)
{
    struct file *file = fd_get(fd_current(), (int)fd);

    if (file && (file->mode & FMODE_PATH)) {
        file_put(file);
        return NULL;
    }
    return file;
}

int64_t finish_write(ssize_t result)
{
    if (UNLIKELY(result == -EPIPE))
        signal_send_task(current_task(), SIGPIPE, NULL);
    return UNLIKELY(result == -EPIPE_QUIET) ? -EPIPE : result;
}

ssize_t iov_get(uint64_t address, uint64_t count, struct iov_user *small,
                struct iov_user **segments)
{
    size_t total = 0;
    int error = 0;

    *segments = small;
    if (count > IOV_MAX)
        return -EINVAL;
    if (count > IOV_INLINE) {
        *segments = kcalloc(count, sizeof(**segments));
        if (!*segments)
            return -ENOMEM;
    }
    if (copy_from_user(*segments, UADDR(address), count * sizeof(**segments)))
        error = -EFAULT;
    for (uint64_t i = 0; i < count && !error; i++) {
        struct iov_user *segment = &(*segments)[i];

        if (segment->length > INT64_MAX)
            error = -EINVAL;
        else if (segment->length && !user_range_ok(UADDR(segment->base), segment->length))
            error = -EFAULT;
        segment->length = MIN(segment->length, RW_COUNT_MAX - total);
        total += segment->length;
    }
    if (error && *segments != small)
        kfree(*segments);
    return error ? error : (ssize_t)total;
}

ssize_t file_read_at_pos(struct file *file, struct iobuf *buf)
{
    ssize_t done;

    if (!(file->mode & FMODE_READ))
        return -EBADF;
    if (!file->ops->read)
        return file->ops->iterate ? -EISDIR : -EINVAL;
    if (!(file->mode & FMODE_SEEK))
        return file->ops->read(file, buf, NULL);
    mutex_lock(&file->pos_lock);
    done = file->ops->read(file, buf, &file->pos);
    mutex_unlock(&file->pos_lock);
    return done;
}

int64_t check_file_size(const struct inode *inode, uint64_t end)
{
    if (LIKELY(rlimit_soft(RLIMIT_FSIZE) == RLIM_INFINITY) || !S_ISREG(inode->attr.mode) ||
        end <= rlimit_soft(RLIMIT_FSIZE))
        return 0;
    signal_send_task(current_task(), SIGXFSZ, NULL);
    return -EFBIG;
}

/* A write to a file with positions; one that crosses RLIMIT_FSIZE is cut there. */
static ssize_t write_seekable(struct file *file, struct iobuf *buf, loff_t *pos)
{
    uint64_t limit = rlimit_soft(RLIMIT_FSIZE), at = (uint64_t)*pos;
    int64_t error;

    if (UNLIKELY(limit != RLIM_INFINITY) && file->inode && buf->remaining) {
        if (atomic_load(&file->flags) & O_APPEND)
            at = file->inode->attr.size;
        error = check_file_size(file->inode, at + 1);
        if (error)
            return error;
        if (S_ISREG(file->inode->attr.mode))
            buf->remaining = MIN(buf->remaining, limit - at);
    }
    return file->ops->write(file, buf, pos);
}

ssize_t file_write_at_pos(struct file *file, struct iobuf *buf)
{
    ssize_t done;

    if (!(file->mode & FMODE_WRITE))
        return -EBADF;
    if (!file->ops->write)
        return -EINVAL;
    if (!(file->mode & FMODE_SEEK))
        return file->ops->write(file, buf, NULL);
    mutex_lock(&file->pos_lock);
    done = write_seekable(file, buf, &file->pos);
    mutex_unlock(&file->pos_lock);
    return done;
}

/* A transfer of a whole iobuf: at the position (at NULL) or at *at. */
static inline int64_t transfer(struct file *file, struct iobuf *buf, bool write, loff_t *at)
{
    ssize_t (*op)(struct file *, struct iobuf *, loff_t *) =
        write ? file->ops->write : file->ops->read;
    uint32_t direction = write ? FMODE_WRITE : FMODE_READ;

    if (!at) {
        if ((file->mode & (direction | FMODE_SEEK)) == direction && LIKELY(op != NULL))
            return op(file, buf, NULL); /* a stream */
        return write ? file_write_at_pos(file, buf) : file_read_at_pos(file, buf);
    }
    if (!(file->mode & FMODE_SEEK))
        return -ESPIPE;
    if (!(file->mode & direction))
        return -EBADF;
    if (!op)
        return !write && file->ops->iterate ? -EISDIR : -EINVAL;
    return write ? write_seekable(file, buf, at) : op(file, buf, at);
}

/* Inlined four times: the commonest calls of all. */
static inline __attribute__((always_inline)) int64_t single(const struct syscall_args *args,
                                                            bool write, loff_t *at)
{
    struct iov_user segment = {args->arg[1], args->arg[2]};
    struct iobuf buf;
    int64_t done;
    bool counted;

    if (at && *at < 0)
        return -EINVAL;
    struct file *file = fd_borrow(current_task()->files, (int)args->arg[0], &counted);
    if (UNLIKELY(!file))
        return -EBADF;
    if (UNLIKELY(!(file->mode & (write ? FMODE_WRITE : FMODE_READ)))) { /* O_PATH has neither */
        done = at && !(file->mode & (FMODE_SEEK | FMODE_PATH)) ? -ESPIPE : -EBADF;
    } else if (UNLIKELY(!user_range_ok(UADDR(segment.base), segment.length))) {
        done = -EFAULT;
    } else {
        segment.length = MIN(segment.length, RW_COUNT_MAX);
        iobuf_vector(&buf, &segment, 1, segment.length);
        done = transfer(file, &buf, write, at);
        if (UNLIKELY(notify_wanted()) && done > 0)
            notify_file(file, write ? IN_MODIFY : IN_ACCESS);
    }
    fd_return(file, counted);
    return write ? finish_write(done) : done;
}

int64_t sys_read(const struct syscall_args *args)
{
    return single(args, false, NULL);
}

int64_t sys_write(const struct syscall_args *args)
{
    return single(args, true, NULL);
}

int64_t sys_pread64(const struct syscall_args *args)
{
    loff_t at = (loff_t)args->arg[3];

    return single(args, false, &at);
}

int64_t sys_pwrite64(const struct syscall_args *args)
{
    loff_t at = (loff_t)args->arg[3];

    return single(args, true, &at);
}

static int64_t vector(const struct syscall_args *args, bool write, loff_t *at)
{
    struct iov_user small[IOV_INLINE], *segments;
    struct iobuf buf;
    struct file *file;
    ssize_t total;
    int64_t done;

    if (at && *at < 0)
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    total = iov_get(args->arg[1], args->arg[2], small, &segments);
    if (total < 0) {
        file_put(file);
        return total;
    }
    iobuf_vector(&buf, segments, args->arg[2], (size_t)total);
    done = transfer(file, &buf, write, at);
    if (UNLIKELY(notify_wanted()) && done > 0)
        notify_file(file, write ? IN_MODIFY : IN_ACCESS);
    if (segments != small)
        kfree(segments);
    file_put(file);
    return write ? finish_write(done) : done;
}

int64_t sys_readv(const struct syscall_args *args)
{
    return vector(args, false, NULL);
}

int64_t sys_writev(const struct syscall_args *args)
{
    return vector(args, true, NULL);
}

int64_t sys_preadv(const struct syscall_args *args)
{
    loff_t at = (loff_t)args->arg[3]; /* arg 4, the upper half, is unused on 64 bits */

    return vector(args, false, &at);
}

int64_t sys_pwritev(const struct syscall_args *args)
{
    loff_t at = (loff_t)args->arg[3];

    return vector(args, true, &at);
}

/* The flags speed up or order what memory does at once anyway; RWF_APPEND is not offered. */
static int64_t vector2(const struct syscall_args *args, bool write)
{
    loff_t at = (loff_t)args->arg[3];

    if (args->arg[5] & ~(uint64_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return -EOPNOTSUPP;
    return vector(args, write, at == -1 ? NULL : &at);
}

int64_t sys_preadv2(const struct syscall_args *args)
{
    return vector2(args, false);
}

int64_t sys_pwritev2(const struct syscall_args *args)
{
    return vector2(args, true);
}

/* For files that have a position but no rule of their own: offsets in inode->attr.size. */
static loff_t generic_seek(struct file *file, loff_t offset, int whence)
{
    loff_t base, target, end = file->inode ? (loff_t)file->inode->attr.size : 0;

    switch (whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = file->pos;
        break;
    case SEEK_END:
        base = end;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (offset < 0 || offset >= end)
            return -ENXIO;
        base = whence == SEEK_HOLE ? end - offset : 0;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &target) || target < 0)
        return -EINVAL;
    file->pos = target;
    return target;
}

int64_t sys_lseek(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    if (!(file->mode & FMODE_SEEK)) {
        result = -ESPIPE;
    } else {
        mutex_lock(&file->pos_lock);
        if (file->ops->seek)
            result = file->ops->seek(file, (loff_t)args->arg[1], (int)args->arg[2]);
        else
            result = generic_seek(file, (loff_t)args->arg[1], (int)args->arg[2]);
        mutex_unlock(&file->pos_lock);
    }
    file_put(file);
    return result;
}
