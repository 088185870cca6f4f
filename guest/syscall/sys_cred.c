/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on credentials(7): user and group numbers, groups, capabilities.
 * Numbers only: what they permit is decided where it is asked.
 */
#include "lib/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define UNCHANGED UINT32_MAX

static struct credentials *own(void)
{
    return &current_task()->cred;
}

int64_t sys_getuid(const struct syscall_args *args)
{
    (void)args;
    return own()->uid;
}

int64_t sys_geteuid(const struct syscall_args *args)
{
    (void)args;
    return own()->euid;
}

int64_t sys_getgid(const struct syscall_args *args)
{
    (void)args;
    return own()->gid;
}

int64_t sys_getegid(const struct syscall_args *args)
{
    (void)args;
    return own()->egid;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void user_changed(const struct credentials *old)
{
    struct credentials *cred = own();
    bool was_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
    bool is_root = cred->uid == 0 || cred->euid == 0 || cred->suid == 0;

    cred->fsuid = cred->euid;
    if (old->euid != cred->euid)
        current_process()->dumpable = false;
    if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
        return;
    if (was_root && !is_root && !(cred->securebits & SECBIT_KEEP_CAPS))
        cred->cap_permitted = cred->cap_effective = 0;
    if (was_root && !is_root)
        cred->cap_ambient = 0; /* KEEP_CAPS does not keep these */
    if (old->euid == 0 && cred->euid != 0)
        cred->cap_effective = 0;
    if (old->euid != 0 && cred->euid == 0)
        cred->cap_effective = cred->cap_permitted;
}

static bool user_is(const struct credentials *cred, uint32_t id)
{
    return id == cred->uid || id == cred->euid || id == cred->suid;
}

static bool group_is(const struct credentials *cred, uint32_t id)
{
    return id == cred->gid || id == cred->egid || id == cred->sgid;
}

int64_t sys_setuid(const struct syscall_args *args)
{
    struct credentials *cred = own(), old = *cred;
    uint32_t id = (uint32_t)args->arg[0];

    if (id == UNCHANGED)
        return -EINVAL;
    if (task_capable(CAP_SETUID))
        cred->uid = cred->suid = id;
    else if (id != cred->uid && id != cred->suid)
        return -EPERM;
    cred->euid = id;
    user_changed(&old);
    return 0;
}

int64_t sys_setgid(const struct syscall_args *args)
{
    struct credentials *cred = own();
    uint32_t id = (uint32_t)args->arg[0];

    if (id == UNCHANGED)
        return -EINVAL;
    if (task_capable(CAP_SETGID))
        cred->gid = cred->sgid = id;
    else if (id != cred->gid && id != cred->sgid)
        return -EPERM;
    cred->egid = cred->fsgid = id;
    return 0;
}

int64_t sys_setreuid(const struct syscall_args *args)
{
    struct credentials *cred = own(), old = *cred;
    uint32_t real = (uint32_t)args->arg[0], effective = (uint32_t)args->arg[1];

    if (!task_capable(CAP_SETUID) && ((real != UNCHANGED && real != old.uid && real != old.euid) ||
                                      (effective != UNCHANGED && !user_is(&old, effective))))
        return -EPERM;
    if (real != UNCHANGED)
        cred->uid = real;
    if (effective != UNCHANGED)
        cred->euid = effective;
    if (real != UNCHANGED || (effective != UNCHANGED && effective != old.uid))
        cred->suid = cred->euid;
    user_changed(&old);
    return 0;
}

int64_t sys_setregid(const struct syscall_args *args)
{
    struct credentials *cred = own(), old = *cred;
    uint32_t real = (uint32_t)args->arg[0], effective = (uint32_t)args->arg[1];

    if (!task_capable(CAP_SETGID) && ((real != UNCHANGED && real != old.gid && real != old.egid) ||
                                      (effective != UNCHANGED && !group_is(&old, effective))))
        return -EPERM;
    if (real != UNCHANGED)
        cred->gid = real;
    if (effective != UNCHANGED)
        cred->egid = effective;
    if (real != UNCHANGED || (effective != UNCHANGED && effective != old.gid))
        cred->sgid = cred->egid;
    cred->fsgid = cred->egid;
    return 0;
}

int64_t sys_setresuid(const struct syscall_args *args)
{
    struct credentials *cred = own(), old = *cred;
    uint32_t id[3] = {(uint32_t)args->arg[0], (uint32_t)args->arg[1], (uint32_t)args->arg[2]};

    for (int i = 0; i < 3; i++)
        if (id[i] != UNCHANGED && !user_is(&old, id[i]) && !task_capable(CAP_SETUID))
            return -EPERM;
    if (id[0] != UNCHANGED)
        cred->uid = id[0];
    if (id[1] != UNCHANGED)
        cred->euid = id[1];
    if (id[2] != UNCHANGED)
        cred->suid = id[2];
    user_changed(&old);
    return 0;
}

int64_t sys_setresgid(const struct syscall_args *args)
{
    struct credentials *cred = own(), old = *cred;
    uint32_t id[3] = {(uint32_t)args->arg[0], (uint32_t)args->arg[1], (uint32_t)args->arg[2]};

    for (int i = 0; i < 3; i++)
        if (id[i] != UNCHANGED && !group_is(&old, id[i]) && !task_capable(CAP_SETGID))
            return -EPERM;
    if (id[0] != UNCHANGED)
        cred->gid = id[0];
    if (id[1] != UNCHANGED)
        cred->egid = cred->fsgid = id[1];
    if (id[2] != UNCHANGED)
        cred->sgid = id[2];
    return 0;
}

static int put_three(const struct syscall_args *args, uint32_t a, uint32_t b, uint32_t c)
{
    if (put_user_u32(UADDR(args->arg[0]), a) || put_user_u32(UADDR(args->arg[1]), b) ||
        put_user_u32(UADDR(args->arg[2]), c))
        return -EFAULT;
    return 0;
}

int64_t sys_getresuid(const struct syscall_args *args)
{
    return put_three(args, own()->uid, own()->euid, own()->suid);
}

int64_t sys_getresgid(const struct syscall_args *args)
{
    return put_three(args, own()->gid, own()->egid, own()->sgid);
}

/* Both return the old number, whether it changed or not. */
int64_t sys_setfsuid(const struct syscall_args *args)
{
    struct credentials *cred = own();
    uint32_t id = (uint32_t)args->arg[0], old = cred->fsuid;

    if (id != UNCHANGED && (user_is(cred, id) || id == old || task_capable(CAP_SETUID)))
        cred->fsuid = id;
    return old;
}

int64_t sys_setfsgid(const struct syscall_args *args)
{
    struct credentials *cred = own();
    uint32_t id = (uint32_t)args->arg[0], old = cred->fsgid;

    if (id != UNCHANGED && (group_is(cred, id) || id == old || task_capable(CAP_SETGID)))
        cred->fsgid = id;
    return old;
}

int64_t sys_getgroups(const struct syscall_args *args)
{
    const struct credentials *cred = own();
    int size = (int)args->arg[0];

    uint32_t count = cred->groups ? cred->groups->count : 0;
    if (size < 0 || (size && (uint32_t)size < count))
        return -EINVAL;
    if (size && count &&
        copy_to_user(UADDR(args->arg[1]), cred->groups->gids, count * sizeof(uint32_t)))
        return -EFAULT;
    return count;
}

static void sift_down(uint32_t *heap, uint32_t at, uint32_t count)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[at] >= heap[child])
            return;
        uint32_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

