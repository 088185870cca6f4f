/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over iface/chardev.h: bytes go through a bounce buffer, as the device
 * copies under its lock, and program memory may fault.  Small transfers bounce on
 * the stack: a line of output touches no page for it.
 */
#include "fs/stream.h"

#include "arch/clock.h"
#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define SMALL_BOUNCE 512u
#define ROOM_PATIENCE_NS 100000000ull

struct stream {
    struct chardev *dev;
    struct inode inode;
    struct mutex write_lock; /* one write at a time: their bytes do not mix */
    struct wait_queue readable, writable;
};

static const struct file_ops stream_file_ops;

static struct stream *stream_of(struct file *file)
{
    return file->private_data;
}

static void wake_readers(struct chardev *dev)
{
    struct stream *stream = dev->user;
    wake_all(&stream->readable, POLL_IN | POLL_RDNORM);
}

static void wake_writers(struct chardev *dev)
{
    struct stream *stream = dev->user;
    wake_all(&stream->writable, POLL_OUT | POLL_WRNORM);
}

/* A page if the request is worth one and there is one, else the caller's small buffer. */
struct bounce {
    uint8_t *data;
    size_t size;
    uint8_t small[SMALL_BOUNCE];
};

static void bounce_get(struct bounce *bounce, size_t wanted)
{
    bounce->data = wanted > SMALL_BOUNCE ? page_alloc_virt(0) : NULL;
    bounce->size = PAGE_SIZE;
    if (bounce->data == NULL) {
        bounce->data = bounce->small;
        bounce->size = SMALL_BOUNCE;
    }
}

static void bounce_put(struct bounce *bounce)
{
    if (bounce->data != bounce->small)
        page_free_virt(bounce->data);
}

/* Until ready() says so.  0, -EAGAIN, -ERESTARTSYS. */
static int wait_ready(struct file *file, struct wait_queue *queue,
                      bool (*ready)(struct chardev *dev))
{
    struct stream *stream = stream_of(file);
    struct wait_entry entry;
    int error = 0;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
        return -EAGAIN;
    wait_begin(queue, &entry);
    while (!ready(stream->dev) && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(queue, &entry);
    wait_end(queue, &entry);
    return error;
}

/* ---- reading -------------------------------------------------------------- */

/* What is there now, up to the buffer's size: bytes, 0: nothing yet, -EPIPE: end of input. */
static ssize_t read_available(struct stream *stream, struct iobuf *buf, struct bounce *bounce)
{
    ssize_t done = 0;
    while (buf->remaining != 0) {
        size_t part = MIN(buf->remaining, bounce->size);
        ssize_t count = stream->dev->ops->read(stream->dev, bounce->data, part);
        if (count <= 0)
            return done != 0 ? done : count;
        ssize_t copied = iobuf_put(buf, bounce->data, (size_t)count);
        if (copied < count)
            return copied < 0 && done == 0 ? copied : done + MAX(copied, 0);
        done += copied;
        if ((size_t)count < part)
            break;
    }
    return done;
}

static ssize_t stream_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct stream *stream = stream_of(file);
    struct bounce bounce;
    ssize_t result = 0;
    (void)pos;
    if (buf->remaining == 0)
        return 0;
    bounce_get(&bounce, buf->remaining);
    while ((result = read_available(stream, buf, &bounce)) == 0) {
        result = wait_ready(file, &stream->readable, stream->dev->ops->can_read);
        if (result != 0)
            break;
    }
    bounce_put(&bounce);
    return result == -EPIPE ? 0 : result;
}

/* ---- writing -------------------------------------------------------------- */

/*
 * Room in the device, as wait_ready() but that signals wait a little, too: a host that is only
 * busy makes room soon, and a pipe with its 64 KiB would have had some.  Programs with an
 * interval timer do not expect a short write to fail with EINTR.
 */
static int wait_room(struct file *file)
{
    struct stream *stream = stream_of(file);
    struct wait_entry entry;
    uint64_t patience_ns = clock_ns() + ROOM_PATIENCE_NS;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
        return -EAGAIN;
    wait_begin(&stream->writable, &entry);
    while (!stream->dev->ops->can_write(stream->dev) && clock_ns() < patience_ns) {
        wait_sleep_uninterruptible(patience_ns);
        wait_again(&stream->writable, &entry);
    }
    wait_end(&stream->writable, &entry);
    return wait_ready(file, &stream->writable, stream->dev->ops->can_write);
}

