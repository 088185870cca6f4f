/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on signals: handlers, masks, sending, waiting. */
#include "arch/clock.h"
#include "arch/context.h"
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define SIGSET_SIZE sizeof(uint64_t)

int64_t sys_rt_sigaction(const struct syscall_args *args)
{
    int signo = (int)args->arg[0];
    uaddr_t new_address = UADDR(args->arg[1]), old_address = UADDR(args->arg[2]);
    struct linux_sigaction user;
    struct signal_action action, old;

    if (args->arg[3] != SIGSET_SIZE)
        return -EINVAL;
    if (new_address.raw) {
        if (copy_from_user(&user, new_address, sizeof(user)))
            return -EFAULT;
        action = (struct signal_action){user.handler, user.flags, user.restorer, user.mask};
    }
    int error = signal_set_action(signo, new_address.raw ? &action : NULL, &old);
    if (error || !old_address.raw)
        return error;
    user = (struct linux_sigaction){old.handler, old.flags, old.restorer, old.mask};
    return copy_to_user(old_address, &user, sizeof(user));
}

int64_t sys_rt_sigprocmask(const struct syscall_args *args)
{
    uint64_t old = current_task()->signals.blocked, set;

    if (args->arg[3] != SIGSET_SIZE)
        return -EINVAL;
    if (args->arg[1]) {
        if (get_user_u64(&set, UADDR(args->arg[1])))
            return -EFAULT;
        switch ((int)args->arg[0]) {
        case SIG_BLOCK:
            signal_set_blocked(old | set);
            break;
        case SIG_UNBLOCK:
            signal_set_blocked(old & ~set);
            break;
        case SIG_SETMASK:
            signal_set_blocked(set);
            break;
        default:
            return -EINVAL;
        }
    }
    return args->arg[2] ? put_user_u64(UADDR(args->arg[2]), old) : 0;
}

int64_t sys_rt_sigpending(const struct syscall_args *args)
{
    uint64_t set = signal_pending_set() & current_task()->signals.blocked;

    if (args->arg[1] > SIGSET_SIZE)
        return -EINVAL;
    return copy_to_user(UADDR(args->arg[0]), &set, args->arg[1]);
}

int64_t sys_rt_sigsuspend(const struct syscall_args *args)
{
    uint64_t set;

    if (args->arg[1] != SIGSET_SIZE)
        return -EINVAL;
    if (get_user_u64(&set, UADDR(args->arg[0])))
        return -EFAULT;
    signal_set_temporary_mask(set);
    while (!signal_is_pending()) {
        wait_prepare();
        wait_sleep(WAIT_FOREVER);
    }
    return -ERESTARTNOHAND;
}

int64_t sys_pause(const struct syscall_args *args)
{
    (void)args;
    while (!signal_is_pending()) {
        wait_prepare();
        wait_sleep(WAIT_FOREVER);
    }
    return -ERESTARTNOHAND;
}

/* Sleeps until a signal of set arrives, which is unblocked meanwhile only to be noticed. */
static int wait_for_signal(uint64_t set, uint64_t deadline_ns, struct kernel_siginfo *info)
{
    struct signal_task *signals = &current_task()->signals;
    uint64_t blocked = signals->blocked;
    int signo;

    signals->real_blocked = blocked;
    signal_set_blocked(blocked & ~set);
    int error = 0;
    if (!signal_is_pending()) {
        wait_prepare();
        error = wait_sleep(deadline_ns);
    }
    signals->real_blocked = 0;
    signo = signal_take(set, info);
    signal_set_blocked(blocked);
    if (signo)
        return signo;
    return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

int64_t sys_rt_sigtimedwait(const struct syscall_args *args)
{
    struct kernel_siginfo info;
    int64_t timeout[2];
    uint64_t set, deadline = WAIT_FOREVER;

    if (args->arg[3] != SIGSET_SIZE)
        return -EINVAL;
    if (get_user_u64(&set, UADDR(args->arg[0])))
        return -EFAULT;
    if (args->arg[2]) {
        if (copy_from_user(timeout, UADDR(args->arg[2]), sizeof(timeout)))
            return -EFAULT;
        if (timeout[0] < 0 || timeout[1] < 0 || timeout[1] >= 1000000000)
            return -EINVAL;
        uint64_t seconds = MIN((uint64_t)timeout[0], UINT64_MAX / 4 / 1000000000u);
        deadline = clock_ns() + seconds * 1000000000u + (uint64_t)timeout[1];
    }
    int signo = signal_take(set, &info);
    if (!signo && args->arg[2] && timeout[0] == 0 && timeout[1] == 0)
        return -EAGAIN;
    if (!signo)
        signo = wait_for_signal(set & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP)), deadline, &info);
    if (signo > 0 && args->arg[1] && copy_to_user(UADDR(args->arg[1]), &info, sizeof(info)))
        return -EFAULT;
    return signo;
}

int64_t sys_sigaltstack(const struct syscall_args *args)
{
    struct signal_task *signals = &current_task()->signals;
    uint64_t sp = thread_frame(current_thread())->rsp;
    bool inside = signals->altstack_size && sp > signals->altstack_base &&
                  sp - signals->altstack_base <= signals->altstack_size;
    bool active = inside && !(signals->altstack_flags & SS_AUTODISARM);
    struct linux_stack old = {.sp = signals->altstack_base, .size = signals->altstack_size};
    struct linux_stack new;

    old.flags = !signals->altstack_size
                    ? SS_DISABLE
                    : (signals->altstack_flags & SS_AUTODISARM) | (active ? SS_ONSTACK : 0);
    if (args->arg[0]) {
        if (copy_from_user(&new, UADDR(args->arg[0]), sizeof(new)))
            return -EFAULT;
        uint32_t mode = new.flags & ~SS_AUTODISARM;
        if (active)
            return -EPERM;
        if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
            return -EINVAL;
        bool same = new.sp == signals->altstack_base &&new.size ==
                    signals->altstack_size &&new.flags == signals->altstack_flags;
        if (mode == SS_DISABLE)
            new.sp = new.size = 0;
        if (mode != SS_DISABLE && new.size < MINSIGSTKSZ && !same)
            return -ENOMEM;
        signals->altstack_base = new.sp;
        signals->altstack_size = new.size;
        signals->altstack_flags = new.flags;
    }
    return args->arg[1] ? copy_to_user(UADDR(args->arg[1]), &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigreturn(const struct syscall_args *args)
{
    struct trap_frame *frame = thread_frame(current_thread());

    (void)args;
    if (signal_frame_pop(frame)) {
        syscall_leave();
        trap_exit_to_user(); /* by the long way: all registers are new */
    }
    signal_force(SIGSEGV, SI_KERNEL, 0);
    return (int64_t)frame->rax;
}

int64_t sys_restart_syscall(const struct syscall_args *args)
{
    struct task *task = current_task();
    int64_t (*restart)(struct task *) = task->restart;

    (void)args;
    task->restart = NULL;
    return restart ? restart(task) : -EINTR;
}
