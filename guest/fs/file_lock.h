/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks: ranges by fcntl(2) (owned by a descriptor table or, F_OFD_*, by an
 * open file) and whole files by flock(2).  Lock: one mutex for all.
 */
#ifndef FS_FILE_LOCK_H
#define FS_FILE_LOCK_H

#include "fs/vfs.h"

enum file_lock_type { FILE_LOCK_READ = 0, FILE_LOCK_WRITE = 1, FILE_LOCK_NONE = 2 };

struct file_lock_request {
    enum file_lock_type type; /* NONE unlocks */
    bool whole_file; /* flock: apart from ranges, the two kinds do not conflict */
    const void *owner;
    int pid; /* shown to others; -1 for an open file's range */
    uint64_t start, end; /* bytes, end inclusive; UINT64_MAX: to the end */
};

/* 0, -EAGAIN (conflict and not wait), -EDEADLK (ranges of processes), -ERESTARTSYS, -ENOMEM. */
int file_lock_set(struct inode *inode, const struct file_lock_request *request, bool wait);
/* The first lock in the way in *request, or type NONE. */
void file_lock_test(struct inode *inode, struct file_lock_request *request);
/* All locks of an owner: at each close of a descriptor, at the end of an open file. */
void file_lock_release(struct inode *inode, const void *owner);
void file_lock_free(struct inode *inode); /* the inode ends */
/* All that are held, each file's followed by those who wait for it; show takes no locks. */
void file_lock_for_each(void (*show)(void *context, const struct inode *inode,
                                     const struct file_lock_request *lock, bool waits),
                        void *context);

#endif
