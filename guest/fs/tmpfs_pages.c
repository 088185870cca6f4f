/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the bytes of a tmpfs file lie: its page tree, or the archive's own
 * memory, which mappings get without a copy when a page of it is whole and
 * aligned.  Runs on the fault path: takes file.lock only.
 */
#include "fs/tmpfs_pages.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"
#include "mm/vma.h"

/* A copy of data that the file has anyway is never refused: its mappings need it. */
static bool charge(struct tmpfs *fs, bool is_copy)
{
    if (!fs->page_limit) {
        struct fs_stats stats;

        fs->sb.statfs(&fs->sb, &stats); /* sets the limit */
    }
    if (atomic_fetch_add(&fs->page_count, 1) < fs->page_limit || is_copy)
        return true;
    atomic_fetch_sub(&fs->page_count, 1);
    return false;
}

static void drop_page(uint64_t pa)
{
    page_put(PADDR(pa));
}

static void remove_range(struct tmpfs_inode *node, uint64_t first, uint64_t last)
{
    struct tmpfs_file *file = &node->file;
    uint64_t before = file->pages.count;

    page_tree_remove(&file->pages, first, last, drop_page);
    atomic_fetch_sub(&tmpfs_of(&node->inode)->page_count, before - file->pages.count);
}

bool tmpfs_find_page(struct tmpfs_inode *node, uint64_t index, paddr_t *page)
{
    uint64_t pa;

    spin_lock(&node->file.lock);
    pa = page_tree_get(&node->file.pages, index);
    if (pa)
        page_get(PADDR(pa));
    spin_unlock(&node->file.lock);
    *page = PADDR(pa);
    return pa != 0;
}

/* A page outside the tree with what the file has there. */
static bool fresh_page(struct tmpfs_file *file, uint64_t index, paddr_t *page)
{
    uint64_t start = index << PAGE_SHIFT, size = 0;
    char *bytes;

    if (start < file->data_size)
        size = MIN(PAGE_SIZE, file->data_size - start);
    if (!page_alloc(0, size ? 0 : PAGE_ZERO, page))
        return false;
    leaks_keep(phys_to_virt(*page));
    if (size) {
        bytes = phys_to_virt(*page);
        memcpy(bytes, file->data + start, size);
        memset(bytes + size, 0, PAGE_SIZE - size);
    }
    return true;
}

int tmpfs_make_page(struct tmpfs_inode *node, uint64_t index, paddr_t *page)
{
    struct tmpfs *fs = tmpfs_of(&node->inode);
    struct tmpfs_file *file = &node->file;
    paddr_t fresh;
    uint64_t pa;
    int error = 0;

    if (tmpfs_find_page(node, index, page))
        return 0;
    if (!charge(fs, index << PAGE_SHIFT < file->data_size))
        return -ENOSPC;
    if (!fresh_page(file, index, &fresh)) {
        atomic_fetch_sub(&fs->page_count, 1);
        return -ENOMEM;
    }
    spin_lock(&file->lock);
    pa = page_tree_get(&file->pages, index);
    if (!pa) {
        error = page_tree_set(&file->pages, index, fresh.raw);
        pa = error ? 0 : fresh.raw;
    }
    if (pa)
        page_get(PADDR(pa));
    spin_unlock(&file->lock);
    if (pa != fresh.raw) { /* no memory, or another CPU was faster */
        page_put(fresh);
        atomic_fetch_sub(&fs->page_count, 1);
    }
    *page = PADDR(pa);
    return error;
}

void tmpfs_drop_pages_from(struct tmpfs_inode *node, uint64_t size)
{
    struct tmpfs_file *file = &node->file;
    size_t keep = size & (PAGE_SIZE - 1);
    uint64_t pa;

    spin_lock(&file->lock);
    remove_range(node, PAGE_ALIGN_UP(size) >> PAGE_SHIFT, UINT64_MAX >> PAGE_SHIFT);
    pa = keep ? page_tree_get(&file->pages, size >> PAGE_SHIFT) : 0;
    if (pa)
        memset((char *)phys_to_virt(PADDR(pa)) + keep, 0, PAGE_SIZE - keep);
    file->data_size = MIN(file->data_size, size);
    spin_unlock(&file->lock);
}

static int zero_part(struct tmpfs_inode *node, uint64_t start, uint64_t end)
{
    paddr_t page;
    int error;

    if (start >= node->file.data_size && !tmpfs_find_page(node, start >> PAGE_SHIFT, &page))
        return 0; /* a hole already */
    if (start >= node->file.data_size)
        page_put(page);
    error = tmpfs_make_page(node, start >> PAGE_SHIFT, &page);
    if (error)
        return error;
    memset((char *)phys_to_virt(page) + (start & (PAGE_SIZE - 1)), 0, end - start);
    page_put(page);
    return 0;
}

