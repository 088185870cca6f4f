/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shmget, shmat, shmdt, shmctl: shared memory that lives without a mapping.  A segment is the
 * object of its mappings; each of them counts as attached, and a removed segment goes
 * with the last one.
 */
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/shm_segment.h"

#define SEGMENTS_MAX 4096u
#define SIZE_MAX_BYTES (UINT64_MAX - (1ul << 24)) /* kernel.shmmax */
#define CAP_IPC_LOCK 14

static void free_segment(struct ipc_object *object);
struct ipc_table shm_segments = {.lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                          .waiters = LIST_INIT(shm_segments.lock.waiters)},
                                 .limit = SEGMENTS_MAX,
                                 .free = free_segment};

static struct shm_segment *segment_of(struct ipc_object *object)
{
    return (struct shm_segment *)object;
}

static void free_segment(struct ipc_object *object)
{
    struct shm_segment *segment = segment_of(object);

    segment->memory.ops->put(segment->memory.object);
    kfree(segment);
}

/* ---- as the object of mappings ---- */

static int caller_pid(void)
{
    const struct thread *thread = current_thread();

    return thread->task ? thread->task->process->pid : 0;
}

static int get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    struct shm_segment *segment = object;

    return segment->memory.ops->get_page(segment->memory.object, offset, for_write, page);
}

static bool resident(void *object, uint64_t offset)
{
    struct shm_segment *segment = object;

    return segment->memory.ops->resident(segment->memory.object, offset);
}

static void attach(void *object)
{
    struct shm_segment *segment = object;

    mutex_lock(&segment->object.lock);
    segment->attached++;
    segment->attach_time = ipc_now();
    segment->last_pid = caller_pid();
    ref_get(&segment->object.refs);
    mutex_unlock(&segment->object.lock);
}

static void detach(void *object)
{
    struct shm_segment *segment = object;
    bool remove;

    mutex_lock(&segment->object.lock);
    segment->attached--;
    segment->detach_time = ipc_now();
    segment->last_pid = caller_pid();
    remove = segment->doomed && segment->attached == 0;
    mutex_unlock(&segment->object.lock);
    if (remove)
        ipc_remove(&shm_segments, &segment->object);
    ipc_put(&shm_segments, &segment->object);
}

static void describe(void *object, char *buf, size_t size, uint64_t *device, uint64_t *inode)
{
    const struct shm_segment *segment = object;

    snprintf(buf, size, "/SYSV%08x (deleted)", (uint32_t)segment->object.key);
    *device = 1;
    *inode = (uint64_t)segment->object.id;
}

static const struct vm_object_ops segment_ops = {
    .get_page = get_page, .get = attach, .put = detach, .describe = describe, .resident = resident};

/* ---- shmget ---- */

static struct ipc_object *create(const struct ipc_get *get, int *error)
{
    struct page_stats pages;
    struct shm_segment *segment;

    *error = -EINVAL;
    if (get->size == 0 || get->size > SIZE_MAX_BYTES || (get->flags & SHM_HUGETLB))
        return NULL;
    page_get_stats(&pages);
    *error = -ENOMEM;
    if (get->size / PAGE_SIZE >= pages.total)
        return NULL;
    segment = kzalloc(sizeof(*segment));
    if (!segment)
        return NULL;
    *error = shared_memory_create(PAGE_ALIGN_UP(get->size), &segment->memory);
    if (*error) {
        kfree(segment);
        return NULL;
    }
    segment->size = get->size;
    segment->creator_pid = current_process()->pid;
    return &segment->object;
}

static int check(struct ipc_object *object, const struct ipc_get *get)
{
    return segment_of(object)->size < get->size ? -EINVAL : 0;
}

int64_t sys_shmget(const struct syscall_args *args)
{
    struct ipc_get get = {.key = (int32_t)args->arg[0],
                          .flags = (uint32_t)args->arg[2],
                          .create = create,
                          .check = check,
                          .size = args->arg[1]};

    return ipc_get(&shm_segments, &get);
}

/* ---- shmat, shmdt ---- */

