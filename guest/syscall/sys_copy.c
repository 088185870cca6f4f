/* SPDX-License-Identifier: BSD-2-Clause */
/* sendfile, copy_file_range, splice, tee, vmsplice: between files through a kernel buffer. */
#include "fs/inode.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define FILE_SIZE_MAX (INT64_MAX - (loff_t)PAGE_SIZE) /* no file reaches further */
#define BUFFER_ORDER 2u /* 16 KiB */
#define BUFFER_SIZE (PAGE_SIZE << BUFFER_ORDER)

struct side {
    struct file *file;
    loff_t *pos; /* an explicit position, or NULL: the file's own */
    bool nonblocking; /* SPLICE_F_NONBLOCK: of a pipe */
    bool pipe_once; /* splice(2) to a pipe: what fits */
};

static ssize_t move_chunk(const struct side *side, void *data, size_t size, bool write)
{
    struct iov_user segment;
    struct iobuf buf;

    iobuf_kernel(&buf, &segment, data, size);
    if (side->nonblocking && is_pipe(side->file))
        return write ? pipe_give(side->file, &buf, PIPE_NOWAIT) : pipe_take(side->file, &buf, true);
    if (!side->pos)
        return write ? file_write_at_pos(side->file, &buf) : file_read_at_pos(side->file, &buf);
    if (write)
        return side->file->ops->write ? side->file->ops->write(side->file, &buf, side->pos)
                                      : -EINVAL;
    return side->file->ops->read ? side->file->ops->read(side->file, &buf, side->pos) : -EINVAL;
}

/* All of data; what was not written, because of an error, is lost to the caller's count. */
static ssize_t write_all(const struct side *to, char *data, size_t size)
{
    size_t total = 0;

    while (total < size) {
        ssize_t done = move_chunk(to, data + total, size - total, true);

        if (done <= 0)
            return total ? (ssize_t)total : done;
        total += (size_t)done;
    }
    return (ssize_t)total;
}

/* Gives back to a seekable source what could not be written. */
static void step_back(const struct side *from, size_t size)
{
    if (from->pos) {
        *from->pos -= (loff_t)size;
    } else if (from->file->mode & FMODE_SEEK) {
        mutex_lock(&from->file->pos_lock);
        from->file->pos -= (loff_t)size;
        mutex_unlock(&from->file->pos_lock);
    }
}

/* How much of a buffer can go on: a pipe is waited for once, then filled and no more. */
static ssize_t room_in(const struct side *to, bool begun)
{
    ssize_t room = BUFFER_SIZE;

    if (to->pipe_once)
        room = pipe_room(to->file, begun || to->nonblocking ? PIPE_NOWAIT : PIPE_WAIT);
    if (room == 0 && !begun)
        return -EAGAIN;
    return MIN(room, (ssize_t)BUFFER_SIZE);
}

/* Those who watch either file hear of it once for the whole call. */
static void tell_copied(const struct side *from, const struct side *to, int64_t total)
{
    if (total <= 0 || LIKELY(!notify_wanted()))
        return;
    notify_file(from->file, IN_ACCESS);
    notify_file(to->file, IN_MODIFY);
}

static int64_t copy_between(const struct side *from, const struct side *to, uint64_t count,
                            bool until_short)
{
    int64_t total = 0, error = 0;
    char *buffer;
    paddr_t pages;

    if (!page_alloc(BUFFER_ORDER, 0, &pages))
        return -ENOMEM;
    buffer = phys_to_virt(pages);
    while (count && !error) {
        ssize_t room = room_in(to, total > 0), got, put;

        if (room <= 0) {
            error = room;
            break;
        }
        got = move_chunk(from, buffer, MIN(count, (uint64_t)room), false);

        if (got <= 0) {
            error = got;
            break;
        }
        put = write_all(to, buffer, (size_t)got);
        if (put < got)
            step_back(from, (size_t)(got - MAX(put, 0l)));
        if (put <= 0) {
            error = put;
            break;
        }
        total += put;
        count -= (uint64_t)put;
        if (put < got || (until_short && (size_t)got < BUFFER_SIZE) || sched_checkpoint())
            break;
    }
    page_put(pages);
    tell_copied(from, to, total);
    return total ? total : finish_write(error);
}

/* Both ends of a copy by descriptor: references, or errno. */
static int64_t get_sides(uint64_t from_fd, uint64_t to_fd, struct side *from, struct side *to)
{
    *from = (struct side){.file = fd_arg(from_fd)};
    *to = (struct side){.file = fd_arg(to_fd)};
    if (from->file && to->file && (from->file->mode & FMODE_READ) && (to->file->mode & FMODE_WRITE))
        return 0;
    file_put(from->file);
    file_put(to->file);
    return -EBADF;
}

