/* SPDX-License-Identifier: BSD-2-Clause */
/* See fs_fakes.h. */
#include "unit/fs_fakes.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/clock.h"
#include "arch/trap.h"
#include "fs/device.h"
#include "fs/epoll.h"
#include "fs/file_owner.h"
#include "fs/lease.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vma.h"
#include "sched/thread.h"

struct fs_context fake_context = {.privileged = true, .umask = 022};
uint64_t fake_total_pages = 4096;
unsigned int fake_objects, fake_pages, fake_fail_after, fake_log_lines;
struct tmpfs fake_fs;
struct archive fake_archive;
struct dentry *fake_root;
struct clock_params clock_params;

/* ---- memory ---- */

static bool should_fail(void)
{
    return fake_fail_after && --fake_fail_after == 0;
}

void *kmalloc(size_t size)
{
    if (should_fail())
        return NULL;
    fake_objects++;
    void *ptr = malloc(size ? size : 1);
    memset(ptr, 0xa5, size);
    return ptr;
}

void *kzalloc(size_t size)
{
    void *ptr = kmalloc(size);

    if (ptr)
        memset(ptr, 0, size);
    return ptr;
}

void *kcalloc(size_t count, size_t size)
{
    return kzalloc(count * size);
}

void kfree(void *ptr)
{
    if (ptr)
        fake_objects--;
    free(ptr);
}

char *kstrdup(const char *s)
{
    char *copy = kmalloc(strlen(s) + 1);

    if (copy)
        memcpy(copy, s, strlen(s) + 1);
    return copy;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t length = strlen(src);

    if (size) {
        memcpy(dst, src, length < size ? length : size - 1);
        dst[length < size ? length : size - 1] = 0;
    }
    return length;
}

/* A page's count lies behind it. */
static unsigned int *count_of(paddr_t pa)
{
    return (unsigned int *)(void *)((char *)phys_to_virt(pa) + PAGE_SIZE);
}

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((uint64_t)(uintptr_t)ptr - DIRECT_MAP_BASE);
}

bool page_alloc(unsigned int order, unsigned int flags, paddr_t *pa)
{
    assert_int_equal(order, 0);
    if (should_fail())
        return false;
    char *page = aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);
    memset(page, flags & PAGE_ZERO ? 0 : 0xa5, PAGE_SIZE);
    *pa = virt_to_phys(page);
    *count_of(*pa) = 1;
    fake_pages++;
    return true;
}

void *page_alloc_virt(unsigned int flags)
{
    paddr_t pa;

    return page_alloc(0, flags, &pa) ? phys_to_virt(pa) : NULL;
}

void page_get(paddr_t pa)
{
    assert_true(*count_of(pa) > 0);
    ++*count_of(pa);
}

void page_put(paddr_t pa)
{
    assert_true(*count_of(pa) > 0);
    if (--*count_of(pa))
        return;
    fake_pages--;
    free(phys_to_virt(pa));
}

void page_free_virt(void *page)
{
    page_put(virt_to_phys(page));
}

void page_get_stats(struct page_stats *stats)
{
    *stats = (struct page_stats){.total = fake_total_pages, .free = fake_total_pages - fake_pages};
}

/* There is no program: every address is bad. */
size_t copy_from_user_partial(void *dst, uaddr_t src, size_t size)
{
    (void)dst;
    (void)src;
    return size;
}

size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t size)
{
    (void)dst;
    (void)src;
    return size;
}

size_t clear_user_partial(uaddr_t dst, size_t size)
{
    (void)dst;
    return size;
}

int put_user_u32(uaddr_t dst, uint32_t value)
{
    (void)dst;
    (void)value;
    return -EFAULT;
}

void mm_drop_object_pages(const struct vm_range *range)
{
    assert_true(range->start <= range->end);
}

/* ---- locks, time, log ---- */

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
    (void)rank;
    lock->locked = 0;
}

void spin_lock_slow(struct spinlock *lock)
{
    (void)lock;
    fail_msg("a spinlock is taken twice");
}

void mutex_init(struct mutex *mutex)
{
    memset(mutex, 0, sizeof(*mutex));
}

