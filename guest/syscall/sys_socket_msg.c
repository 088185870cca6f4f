/* SPDX-License-Identifier: BSD-2-Clause */
/* sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. */
#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/sys_file.h"
#include "syscall/sys_socket.h"
#include "syscall/time_util.h"

/* The caller's own descriptor, for the length of the call. */
struct borrowed {
    struct file *file;
    struct socket *socket;
    bool counted;
};

static int borrow(struct borrowed *b, uint64_t fd)
{
    b->file = fd_borrow(current_task()->files, (int)fd, &b->counted);
    if (UNLIKELY(!b->file))
        return -EBADF;
    b->socket = socket_of(b->file);
    if (LIKELY(b->socket != NULL))
        return 0;
    bool only_path = b->file->mode & FMODE_PATH;
    fd_return(b->file, b->counted);
    return only_path ? -EBADF : -ENOTSOCK;
}

static void give_back(const struct borrowed *b)
{
    fd_return(b->file, b->counted);
}

static uint32_t with_file_flags(uint32_t flags, const struct file *file)
{
    return (atomic_load(&file->flags) & O_NONBLOCK) ? flags | MSG_DONTWAIT : flags;
}

static int64_t finish_send(ssize_t result, uint32_t flags)
{
    if (result == -EPIPE && (flags & MSG_NOSIGNAL))
        return result;
    return finish_write(result);
}

int64_t sys_sendto(const struct syscall_args *args)
{
    struct socket_transfer transfer = {0};
    struct socket_address address;
    struct iov_user segment = {args->arg[1], MIN(args->arg[2], RW_COUNT_MAX)};
    struct borrowed b;
    struct iobuf buf;
    ssize_t done;
    int error = borrow(&b, args->arg[0]);

    if (error)
        return error;
    if (!user_range_ok(UADDR(segment.base), segment.length))
        error = -EFAULT;
    if (!error && args->arg[4]) {
        error = get_address(&address, args->arg[4], (int32_t)args->arg[5]);
        transfer.address = &address;
    }
    iobuf_vector(&buf, &segment, 1, segment.length);
    transfer.data = &buf;
    transfer.flags = with_file_flags((uint32_t)args->arg[3], b.file);
    done = error ? error : b.socket->ops->send(b.socket, &transfer);
    give_back(&b);
    return finish_send(done, transfer.flags);
}

int64_t sys_recvfrom(const struct syscall_args *args)
{
    struct socket_address address = {.length = 0};
    struct socket_transfer transfer = {0};
    struct iov_user segment = {args->arg[1], MIN(args->arg[2], RW_COUNT_MAX)};
    struct borrowed b;
    struct iobuf buf;
    ssize_t done;
    int error = borrow(&b, args->arg[0]);

    if (error)
        return error;
    if (!user_range_ok(UADDR(segment.base), segment.length)) {
        give_back(&b);
        return -EFAULT;
    }
    iobuf_vector(&buf, &segment, 1, segment.length);
    transfer.data = &buf;
    transfer.flags = with_file_flags((uint32_t)args->arg[3], b.file);
    transfer.address = args->arg[4] ? &address : NULL;
    done = b.socket->ops->receive(b.socket, &transfer);
    give_back(&b);
    if (done >= 0 && args->arg[4])
        error = put_address(&address, args->arg[4], args->arg[5]);
    return error ? error : done;
}

/* ---- sendmsg, recvmsg ---- */

/* A struct msghdr from the program, and the buffer it names. */
struct message_arg {
    struct linux_msghdr header;
    struct iov_user small[IOV_INLINE], *segments;
    struct iobuf buf;
    struct socket_address address;
};

static int get_message(struct message_arg *message, uint64_t from)
{
    ssize_t total;

    message->segments = message->small;
    if (copy_from_user(&message->header, UADDR(from), sizeof(message->header)))
        return -EFAULT;
    if (!message->header.name)
        message->header.name_length = 0;
    if (message->header.name_length < 0)
        return -EINVAL;
    message->header.name_length = MIN(message->header.name_length, (int32_t)SOCKET_ADDRESS_MAX);
    if (message->header.iov_count > IOV_MAX)
        return -EMSGSIZE;
    total =
        iov_get(message->header.iov, message->header.iov_count, message->small, &message->segments);
    if (total < 0) {
        message->segments = message->small;
        return (int)total;
    }
    iobuf_vector(&message->buf, message->segments, message->header.iov_count, (size_t)total);
    return 0;
}

static void put_message(struct message_arg *message)
{
    if (message->segments != message->small)
        kfree(message->segments);
}

static int64_t send_message(struct file *file, struct socket *socket, uint64_t from, uint32_t flags)
{
    struct socket_transfer transfer = {.flags = with_file_flags(flags, file)};
    struct socket_control control = {0};
    struct message_arg message;
    int64_t done = get_message(&message, from);

    if (!done && message.header.name_length) {
        done = get_address(&message.address, message.header.name, message.header.name_length);
        transfer.address = &message.address;
    }
    if (!done && message.header.control && message.header.control_length) {
        done = get_control(&control, socket, message.header.control, message.header.control_length);
        transfer.control = &control;
    }
    if (!done) {
        transfer.data = &message.buf;
        done = socket->ops->send(socket, &transfer);
    }
    release_control(&control);
    put_message(&message);
    return finish_send(done, flags);
}

