/* SPDX-License-Identifier: BSD-2-Clause */
/* listen, connect and accept of streams and packets, and who is at the other end. */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/unix_internal.h"

struct unix_caller *unix_caller_create(void)
{
    struct socket_identity identity;
    struct unix_caller *caller;

    socket_identity(&identity);
    caller = kmalloc(sizeof(*caller) + identity.group_count * sizeof(uint32_t));
    if (!caller)
        return NULL;
    ref_init(&caller->refs);
    caller->credentials = identity.effective;
    caller->group_count = identity.group_count;
    memcpy(caller->groups, identity.groups, identity.group_count * sizeof(uint32_t));
    return caller;
}

void unix_caller_put(struct unix_caller *caller)
{
    if (caller && ref_put(&caller->refs))
        kfree(caller);
}

int unix_listen(struct socket *socket, uint32_t backlog)
{
    struct unix_socket *sock = unix_of(socket);
    struct unix_caller *caller = unix_caller_create(); /* whom those who connect will see */
    int error = caller ? 0 : -ENOMEM;

    mutex_lock(&sock->setup_lock);
    if (!error && (!atomic_load(&sock->address) || unix_state(sock) == UNIX_CONNECTED))
        error = -EINVAL;
    if (!error) {
        spin_lock(&sock->lock);
        sock->backlog = backlog;
        caller = atomic_exchange(&sock->caller, caller);
        atomic_store(&sock->state, UNIX_LISTENING);
        spin_unlock(&sock->lock);
    }
    mutex_unlock(&sock->setup_lock);
    unix_caller_put(caller);
    if (!error)
        wake_all(&sock->space, 0);
    return error;
}

/* ---- connect ---- */

static bool queue_is_full(const struct unix_socket *listener)
{
    return __atomic_load_n(&listener->queue_length, __ATOMIC_RELAXED) > listener->backlog;
}

static bool accepts(struct unix_socket *listener)
{
    return unix_state(listener) == UNIX_LISTENING && !(atomic_load(&listener->shutdown) & SHUT_RD);
}

/*
 * Ties sock to end, the socket that listener's accept will return, and queues that.
 * 0, -ECONNREFUSED, or -EAGAIN when the queue is full.  sock's setup_lock is held.
 */
static int join(struct unix_socket *sock, struct unix_socket *end, struct unix_socket *listener)
{
    int error = 0;

    spin_lock(&listener->lock);
    if (listener->dead || !accepts(listener))
        error = -ECONNREFUSED;
    else if (queue_is_full(listener))
        error = -EAGAIN;
    if (!error) {
        /* Both ends are whole before anybody can accept. */
        ref_get(&atomic_load(&listener->caller)->refs);
        atomic_store(&sock->caller, atomic_load(&listener->caller));
        atomic_store(&end->peer, unix_get(sock));
        atomic_store(&end->state, UNIX_CONNECTED);
        atomic_store(&sock->peer, unix_get(end));
        atomic_store(&sock->state, UNIX_CONNECTED);
        list_push_back(&listener->pending, &end->pending_link); /* its reference goes along */
        listener->queue_length++;
    }
    spin_unlock(&listener->lock);
    return error;
}

/* Looks at sock's own state; 0 or errno. */
static int check_own_state(struct unix_socket *sock)
{
    switch (unix_state(sock)) {
    case UNIX_CLOSED:
        return 0;
    case UNIX_CONNECTED:
        return -EISCONN;
    default:
        return -EINVAL;
    }
}

static int connect_once(struct unix_socket *sock, struct unix_socket *end,
                        struct unix_socket *listener)
{
    struct unix_address *address = atomic_load(&listener->address);
    int error = 0;

    mutex_lock(&sock->setup_lock);
    if (!accepts(listener))
        error = -ECONNREFUSED;
    else if (queue_is_full(listener))
        error = -EAGAIN;
    if (!error)
        error = check_own_state(sock);
    if (!error && !atomic_load(&end->address)) {
        ref_get(&address->refs); /* a listener has one, and keeps it */
        atomic_store(&end->address, address);
    }
    if (!error)
        error = join(sock, end, listener);
    mutex_unlock(&sock->setup_lock);
    return error;
}

