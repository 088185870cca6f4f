/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects: processes, tasks, what they hold of the file system, limits.
 * No policy: fork.c, exec.c and exit.c decide who gets what.
 */
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/settings.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define STACK_LIMIT_DEFAULT (8ul << 20)
#define NOFILE_DEFAULT 1024u
#define TIMER_SLACK_DEFAULT_NS 50000u

atomic_uint task_count_all;

struct process *process_alloc(struct signal_handlers *handlers)
{
    struct process *process = kzalloc(sizeof(*process));

    if (!process)
        return NULL;
    ref_init(&process->refs);
    list_init(&process->group_member);
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->tasks);
    list_init(&process->signals.queue);
    list_init(&process->posix_timers);
    wait_queue_init(&process->child_wait);
    wait_queue_init(&process->exit_wait);
    wait_queue_init(&process->stop_wait);
    cpu_limit_init(process);
    process->signals.handlers = handlers;
    process->exit_signal = SIGCHLD;
    process->dumpable = true;
    return process;
}

void process_get(struct process *process)
{
    ref_get(&process->refs);
}

struct dentry *exe_get(struct dentry *exe)
{
    int error = inode_deny_write(dentry_inode(exe));

    ASSERT(!error);
    return dentry_get(exe);
}

void exe_put(struct dentry *exe)
{
    if (!exe)
        return;
    inode_allow_write(dentry_inode(exe));
    dentry_put(exe);
}

struct undo_owner *process_undo_owner(struct process *process)
{
    struct undo_owner *owner = atomic_load(&process->undo_owner), *none = NULL;

    if (owner)
        return owner;
    owner = kmalloc(sizeof(*owner));
    if (!owner)
        return NULL;
    ref_init(&owner->refs);
    if (atomic_compare_exchange_strong(&process->undo_owner, &none, owner))
        return owner;
    kfree(owner); /* another thread was faster */
    return none;
}

void process_put(struct process *process)
{
    if (!process || !ref_put(&process->refs))
        return;
    signal_queue_free(&process->signals.queue);
    kfree(process->signals.spare);
    signal_handlers_put(process->signals.handlers);
    exe_put(process->exe);
    struct undo_owner *owner = atomic_load(&process->undo_owner);
    if (owner && ref_put(&owner->refs)) /* of one that never ran */
        kfree(owner);
    kfree(process);
}

struct task *task_alloc(const char *name)
{
    struct task *task = kzalloc(sizeof(*task));

    if (!task)
        return NULL;
    task->thread = thread_create(name);
    if (!task->thread) {
        kfree(task);
        return NULL;
    }
    task->thread->task = task;
    atomic_fetch_add(&task_count_all, 1);
    task->timer_slack_ns = task->timer_slack_default_ns = TIMER_SLACK_DEFAULT_NS;
    list_init(&task->group_link);
    signal_task_init(&task->signals, 0);
    return task;
}

void group_list_put(struct group_list *list)
{
    if (list && ref_put(&list->refs))
        kfree(list);
}

void task_free(struct task *task)
{
    group_list_put(task->cred.groups);
    signal_queue_free(&task->signals.queue);
    if (task->fs_view.root)
        dentry_put(task->fs_view.root);
    if (task->fs_view.cwd)
        dentry_put(task->fs_view.cwd);
    fs_state_put(task->fs);
    if (task->files)
        fd_table_put(task->files);
    if (task->vfork)
        vfork_wait_put(task->vfork);
    task->thread->task = NULL;
    atomic_fetch_sub(&task_count_all, 1);
    kfree(task);
}

/* ---- what a task brings to fs/ ------------------------------------------------ */

struct fs_state *fs_state_create(struct dentry *root, struct dentry *cwd, uint32_t umask)
{
    struct fs_state *fs = kmalloc(sizeof(*fs));

    if (!fs)
        return NULL;
    ref_init(&fs->refs);
    spin_init(&fs->lock, LOCK_RANK_ANY);
    fs->root = dentry_get(root);
    fs->cwd = dentry_get(cwd);
    fs->umask = umask;
    return fs;
}

struct fs_state *fs_state_copy(struct fs_state *fs)
{
    spin_lock(&fs->lock);
    struct dentry *root = dentry_get(fs->root), *cwd = dentry_get(fs->cwd);
    uint32_t umask = fs->umask;
    spin_unlock(&fs->lock);
    struct fs_state *copy = fs_state_create(root, cwd, umask);
    dentry_put(root);
    dentry_put(cwd);
    return copy;
}

void fs_state_put(struct fs_state *fs)
{
    if (!fs || !ref_put(&fs->refs))
        return;
    dentry_put(fs->root);
    dentry_put(fs->cwd);
    kfree(fs);
}

/* Before the first task there is the kernel itself, with the root of the tree. */
static const struct fs_context *boot_context(void)
{
    static struct fs_context boot = {.umask = 022, .privileged = true};

    if (!boot.root)
        boot.root = boot.cwd = vfs_root();
    return &boot;
}

/* References of our own: another thread may change directory while we walk. */
static void refresh_view(struct fs_context *view, struct fs_state *fs)
{
    struct dentry *old_root = view->root, *old_cwd = view->cwd;

    spin_lock(&fs->lock);
    view->root = dentry_get(fs->root);
    view->cwd = dentry_get(fs->cwd);
    spin_unlock(&fs->lock);
    dentry_put(old_root);
    dentry_put(old_cwd);
}

