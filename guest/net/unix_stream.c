/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams: bytes without boundaries, cut only where descriptors or another
 * sender's credentials come with them.
 */
#include "lib/errno.h"
#include "net/unix_internal.h"
#include "sched/thread.h"

#define PIECE_MAX 32768u /* bytes of one message */

/* Queues a message at the peer: 0, or -EPIPE when it will not read. */
static int deliver(struct unix_socket *other, struct unix_message *message, bool urgent)
{
    uint32_t events = UNIX_READ_EVENTS | (urgent ? POLL_PRI : 0);
    bool closed;

    spin_lock(&other->lock);
    closed = other->dead || (atomic_load(&other->shutdown) & SHUT_RD);
    if (!closed) {
        list_push_back(&other->queue, &message->link);
        other->queue_length++;
        if (UNLIKELY(urgent))
            unix_urgent_queue(other, message);
    }
    spin_unlock(&other->lock);
    if (closed)
        return -EPIPE;
    if (UNLIKELY(urgent))
        unix_urgent_signal(other);
    wake_one(&other->readers, events);
    wake_one(&other->readable, events);
    return 0;
}

/* Sends at most one piece; its bytes, or errno. */
static ssize_t send_piece(struct unix_socket *sock, struct unix_socket *other,
                          struct socket_transfer *transfer, uint64_t deadline_ns)
{
    size_t urgent = transfer->flags & MSG_OOB, left = transfer->data->remaining; /* MSG_OOB is 1 */
    size_t size = MIN(MIN(left, sock->socket.send_buffer / 2 - 64), PIECE_MAX);
    struct socket_control *control = transfer->control;
    struct unix_message *message;
    int error = unix_wait_writable(sock, transfer->flags, deadline_ns);

    if (error)
        return error;
    if (atomic_load_explicit(&sock->shutdown, memory_order_relaxed) & SHUT_WR)
        return -EPIPE;
    if (UNLIKELY(urgent) && size == left) { /* the last byte goes alone */
        urgent = left == 1;
        size -= !urgent;
    } else {
        urgent = false;
    }
    message = unix_message_create(size);
    if (!message)
        return -ENOBUFS;
    error = unix_message_fill(message, transfer->data);
    if (!error && UNLIKELY(control && control->files)) { /* descriptors go with the first piece */
        error = unix_files_take_off(control->files);
        if (!error) {
            message->files = control->files;
            control->files = NULL;
        }
    }
    if (!error) {
        unix_message_identify(message, control, sock, other);
        unix_message_charge(message, sock);
        error = deliver(other, message, urgent);
    }
    if (error) {
        unix_message_free(message);
        return error;
    }
    return (ssize_t)size;
}

ssize_t unix_stream_send(struct socket *socket, struct socket_transfer *transfer)
{
    struct unix_socket *sock = unix_of(socket), *other;
    uint64_t deadline_ns = socket_deadline(socket->send_timeout_ns);
    ssize_t total = 0, done = 0;

    if ((transfer->flags & MSG_OOB) && !transfer->data->remaining)
        return -EOPNOTSUPP;
    if (transfer->address && transfer->address->length)
        return unix_state(sock) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    other = unix_peer(sock);
    if (!other)
        return -ENOTCONN;
    if (atomic_load_explicit(&sock->shutdown, memory_order_relaxed) & SHUT_WR)
        return -EPIPE;
    while (transfer->data->remaining) {
        done = send_piece(sock, other, transfer, deadline_ns);
        if (done < 0)
            break;
        total += done;
        if (transfer->data->remaining)
            (void)sched_checkpoint(); /* a signal ends only a send that would sleep, as on Linux */
    }
    unix_pass_on_writable(sock);
    return total ? total : done;
}

/* ---- receiving ---- */

struct reading {
    struct unix_socket *sock;
    struct socket_transfer *transfer;
    uint64_t deadline_ns;
    size_t target; /* bytes to wait for */
    size_t skip; /* of SO_PEEK_OFF: bytes still to be passed over */
    ssize_t copied;
    bool identified; /* credentials are those of the first message */
    struct unix_message *last; /* the one that was peeked at, or NULL */
};

/* The next message to read; NULL with *error set when there is none. */
static struct unix_message *next_message(struct reading *r, int *error)
{
    struct unix_socket *sock = r->sock;
    struct list *from = r->last ? &r->last->link : &sock->queue;
    struct list passed = LIST_INIT(passed);
    struct unix_message *message = NULL;
    bool stop = r->copied;

    *error = 0;
    spin_lock(&sock->lock);
    if (from->next != &sock->queue)
        message = LIST_ENTRY(from->next, struct unix_message, link);
    if (UNLIKELY(message && (message == sock->urgent || message->consumed == message->length)))
        message = unix_urgent_pass(sock, message, r->transfer->flags & MSG_PEEK, &stop, &passed);
    else
        stop = false;
    if (!message && !stop && (size_t)r->copied < r->target) {
        *error = socket_take_error(&sock->socket);
        if (!*error && !(atomic_load(&sock->shutdown) & SHUT_RD))
            *error = -EAGAIN;
    }
    spin_unlock(&sock->lock);
    while (UNLIKELY(!list_empty(&passed))) {
        struct unix_message *gone = LIST_FIRST(&passed, struct unix_message, link);

        list_remove(&gone->link);
        unix_message_free(gone);
    }
    return message;
}

static bool has_news(struct unix_socket *sock, uint32_t flags)
{
    bool news;

    spin_lock(&sock->lock);
    news = unix_has_message(sock, flags) || atomic_load(&sock->socket.error) ||
           (atomic_load(&sock->shutdown) & SHUT_RD);
    spin_unlock(&sock->lock);
    return news;
}

