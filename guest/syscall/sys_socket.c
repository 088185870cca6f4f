/* SPDX-License-Identifier: BSD-2-Clause */
/* socket, socketpair, bind, listen, accept, connect, shutdown, names and options. */
#include "syscall/sys_socket.h"

#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/sys_file.h"

struct file *socket_arg(uint64_t fd, struct socket **socket, int *error)
{
    struct file *file = fd_arg(fd);

    *error = file ? 0 : -EBADF;
    if (!file)
        return NULL;
    *socket = socket_of(file);
    if (*socket)
        return file;
    file_put(file);
    *error = -ENOTSOCK;
    return NULL;
}

int get_address(struct socket_address *address, uint64_t from, int32_t length)
{
    if (length < 0 || (uint32_t)length > SOCKET_ADDRESS_MAX)
        return -EINVAL;
    address->family = AF_UNSPEC;
    address->length = (uint32_t)length;
    return copy_from_user(address->bytes, UADDR(from), (size_t)length) ? -EFAULT : 0;
}

int put_address(const struct socket_address *address, uint64_t to, uint64_t length_address)
{
    uint32_t room;

    if (get_user_u32(&room, UADDR(length_address)))
        return -EFAULT;
    if ((int32_t)room < 0)
        return -EINVAL;
    if (copy_to_user(UADDR(to), address->bytes, MIN(room, address->length)))
        return -EFAULT;
    return put_user_u32(UADDR(length_address), address->length);
}

static bool is_nonblocking(const struct file *file)
{
    return atomic_load(&file->flags) & O_NONBLOCK;
}

