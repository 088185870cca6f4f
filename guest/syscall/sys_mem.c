/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory calls: mmap(2) and its family.  Turns Linux's flags into requests to
 * mm/; knows no page tables.
 */
#include "fs/fd_table.h"
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
               "rights are passed through");
#define PROT_RIGHTS (PROT_READ | PROT_WRITE | PROT_EXEC)

static bool may_lock_without_limit(void)
{
    return current_task()->cred.cap_effective & (1ul << CAP_IPC_LOCK_BIT);
}

static uint64_t lock_limit(void)
{
    return may_lock_without_limit() ? UINT64_MAX : rlimit_soft(RLIMIT_MEMLOCK_INDEX);
}

static uint32_t map_vm_flags(uint32_t prot, uint32_t flags)
{
    uint32_t vm_flags = prot & PROT_RIGHTS;

    if (flags & MAP_GROWSDOWN)
        vm_flags |= VM_GROWSDOWN;
    if (flags & MAP_NORESERVE)
        vm_flags |= VM_NORESERVE;
    if (flags & MAP_LOCKED)
        vm_flags |= VM_LOCKED;
    return vm_flags;
}

/* Checks what the descriptor allows and lets the file fill in the object. */
static int map_file(struct file *file, struct mmap_request *request, bool shared)
{
    if (file->mode & FMODE_PATH)
        return -EBADF;
    if (!(file->mode & FMODE_READ))
        return -EACCES;
    if (shared && (request->vm_flags & VM_WRITE) && !(file->mode & FMODE_WRITE))
        return -EACCES;
    if (!file->ops->mmap)
        return -ENODEV;
    if (request->vm_flags & VM_GROWSDOWN)
        return -EINVAL;
    if (shared && (file->mode & FMODE_WRITE))
        request->vm_flags |= VM_MAYWRITE;
    return file->ops->mmap(file, request);
}

static int64_t map_descriptor(int fd, uint64_t length, struct mmap_request *request, bool shared)
{
    struct file *file = fd_get(fd_current(), fd);
    uint64_t end;

    if (!file)
        return -EBADF;
    int64_t result = 0;
    if (length == 0)
        result = -EINVAL;
    else if (__builtin_add_overflow(request->offset, PAGE_ALIGN_UP(length), &end) ||
             end > INT64_MAX)
        result = -EOVERFLOW;
    if (result == 0)
        result = map_file(file, request, shared);
    if (result == 0) {
        result = mm_map(current_mm(), request);
        if (request->owned)
            request->ops->put(request->object);
    }
    file_put(file);
    return result;
}

static int64_t map_shared_memory(struct mmap_request *request)
{
    if (request->vm_flags & VM_GROWSDOWN)
        return -EINVAL;
    if (request->length == 0)
        return -EINVAL;
    if (request->length > USER_END)
        return -ENOMEM;
    request->vm_flags |= VM_MAYWRITE;
    int error = shared_memory_create(request->length, request);
    if (error)
        return error;
    int64_t result = mm_map(current_mm(), request);
    request->ops->put(request->object);
    return result;
}

int64_t sys_mmap(const struct syscall_args *args)
{
    uint32_t prot = (uint32_t)args->arg[2], flags = (uint32_t)args->arg[3];
    uint32_t type = flags & MAP_TYPE;
    struct mmap_request request = {
        .address = args->arg[0],
        .length = args->arg[1],
        .vm_flags = map_vm_flags(prot, flags),
        .fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
        .no_replace = (flags & MAP_FIXED_NOREPLACE) && !(flags & MAP_FIXED),
        .below_4g = flags & MAP_32BIT,
        .populate = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE,
        .offset = args->arg[5],
    };

    if (args->arg[5] & ~PAGE_MASK)
        return -EINVAL;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & MAP_ANONYMOUS))
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & ~MAP_KNOWN))
        return -EOPNOTSUPP;
    if ((flags & MAP_LOCKED) && lock_limit() == 0)
        return -EPERM;
    bool shared = type != MAP_PRIVATE;
    if (shared)
        request.vm_flags |= VM_SHARED;
    if (!(flags & MAP_ANONYMOUS))
        return map_descriptor((int)args->arg[4], args->arg[1], &request, shared);
    if (flags & MAP_HUGETLB) /* no pages are reserved for it */
        return -ENOMEM;
    request.offset = 0;
    return shared ? map_shared_memory(&request) : mm_map(current_mm(), &request);
}

int64_t sys_munmap(const struct syscall_args *args)
{
    return mm_unmap(current_mm(), args->arg[0], args->arg[1]);
}

