/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSG_OOB on streams: the last byte of such a send is a message of its own, which
 * marks its place in the stream and can be received ahead of what comes before.  The
 * mark is sock->urgent and is guarded by sock->lock; when the byte has been taken, its
 * empty message stays in the queue as the mark until it is read over.
 */
#include "fs/file_owner.h"
#include "lib/errno.h"
#include "net/unix_internal.h"

static bool is_taken(const struct unix_message *message)
{
    return message->consumed == message->length;
}

static void set_mark(struct unix_socket *sock, struct unix_message *message)
{
    sock->urgent = message;
    atomic_store(&sock->urgent_waits, message != NULL && !is_taken(message));
}

void unix_urgent_queue(struct unix_socket *sock, struct unix_message *message)
{
    set_mark(sock, message); /* an older byte becomes one like others */
}

void unix_urgent_signal(struct unix_socket *sock)
{
    struct file *file = NULL;

    spin_lock(&sock->lock);
    if (!sock->dead) /* else the file may be gone */
        file = atomic_load(&sock->socket.file);
    if (file && !ref_get_unless_zero(&file->refs))
        file = NULL;
    spin_unlock(&sock->lock);
    if (!file)
        return;
    file_owner_urgent(file);
    file_put(file);
}

/* May a reader that goes over it have the mark's byte? */
static bool is_in_line(const struct unix_socket *sock, const struct unix_message *message)
{
    return !is_taken(message) && (sock->socket.flags & SOCKET_FLAG_OOB_INLINE);
}

struct unix_message *unix_urgent_pass(struct unix_socket *sock, struct unix_message *message,
                                      bool peek, bool *stop, struct list *passed)
{
    while (message && (message == sock->urgent || is_taken(message))) {
        struct list *next = message->link.next;

        if (message == sock->urgent) {
            if (*stop)
                return NULL;
            if (!peek)
                set_mark(sock, NULL);
            if (is_in_line(sock, message))
                break;
        }
        if (!peek) {
            list_remove(&message->link);
            sock->queue_length--;
            list_push_back(passed, &message->link);
        }
        message = next == &sock->queue ? NULL : LIST_ENTRY(next, struct unix_message, link);
    }
    *stop = false;
    return message;
}

bool unix_at_mark(struct unix_socket *sock)
{
    bool at_mark;

    spin_lock(&sock->lock);
    at_mark = sock->urgent && sock->queue.next == &sock->urgent->link;
    spin_unlock(&sock->lock);
    return at_mark;
}

/* read_lock held: only receivers take messages off and move their beginnings. */
static ssize_t receive_locked(struct unix_socket *sock, struct socket_transfer *transfer)
{
    struct unix_message *message;
    ssize_t done = 0;

    spin_lock(&sock->lock);
    message = sock->urgent;
    if (message && (is_taken(message) || (sock->socket.flags & SOCKET_FLAG_OOB_INLINE)))
        message = NULL;
    spin_unlock(&sock->lock);
    if (!message)
        return -EINVAL;
    if (transfer->data->remaining)
        done = unix_message_copy(message, transfer->data, message->consumed, 1);
    if (done < 0)
        return done;
    if (!(transfer->flags & MSG_PEEK)) {
        spin_lock(&sock->lock);
        message->consumed = message->length;
        if (sock->urgent == message)
            set_mark(sock, message);
        spin_unlock(&sock->lock);
    }
    transfer->result_flags |= MSG_OOB;
    return 1;
}

ssize_t unix_urgent_receive(struct unix_socket *sock, struct socket_transfer *transfer)
{
    ssize_t done;

    mutex_lock(&sock->read_lock);
    done = receive_locked(sock, transfer);
    mutex_unlock(&sock->read_lock);
    return done;
}
