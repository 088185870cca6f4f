/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve(2): the new program is built aside; what can fail, fails before the
 * old one is touched.
 */
#include "arch/context.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec_build.h"
#include "proc/futex_pi.h"
#include "proc/internal.h"
#include "sched/futex.h"
#include "syscall/linux_abi.h"

/* Set-user-ID and set-group-ID files; returns whether the program runs with more than its user. */
static bool credentials_after(const struct file *file, struct credentials *cred)
{
    const struct inode *inode = file->inode;
    bool nosuid = cred->no_new_privs || (mount_flags(file->dentry) & MS_NOSUID);
    uint32_t mode = inode->attr.mode;
    bool changed = false;

    if (!nosuid && (mode & S_ISUID)) {
        changed |= cred->euid != inode->attr.uid;
        cred->euid = inode->attr.uid;
    }
    if (!nosuid && (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) {
        changed |= cred->egid != inode->attr.gid;
        cred->egid = inode->attr.gid;
    }
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    if (changed)
        cred->cap_ambient = 0;
    if ((cred->euid == 0 || cred->uid == 0) && !(cred->securebits & SECBIT_NOROOT)) {
        cred->cap_permitted = (cred->cap_inheritable | cred->cap_bounding) & CAP_FULL_SET;
        cred->cap_effective = cred->euid == 0 ? cred->cap_permitted : 0;
    } else {
        cred->cap_permitted = cred->cap_effective = cred->cap_ambient;
    }
    cred->securebits &= ~SECBIT_KEEP_CAPS;
    return changed || cred->uid != cred->euid || cred->gid != cred->egid;
}

/* The old address space is left: as at the end of a thread. */
static void leave_memory(struct task *task, struct mm *fresh)
{
    struct thread *thread = task->thread;
    struct mm *old = thread->mm;

    robust_list_exit(task);
    futex_pi_exit(task, false);
    if (task->clear_child_tid.raw && ref_read(&old->refs) > 1) {
        put_user_u32(task->clear_child_tid, 0);
        futex_wake(task->clear_child_tid, true, 1, UINT32_MAX);
    }
    task->process->rss_max_pages = MAX(task->process->rss_max_pages, old->rss_max_pages);
    atomic_store(&fresh->no_huge_pages, atomic_load(&old->no_huge_pages));
    spin_lock(&process_table_lock); /* proc(5) takes references under it */
    thread->mm = fresh;
    spin_unlock(&process_table_lock);
    mm_activate(fresh);
    mm_put(old);
    vfork_complete(task);
}

/* The task becomes the only one, and carries the process's number. */
static void take_process_number(struct task *task)
{
    struct process *process = task->process;

    spin_lock(&process_table_lock);
    if (task->number != process->number) {
        task->number->task = NULL;
        pid_unuse(task->number);
        task->number = process->number;
        task->number->task = task;
        task->tid = process->pid;
    }
    process->leader = task;
    process->did_exec = true;
    spin_unlock(&process_table_lock);
}

static void reset_task(struct task *task)
{
    struct thread *thread = task->thread;

    task->clear_child_tid = task->robust_list = task->rseq_area = UADDR(0);
    thread->return_hook = false;
    task->signals.altstack_base = task->signals.altstack_size = 0;
    task->restart = NULL;
    thread->fs_base = thread->gs_base = 0;
    user_fs_base_set(0);
    user_gs_base_set(0);
    fpu_init_area(thread->fpu);
    fpu_restore(thread->fpu);
}

/* Tables of its own instead of shared ones: 0 or -ENOMEM. */
static int unshare_tables(struct task *task)
{
    struct process *process = task->process;

    int error = task_unshare(true, true);

    if (error)
        return error;
    if (ref_read(&process->signals.handlers->refs) > 1) {
        struct signal_handlers *old = process->signals.handlers;
        struct signal_handlers *fresh = signal_handlers_copy(old);
        if (!fresh)
            return -ENOMEM;
        spin_lock(&process_table_lock);
        spin_lock(&old->lock); /* the pending set changes its guard */
        process->signals.handlers = fresh;
        spin_unlock(&old->lock);
        spin_unlock(&process_table_lock);
        signal_handlers_put(old);
    }
    return 0;
}

/* The point of no return lies behind us. */
static void commit(struct task *task, struct exec_program *program, const struct credentials *cred,
                   bool secure)
{
    struct process *process = task->process;

    take_process_number(task);
    leave_memory(task, program->mm);
    reset_task(task);
    signal_flush_handlers(process->signals.handlers);
    process_timers_exec(process);
    atomic_store(&process->membarrier, 0);
    fd_table_close_on_exec(task->files);
    task->cred = *cred;
    process->dumpable = !secure;
    if (secure)
        task->pdeath_signal = 0;
    process->exit_signal = SIGCHLD;
    strlcpy(task->thread->name, program->comm, sizeof(task->thread->name));
    spin_lock(&process_table_lock);
    struct dentry *old_exe = process->exe;
    process->exe = program->exe;
    spin_unlock(&process_table_lock);
    exe_put(old_exe);
    exec_set_frame(thread_frame(task->thread), program);
    trap_request_user_return(); /* the frame is a new one */
}

static int build(struct exec_program *program, struct exec_target *target, const char *display,
                 uaddr_t argv, uaddr_t envp, struct credentials *cred, bool *secure)
{
    struct process *process = current_process();
    struct exec_strings strings = {.limit = exec_strings_limit(process), .execfn = display};
    int error = exec_strings_user(&strings, target->prefix, target->prefix_count, argv, envp);

    if (!error) {
        *secure = credentials_after(target->file.file, cred);
        error = exec_build(program, &target->file, &strings, process, cred, *secure);
    }
    exec_strings_free(&strings);
    return error;
}

int process_exec(struct dentry *start, const char *path, uint32_t walk_flags, const char *display,
                 uaddr_t argv, uaddr_t envp)
{
    struct task *task = current_task();
    struct exec_program program;
    struct credentials cred = task->cred;
    struct exec_target *target = kmalloc(sizeof(*target)); /* too large for the stack */
    bool secure = false;

    if (!target)
        return -ENOMEM;
    int error = exec_target_open(target, start, path, walk_flags, display);
    if (!error) {
        error = build(&program, target, display, argv, envp, &cred, &secure);
        exec_target_close(target);
    }
    kfree(target);
    if (error)
        return error;
    error = process_end_other_tasks();
    if (!error)
        error = unshare_tables(task);
    if (error) {
        exec_program_free(&program);
        return error;
    }
    commit(task, &program, &cred, secure);
    return 0;
}
