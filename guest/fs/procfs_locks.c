/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/locks, proc(5): who holds which file locks, and who waits for them. */
#include "fs/file_lock.h"
#include "fs/procfs_internal.h"

struct locks_shown {
    struct proc_text *text;
    unsigned int number; /* of the last one that is held */
};

static void show(void *context, const struct inode *inode, const struct file_lock_request *lock,
                 bool waits)
{
    struct locks_shown *shown = context;
    uint64_t device = inode->sb->device;

    if (!waits)
        shown->number++;
    proc_print(shown->text, "%u: %s%s ADVISORY  %s %d %02x:%02x:%lu ", shown->number,
               waits ? "-> " : "",
               lock->whole_file ? "FLOCK "
               : lock->pid < 0  ? "OFDLCK"
                                : "POSIX ",
               lock->type == FILE_LOCK_WRITE ? "WRITE" : "READ", lock->pid, DEVICE_MAJOR(device),
               DEVICE_MINOR(device), inode->attr.ino);
    if (lock->end == UINT64_MAX)
        proc_print(shown->text, "%lu EOF\n", lock->start);
    else
        proc_print(shown->text, "%lu %lu\n", lock->start, lock->end);
}

int proc_locks(struct proc_text *text, const struct procfs_process *process)
{
    struct locks_shown shown = {.text = text};

    (void)process;
    file_lock_for_each(show, &shown);
    return 0;
}
