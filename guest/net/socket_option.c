/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setsockopt(2) and getsockopt(2) for SOL_SOCKET, socket(7).  Options that change
 * nothing here (priorities, routing) are kept and read back, as programs set them
 * without asking.
 */
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "net/socket.h"

#define SEND_BUFFER_MIN 4608u /* bytes, after doubling */
#define RECEIVE_BUFFER_MIN 2304u
#define BUFFER_REQUEST_MAX 212992u /* net.core.wmem_max and rmem_max */
#define BUFFER_FORCED_MAX ((uint32_t)INT_MAX / 2)
#define NS_PER_SECOND 1000000000ul
#define NS_PER_US 1000ul
#define US_PER_SECOND 1000000

struct linux_linger {
    int32_t on, seconds;
};
struct linux_socket_time { /* struct timeval */
    int64_t seconds, us;
};

/* Options that are a number kept as a flag: their bits in socket->flags. */
static const struct {
    uint8_t name;
    uint8_t bit;
} flag_options[] = {
    {SO_DEBUG, 0},       {SO_REUSEADDR, 1}, {SO_DONTROUTE, 2}, {SO_BROADCAST, 3},
    {SO_KEEPALIVE, 4},   {SO_OOBINLINE, 5}, {SO_NO_CHECK, 6},  {SO_TIMESTAMP, 8},
    {SO_TIMESTAMPNS, 9}, {SO_RXQ_OVFL, 10}, {SO_PASSSEC, 11},
};

static int flag_bit(uint32_t name)
{
    for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++)
        if (flag_options[i].name == name)
            return flag_options[i].bit;
    return -1;
}

static uint32_t buffer_size(uint32_t wanted, uint32_t minimum, bool forced)
{
    /* Twice what is asked for, as Linux counts its overhead too. */
    wanted = MIN(wanted, forced ? BUFFER_FORCED_MAX : BUFFER_REQUEST_MAX);
    return MAX(wanted * 2, minimum);
}

static int set_time(uint64_t *timeout_ns, uaddr_t value, uint32_t size)
{
    struct linux_socket_time time;

    if (size < sizeof(time))
        return -EINVAL;
    if (copy_from_user(&time, value, sizeof(time)))
        return -EFAULT;
    if (time.us < 0 || time.us >= US_PER_SECOND)
        return -EDOM;
    if (time.seconds < 0)
        *timeout_ns = 0; /* ends at once, as Linux has it */
    else if ((time.seconds == 0 && time.us == 0) ||
             (uint64_t)time.seconds > INT64_MAX / NS_PER_SECOND - 1)
        *timeout_ns = WAIT_FOREVER;
    else
        *timeout_ns = (uint64_t)time.seconds * NS_PER_SECOND + (uint64_t)time.us * NS_PER_US;
    return 0;
}

static int set_linger(struct socket *socket, uaddr_t value, uint32_t size)
{
    struct linux_linger linger;

    if (size < sizeof(linger))
        return -EINVAL;
    if (copy_from_user(&linger, value, sizeof(linger)))
        return -EFAULT;
    socket->linger_seconds = linger.on ? MAX(linger.seconds, 0) + 1 : 0;
    return 0;
}

static int set_buffer(struct socket *socket, uint32_t name, uint32_t value)
{
    bool forced = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;

    if (forced && !fs_current()->privileged)
        return -EPERM;
    if (forced && (int32_t)value < 0)
        value = 0;
    if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
        socket->send_buffer = buffer_size(value, SEND_BUFFER_MIN, forced);
    else
        socket->receive_buffer = buffer_size(value, RECEIVE_BUFFER_MIN, forced);
    return 0;
}

static int64_t set_number(struct socket *socket, uint32_t name, uint32_t value)
{
    int bit = flag_bit(name);

    if (bit >= 0) {
        socket->flags = (socket->flags & ~(1u << bit)) | (uint32_t)(value != 0) << bit;
        return 0;
    }
    switch (name) {
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return set_buffer(socket, name, value);
    case SO_PASSCRED:
        atomic_store(&socket->pass_credentials, value != 0);
        return 0;
    case SO_RCVLOWAT:
        socket->receive_low_water = (int32_t)value < 0 ? INT_MAX : MAX((int32_t)value, 1);
        return 0;
    case SO_PRIORITY:
        if ((int32_t)value < 0 || (value > 6 && !fs_current()->privileged))
            return -EPERM;
        socket->priority = (int32_t)value;
        return 0;
    case SO_MARK:
        if (!fs_current()->privileged)
            return -EPERM;
        socket->mark = value;
        return 0;
    case SO_PEEK_OFF:
        socket->peek_offset = (int32_t)value;
        return 0;
    case SO_REUSEPORT: /* Linux has it for the Internet's families only */
        return value ? -EOPNOTSUPP : 0;
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    default:
        return -ENOPROTOOPT;
    }
}

