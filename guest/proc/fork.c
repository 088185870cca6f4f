/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone(2) in all its forms.  Everything that can fail happens before the child
 * has a number; from then on it is visible.
 */
#include "arch/clock.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/settings.h"
#include "lib/string.h"
#include "lib/unsupported.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/internal.h"
#include "proc/pidfd.h"
#include "syscall/linux_abi.h"

/* What the child still has to do on its own stack, in its own memory. */
static void finish_child(void *arg)
{
    struct task *task = arg;

    if (task->set_child_tid.raw) {
        put_user_u32(task->set_child_tid,
                     (uint32_t)task->tid); /* a fault is the program's affair */
        task->set_child_tid = UADDR(0);
    }
}

/* ---- vfork ------------------------------------------------------------------------ */

void vfork_wait_put(struct vfork_wait *wait)
{
    if (ref_put(&wait->refs))
        kfree(wait);
}

void vfork_complete(struct task *task)
{
    struct vfork_wait *wait = task->vfork;

    if (!wait)
        return;
    task->vfork = NULL;
    atomic_store(&wait->done, true);
    wake_all(&wait->queue, 0);
    vfork_wait_put(wait);
}

static int prepare_vfork(struct task *child, struct vfork_wait **mine)
{
    struct vfork_wait *wait = kmalloc(sizeof(*wait));

    if (!wait)
        return -ENOMEM;
    ref_init(&wait->refs);
    ref_get(&wait->refs);
    wait_queue_init(&wait->queue);
    atomic_init(&wait->done, false);
    child->vfork = *mine = wait;
    return 0;
}

static void wait_for_vfork(struct vfork_wait *wait)
{
    struct wait_entry entry;

    wait_begin(&wait->queue, &entry);
    while (!atomic_load(&wait->done)) {
        wait_sleep_uninterruptible(WAIT_FOREVER);
        wait_again(&wait->queue, &entry);
    }
    wait_end(&wait->queue, &entry);
    vfork_wait_put(wait);
}

/* ---- parts of the child ------------------------------------------------------------- */

static int check_flags(const struct clone_args_kernel *args)
{
    uint64_t flags = args->flags;

    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER)))
        return -EINVAL;
    if ((flags & CLONE_NEW_ANY) && !(flags & CLONE_NEWUSER) && !task_capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & (CLONE_NEW_ANY | CLONE_INTO_CGROUP)) {
        UNSUPPORTED("clone: no namespaces, no control groups (flags %#lx): EINVAL", flags);
        return -EINVAL; /* what a Linux built without them says */
    }
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
        return -EINVAL;
    if ((flags & CLONE_SETTLS) && args->tls.raw >= USER_END)
        return -EPERM;
    if (args->exit_signal < 0 || args->exit_signal > NSIG)
        return -EINVAL;
    return 0;
}

static int copy_files(struct task *child, struct task *parent, uint64_t flags)
{
    child->files =
        (flags & CLONE_FILES) ? fd_table_share(parent->files) : fd_table_copy(parent->files);
    if (!child->files)
        return -ENOMEM;
    if (flags & CLONE_FS) {
        ref_get(&parent->fs->refs);
        child->fs = parent->fs;
    } else {
        child->fs = fs_state_copy(parent->fs);
    }
    return child->fs ? 0 : -ENOMEM;
}

static int copy_memory(struct task *child, struct task *parent, uint64_t flags)
{
    struct mm *mm = parent->thread->mm;
    int error = 0;

    if (flags & CLONE_VM) {
        mm_get(mm);
        child->thread->mm = mm;
        return 0;
    }
    child->thread->mm = mm_fork(mm, &error);
    return child->thread->mm ? 0 : error;
}

static void copy_registers(struct task *child, struct task *parent,
                           const struct clone_args_kernel *args)
{
    struct trap_frame *frame = thread_frame(child->thread);

    *frame = *thread_frame(parent->thread);
    frame->rax = 0;
    frame->orig_rax = UINT64_MAX;
    if (args->stack.raw)
        frame->rsp = args->stack.raw;
    child->thread->fs_base = (args->flags & CLONE_SETTLS) ? args->tls.raw : user_fs_base_get();
    child->thread->gs_base = user_gs_base_get();
    fpu_save(parent->thread->fpu);
    memcpy(child->thread->fpu, parent->thread->fpu,
           cpu_features.xsave ? cpu_features.xsave_size : FXSAVE_SIZE);
}