static int64_t protect(uint64_t start, uint64_t length, uint32_t prot)
{
    uint64_t end = start + PAGE_ALIGN_UP(length);

    if (prot & ~(PROT_RIGHTS | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if ((prot & PROT_GROWSUP) || (start & ~PAGE_MASK))
        return -EINVAL;
    if (length == 0)
        return 0;
    if (end <= start)
        return -ENOMEM;
    if (prot & PROT_GROWSDOWN) {
        int64_t stack = mm_stack_start(current_mm(), start);
        if (stack < 0)
            return stack;
        start = (uint64_t)stack;
    }
    return mm_protect(current_mm(), start, end - start, prot & PROT_RIGHTS);
}

int64_t sys_mprotect(const struct syscall_args *args)
{
    return protect(args->arg[0], args->arg[1], (uint32_t)args->arg[2]);
}

/* Protection keys are not offered: only "no key" is one. */
int64_t sys_pkey_mprotect(const struct syscall_args *args)
{
    if ((int)args->arg[3] != -1)
        return -EINVAL;
    return protect(args->arg[0], args->arg[1], (uint32_t)args->arg[2]);
}

int64_t sys_pkey_alloc(const struct syscall_args *args)
{
    return args->arg[0] != 0 || args->arg[1] > 3 ? -EINVAL : -ENOSPC;
}

int64_t sys_pkey_free(const struct syscall_args *args)
{
    (void)args;
    return -EINVAL;
}

int64_t sys_mremap(const struct syscall_args *args)
{
    uint64_t flags = args->arg[3];

    if (flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    return mm_remap(current_mm(), args->arg[0], args->arg[1], args->arg[2], flags & MREMAP_MAYMOVE,
                    flags & MREMAP_FIXED, flags & MREMAP_DONTUNMAP, args->arg[4]);
}

int64_t sys_remap_file_pages(const struct syscall_args *args)
{
    uint64_t offset;

    if (args->arg[2] || __builtin_mul_overflow(args->arg[3], PAGE_SIZE, &offset))
        return -EINVAL;
    return mm_remap_offset(current_mm(), PAGE_ALIGN_DOWN(args->arg[0]),
                           PAGE_ALIGN_DOWN(args->arg[1]), offset, args->arg[4] & MAP_NONBLOCK);
}

int64_t sys_brk(const struct syscall_args *args)
{
    return (int64_t)mm_set_brk(current_mm(), args->arg[0]);
}

int64_t sys_madvise(const struct syscall_args *args)
{
    return mm_advise(current_mm(), args->arg[0], args->arg[1], (int)args->arg[2]);
}

/* Mapped pages are the file's own: there is nothing to write back, only arguments to check. */
int64_t sys_msync(const struct syscall_args *args)
{
    uint64_t start = args->arg[0], end = start + PAGE_ALIGN_UP(args->arg[1]);
    uint32_t flags = (uint32_t)args->arg[2];

    if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (end < start)
        return -ENOMEM;
    return mm_check_mapped(current_mm(), start, end, flags & MS_INVALIDATE ? VM_LOCKED : 0);
}

int64_t sys_mincore(const struct syscall_args *args)
{
    uint64_t start = args->arg[0], pages = PAGE_ALIGN_UP(args->arg[1]) / PAGE_SIZE;
    uaddr_t out = UADDR(args->arg[2]);
    uint8_t resident[256];

    if (start & ~PAGE_MASK)
        return -EINVAL;
    if (args->arg[1] > USER_END || start > USER_END - args->arg[1])
        return -ENOMEM;
    if (!user_range_ok(out, pages))
        return -EFAULT;
    while (pages > 0) {
        size_t part = MIN(pages, sizeof(resident));
        int error = mm_residency(current_mm(), start, part, resident);

        if (!error)
            error = copy_to_user(out, resident, part);
        if (error)
            return error;
        start += part * PAGE_SIZE;
        out.raw += part;
        pages -= part;
    }
    return 0;
}

static int64_t lock(uint64_t start, uint64_t length, bool on_fault)
{
    uint64_t limit = lock_limit();

    if (limit == 0)
        return -EPERM;
    return mm_lock(current_mm(), start, length, on_fault, limit);
}

int64_t sys_mlock(const struct syscall_args *args)
{
    return lock(args->arg[0], args->arg[1], false);
}

int64_t sys_mlock2(const struct syscall_args *args)
{
    if (args->arg[2] & ~(uint64_t)MLOCK_ONFAULT)
        return -EINVAL;
    return lock(args->arg[0], args->arg[1], args->arg[2] & MLOCK_ONFAULT);
}

int64_t sys_munlock(const struct syscall_args *args)
{
    return mm_unlock(current_mm(), args->arg[0], args->arg[1]);
}

int64_t sys_mlockall(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[0];
    uint64_t limit = lock_limit();

    if (flags == 0 || flags == MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
        return -EINVAL;
    if (limit == 0)
        return -EPERM;
    return mm_lock_all(current_mm(), flags & MCL_CURRENT, flags & MCL_FUTURE, flags & MCL_ONFAULT,
                       limit);
}

int64_t sys_munlockall(const struct syscall_args *args)
{
    (void)args;
    mm_unlock_all(current_mm());
    return 0;
}