static void put_sides(struct side *from, struct side *to)
{
    file_put(from->file);
    file_put(to->file);
}

/* An offset argument: pos points to *value when the program gave one. */
static int64_t take_offset(struct side *side, uint64_t address, loff_t *value)
{
    side->pos = NULL;
    if (!address)
        return 0;
    if (!(side->file->mode & FMODE_SEEK))
        return -ESPIPE;
    if (copy_from_user(value, UADDR(address), sizeof(*value)))
        return -EFAULT;
    if (*value < 0)
        return -EINVAL;
    side->pos = value;
    return 0;
}

static int64_t give_offset(const struct side *side, uint64_t address, int64_t result)
{
    if (side->pos && result >= 0 && copy_to_user(UADDR(address), side->pos, sizeof(*side->pos)))
        return -EFAULT;
    return result;
}

int64_t sys_sendfile(const struct syscall_args *args)
{
    struct side from, to;
    loff_t offset;
    int64_t result = get_sides(args->arg[1], args->arg[0], &from, &to);

    if (result)
        return result;
    result = take_offset(&from, args->arg[2], &offset);
    if (!result && !(from.file->mode & FMODE_SEEK))
        result = -EINVAL;
    if (!result && (atomic_load(&to.file->flags) & O_APPEND))
        result = -EINVAL;
    if (!result)
        result = copy_between(&from, &to, MIN(args->arg[3], RW_COUNT_MAX), false);
    result = give_offset(&from, args->arg[2], result);
    put_sides(&from, &to);
    return result;
}

static bool is_regular(const struct file *file)
{
    return file->inode && S_ISREG(file->inode->attr.mode);
}

static bool is_directory(const struct file *file)
{
    return file->inode && S_ISDIR(file->inode->attr.mode);
}

static int64_t check_files(const struct side *from, const struct side *to)
{
    if (is_directory(from->file) || is_directory(to->file))
        return -EISDIR;
    if (!is_regular(from->file) || !is_regular(to->file))
        return -EINVAL;
    if (!(from->file->mode & FMODE_READ) || !(to->file->mode & FMODE_WRITE) ||
        (atomic_load(&to->file->flags) & O_APPEND))
        return -EBADF;
    return 0;
}

static int64_t check_ranges(const struct side *from, const struct side *to, uint64_t count)
{
    loff_t a = from->pos ? *from->pos : from->file->pos, b = to->pos ? *to->pos : to->file->pos;
    uint64_t end;

    if (__builtin_add_overflow((uint64_t)a, count, &end) ||
        __builtin_add_overflow((uint64_t)b, count, &end))
        return -EOVERFLOW;
    if (b >= FILE_SIZE_MAX)
        return -EFBIG;
    count = MIN(count, RW_COUNT_MAX);
    if (from->file->inode == to->file->inode && a < b + (loff_t)count && b < a + (loff_t)count)
        return -EINVAL;
    return 0;
}

int64_t sys_copy_file_range(const struct syscall_args *args)
{
    uint64_t count = args->arg[4];
    struct side from, to;
    loff_t from_offset, to_offset;
    int64_t result;

    if (args->arg[5])
        return -EINVAL;
    from = (struct side){.file = fd_arg(args->arg[0])};
    to = (struct side){.file = fd_arg(args->arg[2])};
    result = from.file && to.file ? check_files(&from, &to) : -EBADF;
    if (!result)
        result = take_offset(&from, args->arg[1], &from_offset);
    if (!result)
        result = take_offset(&to, args->arg[3], &to_offset);
    if (!result)
        result = check_ranges(&from, &to, count);
    if (!result)
        result = copy_between(&from, &to, MIN(count, RW_COUNT_MAX), false);
    result = give_offset(&from, args->arg[1], result);
    result = give_offset(&to, args->arg[3], result);
    put_sides(&from, &to);
    return result;
}

/* Pipes have no offsets; neither have sockets, but Linux says that in another way. */
static int64_t take_splice_offset(struct side *side, uint64_t address, loff_t *value)
{
    int64_t result = take_offset(side, address, value);

    return result == -ESPIPE && !is_pipe(side->file) ? -EINVAL : result;
}