/* Sleeps until the listener's queue has room, or it is none any more; 0 or errno. */
static int wait_for_room(struct unix_socket *sock, struct unix_socket *listener,
                         uint64_t deadline_ns)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin_exclusive(&listener->space, &entry);
    while (accepts(listener) && queue_is_full(listener) && (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&listener->space, &entry);
    wait_end(&listener->space, &entry);
    if (error && !queue_is_full(listener))
        wake_one(&listener->space, 0);
    return socket_wait_error(error, sock->socket.send_timeout_ns);
}

/* Finds the listener at address and connects; the accepting end has sock's caller as peer. */
static int connect_to(struct unix_socket *sock, struct unix_socket *end,
                      const struct socket_address *address, bool nonblocking)
{
    uint64_t deadline_ns = socket_deadline(sock->socket.send_timeout_ns);
    struct unix_socket *listener;
    int error;

    for (;;) {
        error = unix_find(address, sock->socket.type, &listener);
        if (error)
            return error;
        error = connect_once(sock, end, listener);
        if (error != -EAGAIN || nonblocking)
            break;
        error = wait_for_room(sock, listener, deadline_ns);
        unix_put(listener);
        if (error)
            return error;
    }
    if (!error) {
        wake_one(&listener->readers, UNIX_READ_EVENTS);
        wake_one(&listener->readable, UNIX_READ_EVENTS);
        wake_all(&sock->writable, UNIX_WRITE_EVENTS); /* it was hung up until now */
    }
    unix_put(listener);
    return error;
}

int unix_stream_connect(struct socket *socket, const struct socket_address *address,
                        bool nonblocking)
{
    struct unix_socket *sock = unix_of(socket), *end;
    int error = unix_check_address(address);

    if (!error && atomic_load(&socket->pass_credentials))
        error = unix_autobind(sock);
    if (error)
        return error;
    end = unix_new(socket->ops, socket->type);
    if (!end)
        return -ENOMEM;
    /* Whoever accepts may want to know the senders of what comes before. */
    atomic_store(&end->socket.pass_credentials, true);
    atomic_store(&end->caller, unix_caller_create());
    error = atomic_load(&end->caller) ? connect_to(sock, end, address, nonblocking) : -ENOMEM;
    if (error)
        unix_put(end);
    return error;
}

/* ---- accept ---- */

/* The oldest pending connection; NULL with *error. */
static struct unix_socket *take_pending(struct unix_socket *sock, int *error)
{
    struct unix_socket *pending = NULL;

    *error = 0;
    spin_lock(&sock->lock);
    if (!list_empty(&sock->pending)) {
        pending = LIST_FIRST(&sock->pending, struct unix_socket, pending_link);
        list_remove(&pending->pending_link);
        sock->queue_length--;
    } else if (unix_state(sock) != UNIX_LISTENING || (atomic_load(&sock->shutdown) & SHUT_RD)) {
        *error = -EINVAL;
    } else {
        *error = -EAGAIN;
    }
    spin_unlock(&sock->lock);
    return pending;
}

int unix_accept(struct socket *socket, bool nonblocking, struct socket **accepted)
{
    struct unix_socket *sock = unix_of(socket), *pending;
    uint64_t deadline_ns = socket_deadline(socket->receive_timeout_ns);
    struct wait_entry entry;
    int error, slept = 0;

    if (unix_state(sock) != UNIX_LISTENING)
        return -EINVAL;
    pending = take_pending(sock, &error);
    if (error == -EAGAIN && !nonblocking) {
        wait_begin_exclusive(&sock->readers, &entry);
        while ((pending = take_pending(sock, &error)) == NULL && error == -EAGAIN &&
               (slept = wait_sleep(deadline_ns)) == 0)
            wait_again(&sock->readers, &entry);
        wait_end(&sock->readers, &entry);
    }
    if (!list_empty(&sock->pending)) /* for another sleeper */
        wake_one(&sock->readers, UNIX_READ_EVENTS);
    if (!pending)
        return slept ? socket_wait_error(slept, socket->receive_timeout_ns) : error;
    wake_one(&sock->space, 0);
    atomic_store(&pending->socket.pass_credentials, atomic_load(&socket->pass_credentials));
    *accepted = &pending->socket;
    return 0;
}
