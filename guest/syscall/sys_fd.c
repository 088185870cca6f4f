/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors without a path: pipe, eventfd, memfd; extended attributes, which no file has. */
#include "fs/eventfd.h"
#include "fs/memfd.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define MEMFD_NAME_MAX 249u

/* A new file as descriptor; consumes the reference. */
static int64_t install(struct file *file, bool close_on_exec)
{
    int64_t fd = fd_install(fd_current(), file, 0, fd_current_limit(), close_on_exec);

    if (fd == -EINVAL)
        fd = -EMFILE;
    if (fd < 0)
        file_put(file);
    return fd;
}

static int64_t make_pipe(uint64_t address, uint32_t flags)
{
    struct file *ends[2];
    int64_t fd[2];
    int32_t numbers[2];
    int error;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    error = pipe_create(flags & (O_NONBLOCK | O_DIRECT), ends);
    if (error)
        return error;
    fd[0] = install(ends[0], flags & O_CLOEXEC);
    if (fd[0] < 0) {
        file_put(ends[1]);
        return fd[0];
    }
    fd[1] = install(ends[1], flags & O_CLOEXEC);
    if (fd[1] < 0) {
        fd_close(fd_current(), (int)fd[0]);
        return fd[1];
    }
    numbers[0] = (int32_t)fd[0];
    numbers[1] = (int32_t)fd[1];
    if (copy_to_user(UADDR(address), numbers, sizeof(numbers))) {
        fd_close(fd_current(), numbers[0]);
        fd_close(fd_current(), numbers[1]);
        return -EFAULT;
    }
    return 0;
}

int64_t sys_pipe(const struct syscall_args *args)
{
    return make_pipe(args->arg[0], 0);
}

int64_t sys_pipe2(const struct syscall_args *args)
{
    return make_pipe(args->arg[0], (uint32_t)args->arg[1]);
}

static int64_t make_eventfd(uint32_t initial, uint32_t flags)
{
    struct file *file;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    file = eventfd_create(initial, flags & O_NONBLOCK, flags & EFD_SEMAPHORE);
    return file ? install(file, flags & O_CLOEXEC) : -ENOMEM;
}

int64_t sys_eventfd(const struct syscall_args *args)
{
    return make_eventfd((uint32_t)args->arg[0], 0);
}

int64_t sys_eventfd2(const struct syscall_args *args)
{
    return make_eventfd((uint32_t)args->arg[0], (uint32_t)args->arg[1]);
}

int64_t sys_memfd_create(const struct syscall_args *args)
{
    uint64_t flags = (uint32_t)args->arg[1];
    char name[MEMFD_NAME_MAX + 1];
    struct file *file;
    ssize_t length;
    int error;

    if (flags & ~(uint64_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC))
        return -EINVAL; /* huge pages are not offered */
    length = copy_string_from_user(name, UADDR(args->arg[0]), sizeof(name));
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    error = memfd_create(name, flags & MFD_ALLOW_SEALING, &file);
    return error ? error : install(file, flags & MFD_CLOEXEC);
}
