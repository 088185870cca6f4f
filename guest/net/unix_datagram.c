/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages with boundaries: datagrams, to whoever is named or connected, and
 * packets (SOCK_SEQPACKET) over a connection.
 */
#include "lib/errno.h"
#include "net/unix_internal.h"

#define HEADER_SIZE 32u /* Linux keeps as much of the buffer to itself */

/* ---- sending ---- */

/* Queues the message at other: 0, or why not (-ECONNREFUSED: it is closed, -EAGAIN: full). */
static int deliver(struct unix_socket *sock, struct unix_socket *other,
                   struct unix_message *message)
{
    struct unix_socket *their_peer;
    int error = 0;

    spin_lock(&other->lock);
    their_peer = atomic_load_explicit(&other->peer, memory_order_relaxed);
    if (other->dead)
        error = -ECONNREFUSED;
    else if (their_peer && their_peer != sock)
        error = -EPERM;
    else if (atomic_load(&other->shutdown) & SHUT_RD)
        error = -EPIPE_QUIET;
    else if (unix_is_full(sock, other))
        error = -EAGAIN;
    if (!error) {
        list_push_back(&other->queue, &message->link);
        other->queue_length++;
    }
    spin_unlock(&other->lock);
    if (!error) {
        wake_one(&other->readers, UNIX_READ_EVENTS);
        wake_one(&other->readable, UNIX_READ_EVENTS);
    }
    return error;
}

static bool may_try_again(struct unix_socket *sock, struct unix_socket *other)
{
    return !unix_is_full(sock, other) || __atomic_load_n(&other->dead, __ATOMIC_RELAXED) ||
           (atomic_load(&other->shutdown) & SHUT_RD);
}

static int wait_for_space(struct unix_socket *sock, struct unix_socket *other, uint64_t deadline_ns)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin_exclusive(&other->space, &entry);
    while (!may_try_again(sock, other) && (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&other->space, &entry);
    wait_end(&other->space, &entry);
    if (error && may_try_again(sock, other))
        wake_one(&other->space, UNIX_WRITE_EVENTS); /* for the next, if it was ours */
    return socket_wait_error(error, sock->socket.send_timeout_ns);
}

/* The receiver has been closed: errno for the sender, or 0 to look its name up again. */
static int receiver_is_gone(struct unix_socket *sock, struct unix_socket *other)
{
    if (!unix_is_datagram(sock))
        return -EPIPE_QUIET;
    if (atomic_load(&sock->peer) != other)
        return 0;
    unix_put(unix_change_peer(sock, NULL));
    unix_disconnected(sock, other);
    return -ECONNREFUSED;
}

/* Delivers the message to other (a reference, or NULL: whoever has the address). */
static int send_message(struct unix_socket *sock, struct unix_socket *other,
                        const struct socket_transfer *transfer, struct unix_message *message,
                        uint64_t deadline_ns)
{
    int error;

    do {
        error = 0;
        if (!other)
            error =
                transfer->address ? unix_find(transfer->address, SOCK_DGRAM, &other) : -ECONNRESET;
        if (error)
            return error;
        unix_message_identify(message, transfer->control, sock, other);
        error = deliver(sock, other, message);
        if (error == -EAGAIN && !(transfer->flags & MSG_DONTWAIT)) {
            error = wait_for_space(sock, other, deadline_ns);
            if (!error)
                continue;
        } else if (error == -EAGAIN) {
            unix_add_relay(sock, other);
        } else if (error == -ECONNREFUSED) {
            error = receiver_is_gone(sock, other);
            if (!error) {
                unix_put(other);
                other = NULL;
                continue;
            }
        }
        break;
    } while (true);
    unix_put(other);
    return error;
}