/* Heap sort: the list is as long as the program wants, and so must not cost its square. */
static void sort(uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = count / 2; i > 0; i--)
        sift_down(numbers, i - 1, count);
    for (uint32_t end = count; end > 1; end--) {
        uint32_t largest = numbers[0];
        numbers[0] = numbers[end - 1];
        numbers[end - 1] = largest;
        sift_down(numbers, 0, end - 1);
    }
}

int64_t sys_setgroups(const struct syscall_args *args)
{
    struct credentials *cred = own();
    uint32_t count = (uint32_t)args->arg[0];
    struct group_list *list = NULL, *old;

    if (!task_capable(CAP_SETGID))
        return -EPERM;
    if (count > GROUPS_MAX)
        return -EINVAL;
    if (count) {
        list = kmalloc(sizeof(*list) + count * sizeof(list->gids[0]));
        if (!list)
            return -ENOMEM;
        ref_init(&list->refs);
        list->count = count;
        if (copy_from_user(list->gids, UADDR(args->arg[1]), count * sizeof(list->gids[0]))) {
            kfree(list);
            return -EFAULT;
        }
        sort(list->gids, count);
    }
    spin_lock(&process_table_lock);
    old = cred->groups;
    cred->groups = list;
    spin_unlock(&process_table_lock);
    group_list_put(old);
    return 0;
}

