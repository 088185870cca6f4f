/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets as programs see them, whatever their family: what socket(7) describes.
 * A family is a table of operations (struct socket_ops) and an object that
 * begins with struct socket.  Knows no processes: who the caller is comes from
 * socket_set_identity_source().
 *
 * A socket lives as long as its inode: socket_get() and socket_put() count the
 * inode's references.  Its file holds one, and ops->close says that the file has
 * gone; others (peers, queues) may keep the object beyond that.
 *
 * Locks: options are single words, written by setsockopt and read by anybody
 * without a lock; everything else is the family's.  Operations are called
 * without locks and may sleep.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "fs/inode.h"

struct socket;
struct socket_files;

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_FAMILIES = 46 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_TYPES = 11 };
enum { SHUT_RD = 1, SHUT_WR = 2, SHUT_RDWR = 3 }; /* a mask: one more than shutdown(2)'s how */

/* send(2), recv(2): Linux's values */
#define MSG_OOB 0x1u
#define MSG_PEEK 0x2u
#define MSG_CTRUNC 0x8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_EOR 0x80u
#define MSG_WAITALL 0x100u
#define MSG_NOSIGNAL 0x4000u
#define MSG_WAITFORONE 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u

/* Options of SOL_SOCKET, socket(7) */
enum {
    SO_DEBUG = 1,
    SO_REUSEADDR = 2,
    SO_TYPE = 3,
    SO_ERROR = 4,
    SO_DONTROUTE = 5,
    SO_BROADCAST = 6,
    SO_SNDBUF = 7,
    SO_RCVBUF = 8,
    SO_KEEPALIVE = 9,
    SO_OOBINLINE = 10,
    SO_NO_CHECK = 11,
    SO_PRIORITY = 12,
    SO_LINGER = 13,
    SO_REUSEPORT = 15,
    SO_PASSCRED = 16,
    SO_PEERCRED = 17,
    SO_RCVLOWAT = 18,
    SO_SNDLOWAT = 19,
    SO_RCVTIMEO = 20,
    SO_SNDTIMEO = 21,
    SO_PEERNAME = 28,
    SO_TIMESTAMP = 29,
    SO_ACCEPTCONN = 30,
    SO_SNDBUFFORCE = 32,
    SO_RCVBUFFORCE = 33,
    SO_PASSSEC = 34,
    SO_TIMESTAMPNS = 35,
    SO_MARK = 36,
    SO_PROTOCOL = 38,
    SO_DOMAIN = 39,
    SO_RXQ_OVFL = 40,
    SO_PEEK_OFF = 42,
    SO_BUSY_POLL = 46,
    SO_INCOMING_CPU = 49,
    SO_COOKIE = 57,
    SO_PEERGROUPS = 59,
};

#define SOCKET_BUFFER_DEFAULT 212992u /* bytes: net.core.wmem_default and rmem_default */
#define SOCKET_BACKLOG_MAX 4096u /* net.core.somaxconn */
#define SOCKET_ADDRESS_MAX 128u /* struct sockaddr_storage */
#define SOCKET_FILES_MAX 253u /* descriptors in one message */

struct socket_address {
    uint32_t length; /* bytes that count, family included */
    union {
        uint16_t family;
        uint8_t bytes[SOCKET_ADDRESS_MAX];
    };
};

struct socket_credentials { /* struct ucred */
    int32_t pid;
    uint32_t uid, gid;
};

/* What a message carries beside its bytes. */
struct socket_control {
    struct socket_files *files; /* SCM_RIGHTS, owned; NULL: none */
    struct socket_credentials credentials;
    bool has_credentials;
};

/* One send or receive. */
struct socket_transfer {
    struct iobuf *data;
    uint32_t flags; /* MSG_*; MSG_DONTWAIT also for a file with O_NONBLOCK */
    uint32_t result_flags; /* of a receive: MSG_TRUNC */
    struct socket_address *address; /* to, or NULL; from (length 0: nameless), or NULL */
    struct socket_control *control; /* NULL: there is none, and what comes is dropped */
};

