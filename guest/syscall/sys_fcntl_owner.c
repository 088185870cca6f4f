/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl(2): who gets signals for a file (F_SETOWN, F_SETSIG), leases (F_SETLEASE). */
#include "fs/dnotify.h"
#include "fs/file_owner.h"
#include "fs/lease.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "net/socket.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

struct linux_f_owner_ex {
    int32_t type, pid;
};

static bool exists(struct file_owner_id id)
{
    bool there = false;

    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find(id.id);
    if (node && id.type == FILE_OWNER_TID)
        there = node->task;
    else if (node && id.type == FILE_OWNER_PID)
        there = node->process;
    else if (node)
        there = !list_empty(&node->members);
    spin_unlock(&process_table_lock);
    return there;
}

static int64_t set_owner(struct file *file, struct file_owner_id id)
{
    const struct credentials *cred = &current_task()->cred;

    if (id.id && !exists(id))
        return -ESRCH;
    return file_owner_set(file, id, cred->uid, cred->euid);
}

static int64_t set_owner_ex(struct file *file, uint64_t address)
{
    struct linux_f_owner_ex owner;

    if (copy_from_user(&owner, UADDR(address), sizeof(owner)))
        return -EFAULT;
    if (owner.type < FILE_OWNER_TID || owner.type > FILE_OWNER_PGRP)
        return -EINVAL;
    return set_owner(file, (struct file_owner_id){owner.type, owner.pid});
}

static int64_t get_owner_ex(struct file *file, uint64_t address)
{
    struct file_owner_id id = file_owner_get(file);
    struct linux_f_owner_ex owner = {id.type, id.id};

    return copy_to_user(UADDR(address), &owner, sizeof(owner)) ? -EFAULT : 0;
}

/* The holder hears of the break, unless somebody else was named before. */
static int64_t set_lease(struct file *file, int fd, uint64_t type)
{
    int64_t result;

    if (type > F_UNLCK)
        return -EINVAL;
    if (!file_owner_get(file).id) {
        result = set_owner(file, (struct file_owner_id){FILE_OWNER_PID, current_process()->pid});
        if (result)
            return result;
    }
    return lease_set(file, (enum file_lock_type)type, fd);
}

/* The caller hears of it, whoever was named before: as Linux does. */
static int64_t set_notify(struct file *file, int fd, uint64_t mask)
{
    int64_t result =
        set_owner(file, (struct file_owner_id){FILE_OWNER_PID, current_process()->pid});

    return result ? result : dnotify_set(file, fd, (uint32_t)mask);
}

int set_async(struct file *file, int fd, bool on)
{
    int error = file_owner_set_async(file, fd, on);

    if (!error && on)
        atomic_fetch_or(&file->flags, O_ASYNC);
    else if (!error)
        atomic_fetch_and(&file->flags, ~O_ASYNC);
    return error;
}

int64_t owner_command(struct file *file, int fd, uint64_t command, uint64_t arg)
{
    struct file_owner_id id;

    switch (command) {
    case F_SETOWN:
        if ((int)arg == INT32_MIN)
            return -EINVAL;
        if ((int)arg < 0)
            return set_owner(file, (struct file_owner_id){FILE_OWNER_PGRP, -(int)arg});
        return set_owner(file, (struct file_owner_id){FILE_OWNER_PID, (int)arg});
    case F_GETOWN:
        id = file_owner_get(file);
        return id.type == FILE_OWNER_PGRP ? -id.id : id.id;
    case F_SETOWN_EX:
        return set_owner_ex(file, arg);
    case F_GETOWN_EX:
        return get_owner_ex(file, arg);
    case F_SETSIG:
        return arg > NSIG ? -EINVAL : file_owner_set_signal(file, (int)arg);
    case F_GETSIG:
        return file_owner_signal(file);
    case F_SETLEASE:
        return set_lease(file, fd, arg);
    case F_NOTIFY:
        return set_notify(file, fd, arg);
    default:
        return lease_get(file);
    }
}

/* The same for sockets, as BSD had it. */
int64_t owner_ioctl(struct file *file, int fd, uint32_t request, uint64_t arg)
{
    uint32_t id;

    if (!socket_of(file))
        return -ENOTTY;
    if (request == FIOGETOWN || request == SIOCGPGRP)
        return put_user_u32(UADDR(arg), (uint32_t)owner_command(file, fd, F_GETOWN, 0));
    return get_user_u32(&id, UADDR(arg)) ? -EFAULT : owner_command(file, fd, F_SETOWN, id);
}