const struct fs_context *task_fs_current(void)
{
    struct task *task = current_thread()->task;

    if (UNLIKELY(!task))
        return boot_context();
    struct fs_state *fs = task->fs;
    struct fs_context *view = &task->fs_view;

    /* Unchanged: nothing to lock.  A change by another thread may be seen a call later. */
    if (UNLIKELY(view->root != fs->root || view->cwd != fs->cwd))
        refresh_view(view, fs);
    view->umask = fs->umask;
    view->fsuid = task->cred.fsuid;
    view->fsgid = task->cred.fsgid;
    view->groups = task->cred.groups ? task->cred.groups->gids : NULL;
    view->group_count = task->cred.groups ? task->cred.groups->count : 0;
    view->privileged = task->cred.fsuid == 0;
    return view;
}

struct fd_table *task_fd_current(void)
{
    return current_task()->files;
}

uint64_t task_fd_limit(void)
{
    return current_process()->rlimits[RLIMIT_NOFILE].soft;
}

void task_set_cwd(struct dentry *cwd)
{
    struct fs_state *fs = current_task()->fs;

    spin_lock(&fs->lock);
    struct dentry *old = fs->cwd;
    fs->cwd = cwd;
    spin_unlock(&fs->lock);
    dentry_put(old);
}

void task_set_root(struct dentry *root)
{
    struct fs_state *fs = current_task()->fs;

    spin_lock(&fs->lock);
    struct dentry *old = fs->root;
    fs->root = root;
    spin_unlock(&fs->lock);
    dentry_put(old);
}

uint32_t task_set_umask(uint32_t umask)
{
    struct fs_state *fs = current_task()->fs;

    spin_lock(&fs->lock);
    uint32_t old = fs->umask;
    fs->umask = umask & 0777;
    spin_unlock(&fs->lock);
    return old;
}

/* Replaced under process_table_lock: proc(5) takes references under it. */
static int unshare_files(struct task *task)
{
    if (!fd_table_is_shared(task->files))
        return 0;
    if (fd_next(task->files, (int)setting_get(&setting_nr_open)) >= 0)
        return -EMFILE; /* made while the limit was higher */
    struct fd_table *files = fd_table_copy(task->files), *shared = task->files;

    if (!files)
        return -ENOMEM;
    spin_lock(&process_table_lock);
    task->files = files;
    spin_unlock(&process_table_lock);
    fd_table_put(shared);
    return 0;
}

static int unshare_fs(struct task *task)
{
    if (ref_read(&task->fs->refs) == 1)
        return 0;
    struct fs_state *fs = fs_state_copy(task->fs), *shared = task->fs;

    if (!fs)
        return -ENOMEM;
    spin_lock(&process_table_lock);
    task->fs = fs;
    spin_unlock(&process_table_lock);
    fs_state_put(shared);
    return 0;
}

int task_unshare(bool fs, bool files)
{
    struct task *task = current_task();
    int error = fs ? unshare_fs(task) : 0;

    return error || !files ? error : unshare_files(task);
}

bool task_capable(int capability)
{
    return current_task()->cred.cap_effective & (1ul << capability);
}

bool task_may_inspect_locked(const struct task *target)
{
    const struct credentials *own = &current_task()->cred, *other = &target->cred;

    if (target->process == current_process() || task_capable(CAP_SYS_PTRACE))
        return true;
    return own->uid == other->uid && own->uid == other->euid && own->uid == other->suid &&
           own->gid == other->gid && own->gid == other->egid && own->gid == other->sgid &&
           !(other->cap_permitted & ~own->cap_permitted) && target->process->dumpable;
}

/* ---- limits -------------------------------------------------------------------- */

void limits_init(struct rlimit64 limits[RLIMIT_COUNT])
{
    for (unsigned int i = 0; i < RLIMIT_COUNT; i++)
        limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
    limits[RLIMIT_STACK].soft = STACK_LIMIT_DEFAULT;
    limits[RLIMIT_CORE].soft = 0;
    limits[RLIMIT_NOFILE] = (struct rlimit64){NOFILE_DEFAULT, NR_OPEN_MAX};
    limits[RLIMIT_NPROC] = (struct rlimit64){PID_MAX / 2, PID_MAX / 2};
    limits[RLIMIT_SIGPENDING] = (struct rlimit64){SIGNAL_QUEUE_MAX, SIGNAL_QUEUE_MAX};
    limits[RLIMIT_MEMLOCK] = (struct rlimit64){8ul << 20, 8ul << 20};
    limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
    limits[RLIMIT_NICE] = limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
}

void limits_apply_to_mm(const struct process *process, struct mm *mm)
{
    mm->limit_as = process->rlimits[RLIMIT_AS].soft;
    mm->limit_data = process->rlimits[RLIMIT_DATA].soft;
    mm->limit_stack = process->rlimits[RLIMIT_STACK].soft;
}

uint64_t rlimit_soft(unsigned int resource)
{
    return current_process()->rlimits[resource].soft;
}

static void (*split_times)(void);

void process_set_split_times(void (*split)(void))
{
    split_times = split;
}

void process_split_times(void)
{
    static atomic_bool done;

    if (UNLIKELY(!atomic_load_explicit(&done, memory_order_relaxed)) && split_times &&
        !atomic_exchange(&done, true))
        split_times();
}

/* The threads' own counters move on meanwhile: the sum is of about now. */
void process_cpu_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns)
{
    spin_lock(&process_table_lock);
    *user_ns = process->user_ns;
    *system_ns = process->system_ns;
    LIST_FOR_EACH(it, &process->tasks)
    {
        uint64_t user, system;
        thread_cpu_times(LIST_ENTRY(it, struct task, group_link)->thread, &user, &system);
        *user_ns += user;
        *system_ns += system;
    }
    spin_unlock(&process_table_lock);
}
