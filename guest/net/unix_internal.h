/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX inside: sockets, names and messages.
 *
 * A message lies in the queue of the socket that will receive it and is charged
 * to the one that sent it, which sleeps when SO_SNDBUF is used up.  A pending
 * connection is a socket too (the accepting end), in the listener's queue of those.
 *
 * Who guards what:
 *   setup_lock (mutex)   bind, listen and connect of one socket, one at a time
 *   read_lock (mutex)    receivers take turns; who has it may look at the head of
 *                        the queue without lock, as only receivers take messages off
 *   lock (spinlock, LOCK_RANK_SOCKET; never two at once)
 *                        queue, urgent, pending, backlog, dead; setting state, shutdown and peer
 *   unix_names_lock (spinlock, LOCK_RANK_SOCKET_NAMES, outside lock)
 *                        names, inode->private_data of socket inodes, the list of all
 *   unix_flight_lock (mutex, outside the spinlocks)
 *                        descriptors in flight: counts and the list, and their collection
 * address is set once, under setup_lock, and read without a lock.
 *
 * peer is a reference.  For streams and packets it is set once, when they connect, and
 * stays until the socket is freed: so messages of theirs need no reference to the
 * sender.  Datagram sockets change it under lock, and their messages hold the sender.
 *
 * Waiting: threads in receive and accept sleep on readers, in send on writers, one
 * woken per message; those in connect and send to a full queue on space of the
 * queue's owner.  poll and epoll use readable and writable: all are woken, but one of the
 * exclusive ones per message, as many epolls may watch one listener.
 * space may be woken with relays on it, which wake writable of other sockets: so it
 * has a rank of its own, before wait queues.  Wakes happen without lock held.
 */
#ifndef NET_UNIX_INTERNAL_H
#define NET_UNIX_INTERNAL_H

#include "lib/rbtree.h"
#include "net/unix.h"

#define UNIX_PATH_MAX 108u
#define UNIX_PATH_OFFSET 2u /* of sun_path in struct sockaddr_un */
#define UNIX_DATAGRAM_BACKLOG 10u /* net.unix.max_dgram_qlen */
#define UNIX_READ_EVENTS (POLL_IN | POLL_RDNORM | POLL_RDBAND)
#define UNIX_WRITE_EVENTS (POLL_OUT | POLL_WRNORM | POLL_WRBAND)

