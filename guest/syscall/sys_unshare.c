/* SPDX-License-Identifier: BSD-2-Clause */
/* unshare(2), process_vm_readv(2), process_vm_writev(2). */
#include "lib/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define REMOTE_CHUNK 4096u
#define CAP_SYS_PTRACE 19

int64_t sys_unshare(const struct syscall_args *args)
{
    uint64_t flags = args->arg[0];

    if (flags & ~(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM |
                  CLONE_NEW_ANY))
        return -EINVAL;
    if (flags & CLONE_NEW_ANY)
        return -EINVAL; /* no namespaces, as in a Linux built without them */
    if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && current_process()->task_count > 1)
        return -EINVAL;
    return task_unshare(flags & CLONE_FS, flags & CLONE_FILES);
}

/* ---- another process's memory ------------------------------------------------------------ */

/* mm of a process that the caller may look into: a reference, or NULL with *error. */
static struct mm *remote_mm(int pid, int *error)
{
    const struct credentials *own = &current_task()->cred;
    struct mm *mm = NULL;

    spin_lock(&process_table_lock);
    struct task *task = task_find_locked(pid);
    *error = task ? 0 : -ESRCH;
    if (task && task->process != current_process() && !task_capable(CAP_SYS_PTRACE) &&
        (own->uid != task->cred.uid || own->uid != task->cred.euid || own->uid != task->cred.suid ||
         !task->process->dumpable))
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
    if (result >= 0)
        result = get_list(args->arg[3], args->arg[4], small_remote, &remote);
    if (result >= 0) {
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
