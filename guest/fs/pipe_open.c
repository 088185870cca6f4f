/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of pipes: pipe(2), opening FIFOs and /proc/self/fd/N, sizes.  Reading and
 * writing are in pipe.c.
 */
#include "fs/pipe_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/slab.h"

static struct spinlock fifo_lock = SPINLOCK_INIT(LOCK_RANK_FS); /* inode->private_data of FIFOs */

static void pipe_free(struct pipe *pipe)
{
    pipe_quota_end(pipe);
    pipe_packets_free(&pipe->packets);
    pipe_ring_free(&pipe->ring);
    kfree(pipe);
}

/* Users who have many pipes get small ones; false: out of memory. */
static bool limit_new(struct pipe *pipe)
{
    uint32_t pages = PIPE_PAGES_DEFAULT;

    if (LIKELY(fs_current()->privileged))
        return true;
    return pipe_quota_begin(pipe, &pages) &&
           (pages == PIPE_PAGES_DEFAULT || pipe_ring_resize(&pipe->ring, pages) == 0);
}

static struct pipe *pipe_new(void)
{
    struct pipe *pipe = kzalloc(sizeof(*pipe));

    if (!pipe)
        return NULL;
    if (!pipe_ring_init(&pipe->ring)) {
        kfree(pipe);
        return NULL;
    }
    if (!limit_new(pipe)) {
        pipe_free(pipe);
        return NULL;
    }
    mutex_init(&pipe->lock);
    wait_queue_init(&pipe->readable);
    wait_queue_init(&pipe->writable);
    ref_init(&pipe->refs);
    return pipe;
}

void pipe_put(struct pipe *pipe)
{
    bool last;

    spin_lock(&fifo_lock);
    last = ref_put(&pipe->refs);
    if (last && pipe->fifo)
        pipe->fifo->private_data = NULL;
    spin_unlock(&fifo_lock);
    if (last)
        pipe_free(pipe);
}

static void pipe_inode_evict(struct inode *inode)
{
    struct pipe_inode *node = CONTAINER_OF(inode, struct pipe_inode, inode);

    pipe_put(node->pipe);
    kfree(node);
}

/* The file becomes an end of the pipe; takes over a reference to the pipe. */
static void attach(struct file *file, struct pipe *pipe)
{
    file->ops = &pipe_ops;
    file->private_data = pipe;
    mutex_lock(&pipe->lock);
    if (file->mode & FMODE_READ) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (file->mode & FMODE_WRITE) {
        pipe->writers++;
        pipe->writer_opens++;
    }
    wake_all(&pipe->readable, 0);
    wake_all(&pipe->writable, 0);
    mutex_unlock(&pipe->lock);
}

/* Waits until the other side has been opened since we came; fifo(7). */
static int wait_for_other(struct pipe *pipe, bool for_reader)
{
    struct wait_queue *queue = for_reader ? &pipe->writable : &pipe->readable;
    uint64_t before, *opens = for_reader ? &pipe->reader_opens : &pipe->writer_opens;
    uint32_t *present = for_reader ? &pipe->readers : &pipe->writers;
    struct wait_entry entry;
    int error = 0;

    mutex_lock(&pipe->lock);
    before = *opens;
    while (!*present && *opens == before && !error) {
        wait_begin(queue, &entry);
        error = pipe_wait_unlocked(pipe, queue, &entry);
    }
    mutex_unlock(&pipe->lock);
    return error;
}