/* The address, and the rest of a request; 0 or errno. */
static int make_request(struct shm_segment *segment, uint64_t address, uint32_t flags,
                        struct mmap_request *request)
{
    if (address & (PAGE_SIZE - 1)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        address = PAGE_ALIGN_DOWN(address);
        if (!address && (flags & SHM_REMAP))
            return -EINVAL;
    } else if (!address && (flags & SHM_REMAP)) {
        return -EINVAL;
    }
    *request = (struct mmap_request){.address = address,
                                     .length = PAGE_ALIGN_UP(segment->size),
                                     .vm_flags = VM_READ | VM_SHARED,
                                     .fixed = address != 0,
                                     .no_replace = address && !(flags & SHM_REMAP),
                                     .ops = &segment_ops,
                                     .object = segment};
    if (!(flags & SHM_RDONLY))
        request->vm_flags |= VM_WRITE | VM_MAYWRITE;
    if (flags & SHM_EXEC)
        request->vm_flags |= VM_EXEC;
    return 0;
}

int64_t sys_shmat(const struct syscall_args *args)
{
    struct ipc_object *object = ipc_find(&shm_segments, (int)args->arg[0]);
    uint32_t flags = (uint32_t)args->arg[2];
    uint32_t want = 4 | ((flags & SHM_RDONLY) ? 0 : 2) | ((flags & SHM_EXEC) ? 1 : 0);
    struct mmap_request request;
    int64_t result;

    if (!object)
        return -EINVAL;
    result = make_request(segment_of(object), args->arg[1], flags, &request);
    mutex_lock(&object->lock);
    if (!result)
        result = ipc_permission(object, want);
    if (!result && object->removed)
        result = -EIDRM;
    mutex_unlock(&object->lock);
    if (!result)
        result = mm_map(current_mm(), &request);
    if (result == -EEXIST) /* something is there, and SHM_REMAP was not given */
        result = -EINVAL;
    ipc_put(&shm_segments, object);
    return result;
}

/* A mapping of the segment (NULL: any) at or above *start that is part of an attach at base. */
static struct shm_segment *find_part(struct mm *mm, uint64_t base, struct shm_segment *segment,
                                     uint64_t *start, uint64_t *end)
{
    struct vma *vma;

    mutex_lock(&mm->lock);
    vma = vma_find(mm, *start);
    while (vma && (vma->ops != &segment_ops || (segment && vma->object != segment) ||
                   vma->start - base != vma->offset)) {
        struct rb_node *next = rb_next(&vma->node);

        vma = next ? RB_ENTRY(next, struct vma, node) : NULL;
    }
    if (vma) {
        *start = vma->start;
        *end = vma->end;
        segment = vma->object;
        ref_get(&segment->object.refs);
    }
    mutex_unlock(&mm->lock);
    return vma ? segment : NULL;
}

int64_t sys_shmdt(const struct syscall_args *args)
{
    uint64_t base = args->arg[0], start = base, end, limit;
    struct mm *mm = current_mm();
    struct shm_segment *segment, *part;

    if (base & (PAGE_SIZE - 1))
        return -EINVAL;
    segment = find_part(mm, base, NULL, &start, &end);
    if (!segment)
        return -EINVAL;
    limit = base + PAGE_ALIGN_UP(segment->size);
    for (part = segment; part; part = find_part(mm, base, segment, &start, &end)) {
        int error = start < limit ? mm_unmap(mm, start, end - start) : 0;

        ipc_put(&shm_segments, &part->object);
        if (error || start >= limit)
            return error;
        start = end;
    }
    return 0;
}

/* ---- shmctl ---- */

static int64_t remove_segment(struct shm_segment *segment)
{
    bool now;

    mutex_lock(&segment->object.lock);
    if (ipc_owner(&segment->object)) {
        mutex_unlock(&segment->object.lock);
        return -EPERM;
    }
    segment->doomed = true;
    segment->object.mode |= SHM_DEST;
    segment->object.key = IPC_PRIVATE; /* nobody finds it by name any more */
    now = segment->attached == 0;
    mutex_unlock(&segment->object.lock);
    if (now)
        ipc_remove(&shm_segments, &segment->object);
    return 0;
}