static void copy_policy(struct thread *to, const struct thread *from)
{
    to->nice = from->nice;
    to->policy = from->policy;
    to->rt_priority = from->rt_priority;
    if (!(from->policy & SCHED_RESET_ON_FORK))
        return;
    int policy = from->policy & ~SCHED_RESET_ON_FORK;
    bool plain = policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
    to->policy = plain ? policy : SCHED_OTHER;
    to->rt_priority = 0;
    to->nice = MAX(from->nice, 0);
}

static void copy_task(struct task *child, struct task *parent, const struct clone_args_kernel *args)
{
    struct thread *from = parent->thread, *to = child->thread;
    uint64_t flags = args->flags;

    child->cred = parent->cred;
    if (child->cred.groups)
        ref_get(&child->cred.groups->refs);
    child->timer_slack_ns = child->timer_slack_default_ns = parent->timer_slack_ns;
    child->ioprio = parent->ioprio;
    signal_task_init(&child->signals, parent->signals.blocked);
    if (!(flags & CLONE_VM) || (flags & CLONE_VFORK)) {
        child->signals.altstack_base = parent->signals.altstack_base;
        child->signals.altstack_size = parent->signals.altstack_size;
        child->signals.altstack_flags = parent->signals.altstack_flags;
    } else {
        child->signals.altstack_flags = SS_DISABLE; /* sigaltstack(2) shows no difference */
    }
    if (!(flags & CLONE_VM)) { /* a copy of the area comes with the memory */
        child->rseq_area = parent->rseq_area;
        child->rseq_size = parent->rseq_size;
        child->rseq_signature = parent->rseq_signature;
        to->return_hook = from->return_hook;
    }
    if (flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = args->child_tid;
    if (flags & CLONE_CHILD_SETTID)
        child->set_child_tid = args->child_tid;
    to->affinity = from->affinity;
    copy_policy(to, from);
}

/* A process of its own, with copies of what processes have; NULL: out of memory. */
static struct process *make_process(struct process *parent, const struct clone_args_kernel *args)
{
    struct signal_handlers *handlers = parent->signals.handlers;

    if (args->flags & CLONE_SIGHAND) {
        ref_get(&handlers->refs);
    } else {
        handlers = signal_handlers_copy(handlers);
        if (!handlers)
            return NULL;
        if (args->flags & CLONE_CLEAR_SIGHAND)
            signal_flush_handlers(handlers);
    }
    struct process *process = process_alloc(handlers);
    if (!process) {
        signal_handlers_put(handlers);
        return NULL;
    }
    if (args->flags & CLONE_SYSVSEM) {
        struct undo_owner *owner = process_undo_owner(parent);
        if (!owner) {
            process_put(process);
            return NULL;
        }
        ref_get(&owner->refs);
        atomic_store(&process->undo_owner, owner);
    }
    memcpy(process->rlimits, parent->rlimits, sizeof(process->rlimits));
    process->exit_signal = args->exit_signal;
    process->dumpable = parent->dumpable;
    process->personality = parent->personality;
    process->oom_score_adj = parent->oom_score_adj;
    process->oom_score_adj_min = parent->oom_score_adj_min;
    process->start_ns = clock_ns();
    spin_lock(&process_table_lock);
    process->exe = parent->exe ? exe_get(parent->exe) : NULL;
    spin_unlock(&process_table_lock);
    return process;
}

/* ---- becoming visible ------------------------------------------------------------------ */

static bool too_many(const struct task *parent)
{
    uint64_t count = atomic_load(&task_count_all);

    if (count >= setting_get(&setting_threads_max))
        return true;
    uint64_t limit = parent->process->rlimits[RLIMIT_NPROC].soft;
    if (count < limit || parent->cred.uid == 0)
        return false;
    spin_lock(&process_table_lock);
    count = pid_count_of_user_locked(parent->cred.uid);
    spin_unlock(&process_table_lock);
    return count >= limit;
}

static void join_process(struct process *process, struct task *task)
{
    struct spinlock *lock = &process->signals.handlers->lock;

    spin_lock(lock);
    list_push_back(&process->tasks, &task->group_link);
    process->task_count++;
    atomic_fetch_add(&process->live_tasks, 1);
    spin_unlock(lock);
}

/* Number, group and relatives, all at once.  0, -EAGAIN, -ERESTARTNOINTR. */
static int publish(struct process *process, struct task *child, struct task *parent, uint64_t flags,
                   struct pid_node *node)
{
    struct process *own = parent->process;
    int error;

    spin_lock(&process_table_lock);
    /* A fatal signal or an exec of another thread first: it must not miss the child. */
    error = own->group_exit || parent->ending ? -ERESTARTNOINTR : pid_insert(node);
    if (!error) {
        node->task = child;
        child->number = node;
        child->tid = node->number;
        child->process = process;
        if (!(flags & CLONE_THREAD)) {
            node->process = process;
            process->number = node;
            process->pid = node->number;
            process->leader = child;
            process->parent = (flags & CLONE_PARENT) ? own->parent : own;
            if (flags & CLONE_PARENT)
                process->exit_signal = own->exit_signal;
            if (process->parent)
                list_push_back(&process->parent->children, &process->sibling);
            pid_join(process, own->group, own->session);
            process_get(process); /* the table's; the first one is the task's */
        } else {
            process_get(process);
        }
        join_process(process, child);
    }
    spin_unlock(&process_table_lock);
    return error;
}

static int make_child(struct task *child, const struct clone_args_kernel *args,
                      struct process **process)
{
    struct task *parent = current_task();
    int error = copy_files(child, parent, args->flags);

    if (!error)
        error = copy_memory(child, parent, args->flags);
    if (!error && !(args->flags & CLONE_THREAD)) {
        *process = make_process(parent->process, args);
        error = *process ? 0 : -ENOMEM;
    }
    if (error)
        return error;
    copy_registers(child, parent, args);
    copy_task(child, parent, args);
    thread_set_start(child->thread, finish_child, child);
    return 0;
}

static void undo(struct task *child, struct process *process, struct pid_node *node)
{
    struct thread *thread = child->thread;

    if (thread->mm)
        mm_put(thread->mm);
    thread->mm = NULL;
    task_free(child);
    thread_put(thread);
    if (process)
        process_put(process);
    kfree(node);
}

/* A descriptor of the child for CLONE_PIDFD, also in the program's memory. */
static int give_pidfd(struct process *process, uaddr_t address)
{
    struct file *file = pidfd_create(process, 0);
    int fd = file ? fd_install(task_fd_current(), file, 0, task_fd_limit(), true) : -ENOMEM;

    if (fd < 0) {
        file_put(file);
        return fd == -EINVAL ? -EMFILE : fd;
    }
    if (put_user_u32(address, (uint32_t)fd)) {
        fd_close(task_fd_current(), fd);
        return -EFAULT;
    }
    return fd;
}

int64_t process_clone(const struct clone_args_kernel *args)
{
    struct task *parent = current_task();
    struct process *process = NULL;
    struct vfork_wait *vfork = NULL;
    int error = check_flags(args);

    if (error)
        return error;
    if (too_many(parent) || parent->thread->policy == SCHED_DEADLINE)
        return -EAGAIN; /* sched(7): its bandwidth cannot be given twice */
    struct pid_node *node = kmalloc(sizeof(*node));
    struct task *child = node ? task_alloc(parent->thread->name) : NULL;
    if (!child) {
        kfree(node);
        return -ENOMEM;
    }
    error = make_child(child, args, &process);
    if (!error && (args->flags & CLONE_VFORK))
        error = prepare_vfork(child, &vfork);
    int pidfd = -1;
    if (!error && (args->flags & CLONE_PIDFD)) {
        pidfd = give_pidfd(process, args->pidfd);
        error = pidfd < 0 ? pidfd : 0;
    }
    if (!error)
        error = publish(process ? process : parent->process, child, parent, args->flags, node);
    if (error) {
        if (pidfd >= 0)
            fd_close(task_fd_current(), pidfd);
        if (vfork)
            vfork_wait_put(vfork);
        undo(child, process, node);
        return error;
    }
    if (process && process->rlimits[RLIMIT_CPU].soft != RLIM_INFINITY)
        process_cpu_limit_changed(process);
    int tid = child->tid;
    if (args->flags & CLONE_PARENT_SETTID)
        put_user_u32(args->parent_tid, (uint32_t)tid);
    thread_make_runnable(child->thread);
    if (vfork)
        wait_for_vfork(vfork);
    return tid;
}