/* What splice(2) refuses of two files that are open for it. */
static int64_t check_splice(const struct side *from, const struct side *to)
{
    bool from_pipe = is_pipe(from->file), to_pipe = is_pipe(to->file);

    if (!from_pipe && !to_pipe)
        return -EINVAL;
    if (from_pipe && to_pipe && pipe_identity(from->file) == pipe_identity(to->file))
        return -EINVAL;
    if (!to_pipe && (atomic_load(&to->file->flags) & O_APPEND))
        return -EINVAL;
    return 0;
}

/* A pipe's bytes must have a place to go before they are taken out of it. */
static bool would_block(const struct side *to)
{
    return (to->nonblocking || (atomic_load(&to->file->flags) & O_NONBLOCK)) &&
           to->file->ops->poll && !(to->file->ops->poll(to->file, NULL) & (POLL_OUT | POLL_ERR));
}

int64_t sys_splice(const struct syscall_args *args)
{
    struct side from, to;
    loff_t from_offset, to_offset;
    int64_t result;

    if (!args->arg[4])
        return 0;
    if (args->arg[5] & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    result = get_sides(args->arg[0], args->arg[2], &from, &to);
    if (result)
        return result;
    from.nonblocking = to.nonblocking = args->arg[5] & SPLICE_F_NONBLOCK;
    result = take_splice_offset(&from, args->arg[1], &from_offset);
    if (!result)
        result = take_splice_offset(&to, args->arg[3], &to_offset);
    if (!result)
        result = check_splice(&from, &to);
    to.pipe_once = is_pipe(to.file);
    if (!result && would_block(&to))
        result = -EAGAIN;
    if (!result)
        result = copy_between(&from, &to, MIN(args->arg[4], RW_COUNT_MAX), !is_regular(from.file));
    result = give_offset(&from, args->arg[1], result);
    result = give_offset(&to, args->arg[3], result);
    put_sides(&from, &to);
    return result;
}

/* As much as the first pipe holds and the second takes, up to a buffer full. */
static int64_t duplicate(const struct side *from, const struct side *to, uint64_t count)
{
    size_t size = MIN(count, BUFFER_SIZE);
    struct iov_user segment;
    struct iobuf buf;
    ssize_t done;
    paddr_t pages;

    if (!page_alloc(BUFFER_ORDER, 0, &pages))
        return -ENOMEM;
    iobuf_kernel(&buf, &segment, phys_to_virt(pages), size);
    done = pipe_peek(from->file, &buf, from->nonblocking);
    if (done > 0) {
        iobuf_kernel(&buf, &segment, phys_to_virt(pages), (size_t)done);
        done = pipe_give(to->file, &buf, to->nonblocking ? PIPE_NOWAIT : PIPE_WAIT_ONCE);
    }
    page_put(pages);
    tell_copied(from, to, done);
    return finish_write(done);
}

int64_t sys_tee(const struct syscall_args *args)
{
    struct side from, to;
    int64_t result;

    if (args->arg[3] & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    if (!args->arg[2])
        return 0;
    result = get_sides(args->arg[0], args->arg[1], &from, &to);
    if (result)
        return result;
    from.nonblocking =
        (args->arg[3] & SPLICE_F_NONBLOCK) || (atomic_load(&from.file->flags) & O_NONBLOCK);
    to.nonblocking =
        (args->arg[3] & SPLICE_F_NONBLOCK) || (atomic_load(&to.file->flags) & O_NONBLOCK);
    if (!is_pipe(from.file) || !is_pipe(to.file) ||
        pipe_identity(from.file) == pipe_identity(to.file))
        result = -EINVAL;
    else
        result = duplicate(&from, &to, args->arg[2]);
    put_sides(&from, &to);
    return result;
}

/* Pages are copied, not given: SPLICE_F_GIFT is a hint that a program may not rely on. */
int64_t sys_vmsplice(const struct syscall_args *args)
{
    struct iov_user small[IOV_INLINE], *segments;
    struct iobuf buf;
    struct file *file;
    bool nonblocking = args->arg[3] & SPLICE_F_NONBLOCK;
    ssize_t total, done;

    if (args->arg[3] & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file || !is_pipe(file)) {
        file_put(file);
        return -EBADF;
    }
    total = iov_get(args->arg[1], args->arg[2], small, &segments);
    if (total < 0) {
        file_put(file);
        return total;
    }
    iobuf_vector(&buf, segments, args->arg[2], (size_t)total);
    if (total == 0)
        done = 0;
    else
        done = (file->mode & FMODE_WRITE)
                   ? pipe_give(file, &buf, nonblocking ? PIPE_NOWAIT : PIPE_WAIT_ONCE)
                   : pipe_take(file, &buf, nonblocking);
    if (segments != small)
        kfree(segments);
    file_put(file);
    return finish_write(done);
}