/* Writes back what a receive found beside the bytes: 0 or errno. */
static int put_results(const struct message_arg *message, uint64_t to, uint32_t flags,
                       uint64_t control_used)
{
    const uint64_t at = to + offsetof(struct linux_msghdr, name_length);

    if (message->header.name && put_address(&message->address, message->header.name, at))
        return -EFAULT;
    if (put_user_u32(UADDR(to + offsetof(struct linux_msghdr, flags)), flags) ||
        put_user_u64(UADDR(to + offsetof(struct linux_msghdr, control_length)), control_used))
        return -EFAULT;
    return 0;
}

static int64_t receive_message(struct file *file, struct socket *socket, uint64_t to,
                               uint32_t flags)
{
    struct socket_control control = {0};
    struct message_arg message;
    struct socket_transfer transfer = {.data = &message.buf,
                                       .flags = with_file_flags(flags, file),
                                       .address = &message.address,
                                       .control = &control};
    uint32_t result_flags = flags & MSG_CMSG_CLOEXEC;
    uint64_t used;
    int64_t done = get_message(&message, to);
    int error;

    if (done)
        return done;
    message.address.length = 0;
    if (!message.header.name)
        transfer.address = NULL;
    done = socket->ops->receive(socket, &transfer);
    if (done >= 0) {
        used = put_control(&control, socket, message.header.control, message.header.control_length,
                           &result_flags);
        error = put_results(&message, to, result_flags | transfer.result_flags, used);
        if (error)
            done = error;
    }
    release_control(&control);
    put_message(&message);
    return done;
}

int64_t sys_sendmsg(const struct syscall_args *args)
{
    struct borrowed b;
    int64_t done = borrow(&b, args->arg[0]);

    if (done)
        return done;
    done = send_message(b.file, b.socket, args->arg[1], (uint32_t)args->arg[2]);
    give_back(&b);
    return done;
}

int64_t sys_recvmsg(const struct syscall_args *args)
{
    struct borrowed b;
    int64_t done = borrow(&b, args->arg[0]);

    if (done)
        return done;
    done = receive_message(b.file, b.socket, args->arg[1], (uint32_t)args->arg[2]);
    give_back(&b);
    return done;
}

/* ---- sendmmsg, recvmmsg ---- */

int64_t sys_sendmmsg(const struct syscall_args *args)
{
    uint32_t count = MIN((uint32_t)args->arg[2], IOV_MAX), sent = 0;
    struct socket *socket;
    int64_t done = 0;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    while (sent < count) {
        uint64_t at = args->arg[1] + sent * sizeof(struct linux_mmsghdr);

        done = send_message(file, socket, at, (uint32_t)args->arg[3]);
        if (done >= 0 &&
            put_user_u32(UADDR(at + offsetof(struct linux_mmsghdr, length)), (uint32_t)done))
            done = -EFAULT;
        if (done < 0)
            break;
        sent++;
        if (sched_checkpoint())
            break;
    }
    file_put(file);
    return sent ? sent : done;
}

static int64_t receive_many(struct file *file, struct socket *socket,
                            const struct syscall_args *args, uint64_t deadline_ns)
{
    uint32_t count = MIN((uint32_t)args->arg[2], IOV_MAX), received = 0;
    uint32_t flags = (uint32_t)args->arg[3];
    int64_t done = socket_take_error(socket);

    while (!done && received < count) {
        uint64_t at = args->arg[1] + received * sizeof(struct linux_mmsghdr);

        done = receive_message(file, socket, at, flags & ~MSG_WAITFORONE);
        if (done >= 0 &&
            put_user_u32(UADDR(at + offsetof(struct linux_mmsghdr, length)), (uint32_t)done))
            done = -EFAULT;
        if (done < 0)
            break;
        done = 0;
        received++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (clock_ns() >= deadline_ns || sched_checkpoint())
            break;
    }
    /* An error after messages is kept for the next call, as recvmmsg(2) tells. */
    if (received && done && done != -EAGAIN && done != -ERESTARTSYS && done != -EINTR)
        atomic_store(&socket->error, (int)-done);
    return received ? received : done;
}

int64_t sys_recvmmsg(const struct syscall_args *args)
{
    uint64_t deadline_ns = WAIT_FOREVER, timeout_ns;
    struct socket *socket;
    int64_t result;
    int error;
    struct file *file;

    if (args->arg[4]) {
        error = get_user_timespec(&timeout_ns, UADDR(args->arg[4]));
        if (error)
            return error;
        deadline_ns = time_add(clock_ns(), timeout_ns);
    }
    file = socket_arg(args->arg[0], &socket, &error);
    if (!file)
        return error;
    result = receive_many(file, socket, args, deadline_ns);
    file_put(file);
    if (result > 0 && args->arg[4]) {
        uint64_t now = clock_ns();

        if (put_user_timespec(UADDR(args->arg[4]), deadline_ns > now ? deadline_ns - now : 0))
            result = -EFAULT;
    }
    return result;
}
