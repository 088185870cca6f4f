/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whom a datagram socket is connected to, which may change.  A receiver holds few
 * messages (its backlog): who is connected to a full one and polls hangs a relay on
 * its space, which wakes the poller's queue when there is room.
 */
#include "lib/errno.h"
#include "net/unix_internal.h"

struct unix_socket *unix_get_peer(struct unix_socket *sock)
{
    struct unix_socket *peer;

    spin_lock(&sock->lock);
    peer = atomic_load_explicit(&sock->peer, memory_order_relaxed);
    if (peer)
        unix_get(peer);
    spin_unlock(&sock->lock);
    return peer;
}

bool unix_is_full(struct unix_socket *sock, struct unix_socket *other)
{
    return other != sock && atomic_load_explicit(&other->peer, memory_order_relaxed) != sock &&
           __atomic_load_n(&other->queue_length, __ATOMIC_RELAXED) > other->backlog;
}

static bool relay(struct wait_entry *entry, uint32_t key)
{
    struct unix_socket *sock = CONTAINER_OF(entry, struct unix_socket, relay);

    (void)key;
    wake_all(&sock->writable, UNIX_WRITE_EVENTS);
    return true;
}

/* lock held.  The peer whose space it was on: the caller drops the reference. */
static struct unix_socket *remove_relay_locked(struct unix_socket *sock)
{
    struct unix_socket *peer = sock->relay_peer;

    if (peer)
        wait_end(&peer->space, &sock->relay); /* waits for a waker that is at it */
    sock->relay_peer = NULL;
    return peer;
}

void unix_add_relay(struct unix_socket *sock, struct unix_socket *other)
{
    struct unix_socket *old = NULL;

    spin_lock(&sock->lock);
    if (atomic_load_explicit(&sock->peer, memory_order_relaxed) == other) {
        if (sock->relay_peer != other) {
            old = remove_relay_locked(sock);
            sock->relay_peer = unix_get(other);
        }
        if (!__atomic_load_n(&sock->relay.queue, __ATOMIC_ACQUIRE)) { /* a waker takes it off */
            sock->relay = (struct wait_entry){.callback = relay, .leaves_when_woken = true};
            wait_add(&other->space, &sock->relay);
        }
    }
    spin_unlock(&sock->lock);
    unix_put(old);
}

struct unix_socket *unix_change_peer(struct unix_socket *sock, struct unix_socket *peer)
{
    struct unix_socket *old, *relayed;

    spin_lock(&sock->lock);
    relayed = remove_relay_locked(sock);
    old = atomic_exchange(&sock->peer, peer);
    if (!sock->dead)
        atomic_store(&sock->state, peer ? UNIX_CONNECTED : UNIX_CLOSED);
    spin_unlock(&sock->lock);
    unix_put(relayed);
    return old;
}

void unix_datagram_disconnect(struct unix_socket *sock)
{
    unix_put(unix_change_peer(sock, NULL));
}

void unix_disconnected(struct unix_socket *sock, struct unix_socket *old)
{
    if (!unix_purge_queue(sock))
        return;
    wake_all(&sock->space, 0);
    if (atomic_load(&old->peer) == sock) {
        atomic_store(&old->socket.error, ECONNRESET);
        unix_wake_everybody(old, 0);
    }
}

int unix_datagram_connect(struct socket *socket, const struct socket_address *address,
                          bool nonblocking)
{
    struct unix_socket *sock = unix_of(socket), *other = NULL, *old, *their_peer;
    int error;

    (void)nonblocking;
    if (address->length < UNIX_PATH_OFFSET)
        return -EINVAL;
    if (address->family != AF_UNSPEC) {
        error = unix_check_address(address);
        if (!error && atomic_load(&socket->pass_credentials))
            error = unix_autobind(sock);
        if (!error)
            error = unix_find(address, SOCK_DGRAM, &other);
        if (error)
            return error;
        their_peer = atomic_load(&other->peer);
        if (their_peer && their_peer != sock) {
            unix_put(other);
            return -EPERM;
        }
    }
    old = unix_change_peer(sock, other);
    if (old && old != other)
        unix_disconnected(sock, old);
    unix_put(old);
    return 0;
}