static int64_t give_status(struct shm_segment *segment, uint32_t command, uint64_t to)
{
    struct linux_shmid_ds status = {0};
    int64_t result;

    mutex_lock(&segment->object.lock);
    result = command == SHM_STAT_ANY ? 0 : ipc_permission(&segment->object, 4);
    ipc_fill_perm(&segment->object, &status.perm);
    status.size = segment->size;
    status.attach_time = segment->attach_time;
    status.detach_time = segment->detach_time;
    status.change_time = segment->object.change_time;
    status.creator_pid = segment->creator_pid;
    status.last_pid = segment->last_pid;
    status.attached = segment->attached;
    mutex_unlock(&segment->object.lock);
    if (result)
        return result;
    if (copy_to_user(UADDR(to), &status, sizeof(status)))
        return -EFAULT;
    return command == IPC_STAT ? 0 : segment->object.id;
}

static int64_t set_status(struct shm_segment *segment, uint64_t from)
{
    struct linux_shmid_ds status;
    int64_t result;

    if (copy_from_user(&status, UADDR(from), sizeof(status)))
        return -EFAULT;
    mutex_lock(&segment->object.lock);
    result = ipc_owner(&segment->object);
    if (!result)
        ipc_set_perm(&segment->object, &status.perm);
    mutex_unlock(&segment->object.lock);
    return result;
}

/* Pages are never written out: locking is a mark. */
static int64_t set_locked(struct shm_segment *segment, bool locked)
{
    const struct credentials *cred = &current_task()->cred;
    int64_t result = 0;

    mutex_lock(&segment->object.lock);
    if (!task_capable(CAP_IPC_LOCK) && cred->euid != segment->object.uid &&
        cred->euid != segment->object.cuid)
        result = -EPERM;
    else if (locked)
        segment->object.mode |= SHM_LOCKED;
    else
        segment->object.mode &= ~(uint32_t)SHM_LOCKED;
    mutex_unlock(&segment->object.lock);
    return result;
}

static int64_t give_limits(uint32_t command, uint64_t to)
{
    struct linux_shminfo limits = {.max = SIZE_MAX_BYTES,
                                   .min = 1,
                                   .count = SEGMENTS_MAX,
                                   .per_process = SEGMENTS_MAX,
                                   .pages = SIZE_MAX_BYTES};
    struct linux_shm_info info = {0};
    int64_t max = ipc_index_max(&shm_segments);

    if (command == IPC_INFO)
        return copy_to_user(UADDR(to), &limits, sizeof(limits)) ? -EFAULT : max;
    mutex_lock(&shm_segments.lock);
    info.used = (int32_t)shm_segments.count;
    for (uint32_t i = 0; i < shm_segments.capacity; i++)
        if (shm_segments.slots[i])
            info.total += PAGE_ALIGN_UP(segment_of(shm_segments.slots[i])->size) / PAGE_SIZE;
    mutex_unlock(&shm_segments.lock);
    info.resident = info.total;
    return copy_to_user(UADDR(to), &info, sizeof(info)) ? -EFAULT : max;
}

static int64_t control(struct shm_segment *segment, uint32_t command, uint64_t arg)
{
    switch (command) {
    case IPC_RMID:
        return remove_segment(segment);
    case IPC_SET:
        return set_status(segment, arg);
    case SHM_LOCK:
    case SHM_UNLOCK:
        return set_locked(segment, command == SHM_LOCK);
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
        return give_status(segment, command, arg);
    default:
        return -EINVAL;
    }
}

int64_t sys_shmctl(const struct syscall_args *args)
{
    uint32_t command = (uint32_t)args->arg[1];
    struct ipc_object *object;
    int64_t result;
    int id = (int)args->arg[0];

    if ((int32_t)command < 0 || id < 0)
        return -EINVAL;
    if (command == IPC_INFO || command == SHM_INFO)
        return give_limits(command, args->arg[2]);
    if (command == SHM_STAT || command == SHM_STAT_ANY)
        object = ipc_find_index(&shm_segments, id);
    else
        object = ipc_find(&shm_segments, id);
    if (!object)
        return -EINVAL;
    result = control(segment_of(object), command, args->arg[2]);
    ipc_put(&shm_segments, object);
    return result;
}
