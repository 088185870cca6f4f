/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contents of tmpfs files: pages in a tree, over data that lies in the archive
 * or the kernel image and is never copied as long as nobody writes.  A page of the tree hides
 * the data below it.
 */
#include "fs/tmpfs.h"
#include "fs/tmpfs_pages.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/vma.h"
#include "sched/thread.h"

#define OTHERS_EVERY 262144l /* bytes that one call moves before others may run */

#define FALLOC_ZERO_RANGE 16

/* How many bytes from pos lie in data with no page over them; 0: ask for the page. */
static size_t plain_data_run(struct tmpfs_file *file, uint64_t pos, size_t size)
{
    uint64_t index = pos >> PAGE_SHIFT, next;
    size_t run = 0;

    spin_lock(&file->lock);
    if (pos < file->data_size) {
        run = MIN(size, file->data_size - pos);
        if (page_tree_next(&file->pages, index, &next))
            run = next == index ? 0 : MIN(run, (next << PAGE_SHIFT) - pos);
    }
    spin_unlock(&file->lock);
    return run;
}

static ssize_t read_piece(struct tmpfs_inode *node, struct iobuf *buf, uint64_t pos, size_t size)
{
    struct tmpfs_file *file = &node->file;
    size_t run = plain_data_run(file, pos, size), offset = pos & (PAGE_SIZE - 1);
    ssize_t done;
    paddr_t page;

    if (run)
        return iobuf_put(buf, file->data + pos, run);
    size = MIN(size, PAGE_SIZE - offset);
    if (!tmpfs_find_page(node, pos >> PAGE_SHIFT, &page)) {
        /* A hole, up to the end of the page; data never reaches beyond a page that has a hole. */
        return iobuf_put_zero(buf, size);
    }
    done = iobuf_put(buf, (const char *)phys_to_virt(page) + offset, size);
    page_put(page);
    return done;
}

static ssize_t regular_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);
    uint64_t at = (uint64_t)*pos, size = node->inode.attr.size;
    ssize_t total = 0;

    while (buf->remaining && at < size) {
        size_t want = MIN(MIN(buf->remaining, size - at), OTHERS_EVERY);
        ssize_t done = read_piece(node, buf, at, want);

        if (done < 0)
            return total ? total : done;
        at += (uint64_t)done;
        total += done;
        if (done == 0)
            break;
        if (UNLIKELY(total / OTHERS_EVERY != (total - done) / OTHERS_EVERY))
            sched_checkpoint();
    }
    *pos = (loff_t)at;
    if (!(file->mode & FMODE_NOATIME))
        inode_accessed(&node->inode);
    return total;
}

static int check_write(struct tmpfs_inode *node, uint64_t end)
{
    if (node->file.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if ((node->file.seals & F_SEAL_GROW) && end > node->inode.attr.size)
        return -EPERM;
    return 0;
}

/* Under inode.lock; see fs/vfs.h for why copying from the program is allowed here. */
static ssize_t write_locked(struct tmpfs_inode *node, struct iobuf *buf, uint64_t at)
{
    ssize_t total = 0;

    while (buf->remaining) {
        size_t offset = at & (PAGE_SIZE - 1), size = MIN(buf->remaining, PAGE_SIZE - offset);
        ssize_t done;
        paddr_t page;
        int error = tmpfs_make_page(node, at >> PAGE_SHIFT, &page);

        if (error)
            return total ? total : error;
        done = iobuf_get(buf, (char *)phys_to_virt(page) + offset, size);
        page_put(page);
        /* Who maps the archive's page instead of this one does not see the write. */
        if (node->file.mapped && at < node->file.data_size)
            tmpfs_drop_mapped(node, PAGE_ALIGN_DOWN(at), PAGE_ALIGN_DOWN(at) + PAGE_SIZE, true);
        if (done < 0)
            return total ? total : done;
        at += (uint64_t)done;
        total += done;
        if (at > node->inode.attr.size)
            node->inode.attr.size = at;
        if ((size_t)done < size)
            break;
        if (UNLIKELY(at % OTHERS_EVERY == 0))
            sched_checkpoint();
    }
    return total;
}

/* A write by others than root takes away what the program may become by exec. */
static void drop_set_id(struct inode *inode)
{
    if (fs_current()->privileged)
        return;
    if (inode->attr.mode & S_IXGRP)
        inode->attr.mode &= ~S_ISGID;
    inode->attr.mode &= ~S_ISUID;
}

static ssize_t regular_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);
    uint64_t at;
    ssize_t done;

    if (!buf->remaining)
        return 0;
    mutex_lock(&node->inode.lock);
    at = (atomic_load(&file->flags) & O_APPEND) ? node->inode.attr.size : (uint64_t)*pos;
    if (at > (uint64_t)INT64_MAX - buf->remaining)
        done = -EFBIG;
    else
        done = check_write(node, at + buf->remaining);
    if (!done)
        done = write_locked(node, buf, at);
    if (done > 0) {
        *pos = (loff_t)(at + (uint64_t)done);
        inode_touch(&node->inode);
        if (UNLIKELY(node->inode.attr.mode & (S_ISUID | S_ISGID)))
            drop_set_id(&node->inode);
    }
    mutex_unlock(&node->inode.lock);
    return done;
}