/* Sleeps with read_lock dropped until there is something; 0 or errno. */
static int wait_for_news(struct reading *r)
{
    struct unix_socket *sock = r->sock;
    struct wait_entry entry;
    int error = 0;

    mutex_unlock(&sock->read_lock);
    wait_begin_exclusive(&sock->readers, &entry);
    while (!has_news(sock, r->transfer->flags) && (error = wait_sleep(r->deadline_ns)) == 0)
        wait_again(&sock->readers, &entry);
    wait_end(&sock->readers, &entry);
    mutex_lock(&sock->read_lock);
    return socket_wait_error(error, sock->socket.receive_timeout_ns);
}

/* With credentials wanted, messages of different senders are not glued. */
static bool is_foreign(const struct reading *r, const struct unix_message *message)
{
    const struct socket_credentials *first, *this = &message->credentials;

    if (!r->identified || !atomic_load(&r->sock->socket.pass_credentials) || !r->transfer->control)
        return false;
    first = &r->transfer->control->credentials;
    return first->pid != this->pid || first->uid != this->uid || first->gid != this->gid;
}

static void take_off_queue(struct unix_socket *sock, struct unix_message *message)
{
    spin_lock(&sock->lock);
    list_remove(&message->link);
    sock->queue_length--;
    spin_unlock(&sock->lock);
    unix_message_free(message);
}

/* Reads from one message: true when the call goes on with the next. */
static bool read_message(struct reading *r, struct unix_message *message, int *error)
{
    struct socket_transfer *transfer = r->transfer;
    bool peek = transfer->flags & MSG_PEEK, had_files = message->files;
    size_t from = message->consumed + r->skip; /* is inside of it */
    size_t size = MIN(transfer->data->remaining, message->length - from);
    ssize_t done = unix_message_copy(message, transfer->data, from, size);

    if (done < 0) {
        *error = (int)done;
        return false;
    }
    r->copied += done;
    if (transfer->address && !r->identified)
        unix_copy_address(message->sender, transfer->address);
    r->identified = true;
    unix_move_peek_offset(r->sock, peek ? done : -done);
    *error = unix_message_give(message, transfer, peek);
    if (*error)
        return false;
    if (peek) {
        r->last = message;
        r->skip = 0;
        return !had_files && transfer->data->remaining;
    }
    message->consumed += (uint32_t)size;
    if (message->consumed < message->length)
        return false;
    take_off_queue(r->sock, message);
    return !had_files && transfer->data->remaining;
}

static int read_loop(struct reading *r)
{
    bool more = true;
    int error = 0;

    while (more) {
        struct unix_message *message = next_message(r, &error);

        if (message && UNLIKELY(r->skip >= message->length - message->consumed && r->skip)) {
            r->skip -= message->length - message->consumed;
            r->last = message;
        } else if (message) {
            if (is_foreign(r, message))
                break;
            more = read_message(r, message, &error);
        } else if (error == -EAGAIN && (!r->last || !r->copied) &&
                   !(r->transfer->flags & MSG_DONTWAIT)) {
            r->last = NULL;
            r->skip = unix_peek_from(r->sock, r->transfer->flags);
            error = wait_for_news(r);
            more = !error;
        } else {
            more = false;
        }
    }
    return error;
}

ssize_t unix_stream_receive(struct socket *socket, struct socket_transfer *transfer)
{
    struct unix_socket *sock = unix_of(socket);
    struct reading r = {.sock = sock, .transfer = transfer};
    size_t wanted = transfer->data->remaining;
    int error;

    if (unix_state(sock) != UNIX_CONNECTED)
        return -EINVAL;
    if (UNLIKELY(transfer->flags & MSG_OOB))
        return unix_urgent_receive(sock, transfer);
    r.skip = unix_peek_from(sock, transfer->flags);
    if (!(transfer->flags & MSG_WAITALL))
        wanted = MIN(wanted, (size_t)MAX(socket->receive_low_water, 0));
    r.target = MAX(wanted, 1ul);
    r.deadline_ns = socket_deadline(socket->receive_timeout_ns);
    mutex_lock(&sock->read_lock);
    error = read_loop(&r);
    mutex_unlock(&sock->read_lock);
    if (!list_empty(&sock->queue)) /* another sleeper may take what we left */
        wake_one(&sock->readers, UNIX_READ_EVENTS);
    return r.copied ? r.copied : error;
}

uint32_t unix_stream_poll(struct socket *socket, struct poll_table *table)
{
    struct unix_socket *sock = unix_of(socket);
    uint32_t ready = 0, shut;
    enum unix_state state;

    if (table) {
        table->add(table, &sock->readable);
        table->add(table, &sock->writable);
    }
    /* Without the lock: each is one word, and a change wakes the queues. */
    shut = atomic_load(&sock->shutdown);
    state = unix_state(sock);
    if (atomic_load(&socket->error))
        ready |= POLL_ERR;
    if (shut == SHUT_RDWR || state == UNIX_CLOSED)
        ready |= POLL_HUP;
    if (shut & SHUT_RD)
        ready |= POLL_RDHUP | POLL_IN | POLL_RDNORM;
    if (!list_empty(&sock->queue) || !list_empty(&sock->pending))
        ready |= POLL_IN | POLL_RDNORM;
    if (UNLIKELY(atomic_load_explicit(&sock->urgent_waits, memory_order_relaxed)))
        ready |= POLL_PRI;
    if (state != UNIX_LISTENING && unix_writable(sock))
        ready |= POLL_OUT | POLL_WRNORM | POLL_WRBAND;
    return ready;
}
