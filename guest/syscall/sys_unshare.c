/* SPDX-License-Identifier: BSD-2-Clause */
/* unshare(2), kcmp(2), process_vm_readv(2), process_vm_writev(2). */
#include "fs/fd_table.h"
#include "lib/errno.h"
#include "lib/random.h"
#include "lib/unsupported.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"
#include "syscall/sysv_ipc.h"

#define REMOTE_CHUNK 4096u
#define OTHERS_EVERY 262144u /* bytes; then others may run */

int64_t sys_unshare(const struct syscall_args *args)
{
    uint64_t flags = args->arg[0];

    if (flags & ~(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM |
                  CLONE_NEW_ANY))
        return -EINVAL;
    if ((flags & CLONE_NEW_ANY) && !(flags & CLONE_NEWUSER) && !task_capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & CLONE_NEW_ANY) {
        UNSUPPORTED("unshare: no namespaces (flags %#lx): EINVAL", flags);
        return -EINVAL; /* no namespaces, as in a Linux built without them */
    }
    if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && current_process()->task_count > 1)
        return -EINVAL;
    if ((flags & CLONE_SYSVSEM) && current_process()->task_count == 1)
        sem_process_ends(current_process()); /* threads share theirs to the end */
    return task_unshare(flags & CLONE_FS, flags & CLONE_FILES);
}

/* ---- kcmp(2) ---------------------------------------------------------------------------- */

/* An order of kernel addresses that tells nothing of them: scrambled by numbers of this boot. */
static int64_t compare(const void *a, const void *b)
{
    static _Atomic uint64_t mask, factor;
    uint64_t fresh = random_u64() | 1, none = 0;

    if (!atomic_load(&factor)) {
        atomic_store(&mask, random_u64());
        atomic_compare_exchange_strong(&factor, &none, fresh);
    }
    uint64_t x = ((uint64_t)(uintptr_t)a ^ atomic_load(&mask)) * atomic_load(&factor);
    uint64_t y = ((uint64_t)(uintptr_t)b ^ atomic_load(&mask)) * atomic_load(&factor);
    return x == y ? 0 : x < y ? 1 : 2;
}

/* Two descriptors: the tables are held, since they may be closed meanwhile. */
static int64_t compare_files(struct fd_table *const tables[2], const struct syscall_args *args)
{
    struct file *first = fd_get(tables[0], (int)args->arg[3]);
    struct file *second = fd_get(tables[1], (int)args->arg[4]);
    int64_t result = first && second ? compare(first, second) : -EBADF;

    if (first)
        file_put(first);
    if (second)
        file_put(second);
    return result;
}

