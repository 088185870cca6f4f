/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables: an array of files and two bitmaps that grow together.  The
 * first 32 descriptors live in the table itself.
 */
#include "fs/fd_table.h"

#include "fs/file_lock.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define INLINE_COUNT 32u
#define LINUX_COUNT 64u /* what Linux's tables begin with, and programs can tell */
#define CAPACITY_MAX (1u << 20) /* RLIMIT_NOFILE's ceiling, as fs.nr_open */

struct fd_table {
    struct refcount refs;
    struct spinlock lock; /* guards all below */
    uint32_t capacity; /* slots; 32, or a multiple of 64 */
    uint32_t first_free; /* no free descriptor below */
    struct file **files;
    uint64_t *used, *cloexec; /* a bit per slot */
    struct file *inline_files[INLINE_COUNT];
    uint64_t inline_bits[2];
};

static struct fd_table *(*table_source)(void);
static uint64_t (*limit_source)(void);

void fd_set_current_source(struct fd_table *(*table)(void), uint64_t (*limit)(void))
{
    table_source = table;
    limit_source = limit;
}

struct fd_table *fd_current(void)
{
    return table_source();
}

uint64_t fd_current_limit(void)
{
    return limit_source();
}

struct fd_table *fd_table_create(void)
{
    struct fd_table *table = kzalloc(sizeof(*table));

    if (!table)
        return NULL;
    ref_init(&table->refs);
    spin_init(&table->lock, LOCK_RANK_FD);
    table->capacity = INLINE_COUNT;
    table->files = table->inline_files;
    table->used = &table->inline_bits[0];
    table->cloexec = &table->inline_bits[1];
    return table;
}

struct fd_table *fd_table_share(struct fd_table *table)
{
    ref_get(&table->refs);
    return table;
}

bool fd_table_is_shared(const struct fd_table *table)
{
    return ref_read(&table->refs) > 1;
}

static bool bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void bit_put(uint64_t *bits, uint32_t i, bool on)
{
    if (on)
        bits[i / 64] |= 1ul << (i % 64);
    else
        bits[i / 64] &= ~(1ul << (i % 64));
}

/* One block: files, then both bitmaps. */
static void *alloc_slots(uint32_t capacity)
{
    return kzalloc(capacity * sizeof(struct file *) + 2 * (capacity / 8));
}

/* Makes room for slot fd; the lock is dropped for the allocation.  0 or errno. */
static int grow_locked(struct fd_table *table, uint32_t fd)
{
    uint32_t capacity = 64;
    struct file **files;
    void *old;

    if (fd >= CAPACITY_MAX)
        return -EMFILE;
    while (capacity <= fd)
        capacity *= 2;
    spin_unlock(&table->lock);
    files = alloc_slots(capacity);
    spin_lock(&table->lock);
    if (!files)
        return -ENOMEM;
    if (table->capacity >= capacity) { /* somebody else was faster */
        old = files;
    } else {
        uint64_t *bits = (uint64_t *)(void *)(files + capacity);
        size_t bytes = (table->capacity + 63) / 64 * 8;

        old = table->files == table->inline_files ? NULL : table->files;
        memcpy(files, table->files, table->capacity * sizeof(*files));
        memcpy(bits, table->used, bytes);
        memcpy(bits + capacity / 64, table->cloexec, bytes);
        table->files = files;
        table->used = bits;
        table->cloexec = bits + capacity / 64;
        table->capacity = capacity;
    }
    kfree(old);
    return 0;
}

/* Locked: all open descriptors are below. */
static uint32_t used_end(const struct fd_table *table)
{
    uint32_t word = (table->capacity + 63) / 64;

    while (word > 0 && !table->used[word - 1])
        word--;
    return word ? word * 64 - (uint32_t)__builtin_clzl(table->used[word - 1]) : 0;
}

/* Room for what is open, not for what once was. */
struct fd_table *fd_table_copy(struct fd_table *table)
{
    struct fd_table *copy = fd_table_create();
    uint32_t end;

    if (!copy)
        return NULL;
    for (;;) {
        spin_lock(&table->lock);
        end = used_end(table);
        if (end <= copy->capacity)
            break;
        spin_unlock(&table->lock);
        spin_lock(&copy->lock);
        int error = grow_locked(copy, end - 1);
        spin_unlock(&copy->lock);
        if (error) {
            fd_table_put(copy);
            return NULL;
        }
    }
    for (uint32_t word = 0; word * 64 < end; word++) {
        copy->used[word] = table->used[word];
        copy->cloexec[word] = table->cloexec[word];
        for (uint64_t left = table->used[word]; left; left &= left - 1) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzl(left);
            copy->files[slot] = file_get(table->files[slot]);
        }
    }
    copy->first_free = table->first_free;
    spin_unlock(&table->lock);
    return copy;
}

/* A descriptor's reference goes away: flush, then put. */
static int close_file(struct fd_table *table, struct file *file)
{
    int error = file->ops->flush ? file->ops->flush(file, table) : 0;

    /* fcntl(2): any close of the file ends the process's locks on it. */
    if (UNLIKELY(file->inode && file->inode->locks))
        file_lock_release(file->inode, table);

    file_put(file);
    return error;
}

void fd_table_put(struct fd_table *table)
{
    if (!table || !ref_put(&table->refs))
        return;
    for (uint32_t word = 0; word < (table->capacity + 63) / 64; word++) {
        for (uint64_t left = table->used[word]; left; left &= left - 1)
            close_file(table, table->files[word * 64 + (uint32_t)__builtin_ctzl(left)]);
    }
    if (table->files != table->inline_files)
        kfree(table->files);
    kfree(table);
}

