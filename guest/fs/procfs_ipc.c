/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sysvipc: what System V IPC there is, as syscall/ tells. */
#include "fs/procfs_internal.h"

static void (*sysv_source)(enum procfs_sysv kind, struct proc_text *text);

void procfs_set_sysv_source(void (*show)(enum procfs_sysv kind, struct proc_text *text))
{
    sysv_source = show;
}

static int show(enum procfs_sysv kind, struct proc_text *text)
{
    if (sysv_source)
        sysv_source(kind, text);
    return 0;
}

static int msg_text(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    return show(PROCFS_SYSV_MSG, text);
}

static int sem_text(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    return show(PROCFS_SYSV_SEM, text);
}

static int shm_text(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    return show(PROCFS_SYSV_SHM, text);
}

const struct proc_entry proc_sysvipc_entries[] = {
    {.name = "msg", .mode = S_IFREG | 0444, .text = msg_text},
    {.name = "sem", .mode = S_IFREG | 0444, .text = sem_text},
    {.name = "shm", .mode = S_IFREG | 0444, .text = shm_text},
    {0},
};
