/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of AF_UNIX sockets: creation, pairs, shutdown, the end; their ioctls and options. */
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/unix_internal.h"

#define SIOCINQ 0x541bu /* FIONREAD */
#define SIOCOUTQ 0x5411u
#define SIOCATMARK 0x8905u

struct list unix_all = LIST_INIT(unix_all);

struct unix_socket *unix_new(const struct socket_ops *ops, uint8_t type)
{
    struct unix_socket *sock = kzalloc(sizeof(*sock));

    if (!sock)
        return NULL;
    socket_init(&sock->socket, ops, AF_UNIX, type, 0);
    spin_init(&sock->lock, LOCK_RANK_SOCKET);
    sock->backlog = UNIX_DATAGRAM_BACKLOG;
    list_init(&sock->queue);
    list_init(&sock->pending);
    list_init(&sock->pending_link);
    mutex_init(&sock->read_lock);
    mutex_init(&sock->setup_lock);
    wait_queue_init(&sock->readable);
    wait_queue_init(&sock->writable);
    wait_queue_init(&sock->readers);
    wait_queue_init(&sock->writers);
    wait_queue_init(&sock->space);
    /* It is woken with relays on it, which wake another socket's pollers. */
    spin_init(&sock->space.lock, LOCK_RANK_SOCKET_SPACE);
    list_init(&sock->flight_link);
    spin_lock(&unix_names_lock);
    list_push_back(&unix_all, &sock->all_link);
    spin_unlock(&unix_names_lock);
    return sock;
}

int unix_create(uint32_t type, uint32_t protocol, struct socket **socket)
{
    const struct socket_ops *ops;
    struct unix_socket *sock;

    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    switch (type) {
    case SOCK_STREAM:
        ops = &unix_stream_ops;
        break;
    case SOCK_RAW: /* as on BSD and Linux, a datagram socket */
    case SOCK_DGRAM:
        type = SOCK_DGRAM;
        ops = &unix_datagram_ops;
        break;
    case SOCK_SEQPACKET:
        ops = &unix_packet_ops;
        break;
    default:
        return -ESOCKTNOSUPPORT;
    }
    sock = unix_new(ops, (uint8_t)type);
    if (!sock)
        return -ENOMEM;
    sock->socket.protocol = (uint8_t)protocol;
    *socket = &sock->socket;
    return 0;
}

int unix_pair(struct socket *a, struct socket *b)
{
    struct unix_socket *one = unix_of(a), *two = unix_of(b);
    struct unix_caller *caller = unix_caller_create();

    if (!caller)
        return -ENOMEM;
    ref_get(&caller->refs);
    atomic_store(&one->caller, caller);
    atomic_store(&two->caller, caller);
    atomic_store(&one->peer, unix_get(two));
    atomic_store(&two->peer, unix_get(one));
    atomic_store(&one->state, UNIX_CONNECTED);
    atomic_store(&two->state, UNIX_CONNECTED);
    return 0;
}

void unix_wake_everybody(struct unix_socket *sock, uint32_t news)
{
    wake_all(&sock->readers, 0);
    wake_all(&sock->writers, 0);
    /* HUP: everybody polls for it, so everybody looks. */
    wake_all(&sock->readable, POLL_HUP | (news ? news : POLL_QUIET));
    wake_all(&sock->writable, 0);
}

static void shut(struct unix_socket *sock, uint32_t mask, uint32_t news)
{
    spin_lock(&sock->lock);
    atomic_fetch_or(&sock->shutdown, mask);
    spin_unlock(&sock->lock);
    unix_wake_everybody(sock, news);
}

int unix_shutdown(struct socket *socket, uint32_t mask)
{
    struct unix_socket *sock = unix_of(socket), *peer;

    shut(sock, mask, 0);
    peer = unix_is_datagram(sock) ? NULL : unix_peer(sock);
    if (peer) /* what one side does not send the other does not receive */
        shut(peer, ((mask & SHUT_RD) ? SHUT_WR : 0) | ((mask & SHUT_WR) ? SHUT_RD : 0),
             mask == SHUT_RDWR  ? POLL_HUP
             : (mask & SHUT_WR) ? POLL_IN
                                : 0);
    if (mask & SHUT_RD)
        wake_all(&sock->space, 0);
    return 0;
}

bool unix_purge_queue(struct unix_socket *sock)
{
    bool any = false;

    for (;;) {
        struct unix_message *message = NULL;

        spin_lock(&sock->lock);
        if (!list_empty(&sock->queue)) {
            message = LIST_FIRST(&sock->queue, struct unix_message, link);
            list_remove(&message->link);
            sock->queue_length--;
            if (UNLIKELY(message == sock->urgent))
                sock->urgent = NULL;
        }
        spin_unlock(&sock->lock);
        if (!message)
            return any;
        unix_message_free(message);
        any = true;
    }
}

static void close_socket(struct unix_socket *sock, bool reset);

void unix_close_pending(struct unix_socket *sock)
{
    for (;;) {
        struct unix_socket *pending = NULL;

        spin_lock(&sock->lock);
        if (!list_empty(&sock->pending)) {
            pending = LIST_FIRST(&sock->pending, struct unix_socket, pending_link);
            list_remove(&pending->pending_link);
            sock->queue_length--;
        }
        spin_unlock(&sock->lock);
        if (!pending)
            return;
        close_socket(pending, true);
        unix_put(pending);
    }
}

/* The other side of a connection learns of the end; reset: what it sent was not read. */
static void tell_peer(struct unix_socket *peer, bool reset)
{
    if (reset)
        atomic_store(&peer->socket.error, ECONNRESET);
    shut(peer, SHUT_RDWR, POLL_HUP);
}