struct socket_ops {
    int (*bind)(struct socket *socket, const struct socket_address *address);
    int (*connect)(struct socket *socket, const struct socket_address *address, bool nonblocking);
    int (*pair)(struct socket *a, struct socket *b);
    int (*listen)(struct socket *socket, uint32_t backlog);
    /* A connected socket without a file, and a reference to it. */
    int (*accept)(struct socket *socket, bool nonblocking, struct socket **accepted);
    int (*name)(struct socket *socket, bool of_peer, struct socket_address *address);
    int (*shutdown)(struct socket *socket, uint32_t mask);
    /* Bytes or errno; -EPIPE means SIGPIPE too, -EPIPE_QUIET does not. */
    ssize_t (*send)(struct socket *socket, struct socket_transfer *transfer);
    ssize_t (*receive)(struct socket *socket, struct socket_transfer *transfer);
    uint32_t (*poll)(struct socket *socket, struct poll_table *table);
    int64_t (*ioctl)(struct socket *socket, uint32_t request, uint64_t arg);
    /*
     * SOL_SOCKET options that are the family's own: bytes written, -ENOPROTOOPT for others,
     * -ERANGE with how many there would be.
     */
    int64_t (*get_option)(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size,
                          uint32_t *needed);
    void (*close)(struct socket *socket); /* its file is gone */
    void (*free)(struct socket *socket); /* nobody refers to it */
};

#define SOCKET_FLAG_OOB_INLINE 0x20u /* SO_OOBINLINE */

struct socket {
    struct inode inode; /* first: what files and references hold */
    const struct socket_ops *ops;
    uint16_t family;
    uint8_t type; /* SOCK_* */
    uint8_t protocol;
    atomic_int error; /* SO_ERROR: positive, taken by whoever reports it */
    uint32_t send_buffer, receive_buffer; /* bytes, as getsockopt shows them */
    int32_t receive_low_water;
    uint64_t receive_timeout_ns, send_timeout_ns; /* WAIT_FOREVER: none */
    atomic_bool pass_credentials;
    uint32_t flags; /* SOCKET_FLAG_* and others: numbers that are kept and read back */
    int32_t linger_seconds, priority;
    int32_t peek_offset; /* SO_PEEK_OFF: where MSG_PEEK begins; negative: always at the front */
    struct file *_Atomic file; /* not a reference: valid until ops->close; NULL: has none yet */
    uint32_t mark;
};

struct socket_identity {
    struct socket_credentials real, effective;
    uint32_t group_count;
    const uint32_t *groups; /* valid until the caller's credentials change */
};
/* Of the calling program; main.c wires it. */
void socket_set_identity_source(void (*source)(struct socket_identity *identity));
void socket_identity(struct socket_identity *identity);

/* For families: everything in socket that is common, with one reference. */
void socket_init(struct socket *socket, const struct socket_ops *ops, uint16_t family, uint8_t type,
                 uint8_t protocol);
static inline struct socket *socket_get(struct socket *socket)
{
    ref_get(&socket->inode.refs);
    return socket;
}
static inline void socket_put(struct socket *socket)
{
    if (socket)
        inode_put(&socket->inode);
}
/* A pending error, negative, which is cleared; or 0. */
int socket_take_error(struct socket *socket);
/* A wait's result as a socket call reports it, timeout being the one it waited with. */
int socket_wait_error(int error, uint64_t timeout_ns);
/* When a wait that begins now ends. */
uint64_t socket_deadline(uint64_t timeout_ns);

/* socket(2): 0 and a socket with one reference, or errno. */
int socket_create(uint32_t family, uint32_t type, uint32_t protocol, struct socket **socket);
/* Its file, which takes over the caller's reference even when it fails; NULL: out of memory. */
struct file *socket_file(struct socket *socket, uint32_t open_flags);
/* The socket behind a file, or NULL. */
struct socket *socket_of(const struct file *file);

/* Options of SOL_SOCKET, socket_option.c.  0 or errno; get writes value and its size. */
int64_t socket_set_option(struct socket *socket, uint32_t name, uaddr_t value, uint32_t size);
int64_t socket_get_option(struct socket *socket, uint32_t name, uaddr_t value, uaddr_t size);

#endif