static int open_end(struct file *file, struct pipe *pipe)
{
    bool only_write = !(file->mode & FMODE_READ), blocking;
    int error = 0;

    blocking = !(atomic_load(&file->flags) & O_NONBLOCK);
    if (only_write && !blocking && !pipe->readers)
        error = -ENXIO;
    if (error) {
        pipe_put(pipe);
        return error;
    }
    attach(file, pipe);
    if (blocking && (file->mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
        error = wait_for_other(pipe, only_write);
    if (error)
        pipe_release(file);
    return error;
}

int fifo_open(struct inode *inode, struct file *file)
{
    struct pipe *fresh = pipe_new(), *pipe;

    if (!fresh)
        return -ENOMEM;
    spin_lock(&fifo_lock);
    pipe = inode->private_data;
    if (pipe) {
        ref_get(&pipe->refs);
    } else {
        pipe = fresh;
        pipe->fifo = inode;
        inode->private_data = pipe;
    }
    spin_unlock(&fifo_lock);
    if (pipe != fresh)
        pipe_free(fresh);
    return open_end(file, pipe);
}

/*
 * /proc/self/fd/N of a pipe: another file of the end that the flags ask for.  Unlike
 * fifo(7)'s it does not wait for the other side, which may have come and gone.
 */
static int pipe_reopen(struct inode *inode, struct file *file)
{
    struct pipe *pipe = CONTAINER_OF(inode, struct pipe_inode, inode)->pipe;

    ref_get(&pipe->refs);
    attach(file, pipe);
    return 0;
}

static struct file *make_end(struct pipe_inode *node, uint32_t mode, uint32_t flags)
{
    struct file *file = file_create(&pipe_ops, mode, flags, NULL);

    if (!file)
        return NULL;
    file->inode = inode_get(&node->inode);
    ref_get(&node->pipe->refs);
    attach(file, node->pipe);
    return file;
}

int pipe_create(uint32_t flags, struct file *ends[2])
{
    static const struct inode_ops ops = {.open = pipe_reopen, .evict = pipe_inode_evict};
    struct pipe_inode *node = kmalloc(sizeof(*node));

    if (!node)
        return -ENOMEM;
    node->pipe = pipe_new();
    if (!node->pipe) {
        kfree(node);
        return -ENOMEM;
    }
    inode_init(&node->inode, &ops, &anonymous_super, S_IFIFO | 0600, inode_next_anonymous_ino());
    node->inode.attr.uid = fs_current()->fsuid;
    node->inode.attr.gid = fs_current()->fsgid;
    ends[0] = make_end(node, FMODE_READ, (flags & ~O_DIRECT) | O_RDONLY);
    ends[1] = ends[0] ? make_end(node, FMODE_WRITE, flags | O_WRONLY) : NULL;
    inode_put(&node->inode); /* the files hold it */
    if (ends[1])
        return 0;
    file_put(ends[0]);
    return -ENOMEM;
}

int64_t pipe_get_size(struct file *file)
{
    return file->ops == &pipe_ops ? (int64_t)pipe_ring_capacity(&pipe_of(file)->ring) : -EBADF;
}

static atomic_ulong max_size = PIPE_PAGES_MAX * PAGE_SIZE;

uint64_t pipe_max_size(void)
{
    return atomic_load(&max_size);
}

int pipe_set_max_size(uint64_t size)
{
    uint64_t rounded = PAGE_SIZE;

    if (size == 0 || size > PIPE_PAGES_LIMIT * PAGE_SIZE)
        return -EINVAL;
    while (rounded < size)
        rounded *= 2;
    atomic_store(&max_size, rounded);
    return 0;
}

int64_t pipe_set_size(struct file *file, uint64_t size)
{
    struct pipe *pipe = pipe_of(file);
    uint32_t count = 1;
    uint64_t tail;
    int64_t result;

    if (file->ops != &pipe_ops)
        return -EBADF;
    if (size > 1ul << 31)
        return -EINVAL;
    if (size > PIPE_PAGES_LIMIT * PAGE_SIZE)
        return -ENOMEM;
    while (count * PAGE_SIZE < size)
        count *= 2;
    mutex_lock(&pipe->lock);
    tail = pipe->ring.tail;
    result = -EPERM;
    if (pipe_quota_change(pipe, count)) {
        uint32_t before = pipe->ring.page_count;

        result = pipe->packets.count > count ? -EBUSY : pipe_ring_resize(&pipe->ring, count);
        if (result)
            (void)pipe_quota_change(pipe, before);
    }
    if (!result)
        pipe_packets_shift(&pipe->packets, tail);
    if (!result)
        result = (int64_t)pipe_ring_capacity(&pipe->ring);
    wake_all(&pipe->writable, POLL_OUT | POLL_WRNORM);
    mutex_unlock(&pipe->lock);
    return result;
}