/* All of data; how many bytes went out, or an error if none did. */
static ssize_t write_all(struct file *file, const uint8_t *data, size_t size)
{
    struct stream *stream = stream_of(file);
    size_t done = 0;
    while (done < size) {
        ssize_t count = stream->dev->ops->write(stream->dev, data + done, size - done);
        if (count == 0)
            count = wait_room(file);
        if (count < 0)
            return done != 0 ? (ssize_t)done : count;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

static ssize_t write_locked(struct file *file, struct iobuf *buf)
{
    struct bounce bounce;
    ssize_t done = 0;
    bounce_get(&bounce, buf->remaining);
    while (buf->remaining != 0) {
        ssize_t part = iobuf_get(buf, bounce.data, MIN(buf->remaining, bounce.size));
        ssize_t count = part <= 0 ? part : write_all(file, bounce.data, (size_t)part);
        if (count <= 0) {
            done = done != 0 ? done : count;
            break;
        }
        done += count;
        if (count < part)
            break;
    }
    bounce_put(&bounce);
    return done;
}

static ssize_t stream_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct stream *stream = stream_of(file);
    (void)pos;
    if (buf->remaining == 0)
        return 0;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK) {
        if (!mutex_trylock(&stream->write_lock))
            return -EAGAIN;
    } else {
        mutex_lock(&stream->write_lock);
    }
    ssize_t result = write_locked(file, buf);
    mutex_unlock(&stream->write_lock);
    return result;
}

static uint32_t stream_poll(struct file *file, struct poll_table *table)
{
    struct stream *stream = stream_of(file);
    uint32_t events = 0;
    if (file->mode & FMODE_READ) {
        if (table != NULL)
            table->add(table, &stream->readable);
        if (stream->dev->ops->can_read(stream->dev))
            events |= POLL_IN | POLL_RDNORM;
    }
    if (file->mode & FMODE_WRITE) {
        if (table != NULL)
            table->add(table, &stream->writable);
        if (stream->dev->ops->can_write(stream->dev))
            events |= POLL_OUT | POLL_WRNORM;
    }
    return events;
}

static int64_t stream_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct chardev *dev = stream_of(file)->dev;
    if (request != 0x541b) /* FIONREAD */
        return -ENOTTY;
    return put_user_u32(UADDR(arg), (uint32_t)dev->ops->readable(dev));
}

static const struct file_ops stream_file_ops = {
    .read = stream_read,
    .write = stream_write,
    .poll = stream_poll,
    .ioctl = stream_ioctl,
};

/* ---- opening -------------------------------------------------------------- */

/* Through /proc/self/fd/N or /dev/stdout: the same stream once more. */
static int stream_inode_open(struct inode *inode, struct file *file)
{
    file->ops = &stream_file_ops;
    file->private_data = inode->private_data;
    return 0;
}

static const struct inode_ops stream_inode_ops = {.open = stream_inode_open};

static struct stream *stream_create(struct chardev *dev)
{
    struct stream *stream = kzalloc(sizeof(*stream));
    if (stream == NULL)
        return NULL;
    leaks_keep(stream);
    stream->dev = dev;
    mutex_init(&stream->write_lock);
    wait_queue_init(&stream->readable);
    wait_queue_init(&stream->writable);
    /* Lives as long as the kernel: this first reference is never given back. */
    inode_init(&stream->inode, &stream_inode_ops, &anonymous_super, S_IFIFO | 0600,
               inode_next_anonymous_ino());
    stream->inode.private_data = stream;
    dev->user = stream;
    dev->on_readable = wake_readers;
    dev->on_writable = wake_writers;
    return stream;
}

static struct stream *stream_get(struct chardev *dev)
{
    return dev->user != NULL ? dev->user : stream_create(dev);
}

int stream_open_file(struct chardev *dev, struct file *file)
{
    struct stream *stream = stream_get(dev);
    if (stream == NULL)
        return -ENOMEM;
    file->ops = &stream_file_ops;
    file->private_data = stream;
    return 0;
}

struct file *stream_open(struct chardev *dev, uint32_t mode)
{
    struct stream *stream = stream_get(dev);
    if (stream == NULL)
        return NULL;
    uint32_t flags = !(mode & FMODE_READ) ? O_WRONLY : mode & FMODE_WRITE ? O_RDWR : O_RDONLY;
    struct file *file = file_create(&stream_file_ops, mode, flags, stream);
    if (file != NULL)
        file->inode = inode_get(&stream->inode);
    return file;
}