static void close_socket(struct unix_socket *sock, bool reset)
{
    struct unix_socket *peer;

    unix_unbind(sock);
    spin_lock(&sock->lock);
    sock->dead = true; /* from now on nothing is queued */
    atomic_store(&sock->state, UNIX_CLOSED);
    atomic_fetch_or(&sock->shutdown, SHUT_RDWR);
    spin_unlock(&sock->lock);
    wake_all(&sock->space, 0);
    unix_close_pending(sock);
    if (unix_is_datagram(sock)) {
        unix_purge_queue(sock);
        unix_datagram_disconnect(sock);
        return;
    }
    peer = unix_peer(sock);
    reset |= unix_purge_queue(sock);
    if (peer) {
        tell_peer(peer, reset);
        atomic_store(&sock->peer, NULL);
        unix_put(peer);
    }
}

void unix_close(struct socket *socket)
{
    close_socket(unix_of(socket), false);
    unix_collect();
}

void unix_free(struct socket *socket)
{
    struct unix_socket *sock = unix_of(socket);

    spin_lock(&unix_names_lock);
    list_remove(&sock->all_link);
    spin_unlock(&unix_names_lock);
    unix_address_put(atomic_load(&sock->address));
    unix_caller_put(atomic_load(&sock->caller));
    kfree(sock);
}

/* ---- ioctl(2), getsockopt(2) ---- */

static int64_t bytes_to_read(struct unix_socket *sock)
{
    bool first_only = unix_is_datagram(sock);
    int64_t total = 0;

    if (unix_state(sock) == UNIX_LISTENING)
        return -EINVAL;
    spin_lock(&sock->lock);
    LIST_FOR_EACH(link, &sock->queue)
    {
        struct unix_message *message = LIST_ENTRY(link, struct unix_message, link);

        total += message->length - message->consumed;
        if (first_only)
            break;
    }
    spin_unlock(&sock->lock);
    return total;
}

int64_t unix_ioctl(struct socket *socket, uint32_t request, uint64_t arg)
{
    struct unix_socket *sock = unix_of(socket);
    int64_t value;

    switch (request) {
    case SIOCINQ:
        value = bytes_to_read(sock);
        break;
    case SIOCOUTQ:
        value = atomic_load(&sock->charged);
        break;
    case SIOCATMARK:
        if (sock->socket.type != SOCK_STREAM)
            return -ENOTTY;
        value = unix_at_mark(sock);
        break;
    default:
        return -ENOTTY;
    }
    return value < 0 ? value : put_user_u32(UADDR(arg), (uint32_t)value);
}

static struct unix_caller *get_caller(struct unix_socket *sock)
{
    struct unix_caller *caller;

    spin_lock(&sock->lock);
    caller = atomic_load(&sock->caller);
    if (caller)
        ref_get(&caller->refs);
    spin_unlock(&sock->lock);
    return caller;
}

static int64_t put_value(uaddr_t value, const void *data, uint32_t bytes)
{
    return copy_to_user(value, data, bytes) ? -EFAULT : (int64_t)bytes;
}

/* SO_PEERGROUPS: *needed is how much room it takes, when there is too little. */
static int64_t put_groups(const struct unix_caller *caller, uaddr_t value, uint32_t size,
                          uint32_t *needed)
{
    uint32_t bytes;

    if (!caller)
        return -ENODATA;
    bytes = caller->group_count * (uint32_t)sizeof(uint32_t);
    *needed = bytes;
    return size < bytes ? -ERANGE : put_value(value, caller->groups, bytes);
}

int64_t unix_get_option(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size,
                        uint32_t *needed)
{
    static const struct socket_credentials nobody = {0, UINT32_MAX, UINT32_MAX};
    struct unix_socket *sock = unix_of(socket);
    struct unix_caller *caller;
    int64_t result = -ENOPROTOOPT;
    uint32_t accepting = unix_state(sock) == UNIX_LISTENING;

    if (name == SO_ACCEPTCONN)
        return put_value(value, &accepting, MIN(size, (uint32_t)sizeof(accepting)));
    caller = get_caller(sock);
    if (name == SO_PEERCRED)
        result = put_value(value, caller ? &caller->credentials : &nobody,
                           MIN(size, (uint32_t)sizeof(nobody)));
    else if (name == SO_PEERGROUPS)
        result = put_groups(caller, value, size, needed);
    unix_caller_put(caller);
    return result;
}

#define COMMON_OPS                                                                      \
    .bind = unix_bind, .pair = unix_pair, .name = unix_name, .shutdown = unix_shutdown, \
    .ioctl = unix_ioctl, .get_option = unix_get_option, .close = unix_close, .free = unix_free

const struct socket_ops unix_stream_ops = {COMMON_OPS,
                                           .connect = unix_stream_connect,
                                           .listen = unix_listen,
                                           .accept = unix_accept,
                                           .send = unix_stream_send,
                                           .receive = unix_stream_receive,
                                           .poll = unix_stream_poll};

const struct socket_ops unix_packet_ops = {COMMON_OPS,
                                           .connect = unix_stream_connect,
                                           .listen = unix_listen,
                                           .accept = unix_accept,
                                           .send = unix_packet_send,
                                           .receive = unix_packet_receive,
                                           .poll = unix_datagram_poll};

const struct socket_ops unix_datagram_ops = {
    COMMON_OPS, .connect = unix_datagram_connect, .send = unix_datagram_send,
    .receive = unix_datagram_receive, .poll = unix_datagram_poll};
