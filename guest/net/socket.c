/* SPDX-License-Identifier: BSD-2-Clause */
/* See socket.h: sockets as files, and the families there are. */
#include "net/socket.h"

#include "arch/clock.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/unsupported.h"
#include "net/unix.h"

#define SOCKFS_MAGIC 0x534f434bu

static void (*identity_source)(struct socket_identity *identity);

void socket_set_identity_source(void (*source)(struct socket_identity *identity))
{
    identity_source = source;
}

void socket_identity(struct socket_identity *identity)
{
    identity_source(identity);
}

static void sockfs_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats = (struct fs_stats){.magic = SOCKFS_MAGIC, .block_size = PAGE_SIZE, .name_max = 255};
}

static struct super_block sockfs = {
    .type = "sockfs", .device = MAKE_DEVICE(0, 8), .statfs = sockfs_statfs};

static void socket_evict(struct inode *inode)
{
    struct socket *socket = CONTAINER_OF(inode, struct socket, inode);

    socket->ops->free(socket);
}

void socket_init(struct socket *socket, const struct socket_ops *ops, uint16_t family, uint8_t type,
                 uint8_t protocol)
{
    static const struct inode_ops inode_ops = {.evict = socket_evict};
    const struct fs_context *context = fs_current();

    inode_init(&socket->inode, &inode_ops, &sockfs, S_IFSOCK | 0777, inode_next_anonymous_ino());
    socket->inode.attr.uid = context->fsuid;
    socket->inode.attr.gid = context->fsgid;
    socket->ops = ops;
    socket->family = family;
    socket->type = type;
    socket->protocol = protocol;
    atomic_init(&socket->error, 0);
    socket->send_buffer = socket->receive_buffer = SOCKET_BUFFER_DEFAULT;
    socket->receive_low_water = 1;
    socket->receive_timeout_ns = socket->send_timeout_ns = WAIT_FOREVER;
    atomic_init(&socket->pass_credentials, false);
    socket->flags = 0;
    socket->linger_seconds = socket->priority = 0;
    socket->peek_offset = -1;
    socket->mark = 0;
    atomic_init(&socket->file, NULL);
}

int socket_take_error(struct socket *socket)
{
    if (LIKELY(!atomic_load_explicit(&socket->error, memory_order_relaxed)))
        return 0;
    return -atomic_exchange(&socket->error, 0);
}

int socket_wait_error(int error, uint64_t timeout_ns)
{
    if (error == -ETIMEDOUT)
        return -EAGAIN;
    /* signal(7): with a timeout set, calls are not restarted. */
    return error == -ERESTARTSYS && timeout_ns != WAIT_FOREVER ? -EINTR : error;
}

uint64_t socket_deadline(uint64_t timeout_ns)
{
    return timeout_ns == WAIT_FOREVER ? WAIT_FOREVER : clock_ns() + timeout_ns;
}

int socket_create(uint32_t family, uint32_t type, uint32_t protocol, struct socket **socket)
{
    if (family >= AF_FAMILIES)
        return -EAFNOSUPPORT;
    if (type >= SOCK_TYPES)
        return -EINVAL;
    switch (family) {
    case AF_UNIX:
        return unix_create(type, protocol, socket);
    default:
        UNSUPPORTED("sockets of address family %u are not available: EAFNOSUPPORT", family);
        return -EAFNOSUPPORT;
    }
}

/* ---- as a file ---- */

static const struct file_ops socket_file_ops;

struct socket *socket_of(const struct file *file)
{
    return file->ops == &socket_file_ops ? file->private_data : NULL;
}

static ssize_t file_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct socket *socket = file->private_data;
    struct socket_transfer transfer = {.data = buf};

    (void)pos;
    if (!buf->remaining)
        return 0;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
        transfer.flags = MSG_DONTWAIT;
    return socket->ops->receive(socket, &transfer);
}

static ssize_t file_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct socket *socket = file->private_data;
    struct socket_transfer transfer = {.data = buf};

    (void)pos;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
        transfer.flags = MSG_DONTWAIT;
    return socket->ops->send(socket, &transfer);
}

static uint32_t file_poll(struct file *file, struct poll_table *table)
{
    struct socket *socket = file->private_data;

    return socket->ops->poll(socket, table);
}

static int64_t file_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct socket *socket = file->private_data;

    return socket->ops->ioctl(socket, request, arg);
}

static void file_release(struct file *file)
{
    struct socket *socket = file->private_data;

    socket->ops->close(socket);
}

static const struct file_ops socket_file_ops = {.read = file_read,
                                                .write = file_write,
                                                .poll = file_poll,
                                                .ioctl = file_ioctl,
                                                .release = file_release};

struct file *socket_file(struct socket *socket, uint32_t open_flags)
{
    struct file *file = file_create(&socket_file_ops, FMODE_READ | FMODE_WRITE,
                                    O_RDWR | (open_flags & O_NONBLOCK), socket);

    if (!file) {
        socket->ops->close(socket);
        socket_put(socket);
        return NULL;
    }
    file->inode = &socket->inode; /* the reference that we were given */
    atomic_store(&socket->file, file);
    return file;
}