/* A message with the transfer's bytes and files, charged to sock; NULL with *error. */
static struct unix_message *make_message(struct unix_socket *sock, struct socket_transfer *transfer,
                                         int *error)
{
    struct unix_message *message = unix_message_create(transfer->data->remaining);
    struct socket_control *control = transfer->control;

    *error = message ? unix_message_fill(message, transfer->data) : -ENOBUFS;
    if (!*error && UNLIKELY(control && control->files)) {
        *error = unix_files_take_off(control->files);
        if (!*error) {
            message->files = control->files;
            control->files = NULL;
        }
    }
    if (!*error) {
        unix_message_charge(message, sock);
        return message;
    }
    if (message)
        unix_message_free(message);
    return NULL;
}

ssize_t unix_datagram_send(struct socket *socket, struct socket_transfer *transfer)
{
    struct unix_socket *sock = unix_of(socket), *other = NULL;
    uint64_t deadline_ns = socket_deadline(socket->send_timeout_ns);
    size_t size = transfer->data->remaining;
    struct unix_message *message;
    int error = 0;

    if (transfer->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (transfer->address && transfer->address->length)
        error = unix_check_address(transfer->address);
    else if ((other = unix_get_peer(sock)) == NULL)
        error = -ENOTCONN;
    if (!error && atomic_load(&socket->pass_credentials))
        error = unix_autobind(sock);
    if (!error && size > socket->send_buffer - HEADER_SIZE)
        error = -EMSGSIZE;
    if (!error)
        error = unix_wait_writable(sock, transfer->flags, deadline_ns);
    if (!error && (atomic_load(&sock->shutdown) & SHUT_WR))
        error = -EPIPE_QUIET;
    message = error ? NULL : make_message(sock, transfer, &error);
    if (!message) {
        unix_put(other);
        return error;
    }
    error = send_message(sock, other, transfer, message, deadline_ns);
    if (error)
        unix_message_free(message);
    unix_pass_on_writable(sock);
    return error ? error : (ssize_t)size;
}

ssize_t unix_packet_send(struct socket *socket, struct socket_transfer *transfer)
{
    if (unix_state(unix_of(socket)) != UNIX_CONNECTED)
        return -ENOTCONN;
    transfer->address = NULL;
    return unix_datagram_send(socket, transfer);
}

/* ---- receiving ---- */

/* The message that SO_PEEK_OFF points to, with *skip bytes of it to be passed over; lock held. */
static struct unix_message *find_peeked(struct unix_socket *sock, size_t *skip)
{
    LIST_FOR_EACH(link, &sock->queue)
    {
        struct unix_message *message = LIST_ENTRY(link, struct unix_message, link);

        if (*skip < message->length || (!*skip && !message->peeked)) {
            message->peeked = true;
            return message;
        }
        *skip -= message->length;
    }
    return NULL;
}

/* The first message, off the queue unless peek; NULL with *error (0: the end). */
static struct unix_message *try_take(struct unix_socket *sock, bool peek, size_t *skip, int *error)
{
    struct unix_message *message = NULL;

    *error = socket_take_error(&sock->socket);
    if (*error)
        return NULL;
    spin_lock(&sock->lock);
    if (UNLIKELY(peek && sock->socket.peek_offset >= 0))
        message = find_peeked(sock, skip);
    else if (!list_empty(&sock->queue))
        message = LIST_FIRST(&sock->queue, struct unix_message, link);
    if (message && !peek) {
        list_remove(&message->link);
        sock->queue_length--;
    } else if (!message && !(atomic_load(&sock->shutdown) & SHUT_RD)) {
        *error = -EAGAIN;
    }
    spin_unlock(&sock->lock);
    return message;
}

static bool has_news(struct unix_socket *sock, uint32_t flags)
{
    bool news;

    spin_lock(&sock->lock);
    news = unix_has_message(sock, flags) || (atomic_load(&sock->shutdown) & SHUT_RD) ||
           atomic_load(&sock->socket.error);
    spin_unlock(&sock->lock);
    return news;
}

static int wait_for_news(struct unix_socket *sock, uint32_t flags, uint64_t deadline_ns)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin_exclusive(&sock->readers, &entry);
    while (!has_news(sock, flags) && (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&sock->readers, &entry);
    wait_end(&sock->readers, &entry);
    return socket_wait_error(error, sock->socket.receive_timeout_ns);
}

/* With read_lock held in the end, if there is a message. */
static struct unix_message *take(struct unix_socket *sock, uint32_t flags, size_t *skip, int *error)
{
    uint64_t deadline_ns = socket_deadline(sock->socket.receive_timeout_ns);

    for (;;) {
        struct unix_message *message;

        mutex_lock(&sock->read_lock);
        *skip = unix_peek_from(sock, flags);
        message = try_take(sock, flags & MSG_PEEK, skip, error);
        if (message)
            return message;
        mutex_unlock(&sock->read_lock);
        if (flags & MSG_DONTWAIT) {
            if (*error == 0 && unix_is_datagram(sock)) /* only packets have an end */
                *error = -EAGAIN;
            return NULL;
        }
        if (*error == -EAGAIN)
            *error = wait_for_news(sock, flags, deadline_ns);
        else
            return NULL;
        if (*error)
            return NULL;
    }
}

/* skip: bytes of it that a peek passes over */
static ssize_t read_message(struct unix_socket *sock, struct unix_message *message, size_t skip,
                            struct socket_transfer *transfer)
{
    size_t length = message->length - skip, size = MIN(transfer->data->remaining, length);
    bool peek = transfer->flags & MSG_PEEK;
    ssize_t done;
    int error;

    if (transfer->address)
        unix_copy_address(message->sender, transfer->address);
    if (size < length)
        transfer->result_flags |= MSG_TRUNC;
    done = unix_message_copy(message, transfer->data, skip, size);
    if (done < 0)
        return done;
    unix_move_peek_offset(sock, peek ? done : -(ssize_t)message->length);
    error = unix_message_give(message, transfer, peek);
    if (error)
        return error;
    return (transfer->flags & MSG_TRUNC) ? (ssize_t)length : done;
}

ssize_t unix_datagram_receive(struct socket *socket, struct socket_transfer *transfer)
{
    struct unix_socket *sock = unix_of(socket);
    struct unix_message *message;
    ssize_t done;
    size_t skip;
    int error;

    if (transfer->flags & MSG_OOB)
        return -EOPNOTSUPP;
    message = take(sock, transfer->flags, &skip, &error);
    if (!message)
        return error;
    if (!(transfer->flags & MSG_PEEK))
        wake_one(&sock->space, UNIX_WRITE_EVENTS);
    done = read_message(sock, message, skip, transfer);
    mutex_unlock(&sock->read_lock);
    if (!(transfer->flags & MSG_PEEK))
        unix_message_free(message);
    if (!list_empty(&sock->queue))
        wake_one(&sock->readers, UNIX_READ_EVENTS);
    return done;
}

ssize_t unix_packet_receive(struct socket *socket, struct socket_transfer *transfer)
{
    if (unix_state(unix_of(socket)) != UNIX_CONNECTED)
        return -ENOTCONN;
    return unix_datagram_receive(socket, transfer);
}

uint32_t unix_datagram_poll(struct socket *socket, struct poll_table *table)
{
    struct unix_socket *sock = unix_of(socket), *peer;
    uint32_t ready = unix_stream_poll(socket, table);

    if (!unix_is_datagram(sock))
        return ready;
    if (atomic_load(&sock->shutdown) != SHUT_RDWR) /* no connection, nothing to hang up */
        ready &= ~POLL_HUP;
    if (!(ready & POLL_OUT) || !atomic_load_explicit(&sock->peer, memory_order_relaxed))
        return ready;
    peer = unix_get_peer(sock);
    if (peer && unix_is_full(sock, peer)) {
        unix_add_relay(sock, peer);
        if (unix_is_full(sock, peer))
            ready &= ~(POLL_OUT | POLL_WRNORM | POLL_WRBAND);
    }
    unix_put(peer);
    return ready;
}