int tmpfs_zero_range(struct tmpfs_inode *node, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t stop = MIN(end, PAGE_ALIGN_DOWN(start) + PAGE_SIZE);
        int error = 0;

        if (stop - start == PAGE_SIZE && start >= node->file.data_size) {
            stop = PAGE_ALIGN_DOWN(end); /* whole pages of the tree: drop them */
            spin_lock(&node->file.lock);
            remove_range(node, start >> PAGE_SHIFT, (stop >> PAGE_SHIFT) - 1);
            spin_unlock(&node->file.lock);
        } else {
            error = zero_part(node, start, stop);
        }
        if (error)
            return error;
        start = stop;
    }
    return 0;
}

void tmpfs_file_release_pages(struct tmpfs_inode *node)
{
    remove_range(node, 0, UINT64_MAX >> PAGE_SHIFT);
    if (node->file.data_owned)
        kfree((void *)(uintptr_t)node->file.data);
}

/* The page of the archive itself, if it is whole and nobody has written to it. */
static bool static_page(struct tmpfs_file *file, uint64_t offset, struct vm_page *page)
{
    bool usable;

    spin_lock(&file->lock);
    usable = !file->data_owned && offset < file->data_size &&
             file->data_size - offset >= PAGE_SIZE &&
             ((uintptr_t)file->data & (PAGE_SIZE - 1)) == 0 &&
             !page_tree_get(&file->pages, offset >> PAGE_SHIFT);
    if (usable) {
        page->pa = virt_to_phys(file->data + offset);
        page->is_static = true;
    }
    spin_unlock(&file->lock);
    return usable;
}

static int vm_get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    struct file *file = object;
    struct tmpfs_inode *node = tmpfs_inode_of(file->inode);

    if (offset >= PAGE_ALIGN_UP(node->inode.attr.size))
        return -EFAULT;
    if (!for_write && static_page(&node->file, offset, page))
        return 0;
    page->is_static = false;
    return tmpfs_make_page(node, offset >> PAGE_SHIFT, &page->pa) ? -ENOMEM : 0;
}

/* Pages of the archive from offset on that nobody has written to: a fault maps several at once. */
static uint64_t vm_static_run(void *object, uint64_t offset, paddr_t *pa)
{
    struct file *mapped = object;
    struct tmpfs_file *file = &tmpfs_inode_of(mapped->inode)->file;
    uint64_t first = offset >> PAGE_SHIFT, pages = 0, limit;

    spin_lock(&file->lock);
    if (!file->data_owned && offset < file->data_size &&
        ((uintptr_t)file->data & (PAGE_SIZE - 1)) == 0) {
        limit = (file->data_size - offset) >> PAGE_SHIFT;
        if (file->pages.count == 0)
            pages = limit;
        while (pages < MIN(limit, VM_RUN_PAGES) && !page_tree_get(&file->pages, first + pages))
            pages++;
        *pa = pages ? virt_to_phys(file->data + offset) : PADDR(0);
    }
    spin_unlock(&file->lock);
    return pages;
}

static bool vm_resident(void *object, uint64_t offset)
{
    struct file *mapped = object;
    struct tmpfs_file *file = &tmpfs_inode_of(mapped->inode)->file;

    spin_lock(&file->lock);
    bool there = offset < file->data_size || page_tree_get(&file->pages, offset >> PAGE_SHIFT);
    spin_unlock(&file->lock);
    return there;
}

static int vm_punch(void *object, uint64_t offset, uint64_t length)
{
    struct file *file = object;

    return file->ops->fallocate(file, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, offset, length);
}

static void vm_get(void *object)
{
    file_get(object);
}

static void vm_put(void *object)
{
    file_put(object);
}

static void vm_get_writable(void *object)
{
    struct file *file = object;

    atomic_fetch_add(&tmpfs_inode_of(file->inode)->file.writable_maps, 1);
    file_get(file);
}

static void vm_put_writable(void *object)
{
    struct file *file = object;

    atomic_fetch_sub(&tmpfs_inode_of(file->inode)->file.writable_maps, 1);
    file_put(file);
}

static void vm_describe(void *object, char *buf, size_t size, uint64_t *device, uint64_t *inode)
{
    struct file *file = object;

    vfs_describe_mapping(file, buf, size, device, inode);
}

static bool is_mapping_of(void *object, void *arg)
{
    struct file *file = object;

    return file->inode == arg;
}

void tmpfs_drop_mapped(struct tmpfs_inode *node, uint64_t start, uint64_t end, bool static_only)
{
    struct vm_range range = {.ops = &tmpfs_vm_ops,
                             .match = is_mapping_of,
                             .arg = &node->inode,
                             .start = start,
                             .end = end,
                             .static_only = static_only};

    mm_drop_object_pages(&range);
    range.ops = &tmpfs_vm_writable_ops;
    mm_drop_object_pages(&range);
}

const struct vm_object_ops tmpfs_vm_ops = {.get_page = vm_get_page,
                                           .get = vm_get,
                                           .put = vm_put,
                                           .describe = vm_describe,
                                           .static_run = vm_static_run,
                                           .resident = vm_resident,
                                           .punch = vm_punch};

const struct vm_object_ops tmpfs_vm_writable_ops = {.get_page = vm_get_page,
                                                    .get = vm_get_writable,
                                                    .put = vm_put_writable,
                                                    .describe = vm_describe,
                                                    .static_run = vm_static_run,
                                                    .resident = vm_resident,
                                                    .punch = vm_punch};
