/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages: their bytes, what they cost their sender, and what they carry beside
 * bytes.  Knows no queue.
 */
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "net/unix_internal.h"

#define INLINE_MAX 2048u /* bytes behind the structure */
#define UID_UNKNOWN 65534u /* kernel.overflowuid */

/*
 * What Linux takes from SO_SNDBUF for as many bytes: its sk_buff, its shared
 * information and the buffer, rounded as its allocator does.  Programs see it
 * in how many small messages fit, and it is never less than what we use.
 */
#define LINUX_BUFFER_OVERHEAD 320u
#define LINUX_HEADER 256u
#define LINUX_LINEAR_MAX 3776u

static uint32_t charge_for(size_t length)
{
    uint32_t buffer = 512;

    if (length > LINUX_LINEAR_MAX)
        return (uint32_t)PAGE_ALIGN_UP(length) + buffer + LINUX_HEADER;
    while (buffer < ALIGN_UP(length, 64) + LINUX_BUFFER_OVERHEAD)
        buffer *= 2;
    return buffer + LINUX_HEADER;
}

static void *inline_bytes(const struct unix_message *message)
{
    return (void *)(uintptr_t)message->pages;
}

static size_t page_count(const struct unix_message *message)
{
    return message->length <= INLINE_MAX ? 0 : PAGE_ALIGN_UP(message->length) / PAGE_SIZE;
}

static void free_memory(struct unix_message *message)
{
    for (size_t i = 0; i < page_count(message); i++)
        if (message->pages[i])
            page_free_virt(message->pages[i]);
    kfree(message);
}

struct unix_message *unix_message_create(size_t length)
{
    size_t pages = length <= INLINE_MAX ? 0 : PAGE_ALIGN_UP(length) / PAGE_SIZE;
    struct unix_message *message;

    message = kmalloc(sizeof(*message) + (pages ? pages * sizeof(void *) : length));
    if (!message)
        return NULL;
    message->sender = NULL;
    message->files = NULL;
    message->holds_sender = message->peeked = false;
    message->length = (uint32_t)length;
    message->consumed = 0;
    message->charge = 0;
    memset(message->pages, 0, pages * sizeof(void *));
    for (size_t i = 0; i < pages; i++) {
        message->pages[i] = page_alloc_virt(0);
        if (!message->pages[i]) {
            free_memory(message);
            return NULL;
        }
    }
    return message;
}

int unix_message_fill(struct unix_message *message, struct iobuf *from)
{
    size_t done = 0;

    if (message->length <= INLINE_MAX)
        return iobuf_get(from, inline_bytes(message), message->length) == message->length ? 0
                                                                                          : -EFAULT;
    for (; done < message->length; done += PAGE_SIZE) {
        size_t part = MIN(PAGE_SIZE, message->length - done);

        if (iobuf_get(from, message->pages[done / PAGE_SIZE], part) != (ssize_t)part)
            return -EFAULT;
    }
    return 0;
}

ssize_t unix_message_copy(const struct unix_message *message, struct iobuf *to, size_t offset,
                          size_t size)
{
    size_t done = 0;

    if (message->length <= INLINE_MAX)
        return iobuf_put(to, (char *)inline_bytes(message) + offset, size) == (ssize_t)size
                   ? (ssize_t)size
                   : -EFAULT;
    while (done < size) {
        size_t at = offset + done, within = at & (PAGE_SIZE - 1);
        size_t part = MIN(PAGE_SIZE - within, size - done);

        if (iobuf_put(to, (char *)message->pages[at / PAGE_SIZE] + within, part) != (ssize_t)part)
            return -EFAULT;
        done += part;
    }
    return (ssize_t)size;
}

bool unix_has_message(const struct unix_socket *sock, uint32_t flags)
{
    size_t skip = unix_peek_from(sock, flags);
    bool peek = flags & MSG_PEEK, in_line = sock->socket.flags & SOCKET_FLAG_OOB_INLINE;

    LIST_FOR_EACH(link, &sock->queue)
    {
        const struct unix_message *message = LIST_ENTRY(link, struct unix_message, link);
        size_t left = message->length - message->consumed;

        if (message->length && !left) /* a mark whose byte was taken */
            continue;
        if (peek && ((message == sock->urgent && !in_line) ||
                     (!left && message->peeked && sock->socket.peek_offset >= 0)))
            continue;
        if (!skip || skip < left)
            return true;
        skip -= left;
    }
    return false;
}