/* Under inode.lock. */
static int resize(struct tmpfs_inode *node, uint64_t size)
{
    uint64_t old = node->inode.attr.size;

    if (size > (uint64_t)INT64_MAX)
        return -EINVAL;
    if ((size < old && (node->file.seals & F_SEAL_SHRINK)) ||
        (size > old && (node->file.seals & F_SEAL_GROW)))
        return -EPERM;
    node->inode.attr.size = size;
    if (size < old)
        tmpfs_drop_pages_from(node, size);
    if (size < old && node->file.mapped)
        tmpfs_drop_mapped(node, PAGE_ALIGN_UP(size), UINT64_MAX & PAGE_MASK, false);
    inode_touch(&node->inode);
    return 0;
}

int tmpfs_file_setattr(struct inode *inode, const struct inode_attr *attr, uint32_t which)
{
    return (which & ATTR_SIZE) ? resize(tmpfs_inode_of(inode), attr->size) : 0;
}

static int regular_truncate(struct file *file, uint64_t size)
{
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);
    int error;

    mutex_lock(&node->inode.lock);
    error = resize(node, size);
    mutex_unlock(&node->inode.lock);
    return error;
}

/* Pages for [offset, end), so that later writes cannot fail. */
static int reserve(struct tmpfs_inode *node, uint64_t offset, uint64_t end)
{
    for (uint64_t at = PAGE_ALIGN_DOWN(offset); at < end; at += PAGE_SIZE) {
        paddr_t page;
        int error;

        if (at < node->file.data_size)
            continue;
        error = tmpfs_make_page(node, at >> PAGE_SHIFT, &page);
        if (error)
            return error;
        page_put(page);
        if (at % OTHERS_EVERY == 0)
            sched_checkpoint();
    }
    return 0;
}

static int fallocate_locked(struct tmpfs_inode *node, int mode, uint64_t offset, uint64_t end)
{
    int error;

    if (mode & FALLOC_PUNCH_HOLE)
        return (node->file.seals & F_SEAL_WRITE)
                   ? -EPERM
                   : tmpfs_zero_range(node, offset, MIN(end, PAGE_ALIGN_UP(node->inode.attr.size)));
    if ((node->file.seals & F_SEAL_GROW) && end > node->inode.attr.size)
        return -EPERM;
    if ((mode & FALLOC_ZERO_RANGE) && (node->file.seals & F_SEAL_WRITE))
        return -EPERM;
    error = 0;
    if (!error && (mode & FALLOC_ZERO_RANGE))
        error = tmpfs_zero_range(node, offset, MIN(end, PAGE_ALIGN_UP(node->inode.attr.size)));
    if (!error)
        error = reserve(node, offset, end);
    if (!error && !(mode & FALLOC_KEEP_SIZE) && end > node->inode.attr.size)
        node->inode.attr.size = end;
    return error;
}

static int regular_fallocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);
    int error;

    if (mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
        return -EOPNOTSUPP;
    if ((mode & FALLOC_PUNCH_HOLE) && mode != (FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE))
        return -EOPNOTSUPP;
    mutex_lock(&node->inode.lock);
    error = fallocate_locked(node, mode, offset, offset + length);
    if (!error)
        inode_touch(&node->inode);
    mutex_unlock(&node->inode.lock);
    return error;
}

/* SEEK_DATA and SEEK_HOLE by pages; everything else is generic. */
static loff_t seek_sparse(struct tmpfs_inode *node, uint64_t offset, bool hole)
{
    struct tmpfs_file *file = &node->file;
    uint64_t size = node->inode.attr.size, index = offset >> PAGE_SHIFT, next;

    if (offset >= size)
        return -ENXIO;
    spin_lock(&file->lock);
    if (hole) {
        while (index << PAGE_SHIFT < size &&
               (index << PAGE_SHIFT < file->data_size || page_tree_get(&file->pages, index)))
            index++;
    } else if (index << PAGE_SHIFT >= file->data_size) {
        index = page_tree_next(&file->pages, index, &next) ? next : UINT64_MAX >> PAGE_SHIFT;
    }
    spin_unlock(&file->lock);
    if (index << PAGE_SHIFT >= size)
        return hole ? (loff_t)size : -ENXIO;
    return (loff_t)MAX(offset, index << PAGE_SHIFT);
}

static loff_t regular_seek(struct file *file, loff_t offset, int whence)
{
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);
    loff_t base = 0, target;

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = file->pos;
        break;
    case SEEK_END:
        base = (loff_t)node->inode.attr.size;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        target = offset < 0 ? -ENXIO : seek_sparse(node, (uint64_t)offset, whence == SEEK_HOLE);
        if (target >= 0)
            file->pos = target;
        return target;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &target) || target < 0)
        return -EINVAL;
    file->pos = target;
    return target;
}

static int regular_mmap(struct file *file, struct mmap_request *request)
{
    uint32_t seals = tmpfs_inode_of(file->inode)->file.seals;

    if ((file->mode & FMODE_NOEXEC) && (request->vm_flags & VM_EXEC))
        return -EPERM;
    if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) && (request->vm_flags & VM_SHARED)) {
        if (request->vm_flags & VM_WRITE)
            return -EPERM;
        request->vm_flags &= ~VM_MAYWRITE;
    }
    tmpfs_inode_of(file->inode)->file.mapped = true;
    request->ops = (request->vm_flags & VM_SHARED) && (request->vm_flags & VM_MAYWRITE)
                       ? &tmpfs_vm_writable_ops
                       : &tmpfs_vm_ops;
    request->object = file;
    return 0;
}

static int regular_fsync(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0; /* memory is all there is */
}

const struct file_ops tmpfs_regular_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .mmap = regular_mmap,
    .fsync = regular_fsync,
    .truncate = regular_truncate,
    .fallocate = regular_fallocate,
};
