/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of AF_UNIX sockets: paths, whose inode knows the socket that is bound to
 * it, and abstract names, which are in a tree.
 */
#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/unix_internal.h"

#define AUTOBIND_NAMES 0x100000u /* five hexadecimal digits */

struct spinlock unix_names_lock = SPINLOCK_INIT(LOCK_RANK_SOCKET_NAMES);
static struct rb_tree abstract_names; /* struct unix_address.node */

void unix_address_put(struct unix_address *address)
{
    if (address && ref_put(&address->refs))
        kfree(address);
}

static struct unix_address *new_address(const void *bytes, uint32_t length, uint8_t type)
{
    struct unix_address *address = kmalloc(sizeof(*address) + length);

    if (!address)
        return NULL;
    ref_init(&address->refs);
    address->owner = NULL;
    address->length = length;
    address->type = type;
    memcpy(address->bytes, bytes, length);
    return address;
}

static bool is_abstract(const struct unix_address *address)
{
    return address->length > UNIX_PATH_OFFSET && !address->bytes[UNIX_PATH_OFFSET];
}

int unix_check_address(const struct socket_address *address)
{
    if (address->length <= UNIX_PATH_OFFSET || address->length > UNIX_PATH_OFFSET + UNIX_PATH_MAX ||
        address->family != AF_UNIX)
        return -EINVAL;
    return 0;
}

/* ---- abstract names; unix_names_lock is held ---- */

static int compare(const struct unix_address *a, const uint8_t *bytes, uint32_t length,
                   uint8_t type)
{
    if (a->type != type)
        return a->type < type ? -1 : 1;
    if (a->length != length)
        return a->length < length ? -1 : 1;
    return memcmp(a->bytes, bytes, length);
}

/* The name, or NULL with the place where it belongs. */
static struct unix_address *find_abstract(const uint8_t *bytes, uint32_t length, uint8_t type,
                                          struct rb_node **parent, struct rb_node ***link)
{
    struct rb_node **at = &abstract_names.root;

    *parent = NULL;
    while (*at) {
        struct unix_address *address = RB_ENTRY(*at, struct unix_address, node);
        int order = compare(address, bytes, length, type);

        if (order == 0)
            return address;
        *parent = *at;
        at = order > 0 ? &(*at)->left : &(*at)->right;
    }
    *link = at;
    return NULL;
}

/* Takes over address's reference unless the name is taken. */
static int publish_abstract(struct unix_socket *sock, struct unix_address *address)
{
    struct rb_node *parent, **link;
    int error = 0;

    spin_lock(&unix_names_lock);
    if (find_abstract(address->bytes, address->length, address->type, &parent, &link)) {
        error = -EADDRINUSE;
    } else {
        address->owner = sock;
        rb_insert(&abstract_names, &address->node, parent, link);
        atomic_store(&sock->address, address);
    }
    spin_unlock(&unix_names_lock);
    return error;
}

/* ---- bind; setup_lock is held ---- */

static int bind_abstract(struct unix_socket *sock, const struct socket_address *to)
{
    struct unix_address *address = new_address(to->bytes, to->length, sock->socket.type);
    int error;

    if (!address)
        return -ENOMEM;
    error = publish_abstract(sock, address);
    if (error)
        unix_address_put(address);
    return error;
}

/* sun_path as a string; its length is bounded by the address. */
static void path_of(const struct socket_address *address, char path[UNIX_PATH_MAX + 1])
{
    size_t size = address->length - UNIX_PATH_OFFSET;

    memcpy(path, &address->bytes[UNIX_PATH_OFFSET], size);
    path[size] = 0;
}

static int bind_path(struct unix_socket *sock, const struct socket_address *to)
{
    uint32_t mode = S_IFSOCK | (sock->socket.inode.attr.mode & 07777);
    struct unix_address *address;
    char path[UNIX_PATH_MAX + 1];
    struct dentry *dentry;
    int error;

    path_of(to, path);
    address = new_address(to->bytes, UNIX_PATH_OFFSET + (uint32_t)strlen(path), sock->socket.type);
    if (!address)
        return -ENOMEM;
    error = vfs_create_get(NULL, path, mode, 0, NULL, &dentry);
    if (error) {
        unix_address_put(address);
        return error == -EEXIST ? -EADDRINUSE : error;
    }
    spin_lock(&unix_names_lock);
    sock->bound = inode_get(dentry_inode(dentry));
    sock->bound->private_data = sock;
    atomic_store(&sock->address, address);
    spin_unlock(&unix_names_lock);
    dentry_put(dentry);
    return 0;
}

static int autobind_locked(struct unix_socket *sock)
{
    uint32_t first = (uint32_t)random_below(AUTOBIND_NAMES);
    struct unix_address *address;
    char name[8] = {AF_UNIX, 0, 0};

    address = new_address(name, sizeof(name), sock->socket.type);
    if (!address)
        return -ENOMEM;
    for (uint32_t i = 0; i < AUTOBIND_NAMES; i++) {
        char digits[6];

        snprintf(digits, sizeof(digits), "%05x", (first + i) % AUTOBIND_NAMES);
        memcpy(&address->bytes[UNIX_PATH_OFFSET + 1], digits, 5);
        if (publish_abstract(sock, address) == 0)
            return 0;
    }
    unix_address_put(address);
    return -ENOSPC;
}

