/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of a process.  A table may be shared (CLONE_FILES).  Lock: the
 * table's spinlock (LOCK_RANK_FD); fd_get() returns a reference.
 */
#ifndef FS_FD_TABLE_H
#define FS_FD_TABLE_H

#include "iface/file.h"

struct fd_table;

struct fd_table *fd_table_create(void);
struct fd_table *fd_table_share(struct fd_table *table);
struct fd_table *fd_table_copy(struct fd_table *table); /* fork; NULL: out of memory */
bool fd_table_is_shared(const struct fd_table *table); /* by others than the caller */
void fd_table_put(struct fd_table *table); /* last one closes everything; may sleep */
void fd_table_close_on_exec(struct fd_table *table);

struct file *fd_get(struct fd_table *table, int fd); /* NULL: EBADF */
/*
 * The same for the length of one system call on the caller's own table.  A table that nobody
 * shares cannot lose the file meanwhile (only its owner closes, and only its owner makes it
 * shared), so it is used without lock and reference; *counted says what fd_return() has to do.
 */
struct file *fd_borrow(struct fd_table *table, int fd, bool *counted);
static inline void fd_return(struct file *file, bool counted)
{
    if (UNLIKELY(counted))
        file_put(file);
}
/*
 * Lowest free descriptor >= minimum, below limit (RLIMIT_NOFILE).  Takes over the reference,
 * unless it fails: -EMFILE, -ENOMEM, or -EINVAL when minimum is not below the limit.
 */
int fd_install(struct fd_table *table, struct file *file, int minimum, uint64_t limit,
               bool close_on_exec);
/* dup2/dup3: closes what was there. */
int fd_replace(struct fd_table *table, int fd, struct file *file, uint64_t limit,
               bool close_on_exec);
int fd_close(struct fd_table *table, int fd);
int fd_close_range(struct fd_table *table, unsigned int first, unsigned int last,
                   bool only_set_cloexec);
int fd_get_cloexec(struct fd_table *table, int fd);
int fd_set_cloexec(struct fd_table *table, int fd, bool on);
uint32_t fd_capacity(struct fd_table *table); /* none is open at or above; >= 64 */
/* Next open descriptor >= from, or -1: for /proc/PID/fd. */
int fd_next(struct fd_table *table, int from);

/* Of the current task, and its RLIMIT_NOFILE; sources set by main.c. */
struct fd_table *fd_current(void);
uint64_t fd_current_limit(void);
void fd_set_current_source(struct fd_table *(*table)(void), uint64_t (*limit)(void));

#endif