struct file *fd_get(struct fd_table *table, int fd)
{
    struct file *file = NULL;

    spin_lock(&table->lock);
    if (fd >= 0 && (uint32_t)fd < table->capacity && table->files[fd])
        file = file_get(table->files[fd]);
    spin_unlock(&table->lock);
    return file;
}

struct file *fd_borrow(struct fd_table *table, int fd, bool *counted)
{
    *counted = false;
    if (LIKELY(ref_read(&table->refs) == 1))
        return (uint32_t)fd < table->capacity ? table->files[fd] : NULL;
    struct file *file = fd_get(table, fd);
    *counted = file != NULL;
    return file;
}

static uint32_t find_free(const struct fd_table *table, uint32_t from)
{
    while (from < table->capacity) {
        uint64_t available = ~table->used[from / 64] & (~0ul << (from % 64));

        if (available) {
            uint32_t found = (from & ~63u) + (uint32_t)__builtin_ctzl(available);

            return MIN(found, table->capacity);
        }
        from = (from & ~63u) + 64;
    }
    return MAX(from, table->capacity);
}

int fd_install(struct fd_table *table, struct file *file, int minimum, uint64_t limit,
               bool close_on_exec)
{
    uint32_t slot;
    int error = 0;

    if (minimum < 0 || (uint64_t)minimum >= limit)
        return -EINVAL;
    spin_lock(&table->lock);
    for (;;) {
        slot = find_free(table, MAX((uint32_t)minimum, table->first_free));
        if (slot >= limit)
            error = -EMFILE;
        if (error || slot < table->capacity)
            break;
        error = grow_locked(table, slot);
    }
    if (!error) {
        table->files[slot] = file;
        bit_put(table->used, slot, true);
        bit_put(table->cloexec, slot, close_on_exec);
        if (slot == table->first_free)
            table->first_free = slot + 1;
    }
    spin_unlock(&table->lock);
    return error ? error : (int)slot;
}

int fd_replace(struct fd_table *table, int fd, struct file *file, uint64_t limit,
               bool close_on_exec)
{
    struct file *old = NULL;
    int error = 0;

    if (fd < 0 || (uint64_t)fd >= limit)
        return -EBADF;
    spin_lock(&table->lock);
    while (!error && (uint32_t)fd >= table->capacity)
        error = grow_locked(table, (uint32_t)fd);
    if (!error) {
        old = table->files[fd];
        table->files[fd] = file;
        bit_put(table->used, (uint32_t)fd, true);
        bit_put(table->cloexec, (uint32_t)fd, close_on_exec);
    }
    spin_unlock(&table->lock);
    if (old)
        close_file(table, old);
    return error ? error : fd;
}

static struct file *take_locked(struct fd_table *table, uint32_t fd)
{
    struct file *file = table->files[fd];

    table->files[fd] = NULL;
    bit_put(table->used, fd, false);
    bit_put(table->cloexec, fd, false);
    table->first_free = MIN(table->first_free, fd);
    return file;
}

int fd_close(struct fd_table *table, int fd)
{
    struct file *file = NULL;

    spin_lock(&table->lock);
    if (fd >= 0 && (uint32_t)fd < table->capacity && table->files[fd])
        file = take_locked(table, (uint32_t)fd);
    spin_unlock(&table->lock);
    return file ? close_file(table, file) : -EBADF;
}

int fd_close_range(struct fd_table *table, unsigned int first, unsigned int last,
                   bool only_set_cloexec)
{
    if (first > last)
        return -EINVAL;
    for (;;) {
        struct file *file = NULL;

        spin_lock(&table->lock);
        for (; first <= last && first < table->capacity; first++) {
            if (!table->files[first])
                continue;
            if (!only_set_cloexec) {
                file = take_locked(table, first);
                break;
            }
            bit_put(table->cloexec, first, true);
        }
        spin_unlock(&table->lock);
        if (!file)
            return 0;
        close_file(table, file);
    }
}

void fd_table_close_on_exec(struct fd_table *table)
{
    uint32_t words = (table->capacity + 63) / 64;

    for (uint32_t word = 0; word < words; word++) {
        while (table->cloexec[word]) /* the table is not shared by now */
            fd_close(table, (int)(word * 64 + (uint32_t)__builtin_ctzl(table->cloexec[word])));
    }
}

int fd_get_cloexec(struct fd_table *table, int fd)
{
    int result = -EBADF;

    spin_lock(&table->lock);
    if (fd >= 0 && (uint32_t)fd < table->capacity && table->files[fd])
        result = bit_get(table->cloexec, (uint32_t)fd);
    spin_unlock(&table->lock);
    return result;
}

int fd_set_cloexec(struct fd_table *table, int fd, bool on)
{
    int result = -EBADF;

    spin_lock(&table->lock);
    if (fd >= 0 && (uint32_t)fd < table->capacity && table->files[fd]) {
        bit_put(table->cloexec, (uint32_t)fd, on);
        result = 0;
    }
    spin_unlock(&table->lock);
    return result;
}

uint32_t fd_capacity(struct fd_table *table)
{
    uint32_t capacity;

    spin_lock(&table->lock);
    capacity = MAX(table->capacity, LINUX_COUNT);
    spin_unlock(&table->lock);
    return capacity;
}

int fd_next(struct fd_table *table, int from)
{
    int found = -1;

    spin_lock(&table->lock);
    for (uint32_t i = (uint32_t)MAX(from, 0); i < table->capacity && found < 0; i++)
        if (table->files[i])
            found = (int)i;
    spin_unlock(&table->lock);
    return found;
}
