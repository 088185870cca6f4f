/* SPDX-License-Identifier: BSD-2-Clause */
/* sendfile, copy_file_range, splice: from one file to another through a kernel buffer. */
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define FILE_SIZE_MAX (INT64_MAX - (loff_t)PAGE_SIZE) /* no file reaches further */
#define BUFFER_ORDER 2u /* 16 KiB */
#define BUFFER_SIZE (PAGE_SIZE << BUFFER_ORDER)

struct side {
    struct file *file;
    loff_t *pos; /* an explicit position, or NULL: the file's own */
};

static ssize_t move_chunk(const struct side *side, void *data, size_t size, bool write)
{
    struct iov_user segment;
    struct iobuf buf;

    iobuf_kernel(&buf, &segment, data, size);
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
        ssize_t got = move_chunk(from, buffer, MIN(count, BUFFER_SIZE), false), put;

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
        if (put < got || (until_short && (size_t)got < BUFFER_SIZE) || signal_is_pending())
            break;
    }
    page_put(pages);
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

static bool is_pipe(const struct file *file)
{
    return file->inode && S_ISFIFO(file->inode->attr.mode);
}

/* Pipes have no offsets; neither have sockets, but Linux says that in another way. */
static int64_t take_splice_offset(struct side *side, uint64_t address, loff_t *value)
{
    int64_t result = take_offset(side, address, value);

    return result == -ESPIPE && !is_pipe(side->file) ? -EINVAL : result;
}

/* One side is a pipe; what it gives in one go is moved, as splice(2) does. */
int64_t sys_splice(const struct syscall_args *args)
{
    struct side from, to;
    loff_t from_offset, to_offset;
    int64_t result = get_sides(args->arg[0], args->arg[2], &from, &to);

    if (result)
        return result;
    result = is_pipe(from.file) || is_pipe(to.file) ? 0 : -EINVAL;
    if (!result)
        result = take_splice_offset(&from, args->arg[1], &from_offset);
    if (!result)
        result = take_splice_offset(&to, args->arg[3], &to_offset);
    if (!result && args->arg[4])
        result = copy_between(&from, &to, MIN(args->arg[4], RW_COUNT_MAX), !is_regular(from.file));
    result = give_offset(&from, args->arg[1], result);
    result = give_offset(&to, args->arg[3], result);
    put_sides(&from, &to);
    return result;
}