int unix_autobind(struct unix_socket *sock)
{
    int error = 0;

    if (atomic_load(&sock->address))
        return 0;
    mutex_lock(&sock->setup_lock);
    if (!atomic_load(&sock->address))
        error = autobind_locked(sock);
    mutex_unlock(&sock->setup_lock);
    return error;
}

int unix_bind(struct socket *socket, const struct socket_address *address)
{
    struct unix_socket *sock = unix_of(socket);
    bool any = address->length == UNIX_PATH_OFFSET && address->family == AF_UNIX;
    int error;

    if (any)
        return unix_autobind(sock);
    error = unix_check_address(address);
    if (error)
        return error;
    mutex_lock(&sock->setup_lock);
    if (atomic_load(&sock->address))
        error = -EINVAL;
    else if (address->bytes[UNIX_PATH_OFFSET])
        error = bind_path(sock, address);
    else
        error = bind_abstract(sock, address);
    mutex_unlock(&sock->setup_lock);
    return error;
}

void unix_unbind(struct unix_socket *sock)
{
    struct unix_address *address = atomic_load(&sock->address);
    struct inode *bound = NULL;

    if (!address)
        return;
    spin_lock(&unix_names_lock);
    bound = sock->bound;
    sock->bound = NULL;
    if (bound)
        bound->private_data = NULL;
    if (is_abstract(address) && address->owner == sock) {
        rb_erase(&abstract_names, &address->node);
        address->owner = NULL;
    }
    spin_unlock(&unix_names_lock);
    inode_put(bound);
}

/* ---- finding ---- */

/* A socket that is being freed has no references left, and no name soon. */
static struct unix_socket *get_living(struct unix_socket *sock)
{
    return sock && ref_get_unless_zero(&sock->socket.inode.refs) ? sock : NULL;
}

static int find_path(const struct socket_address *address, struct unix_socket **found)
{
    char path[UNIX_PATH_MAX + 1];
    struct dentry *dentry;
    struct inode *inode;
    int error;

    path_of(address, path);
    error = vfs_walk(NULL, path, WALK_FOLLOW, &dentry);
    if (error)
        return error;
    inode = dentry_inode(dentry);
    error = vfs_permission(inode, 2);
    if (!error) {
        *found = NULL;
        spin_lock(&unix_names_lock);
        if (S_ISSOCK(inode->attr.mode))
            *found = get_living(inode->private_data);
        spin_unlock(&unix_names_lock);
        error = *found ? 0 : -ECONNREFUSED;
    }
    dentry_put(dentry);
    return error;
}

int unix_find(const struct socket_address *address, uint8_t type, struct unix_socket **found)
{
    struct rb_node *parent, **link;
    struct unix_address *name;
    int error;

    if (address->bytes[UNIX_PATH_OFFSET]) {
        error = find_path(address, found);
        if (!error && (*found)->socket.type != type) {
            unix_put(*found);
            error = -EPROTOTYPE;
        }
        return error;
    }
    spin_lock(&unix_names_lock);
    name = find_abstract(address->bytes, address->length, type, &parent, &link);
    *found = name ? get_living(name->owner) : NULL;
    spin_unlock(&unix_names_lock);
    return *found ? 0 : -ECONNREFUSED;
}

/* ---- showing ---- */

void unix_copy_address(struct unix_socket *from, struct socket_address *to)
{
    struct unix_address *address = atomic_load_explicit(&from->address, memory_order_acquire);

    to->length = 0;
    if (!address)
        return;
    /* A path is shown with the NUL behind it, which it need not have been given with. */
    to->length = address->length + !is_abstract(address);
    memcpy(to->bytes, address->bytes, address->length);
    if (!is_abstract(address))
        to->bytes[address->length] = 0;
}

int unix_name(struct socket *socket, bool of_peer, struct socket_address *address)
{
    struct unix_socket *sock = unix_of(socket), *shown = sock;

    if (of_peer) {
        spin_lock(&sock->lock);
        shown = atomic_load_explicit(&sock->peer, memory_order_relaxed);
        if (shown)
            unix_get(shown);
        spin_unlock(&sock->lock);
        if (!shown)
            return -ENOTCONN;
    }
    unix_copy_address(shown, address);
    if (!address->length) {
        address->length = UNIX_PATH_OFFSET;
        address->family = AF_UNIX;
    }
    if (of_peer)
        unix_put(shown);
    return 0;
}

void unix_for_each(void (*emit)(void *context, const struct procfs_unix_socket *row), void *context)
{
    spin_lock(&unix_names_lock);
    LIST_FOR_EACH(link, &unix_all)
    {
        struct unix_socket *sock = LIST_ENTRY(link, struct unix_socket, all_link);
        struct unix_address *address = atomic_load(&sock->address);
        struct procfs_unix_socket row = {.ino = sock->socket.inode.attr.ino,
                                         .references = ref_read(&sock->socket.inode.refs) +
                                                       1, /* Linux counts its own */
                                         .type = sock->socket.type,
                                         .state = 1, /* SS_UNCONNECTED */
                                         .listening = unix_state(sock) == UNIX_LISTENING};

        if (unix_state(sock) == UNIX_CONNECTED) /* SS_CONNECTED; SS_CONNECTING until accepted */
            row.state = list_empty(&sock->pending_link) ? 3 : 2;
        if (address) {
            row.name = &address->bytes[UNIX_PATH_OFFSET];
            row.name_length = address->length - UNIX_PATH_OFFSET;
        }
        emit(context, &row);
    }
    spin_unlock(&unix_names_lock);
}