/* A descriptor for a new file, whose reference is taken over. */
static int64_t install(struct file *file, uint64_t flags)
{
    int64_t fd;

    if (!file)
        return -ENOMEM;
    fd = fd_install(fd_current(), file, 0, fd_current_limit(), flags & SOCK_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

static bool bad_type_flags(uint32_t type)
{
    return type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int64_t sys_socket(const struct syscall_args *args)
{
    uint32_t type = (uint32_t)args->arg[1];
    struct socket *socket;
    int error;

    if (bad_type_flags(type))
        return -EINVAL;
    error = socket_create((uint32_t)args->arg[0], type & SOCK_TYPE_MASK, (uint32_t)args->arg[2],
                          &socket);
    return error ? error : install(socket_file(socket, type), type);
}

/* Two connected sockets of the kind that args name; 0 or errno. */
static int make_pair(const struct syscall_args *args, struct socket *pair[2])
{
    uint32_t type = (uint32_t)args->arg[1] & SOCK_TYPE_MASK;
    int error = socket_create((uint32_t)args->arg[0], type, (uint32_t)args->arg[2], &pair[0]);

    if (error)
        return error;
    error = socket_create((uint32_t)args->arg[0], type, (uint32_t)args->arg[2], &pair[1]);
    if (!error) {
        error = pair[0]->ops->pair ? pair[0]->ops->pair(pair[0], pair[1]) : -EOPNOTSUPP;
        if (error)
            socket_put(pair[1]);
    }
    if (error)
        socket_put(pair[0]);
    return error;
}

int64_t sys_socketpair(const struct syscall_args *args)
{
    uint32_t type = (uint32_t)args->arg[1];
    struct file *files[2];
    struct socket *pair[2];
    int64_t fds[2], error;
    int32_t result[2];

    if (bad_type_flags(type))
        return -EINVAL;
    error = make_pair(args, pair);
    if (error)
        return error;
    files[0] = socket_file(pair[0], type);
    files[1] = socket_file(pair[1], type);
    fds[0] = install(files[0], type);
    fds[1] = install(files[1], type);
    error = fds[0] < 0 ? fds[0] : MIN(fds[1], 0l);
    if (!error) {
        result[0] = (int32_t)fds[0];
        result[1] = (int32_t)fds[1];
        error = copy_to_user(UADDR(args->arg[3]), result, sizeof(result)) ? -EFAULT : 0;
    }
    for (int i = 0; error && i < 2; i++)
        if (fds[i] >= 0)
            fd_close(fd_current(), (int)fds[i]);
    return error;
}

int64_t sys_bind(const struct syscall_args *args)
{
    struct socket_address address;
    struct socket *socket;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    error = get_address(&address, args->arg[1], (int32_t)args->arg[2]);
    if (!error)
        error = socket->ops->bind(socket, &address);
    file_put(file);
    return error;
}

int64_t sys_connect(const struct syscall_args *args)
{
    struct socket_address address;
    struct socket *socket;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    error = get_address(&address, args->arg[1], (int32_t)args->arg[2]);
    if (!error)
        error = socket->ops->connect(socket, &address, is_nonblocking(file));
    file_put(file);
    return error;
}

int64_t sys_listen(const struct syscall_args *args)
{
    uint32_t backlog = MIN((uint32_t)args->arg[1], SOCKET_BACKLOG_MAX);
    struct socket *socket;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    error = socket->ops->listen ? socket->ops->listen(socket, backlog) : -EOPNOTSUPP;
    file_put(file);
    return error;
}

/* The address of who has connected, for accept(2); then the descriptor. */
static int64_t finish_accept(struct socket *accepted, uint64_t address_to, uint64_t length_to,
                             uint32_t flags)
{
    struct socket_address address;
    struct file *file = socket_file(accepted, flags);
    int error = 0;

    if (!file)
        return -ENOMEM;
    if (address_to) {
        if (accepted->ops->name(accepted, true, &address))
            error = -ECONNABORTED;
        else
            error = put_address(&address, address_to, length_to);
    }
    if (error) {
        file_put(file);
        return error;
    }
    return install(file, flags);
}

static int64_t accept_on(const struct syscall_args *args, uint32_t flags)
{
    struct socket *socket, *accepted;
    int error;
    struct file *file;

    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    file = socket_arg(args->arg[0], &socket, &error);
    if (!file)
        return error;
    error = socket->ops->accept ? socket->ops->accept(socket, is_nonblocking(file), &accepted)
                                : -EOPNOTSUPP;
    file_put(file);
    return error ? error : finish_accept(accepted, args->arg[1], args->arg[2], flags);
}

int64_t sys_accept(const struct syscall_args *args)
{
    return accept_on(args, 0);
}

int64_t sys_accept4(const struct syscall_args *args)
{
    return accept_on(args, (uint32_t)args->arg[3]);
}

int64_t sys_shutdown(const struct syscall_args *args)
{
    struct socket *socket;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    if ((uint32_t)args->arg[1] > 2)
        error = -EINVAL;
    else
        error = socket->ops->shutdown(socket, (uint32_t)args->arg[1] + 1);
    file_put(file);
    return error;
}

static int64_t get_name(const struct syscall_args *args, bool of_peer)
{
    struct socket_address address;
    struct socket *socket;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    error = socket->ops->name(socket, of_peer, &address);
    if (!error)
        error = put_address(&address, args->arg[1], args->arg[2]);
    file_put(file);
    return error;
}

int64_t sys_getsockname(const struct syscall_args *args)
{
    return get_name(args, false);
}

int64_t sys_getpeername(const struct syscall_args *args)
{
    return get_name(args, true);
}

int64_t sys_setsockopt(const struct syscall_args *args)
{
    struct socket *socket;
    int64_t result;
    int error;
    struct file *file;

    if ((int32_t)args->arg[4] < 0)
        return -EINVAL;
    file = socket_arg(args->arg[0], &socket, &error);
    if (!file)
        return error;
    if ((int32_t)args->arg[1] == SOL_SOCKET)
        result = socket_set_option(socket, (uint32_t)args->arg[2], UADDR(args->arg[3]),
                                   (uint32_t)args->arg[4]);
    else
        result = -EOPNOTSUPP; /* AF_UNIX has no options of its own */
    file_put(file);
    return result;
}

int64_t sys_getsockopt(const struct syscall_args *args)
{
    struct socket *socket;
    int64_t result;
    int error;
    struct file *file = socket_arg(args->arg[0], &socket, &error);

    if (!file)
        return error;
    if ((int32_t)args->arg[1] == SOL_SOCKET)
        result = socket_get_option(socket, (uint32_t)args->arg[2], UADDR(args->arg[3]),
                                   UADDR(args->arg[4]));
    else
        result = -EOPNOTSUPP;
    file_put(file);
    return result;
}

/* ---- for net/ ---- */

static void identify(struct socket_identity *identity)
{
    const struct credentials *cred = &current_task()->cred;
    int pid = current_process()->pid;

    identity->real = (struct socket_credentials){pid, cred->uid, cred->gid};
    identity->effective = (struct socket_credentials){pid, cred->euid, cred->egid};
    identity->group_count = cred->groups ? cred->groups->count : 0;
    identity->groups = cred->groups ? cred->groups->gids : NULL;
}

void socket_connect_sources(void)
{
    socket_set_identity_source(identify);
    procfs_set_unix_source(unix_for_each);
}