enum unix_state { UNIX_CLOSED, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_address {
    struct refcount refs;
    struct rb_node node; /* abstract ones: in the tree of names */
    struct unix_socket *owner; /* abstract ones: who is bound to it */
    uint32_t length; /* with the family; a path without its NUL has one added */
    uint8_t type; /* names of different socket types do not meet */
    uint8_t bytes[]; /* struct sockaddr_un */
};

struct unix_caller { /* who made a connection or a listener; does not change */
    struct refcount refs;
    struct socket_credentials credentials;
    uint32_t group_count;
    uint32_t groups[];
};

struct unix_message {
    struct list link; /* of the receiver's queue */
    struct unix_socket *sender; /* pays for it; a reference for datagrams only */
    struct socket_files *files; /* owned */
    struct socket_credentials credentials;
    bool holds_sender, peeked; /* peeked: a datagram that SO_PEEK_OFF has shown */
    uint32_t length, consumed; /* bytes; a stream's reader may have taken some */
    uint32_t charge;
    void *pages[]; /* or the bytes themselves, when they are few */
};

struct unix_socket {
    struct socket socket;
    struct spinlock lock;
    _Atomic(enum unix_state) state;
    atomic_uint shutdown; /* SHUT_RD, SHUT_WR */
    bool dead; /* closed: no file, or a pending connection that nobody took */
    uint32_t queue_length; /* messages, or pending connections of a listener */
    uint32_t backlog; /* more than that many: senders and connectors wait */
    struct list queue; /* struct unix_message, oldest first */
    struct list pending; /* struct unix_socket.pending_link of a listener */
    struct list pending_link; /* of such a queue; of those found by a collection */
    struct unix_message *urgent; /* the mark of MSG_OOB, in queue; NULL: none */
    atomic_bool urgent_waits; /* and its byte has not been taken; a hint without lock */
    _Atomic(struct unix_socket *) peer;
    _Atomic(struct unix_address *) address; /* a reference */
    atomic_uint charged; /* bytes of ours in others' queues */
    atomic_bool no_space; /* somebody wanted to send more: O_ASYNC is told when there is room */
    struct mutex read_lock, setup_lock;
    struct wait_queue readable, writable, readers, writers, space;
    struct wait_entry relay; /* on the peer's space, see unix_peer.c */
    struct unix_socket *relay_peer; /* a reference while relay is used */
    struct inode *bound; /* a path's inode, a reference, whose private_data this is */
    _Atomic(struct unix_caller *)
        caller; /* SO_PEERCRED: a reference; a listener's own, under lock */
    struct list all_link; /* of all sockets */
    /* unix_flight_lock: */
    uint32_t in_flight; /* how many messages carry this socket's file */
    uint32_t flight_left; /* a collection's count of those from outside */
    bool suspect; /* it has found no other reference yet */
    struct file *flight_file;
    struct list flight_link; /* of all sockets in flight */
};

static inline struct unix_socket *unix_of(struct socket *socket)
{
    return (struct unix_socket *)socket;
}
static inline bool unix_is_datagram(const struct unix_socket *sock)
{
    return sock->socket.type == SOCK_DGRAM;
}
static inline struct unix_socket *unix_get(struct unix_socket *sock)
{
    socket_get(&sock->socket);
    return sock;
}
static inline void unix_put(struct unix_socket *sock)
{
    if (sock)
        socket_put(&sock->socket);
}
static inline enum unix_state unix_state(struct unix_socket *sock)
{
    return atomic_load_explicit(&sock->state, memory_order_acquire);
}
/* Of connected streams and packets, whose peer stays. */
static inline struct unix_socket *unix_peer(struct unix_socket *sock)
{
    return atomic_load_explicit(&sock->peer, memory_order_acquire);
}
/* Is there room for POLL_OUT?  Senders sleep until there is. */
static inline bool unix_writable(struct unix_socket *sock)
{
    return (uint64_t)atomic_load(&sock->charged) * 4 <= sock->socket.send_buffer;
}

/* SO_PEEK_OFF: how many bytes a receive with these flags passes over. */
static inline size_t unix_peek_from(const struct unix_socket *sock, uint32_t flags)
{
    return (flags & MSG_PEEK) && sock->socket.peek_offset > 0 ? (size_t)sock->socket.peek_offset
                                                              : 0;
}
/* So many bytes more have been seen, or (negative) are gone from the front. */
static inline void unix_move_peek_offset(struct unix_socket *sock, ssize_t bytes)
{
    if (UNLIKELY(sock->socket.peek_offset >= 0))
        sock->socket.peek_offset = (int32_t)MAX(sock->socket.peek_offset + bytes, 0l);
}

/* unix_socket.c */
struct unix_socket *unix_new(const struct socket_ops *ops, uint8_t type);
/* State, errors and shutdown have changed: everybody looks. */
/* news: what O_ASYNC is told of it, POLL_IN or POLL_HUP; 0: nothing. */
void unix_wake_everybody(struct unix_socket *sock, uint32_t news);
/* Frees what nobody will read any more; was there anything? */
bool unix_purge_queue(struct unix_socket *sock);
void unix_close_pending(struct unix_socket *sock); /* connections that nobody will accept */
int unix_shutdown(struct socket *socket, uint32_t mask);
void unix_close(struct socket *socket);
void unix_free(struct socket *socket);
int unix_pair(struct socket *a, struct socket *b);
int64_t unix_ioctl(struct socket *socket, uint32_t request, uint64_t arg);
int64_t unix_get_option(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size,
                        uint32_t *needed);
extern const struct socket_ops unix_stream_ops, unix_datagram_ops, unix_packet_ops;
extern struct list unix_all; /* struct unix_socket.all_link; unix_names_lock */

/* unix_message.c: messages and their charges. */
struct unix_message *unix_message_create(size_t length); /* NULL: out of memory */
int unix_message_fill(struct unix_message *message, struct iobuf *from); /* 0 or -EFAULT */
/* size bytes from offset; bytes copied, or -EFAULT when it was not all. */
ssize_t unix_message_copy(const struct unix_message *message, struct iobuf *to, size_t offset,
                          size_t size);
/* Would a receive with these flags find something in the queue?  sock->lock is held. */
bool unix_has_message(const struct unix_socket *sock, uint32_t flags);
/* Whom it is charged to; datagrams hold the sender. */
void unix_message_charge(struct unix_message *message, struct unix_socket *sender);
/* Gives the charge back, wakes the sender's writers, lets files go; no lock is held. */
void unix_message_free(struct unix_message *message);
/* Waits until sock may send: 0, or errno (-EAGAIN when flags say so).  SHUT_WR is not looked at. */
int unix_wait_writable(struct unix_socket *sock, uint32_t flags, uint64_t deadline_ns);
/* The sender's turn is over: another sleeping one may find room. */
void unix_pass_on_writable(struct unix_socket *sock);
/* Credentials for a message from sock to other, if either wants them or control names some. */
void unix_message_identify(struct unix_message *message, const struct socket_control *control,
                           struct unix_socket *sock, struct unix_socket *other);
/* What a receiver gets beside the bytes; peek: the message keeps its files.  0 or -ENOMEM. */
int unix_message_give(struct unix_message *message, struct socket_transfer *transfer, bool peek);

/* unix_stream.c */
ssize_t unix_stream_send(struct socket *socket, struct socket_transfer *transfer);
ssize_t unix_stream_receive(struct socket *socket, struct socket_transfer *transfer);
uint32_t unix_stream_poll(struct socket *socket, struct poll_table *table);

/* unix_urgent.c: MSG_OOB; with sock->lock held: */
void unix_urgent_queue(struct unix_socket *sock, struct unix_message *message);
/*
 * message, or what a reader gets instead of it when it is a mark (NULL: the queue's end).
 * *stop: a reader that has bytes stops at the mark; stays set if it did.  What is passed
 * over is moved to passed, unless peek.
 */
struct unix_message *unix_urgent_pass(struct unix_socket *sock, struct unix_message *message,
                                      bool peek, bool *stop, struct list *passed);
/* Without: */
void unix_urgent_signal(struct unix_socket *sock); /* SIGURG for whoever owns it */
ssize_t unix_urgent_receive(struct unix_socket *sock, struct socket_transfer *transfer);
bool unix_at_mark(struct unix_socket *sock);

/* unix_datagram.c */
ssize_t unix_datagram_send(struct socket *socket, struct socket_transfer *transfer);
ssize_t unix_datagram_receive(struct socket *socket, struct socket_transfer *transfer);
ssize_t unix_packet_send(struct socket *socket, struct socket_transfer *transfer);
ssize_t unix_packet_receive(struct socket *socket, struct socket_transfer *transfer);
uint32_t unix_datagram_poll(struct socket *socket, struct poll_table *table);

/* unix_peer.c: whom datagrams go to. */
int unix_datagram_connect(struct socket *socket, const struct socket_address *address,
                          bool nonblocking);
struct unix_socket *unix_get_peer(struct unix_socket *sock); /* a reference, or NULL */
/* The new peer (its reference is taken over, may be NULL) instead of the one that is returned. */
struct unix_socket *unix_change_peer(struct unix_socket *sock, struct unix_socket *peer);
/* sock no longer talks to old: what that one sent is lost, and it is told so. */
void unix_disconnected(struct unix_socket *sock, struct unix_socket *old);
/* May sock's datagrams not go into other's queue now?  A hint without other's lock. */
bool unix_is_full(struct unix_socket *sock, struct unix_socket *other);
/* sock's pollers are to hear of room at other, if that is its peer. */
void unix_add_relay(struct unix_socket *sock, struct unix_socket *other);
void unix_datagram_disconnect(struct unix_socket *sock); /* close: from its peer */

/* unix_connect.c */
int unix_stream_connect(struct socket *socket, const struct socket_address *address,
                        bool nonblocking);
int unix_listen(struct socket *socket, uint32_t backlog);
int unix_accept(struct socket *socket, bool nonblocking, struct socket **accepted);
struct unix_caller *unix_caller_create(void); /* the calling program; NULL: out of memory */
void unix_caller_put(struct unix_caller *caller);

/* unix_name.c */
extern struct spinlock unix_names_lock;
int unix_bind(struct socket *socket, const struct socket_address *address);
int unix_autobind(struct unix_socket *sock); /* unless it has an address; 0 or errno */
int unix_name(struct socket *socket, bool of_peer, struct socket_address *address);
/* 0, or -EINVAL: not a struct sockaddr_un with a name. */
int unix_check_address(const struct socket_address *address);
/* The socket that is bound there: a reference in *found. */
int unix_find(const struct socket_address *address, uint8_t type, struct unix_socket **found);
void unix_copy_address(struct unix_socket *from, struct socket_address *to);
void unix_unbind(struct unix_socket *sock); /* close: nobody finds it any more */
void unix_address_put(struct unix_address *address);

/* unix_files.c: the caller holds no lock, read_lock aside. */
int unix_files_take_off(struct socket_files *files); /* into flight: 0 or -ETOOMANYREFS */
void unix_files_land(struct socket_files *files); /* out of flight */
/* Copies references of a message's files for MSG_PEEK; NULL: out of memory. */
struct socket_files *unix_files_copy(const struct socket_files *files);
void unix_collect(void); /* sockets that only refer to each other; runs at closes */

#endif