/* What the kind of resource is for a task, with process_table_lock held. */
static int resource_of(const struct task *task, int kind, const void **resource)
{
    switch (kind) {
    case KCMP_VM:
        *resource = task->thread->mm;
        return 0;
    case KCMP_FILES:
        *resource = task->files;
        return 0;
    case KCMP_FS:
        *resource = task->fs;
        return 0;
    case KCMP_SIGHAND:
        *resource = task->process->signals.handlers;
        return 0;
    case KCMP_SYSVSEM:
        *resource = atomic_load(&task->process->undo_owner);
        return 0;
    case KCMP_IO: /* no contexts are shared */
        *resource = NULL;
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_kcmp(const struct syscall_args *args)
{
    int kind = (int)args->arg[2], error = 0;
    const void *resources[2] = {NULL, NULL};
    struct fd_table *tables[2] = {NULL, NULL};

    spin_lock(&process_table_lock);
    for (int i = 0; i < 2 && !error; i++) {
        struct task *task = task_find_locked((int)args->arg[i]);
        if (!task)
            error = -ESRCH;
        else if (!task_may_inspect_locked(task))
            error = -EPERM;
        else if (kind != KCMP_FILE)
            error = resource_of(task, kind, &resources[i]);
        else if (task->files)
            tables[i] = fd_table_share(task->files);
        else
            error = -EBADF;
    }
    spin_unlock(&process_table_lock);
    int64_t result = error;
    if (!error)
        result =
            kind == KCMP_FILE ? compare_files(tables, args) : compare(resources[0], resources[1]);
    for (int i = 0; i < 2; i++)
        if (tables[i])
            fd_table_put(tables[i]);
    return result;
}

/* ---- another process's memory ------------------------------------------------------------ */

/* mm of a process that the caller may look into: a reference, or NULL with *error. */
static struct mm *remote_mm(int pid, int *error)
{
    struct mm *mm = NULL;

    spin_lock(&process_table_lock);
    struct task *task = task_find_locked(pid);
    *error = task ? 0 : -ESRCH;
    if (task && !task_may_inspect_locked(task))
        *error = -EPERM;
    if (!*error) {
        mm = task->thread->mm;
        if (mm)
            mm_get(mm);
        else
            *error = -ESRCH;
    }
    spin_unlock(&process_table_lock);
    return mm;
}

/* One stretch through a kernel page: bytes done, less than size when either side ends. */
static uint64_t transfer(struct mm *mm, bool write, uint64_t remote, uint64_t local, uint64_t size,
                         void *page)
{
    uint64_t done = 0;

    while (done < size) {
        size_t part = MIN(size - done, (uint64_t)REMOTE_CHUNK);
        ssize_t moved;

        if (write) {
            if (copy_from_user(page, UADDR(local + done), part))
                break;
            moved = mm_write_remote(mm, remote + done, page, part);
        } else {
            moved = mm_read_remote(mm, remote + done, page, part);
            if (moved > 0 && copy_to_user(UADDR(local + done), page, (size_t)moved))
                break;
        }
        if (moved <= 0)
            break;
        done += (uint64_t)moved;
        if ((size_t)moved < part)
            break;
        if (done % OTHERS_EVERY == 0)
            sched_checkpoint();
    }
    return done;
}

/* Both lists side by side, as far as both reach. */
static ssize_t transfer_lists(struct mm *mm, bool write, const struct iov_user *local,
                              size_t local_count, const struct iov_user *remote,
                              size_t remote_count, void *page)
{
    uint64_t local_offset = 0, remote_offset = 0, total = 0;
    size_t l = 0, r = 0;

    while (l < local_count && r < remote_count) {
        uint64_t size = MIN(local[l].length - local_offset, remote[r].length - remote_offset);
        uint64_t done = transfer(mm, write, remote[r].base + remote_offset,
                                 local[l].base + local_offset, size, page);

        total += done;
        if (done < size)
            return total ? (ssize_t)total : -EFAULT;
        local_offset += size;
        remote_offset += size;
        if (local_offset == local[l].length) {
            l++;
            local_offset = 0;
        }
        if (remote_offset == remote[r].length) {
            r++;
            remote_offset = 0;
        }
    }
    return (ssize_t)total;
}

/* iov_get() that leaves *list at small when it fails. */
static int64_t get_list(uint64_t address, uint64_t count, struct iov_user *small,
                        struct iov_user **list)
{
    ssize_t total = iov_get(address, count, small, list);

    if (total < 0)
        *list = small;
    return total;
}

static int64_t process_vm(const struct syscall_args *args, bool write)
{
    struct iov_user small_local[IOV_INLINE], small_remote[IOV_INLINE];
    struct iov_user *local = small_local, *remote = small_remote;
    void *page = kmalloc(REMOTE_CHUNK);
    int64_t result = page ? 0 : -ENOMEM;
    struct mm *mm = NULL;
    int error;

    if (!result && args->arg[5])
        result = -EINVAL;
    if (!result)
        result = get_list(args->arg[1], args->arg[2], small_local, &local);
    bool wanted = result > 0; /* nothing to copy: the rest is not looked at */
    if (wanted)
        result = get_list(args->arg[3], args->arg[4], small_remote, &remote);
    if (wanted && result >= 0) {
        mm = remote_mm((int)args->arg[0], &error);
        result = error;
    }
    if (mm) {
        result = transfer_lists(mm, write, local, args->arg[2], remote, args->arg[4], page);
        mm_put(mm);
    }
    if (local != small_local)
        kfree(local);
    if (remote != small_remote)
        kfree(remote);
    kfree(page);
    return result;
}

int64_t sys_process_vm_readv(const struct syscall_args *args)
{
    return process_vm(args, false);
}

int64_t sys_process_vm_writev(const struct syscall_args *args)
{
    return process_vm(args, true);
}
