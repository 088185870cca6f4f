/* SPDX-License-Identifier: BSD-2-Clause */
/* Process 1, from the kernel's own strings.  On the boot path: every page touched counts. */
#include "arch/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec_build.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define UMASK_DEFAULT 022u

static struct credentials root_credentials(void)
{
    return (struct credentials){
        .cap_permitted = CAP_FULL_SET, .cap_effective = CAP_FULL_SET, .cap_bounding = CAP_FULL_SET};
}

/* Group and session of its own; nobody else has a number yet. */
static int give_number(struct process *process, struct task *task)
{
    struct pid_node *node = kmalloc(sizeof(*node));

    if (!node)
        return -ENOMEM;
    spin_lock(&process_table_lock);
    int error = pid_insert(node);
    if (!error) {
        process->number = task->number = node;
        process->pid = task->tid = node->number;
        node->process = process;
        node->task = task;
        pid_join(process, node, node);
        task->process = process;
        process->leader = task;
        process->task_count = 1;
        process->live_tasks = 1;
        list_push_back(&process->tasks, &task->group_link);
    }
    spin_unlock(&process_table_lock);
    if (error)
        kfree(node);
    return error;
}

static int give_files(struct task *task, struct file *const streams[3], uint64_t limit)
{
    task->files = fd_table_create();
    if (!task->files)
        return -ENOMEM;
    for (int fd = 0; fd < 3; fd++) {
        int installed = streams[fd] ? fd_replace(task->files, fd, streams[fd], limit, false) : 0;
        if (installed < 0)
            return installed;
    }
    return 0;
}

static int build(struct exec_program *program, struct process *process,
                 const struct init_program *init, struct dentry *cwd,
                 const struct credentials *cred)
{
    struct exec_strings strings = {.limit = exec_strings_limit(process), .execfn = init->exe};
    const char *argv[EXEC_PREFIX_MAX];
    const char *const *arguments = init->argv;
    size_t argc = init->argc;
    struct exec_target target;
    const char **joined = NULL;
    int error = exec_target_open(&target, cwd, init->exe, WALK_FOLLOW, init->exe);

    if (error)
        return error;
    if (target.prefix_count) { /* a script: its interpreter takes the place of argv[0] */
        size_t rest = argc ? argc - 1 : 0;
        argc = target.prefix_count + rest;
        joined = argc <= ARRAY_SIZE(argv) ? argv : kmalloc(argc * sizeof(*joined));
        if (!joined)
            error = -ENOMEM;
        for (size_t i = 0; i < argc && !error; i++)
            joined[i] = i < target.prefix_count ? target.prefix[i]
                                                : init->argv[i - target.prefix_count + 1];
        arguments = joined;
    }
    if (!error)
        error = exec_strings_kernel(&strings, argc, arguments, init->envc, init->envp);
    if (!error)
        error = exec_build(program, &target.file, &strings, process, cred, false);
    if (joined && joined != argv)
        kfree(joined);
    exec_target_close(&target);
    return error;
}

static void nothing_before_user_mode(void *unused)
{
    (void)unused;
}

static int start(struct process *process, struct task *task, const struct init_program *init,
                 struct file *const streams[3], struct dentry *cwd)
{
    struct dentry *root = vfs_root();
    struct exec_program program;
    int error;

    task->cred = root_credentials();
    task->fs = fs_state_create(root, cwd, UMASK_DEFAULT);
    dentry_put(root);
    error = task->fs ? give_files(task, streams, process->rlimits[RLIMIT_NOFILE].soft) : -ENOMEM;
    if (!error)
        error = build(&program, process, init, cwd, &task->cred);
    if (error)
        return error;
    error = give_number(process, task);
    if (error) {
        exec_program_free(&program);
        return error;
    }
    process->exe = program.exe;
    process->did_exec = true;
    strlcpy(task->thread->name, program.comm, sizeof(task->thread->name));
    task->thread->mm = program.mm;
    exec_set_frame(thread_frame(task->thread), &program);
    thread_set_start(task->thread, nothing_before_user_mode, NULL);
    thread_make_runnable(task->thread);
    return 0;
}

int process_start_init(const struct init_program *init, struct file *const streams[3])
{
    struct signal_handlers *handlers = signal_handlers_create();
    struct process *process = handlers ? process_alloc(handlers) : NULL;
    struct task *task = process ? task_alloc("init") : NULL;
    struct dentry *cwd;

    if (!task)
        return -ENOMEM; /* the machine ends: nothing is given back */
    limits_init(process->rlimits);
    process_get(process); /* the table's; the other one is the task's */
    int error = vfs_walk(NULL, init->cwd ? init->cwd : "/", WALK_FOLLOW | WALK_DIRECTORY, &cwd);
    if (error)
        return error;
    error = start(process, task, init, streams, cwd);
    dentry_put(cwd);
    return error;
}