int64_t socket_set_option(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size)
{
    uint32_t number;

    if (size < sizeof(number))
        return -EINVAL;
    if (get_user_u32(&number, value))
        return -EFAULT;
    switch (name) {
    case SO_RCVTIMEO:
        return set_time(&socket->receive_timeout_ns, value, size);
    case SO_SNDTIMEO:
        return set_time(&socket->send_timeout_ns, value, size);
    case SO_LINGER:
        return set_linger(socket, value, size);
    default:
        return set_number(socket, name, number);
    }
}

/* ---- getsockopt ---- */

/* Bytes written, or -EFAULT. */
static int64_t put_value(uaddr_t value, const void *data, uint32_t size)
{
    return copy_to_user(value, data, size) ? -EFAULT : (int64_t)size;
}

static int64_t get_number(struct socket *socket, uint32_t name, uint32_t *value)
{
    int bit = flag_bit(name);

    if (bit >= 0) {
        *value = socket->flags >> bit & 1;
        return 0;
    }
    switch (name) {
    case SO_TYPE:
        *value = socket->type;
        return 0;
    case SO_DOMAIN:
        *value = socket->family;
        return 0;
    case SO_PROTOCOL:
        *value = socket->protocol;
        return 0;
    case SO_ERROR:
        *value = (uint32_t)-socket_take_error(socket);
        return 0;
    case SO_SNDBUF:
        *value = socket->send_buffer;
        return 0;
    case SO_RCVBUF:
        *value = socket->receive_buffer;
        return 0;
    case SO_PASSCRED:
        *value = atomic_load(&socket->pass_credentials);
        return 0;
    case SO_RCVLOWAT:
        *value = (uint32_t)socket->receive_low_water;
        return 0;
    case SO_PEEK_OFF:
        *value = (uint32_t)socket->peek_offset;
        return 0;
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_PRIORITY:
        *value = (uint32_t)socket->priority;
        return 0;
    case SO_MARK:
        *value = socket->mark;
        return 0;
    case SO_REUSEPORT:
    case SO_BUSY_POLL:
        *value = 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int64_t put_time(uint64_t timeout_ns, uaddr_t value, uint32_t size)
{
    struct linux_socket_time time = {0};

    if (timeout_ns != WAIT_FOREVER) {
        time.seconds = (int64_t)(timeout_ns / NS_PER_SECOND);
        time.us = (int64_t)(timeout_ns % NS_PER_SECOND / NS_PER_US);
    }
    size = MIN(size, (uint32_t)sizeof(time));
    return put_value(value, &time, size);
}

static int64_t put_linger(const struct socket *socket, uaddr_t value, uint32_t size)
{
    struct linux_linger linger = {socket->linger_seconds != 0, MAX(socket->linger_seconds - 1, 0)};

    size = MIN(size, (uint32_t)sizeof(linger));
    return put_value(value, &linger, size);
}

static int64_t put_peer_name(struct socket *socket, uaddr_t value, uint32_t size)
{
    struct socket_address address = {0};
    int error = socket->ops->name(socket, true, &address);

    if (error)
        return error;
    if (address.length < size)
        return -EINVAL;
    return put_value(value, address.bytes, size);
}

/* Writes the value: its bytes, or errno. */
static int64_t put_option(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size,
                          uint32_t *needed)
{
    uint32_t number;
    uint64_t cookie;
    int64_t result;

    switch (name) {
    case SO_RCVTIMEO:
        return put_time(socket->receive_timeout_ns, value, size);
    case SO_SNDTIMEO:
        return put_time(socket->send_timeout_ns, value, size);
    case SO_LINGER:
        return put_linger(socket, value, size);
    case SO_PEERNAME:
        return put_peer_name(socket, value, size);
    case SO_COOKIE:
        cookie = socket->inode.attr.ino;
        if (size < sizeof(cookie))
            return -EINVAL;
        return put_value(value, &cookie, sizeof(cookie));
    default:
        break;
    }
    result = get_number(socket, name, &number);
    if (result == -ENOPROTOOPT)
        return socket->ops->get_option ? socket->ops->get_option(socket, name, value, size, needed)
                                       : result;
    size = MIN(size, (uint32_t)sizeof(number));
    return put_value(value, &number, size);
}

int64_t socket_get_option(struct socket *socket, uint32_t name, uaddr_t value, uaddr_t size)
{
    uint32_t room, needed = 0;
    int64_t result;

    if (get_user_u32(&room, size))
        return -EFAULT;
    if ((int32_t)room < 0)
        return -EINVAL;
    result = put_option(socket, name, value, room, &needed);
    if (result == -ERANGE)
        return put_user_u32(size, needed) ? -EFAULT : result;
    if (result < 0)
        return result;
    return put_user_u32(size, (uint32_t)result) ? -EFAULT : 0;
}