/* ---- capget(2), capset(2) --------------------------------------------------------------- */

struct cap_header {
    uint32_t version;
    int32_t pid;
};
struct cap_words {
    uint32_t effective, permitted, inheritable;
};

/* How many sets of words the version has; 0: unknown, and the header now says ours. */
static unsigned int read_header(uint64_t address, struct cap_header *header, int *error)
{
    *error = copy_from_user(header, UADDR(address), sizeof(*header));
    if (*error)
        return 0;
    if (header->version == LINUX_CAPABILITY_VERSION_1)
        return 1;
    if (header->version == LINUX_CAPABILITY_VERSION_2 ||
        header->version == LINUX_CAPABILITY_VERSION_3)
        return 2;
    *error = put_user_u32(UADDR(address), LINUX_CAPABILITY_VERSION_3) ? -EFAULT : -EINVAL;
    return 0;
}

int64_t sys_capget(const struct syscall_args *args)
{
    struct cap_header header;
    struct cap_words words[2];
    struct credentials cred;
    int error;
    unsigned int count = read_header(args->arg[0], &header, &error);

    if (!count) /* asking for the version with a NULL pointer is how libcap does it */
        return error == -EINVAL && !args->arg[1] ? 0 : error;
    if (header.pid < 0)
        return -EINVAL;
    spin_lock(&process_table_lock);
    struct task *task = header.pid ? task_find_locked(header.pid) : current_task();
    if (task)
        cred = task->cred;
    spin_unlock(&process_table_lock);
    if (!task)
        return -ESRCH;
    for (unsigned int i = 0; i < 2; i++)
        words[i] = (struct cap_words){(uint32_t)(cred.cap_effective >> (32 * i)),
                                      (uint32_t)(cred.cap_permitted >> (32 * i)),
                                      (uint32_t)(cred.cap_inheritable >> (32 * i))};
    return args->arg[1] ? copy_to_user(UADDR(args->arg[1]), words, count * sizeof(words[0])) : 0;
}

int64_t sys_capset(const struct syscall_args *args)
{
    struct credentials *cred = own();
    struct cap_header header;
    struct cap_words words[2] = {0};
    int error;
    unsigned int count = read_header(args->arg[0], &header, &error);

    if (!count)
        return error;
    if (header.pid && header.pid != current_task()->tid)
        return -EPERM;
    if (copy_from_user(words, UADDR(args->arg[1]), count * sizeof(words[0])))
        return -EFAULT;
    uint64_t effective = words[0].effective | (uint64_t)words[1].effective << 32;
    uint64_t permitted = words[0].permitted | (uint64_t)words[1].permitted << 32;
    uint64_t inheritable = words[0].inheritable | (uint64_t)words[1].inheritable << 32;
    effective &= CAP_FULL_SET;
    permitted &= CAP_FULL_SET;
    inheritable &= CAP_FULL_SET;
    if ((permitted & ~cred->cap_permitted) || (effective & ~permitted) ||
        (inheritable & ~(cred->cap_inheritable | cred->cap_bounding)))
        return -EPERM;
    if ((inheritable & ~(cred->cap_inheritable | cred->cap_permitted)) &&
        !task_capable(CAP_SETPCAP))
        return -EPERM;
    cred->cap_effective = effective;
    cred->cap_permitted = permitted;
    cred->cap_inheritable = inheritable;
    cred->cap_ambient &= permitted & inheritable;
    return 0;
}