void unix_message_charge(struct unix_message *message, struct unix_socket *sender)
{
    message->sender = sender;
    message->charge = charge_for(message->length);
    atomic_fetch_add(&sender->charged, message->charge);
    message->holds_sender = unix_is_datagram(sender);
    if (message->holds_sender)
        unix_get(sender);
}

static uint32_t news_of_space(struct unix_socket *sender)
{
    if (LIKELY(!atomic_load_explicit(&sender->no_space, memory_order_relaxed)))
        return POLL_QUIET;
    return atomic_exchange(&sender->no_space, false) ? 0 : POLL_QUIET;
}

void unix_message_free(struct unix_message *message)
{
    struct unix_socket *sender = message->sender;

    if (sender) {
        atomic_fetch_sub(&sender->charged, message->charge);
        if (unix_writable(sender)) {
            wake_one(&sender->writers, UNIX_WRITE_EVENTS);
            wake_one(&sender->writable, UNIX_WRITE_EVENTS | news_of_space(sender));
        }
        if (message->holds_sender)
            unix_put(sender);
    }
    if (UNLIKELY(message->files)) {
        unix_files_land(message->files);
        socket_files_free(message->files);
    }
    free_memory(message);
}

/* As Linux, a message may be sent while anything is left of the buffer. */
static bool has_room(struct unix_socket *sock)
{
    return atomic_load(&sock->charged) < sock->socket.send_buffer;
}

static bool may_send_again(struct unix_socket *sock)
{
    return has_room(sock) || (atomic_load(&sock->shutdown) & SHUT_WR) ||
           atomic_load(&sock->socket.error);
}

int unix_wait_writable(struct unix_socket *sock, uint32_t flags, uint64_t deadline_ns)
{
    struct wait_entry entry;
    int error = socket_take_error(&sock->socket);

    if (error || LIKELY(has_room(sock)))
        return error;
    atomic_store(&sock->no_space, true);
    if (flags & MSG_DONTWAIT)
        return -EAGAIN;
    wait_begin_exclusive(&sock->writers, &entry);
    while (!may_send_again(sock) && (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&sock->writers, &entry);
    wait_end(&sock->writers, &entry);
    if (error)
        unix_pass_on_writable(sock);
    return error ? socket_wait_error(error, sock->socket.send_timeout_ns)
                 : socket_take_error(&sock->socket);
}

void unix_pass_on_writable(struct unix_socket *sock)
{
    if (unix_writable(sock))
        wake_one(&sock->writers, UNIX_WRITE_EVENTS);
}

void unix_message_identify(struct unix_message *message, const struct socket_control *control,
                           struct unix_socket *sock, struct unix_socket *other)
{
    struct socket_identity identity;

    if (control && control->has_credentials) {
        message->credentials = control->credentials;
    } else if (UNLIKELY(atomic_load(&sock->socket.pass_credentials) ||
                        (other && atomic_load(&other->socket.pass_credentials)))) {
        socket_identity(&identity);
        message->credentials = identity.real;
    } else { /* what Linux shows for a message that was sent before anybody asked */
        message->credentials = (struct socket_credentials){0, UID_UNKNOWN, UID_UNKNOWN};
    }
}

int unix_message_give(struct unix_message *message, struct socket_transfer *transfer, bool peek)
{
    struct socket_control *control = transfer->control;
    struct socket_files *files = message->files;

    if (control && !control->has_credentials) {
        control->credentials = message->credentials;
        control->has_credentials = true;
    }
    if (LIKELY(!files))
        return 0;
    if (peek) {
        if (!control)
            return 0;
        control->files = unix_files_copy(files);
        return control->files ? 0 : -ENOMEM;
    }
    message->files = NULL;
    unix_files_land(files);
    if (control)
        control->files = files;
    else
        socket_files_free(files);
    return 0;
}
