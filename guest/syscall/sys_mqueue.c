/* SPDX-License-Identifier: BSD-2-Clause */
/* mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr. */
#include "fs/fd_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/mqueue.h"
#include "syscall/sys_file.h"
#include "syscall/time_util.h"

struct linux_mq_attr { /* struct mq_attr */
    int64_t flags, messages_max, size_max, messages, reserved[4];
};
_Static_assert(sizeof(struct linux_mq_attr) == 64, "struct mq_attr");

/* A name from the program: one component.  0 or errno; user_path_put() in any case but that. */
static int get_name(struct user_path *path, uint64_t from)
{
    int error = user_path_get(path, from);
    const char *name = path->text;

    if (error)
        return error;
    if (!*name)
        error = -ENOENT;
    else if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        error = -EACCES;
    else if (strlen(name) > NAME_MAX)
        error = -ENAMETOOLONG;
    if (error)
        user_path_put(path);
    return error;
}

int64_t sys_mq_open(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[1];
    struct linux_mq_attr attr;
    struct mq_limits limits;
    struct user_path path;
    struct file *file;
    int64_t result;

    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if (args->arg[3] && copy_from_user(&attr, UADDR(args->arg[3]), sizeof(attr)))
        return -EFAULT;
    result = get_name(&path, args->arg[0]);
    if (result)
        return result;
    if (args->arg[3])
        limits = (struct mq_limits){attr.messages_max, attr.size_max};
    result =
        mqueue_open(path.text, flags, (uint32_t)args->arg[2], args->arg[3] ? &limits : NULL, &file);
    user_path_put(&path);
    if (result)
        return result;
    result = fd_install(fd_current(), file, 0, fd_current_limit(), true);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_mq_unlink(const struct syscall_args *args)
{
    struct user_path path;
    int error = get_name(&path, args->arg[0]);

    if (error)
        return error;
    error = mqueue_unlink(path.text, strlen(path.text));
    user_path_put(&path);
    return error;
}

/* The queue behind a descriptor that is open for mode (0: any): a file, or NULL (EBADF). */
static struct file *queue_arg(uint64_t fd, uint32_t mode, struct mqueue **queue)
{
    struct file *file = fd_arg(fd);

    if (!file)
        return NULL;
    *queue = mqueue_of(file);
    if (*queue && (file->mode & mode) == mode)
        return file;
    file_put(file);
    return NULL;
}

/* An absolute time on the wall clock; address 0: for ever. */
static int get_deadline(uint64_t address, uint64_t *deadline_ns)
{
    uint64_t ns;
    int error;

    *deadline_ns = WAIT_FOREVER;
    if (!address)
        return 0;
    error = get_user_timespec(&ns, UADDR(address));
    if (!error)
        *deadline_ns = ns | WAIT_WALL;
    return error;
}

static bool may_wait(const struct file *file)
{
    return !(atomic_load(&file->flags) & O_NONBLOCK);
}

static int64_t restartable(int error)
{
    return error == -EINTR ? -ERESTARTSYS : error;
}

static int64_t send(struct mqueue *queue, const struct syscall_args *args, bool wait,
                    uint64_t deadline_ns)
{
    uint64_t size = args->arg[2];
    struct mq_message *message;
    int64_t result;

    if (size > queue->size_max)
        return -EMSGSIZE;
    message = kmalloc(sizeof(*message) + size);
    if (!message)
        return -ENOMEM;
    message->priority = (uint32_t)args->arg[3];
    message->size = (uint32_t)size;
    if (copy_from_user(message->bytes, UADDR(args->arg[1]), size))
        result = -EFAULT;
    else
        result = restartable(mqueue_send(queue, message, wait, deadline_ns));
    if (result)
        kfree(message);
    return result;
}

int64_t sys_mq_timedsend(const struct syscall_args *args)
{
    struct mqueue *queue;
    struct file *file;
    uint64_t deadline_ns;
    int64_t result;

    result = get_deadline(args->arg[4], &deadline_ns);
    if (result)
        return result;
    if ((uint32_t)args->arg[3] >= MQ_PRIORITIES)
        return -EINVAL;
    file = queue_arg(args->arg[0], FMODE_WRITE, &queue);
    if (!file)
        return -EBADF;
    result = send(queue, args, may_wait(file), deadline_ns);
    file_put(file);
    return result;
}

static int64_t receive(struct mqueue *queue, const struct syscall_args *args, bool wait,
                       uint64_t deadline_ns)
{
    struct mq_message *message = NULL;
    int64_t result;

    if (args->arg[2] < queue->size_max)
        return -EMSGSIZE;
    result = restartable(mqueue_receive(queue, &message, wait, deadline_ns));
    if (result)
        return result;
    result = message->size;
    if ((args->arg[3] && put_user_u32(UADDR(args->arg[3]), message->priority)) ||
        copy_to_user(UADDR(args->arg[1]), message->bytes, message->size))
        result = -EFAULT;
    kfree(message);
    return result;
}

int64_t sys_mq_timedreceive(const struct syscall_args *args)
{
    struct mqueue *queue;
    struct file *file;
    uint64_t deadline_ns;
    int64_t result;

    result = get_deadline(args->arg[4], &deadline_ns);
    if (result)
        return result;
    file = queue_arg(args->arg[0], FMODE_READ, &queue);
    if (!file)
        return -EBADF;
    result = receive(queue, args, may_wait(file), deadline_ns);
    file_put(file);
    return result;
}

/* SIGEV_THREAD is glibc's own, over a netlink socket: there is none. */
int64_t sys_mq_notify(const struct syscall_args *args)
{
    struct linux_sigevent event = {0};
    struct mqueue *queue;
    struct file *file;
    int64_t result = 0;

    if (args->arg[1]) {
        if (copy_from_user(&event, UADDR(args->arg[1]), sizeof(event)))
            return -EFAULT;
        if (event.notify != SIGEV_NONE && event.notify != SIGEV_SIGNAL)
            return -EINVAL;
        if (event.notify == SIGEV_SIGNAL && (event.signo < 0 || event.signo > NSIG))
            return -EINVAL;
    }
    file = queue_arg(args->arg[0], 0, &queue);
    if (!file)
        return -EBADF;
    if (args->arg[1])
        result = mqueue_notify(queue, event.notify == SIGEV_SIGNAL ? event.signo : 0, event.value);
    else
        mqueue_notify_off(queue, current_process());
    file_put(file);
    return result;
}

static void change_nonblocking(struct file *file, bool on)
{
    if (on)
        atomic_fetch_or(&file->flags, O_NONBLOCK);
    else
        atomic_fetch_and(&file->flags, ~O_NONBLOCK);
}

int64_t sys_mq_getsetattr(const struct syscall_args *args)
{
    struct linux_mq_attr wanted, old = {0};
    struct mqueue *queue;
    struct file *file;

    if (args->arg[1]) {
        if (copy_from_user(&wanted, UADDR(args->arg[1]), sizeof(wanted)))
            return -EFAULT;
        if (wanted.flags & ~(int64_t)O_NONBLOCK)
            return -EINVAL;
    }
    file = queue_arg(args->arg[0], 0, &queue);
    if (!file)
        return -EBADF;
    mutex_lock(&queue->wait.lock);
    old.flags = atomic_load(&file->flags) & O_NONBLOCK;
    old.messages_max = queue->messages_max;
    old.size_max = queue->size_max;
    old.messages = queue->count;
    if (args->arg[1])
        change_nonblocking(file, wanted.flags & O_NONBLOCK);
    mutex_unlock(&queue->wait.lock);
    file_put(file);
    return args->arg[2] && copy_to_user(UADDR(args->arg[2]), &old, sizeof(old)) ? -EFAULT : 0;
}
