/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors in messages: how many are in flight, and what becomes of sockets
 * that are only in flight in each other's queues.
 *
 * A collection looks for sockets whose files nobody holds but messages (suspects),
 * then takes off the references that come from suspects' own queues.  A suspect that
 * has some left can still be received by somebody, and so can what lies in its
 * queue, and so on; the rest is garbage.  A message on its way between a queue and a
 * program counts as held by somebody, as its descriptors land under unix_flight_lock.
 */
#include "arch/percpu.h"
#include "fs/fd_table.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "net/unix_internal.h"

struct flight_user { /* somebody with descriptors in flight */
    struct list link;
    uint32_t uid;
    uint64_t count;
};

static struct mutex unix_flight_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                        .waiters = LIST_INIT(unix_flight_lock.waiters)};
/* Guarded by it: */
static struct list flight_users = LIST_INIT(flight_users);
static struct list in_flight = LIST_INIT(in_flight); /* struct unix_socket.flight_link */
static bool collecting, collect_again;

struct socket_files *socket_files_create(uint32_t count)
{
    struct socket_files *files = kmalloc(sizeof(*files) + count * sizeof(files->files[0]));

    if (files)
        *files = (struct socket_files){0};
    return files;
}

/* ---- letting go ---- */

/*
 * Closing a socket may free messages with sockets whose closing frees ...: a thread
 * that is at it already only adds to its list, so the stack does not grow.
 */
struct release {
    struct list link;
    struct thread *thread;
    struct socket_files *queued;
};
static struct spinlock release_lock = SPINLOCK_INIT(LOCK_RANK_SOCKET);
static struct list releases = LIST_INIT(releases); /* struct release.link; release_lock */

/* release_lock held */
static struct release *my_release(void)
{
    LIST_FOR_EACH(link, &releases)
    {
        struct release *release = LIST_ENTRY(link, struct release, link);

        if (release->thread == current_thread())
            return release;
    }
    return NULL;
}

static void put_files(struct socket_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        file_put(files->files[i]);
    kfree(files);
}

void socket_files_free(struct socket_files *files)
{
    struct release own = {.thread = current_thread(), .queued = files}, *outer;

    if (!files)
        return;
    files->next = NULL;
    spin_lock(&release_lock);
    outer = my_release();
    if (outer) {
        files->next = outer->queued;
        outer->queued = files;
    } else {
        list_push_front(&releases, &own.link);
    }
    spin_unlock(&release_lock);
    if (outer)
        return;
    while ((files = own.queued) != NULL) { /* only this thread changes the list */
        own.queued = files->next;
        put_files(files);
    }
    spin_lock(&release_lock);
    list_remove(&own.link);
    spin_unlock(&release_lock);
}

/* ---- flight ---- */

static struct unix_socket *unix_socket_of(const struct file *file)
{
    struct socket *socket = socket_of(file);

    return socket && socket->family == AF_UNIX ? unix_of(socket) : NULL;
}

static struct flight_user *find_user(uint32_t uid)
{
    struct flight_user *user;

    LIST_FOR_EACH(link, &flight_users)
    {
        user = LIST_ENTRY(link, struct flight_user, link);
        if (user->uid == uid)
            return user;
    }
    user = kmalloc(sizeof(*user));
    if (user) {
        user->uid = uid;
        user->count = 0;
        list_push_front(&flight_users, &user->link);
    }
    return user;
}

static void socket_takes_off(struct file *file)
{
    struct unix_socket *sock = unix_socket_of(file);

    if (!sock || sock->in_flight++ > 0)
        return;
    sock->flight_file = file;
    list_push_back(&in_flight, &sock->flight_link);
}

static void socket_lands(struct file *file)
{
    struct unix_socket *sock = unix_socket_of(file);

    if (sock && --sock->in_flight == 0)
        list_remove(&sock->flight_link);
}

int unix_files_take_off(struct socket_files *files)
{
    struct socket_identity identity;
    struct flight_user *user;
    int error = 0;

    socket_identity(&identity);
    mutex_lock(&unix_flight_lock);
    user = find_user(identity.real.uid);
    if (!user)
        error = -ENOMEM;
    else if (user->count > fd_current_limit() && !fs_current()->privileged)
        error = -ETOOMANYREFS;
    if (!error) {
        user->count += files->count;
        files->owner_uid = user->uid;
        files->in_flight = true;
        for (uint32_t i = 0; i < files->count; i++)
            socket_takes_off(files->files[i]);
    }
    mutex_unlock(&unix_flight_lock);
    return error;
}

void unix_files_land(struct socket_files *files)
{
    struct flight_user *user;

    mutex_lock(&unix_flight_lock);
    user = find_user(files->owner_uid); /* it is there: it has a count */
    user->count -= files->count;
    if (user->count == 0) {
        list_remove(&user->link);
        kfree(user);
    }
    files->in_flight = false;
    for (uint32_t i = 0; i < files->count; i++)
        socket_lands(files->files[i]);
    mutex_unlock(&unix_flight_lock);
}