void mutex_lock(struct mutex *mutex)
{
    assert_null(mutex->owner);
    mutex->owner = (struct thread *)mutex;
}

void mutex_unlock(struct mutex *mutex)
{
    assert_non_null(mutex->owner);
    mutex->owner = NULL;
}

/* One thread alone: nothing to wake, and a wait would be for ever. */
void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->entries);
}

void wake_all(struct wait_queue *queue, uint32_t key)
{
    (void)key;
    assert_true(list_empty(&queue->entries));
}

void wait_begin(struct wait_queue *queue, struct wait_entry *entry)
{
    (void)queue;
    (void)entry;
}

void wait_end(struct wait_queue *queue, struct wait_entry *entry)
{
    (void)queue;
    (void)entry;
}

bool sched_checkpoint(void)
{
    return false;
}

int wait_sleep(uint64_t deadline_ns)
{
    (void)deadline_ns;
    return -ERESTARTSYS;
}

ns_t clock_ns(void)
{
    static ns_t now;

    return now += 1000;
}

ns_t clock_wall_ns(void)
{
    return 1700000000000000000ul + clock_ns();
}

void klog(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    fake_log_lines++;
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    abort();
}

/* ---- the rest of fs/ ---- */

int special_open(struct inode *inode, struct file *file)
{
    (void)inode;
    (void)file;
    return -ENXIO;
}

struct inode *vfs_lazy_mount(struct dentry *dir, const char *name, size_t length)
{
    (void)dir;
    (void)name;
    (void)length;
    return NULL;
}

void irq_window(void) {}

void file_owner_free(struct file *file)
{
    (void)file;
    abort(); /* no test asks for signals */
}

void file_owner_notify(struct file *file, int fd, uint32_t band)
{
    (void)file;
    (void)fd;
    (void)band;
    abort();
}

void lease_release(struct file *file)
{
    (void)file;
    abort(); /* nor for leases */
}

int lease_break(struct inode *inode, bool write, bool nonblocking)
{
    (void)inode;
    (void)write;
    (void)nonblocking;
    abort();
}

void epoll_forget_file(struct file *file)
{
    assert_true(list_empty(&file->poll_watches));
}

void vfs_describe_mapping(struct file *file, char *buf, size_t size, uint64_t *device,
                          uint64_t *inode)
{
    (void)file;
    (void)size;
    *buf = 0;
    *device = *inode = 0;
}

static const struct fs_context *current_context(void)
{
    return &fake_context;
}

void fake_start(const void *archive, size_t size, const struct tmpfs_default *defaults)
{
    fake_fail_after = 0;
    fake_log_lines = 0;
    fs_set_current_source(current_context);
    fake_context = (struct fs_context){.privileged = true, .umask = 022};
    memset(&fake_fs, 0, sizeof(fake_fs));
    assert_int_equal(tmpfs_init(&fake_fs, "tmpfs", 1, 0755, defaults), 0);
    archive_init(&fake_archive, &fake_fs, archive, size);
    atomic_store(&fake_fs.next_ino, 17 + size / 4);
    fake_fs.archive = &fake_archive;
    fake_root = dentry_create_root(inode_get(fake_fs.sb.root));
    fake_context.root = fake_context.cwd = fake_root;
}

static void empty(struct tmpfs_inode *dir)
{
    while (!list_empty(&dir->dir.entries)) {
        struct tmpfs_entry *entry = LIST_FIRST(&dir->dir.entries, struct tmpfs_entry, link);

        if (entry->inode && S_ISDIR(entry->inode->inode.attr.mode))
            empty(entry->inode);
        tmpfs_dir_remove(dir, entry);
    }
}

void fake_finish(void)
{
    fake_fail_after = 0;
    dentry_shrink(0);
    archive_finish(&fake_archive); /* gives up groups of hard links */
    empty(tmpfs_inode_of(fake_fs.sb.root));
    dentry_put(fake_root);
    inode_put(fake_fs.sb.root);
    assert_int_equal(fake_pages, 0);
    assert_int_equal(atomic_load(&fake_fs.page_count), 0);
    assert_int_equal(fake_objects, 0);
}
