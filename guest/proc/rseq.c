/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences, rseq(2): the program's area names the CPU it runs on,
 * and a critical section that was interrupted continues at its abort address.
 */
#include "arch/trap.h"
#include "lib/errno.h"
#include "mm/paging.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"

#define RSEQ_ALIGN 32u

static uint64_t switches(const struct thread *thread)
{
    return thread->voluntary_switches + thread->involuntary_switches + 1;
}

static int write_cpu(struct task *task, uint32_t cpu_start, uint32_t cpu)
{
    uint64_t area = task->rseq_area.raw;
    uint32_t ids[2] = {cpu_start, cpu};
    uint32_t node_and_cid[2] = {0, cpu_start}; /* at most one thread per CPU: its number will do */

    if (copy_to_user(UADDR(area), ids, sizeof(ids)))
        return -EFAULT;
    return copy_to_user(UADDR(area + offsetof(struct linux_rseq, node_id)), node_and_cid,
                        sizeof(node_and_cid));
}

int64_t rseq_register(uaddr_t area, uint32_t size, uint32_t flags, uint32_t signature)
{
    struct task *task = current_task();

    if (flags & RSEQ_FLAG_UNREGISTER) {
        if (flags != RSEQ_FLAG_UNREGISTER || !task->rseq_area.raw ||
            area.raw != task->rseq_area.raw || size != task->rseq_size)
            return -EINVAL;
        if (signature != task->rseq_signature)
            return -EPERM;
        if (write_cpu(task, 0, RSEQ_CPU_ID_UNINITIALIZED))
            return -EFAULT;
        task->rseq_area = UADDR(0);
        task->thread->return_hook = false;
        return 0;
    }
    if (flags)
        return -EINVAL;
    if (task->rseq_area.raw) {
        if (area.raw != task->rseq_area.raw || size != task->rseq_size)
            return -EINVAL;
        return signature == task->rseq_signature ? -EBUSY : -EPERM;
    }
    if (size < sizeof(struct linux_rseq) || !area.raw || area.raw % RSEQ_ALIGN)
        return -EINVAL;
    if (!user_range_ok(area, size))
        return -EFAULT;
    task->rseq_area = area;
    task->rseq_size = size;
    task->rseq_signature = signature;
    if (write_cpu(task, this_cpu()->cpu, this_cpu()->cpu)) {
        task->rseq_area = UADDR(0);
        return -EFAULT;
    }
    task->rseq_switches = switches(task->thread);
    task->thread->return_hook = true;
    return 0;
}

/* Was it interrupted in a critical section?  Then it goes on at the abort address.  0 or -EFAULT.
 */
static int abort_section(struct task *task, struct trap_frame *frame)
{
    uaddr_t pointer = UADDR(task->rseq_area.raw + offsetof(struct linux_rseq, critical_section));
    struct linux_rseq_cs section;
    uint64_t address;
    uint32_t signature;

    if (get_user_u64(&address, pointer))
        return -EFAULT;
    if (!address)
        return 0;
    if (copy_from_user(&section, UADDR(address), sizeof(section)))
        return -EFAULT;
    bool inside = frame->rip - section.start_ip < section.post_commit_offset;
    if (!inside) /* left already: the program clears it lazily */
        return put_user_u64(pointer, 0);
    if (section.version || section.abort_ip >= USER_END || section.start_ip >= USER_END ||
        section.abort_ip - section.start_ip < section.post_commit_offset)
        return -EFAULT;
    if (get_user_u32(&signature, UADDR(section.abort_ip - sizeof(signature))) ||
        signature != task->rseq_signature)
        return -EFAULT;
    if (put_user_u64(pointer, 0))
        return -EFAULT;
    frame->rip = section.abort_ip;
    return 0;
}

static void give_up(struct task *task)
{
    task->rseq_area = UADDR(0); /* or the signal's own return would try again */
    signal_force(SIGSEGV, SI_KERNEL, 0);
}

void rseq_on_return(struct trap_frame *frame)
{
    struct task *task = current_task();

    /* A fault in the copy may switch again: until the area agrees with where we are. */
    while (task->rseq_area.raw && task->rseq_switches != switches(task->thread)) {
        task->rseq_switches = switches(task->thread);
        uint32_t cpu = this_cpu()->cpu;
        if (abort_section(task, frame) || write_cpu(task, cpu, cpu))
            give_up(task);
    }
}

void rseq_on_signal(struct trap_frame *frame)
{
    struct task *task = current_task();

    if (task->rseq_area.raw && abort_section(task, frame))
        give_up(task);
}