struct socket_files *unix_files_copy(const struct socket_files *files)
{
    struct socket_files *copy = socket_files_create(files->count);

    if (!copy)
        return NULL;
    mutex_lock(&unix_flight_lock); /* no collection sees the references half made */
    for (uint32_t i = 0; i < files->count; i++)
        copy->files[i] = file_get(files->files[i]);
    copy->count = files->count;
    mutex_unlock(&unix_flight_lock);
    return copy;
}

/* ---- collection; unix_flight_lock is held ---- */

typedef void visit_function(struct unix_socket *found, struct list *list);

/* Calls visit for all sockets that are suspect and lie in sock's queue. */
static void visit_queue(struct unix_socket *sock, visit_function *visit, struct list *list)
{
    LIST_FOR_EACH(link, &sock->queue)
    {
        struct socket_files *files = LIST_ENTRY(link, struct unix_message, link)->files;

        for (uint32_t i = 0; files && files->in_flight && i < files->count; i++) {
            struct unix_socket *found = unix_socket_of(files->files[i]);

            if (found && found->suspect)
                visit(found, list);
        }
    }
}

/* The pending connection behind link; NULL at the end. */
static struct unix_socket *next_pending(struct unix_socket *listener, struct list *link)
{
    struct list *next;

    spin_lock(&listener->lock);
    next = link->next;
    spin_unlock(&listener->lock);
    return next == &listener->pending ? NULL : LIST_ENTRY(next, struct unix_socket, pending_link);
}

/*
 * The same for everything that can be received through sock.  Connections may come while
 * we look, but none goes: nobody has a suspect's file and could accept or close.
 */
static void visit_held(struct unix_socket *sock, visit_function *visit, struct list *list)
{
    struct unix_socket *pending = next_pending(sock, &sock->pending);

    spin_lock(&sock->lock);
    visit_queue(sock, visit, list);
    spin_unlock(&sock->lock);
    while (pending) {
        spin_lock(&pending->lock);
        visit_queue(pending, visit, list);
        spin_unlock(&pending->lock);
        pending = next_pending(sock, &pending->pending_link);
    }
}

static void count_down(struct unix_socket *found, struct list *list)
{
    (void)list;
    found->flight_left--;
}

static void rescue(struct unix_socket *found, struct list *list)
{
    found->suspect = false;
    list_remove(&found->pending_link);
    list_push_back(list, &found->pending_link);
}

/* Fills the list (by pending_link, with a reference each) with garbage. */
static void find_garbage(struct list *garbage)
{
    struct list reachable = LIST_INIT(reachable);

    LIST_FOR_EACH(link, &in_flight)
    {
        struct unix_socket *sock = LIST_ENTRY(link, struct unix_socket, flight_link);

        sock->flight_left = sock->in_flight;
        sock->suspect = (uint32_t)ref_read(&sock->flight_file->refs) == sock->in_flight;
        if (sock->suspect)
            list_push_back(garbage, &sock->pending_link);
    }
    LIST_FOR_EACH(link, garbage)
    visit_held(LIST_ENTRY(link, struct unix_socket, pending_link), count_down, NULL);
    LIST_FOR_EACH_SAFE(link, next, garbage)
    {
        struct unix_socket *sock = LIST_ENTRY(link, struct unix_socket, pending_link);

        if (sock->flight_left > 0)
            rescue(sock, &reachable);
    }
    while (!list_empty(&reachable)) {
        struct unix_socket *sock = LIST_FIRST(&reachable, struct unix_socket, pending_link);

        visit_held(sock, rescue, &reachable);
        list_remove(&sock->pending_link);
    }
    LIST_FOR_EACH(link, garbage)
    {
        struct unix_socket *sock = LIST_ENTRY(link, struct unix_socket, pending_link);

        sock->suspect = false;
        unix_get(sock);
    }
}

void unix_collect(void)
{
    struct list garbage;

    if (LIKELY(list_empty(&in_flight))) /* a word; who puts the last one in closes it later */
        return;
    mutex_lock(&unix_flight_lock);
    collect_again = true;
    while (collect_again && !collecting) {
        collect_again = false;
        list_init(&garbage);
        find_garbage(&garbage);
        if (list_empty(&garbage))
            break;
        collecting = true; /* closing what is found comes back here */
        mutex_unlock(&unix_flight_lock);
        while (!list_empty(&garbage)) {
            struct unix_socket *sock = LIST_FIRST(&garbage, struct unix_socket, pending_link);

            list_remove(&sock->pending_link);
            unix_close_pending(sock);
            unix_purge_queue(sock);
            unix_put(sock);
        }
        mutex_lock(&unix_flight_lock);
        collecting = false;
    }
    mutex_unlock(&unix_flight_lock);
}
