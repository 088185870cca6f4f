/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc/PID shows of an address space. */
#ifndef FS_PROCFS_MAPS_H
#define FS_PROCFS_MAPS_H

#include "fs/procfs_internal.h"

struct mm;

struct proc_maps_numbers { /* all 0 without an address space */
    uint64_t total_pages, rss_pages, rss_max_pages, locked_pages;
    uint64_t code_start, code_end, data_start, data_end, brk_start, brk, stack_top;
    uint64_t arg_start, arg_end, env_start, env_end;
};
void proc_maps_numbers(struct mm *mm, struct proc_maps_numbers *numbers);
/* The Vm* lines of status; nothing for NULL. */
void proc_maps_status(struct proc_text *text, struct mm *mm);

int proc_maps_text(struct proc_text *text, const struct procfs_process *process);
int proc_maps_rollup(struct proc_text *text, const struct procfs_process *process);
int proc_maps_smaps(struct proc_text *text, const struct procfs_process *process);
ssize_t proc_maps_pagemap(const struct proc_node *node, struct iobuf *buf, loff_t *pos);
int proc_maps_cmdline(struct proc_text *text, const struct procfs_process *process);
int proc_maps_environ(struct proc_text *text, const struct procfs_process *process);
int proc_maps_auxv(struct proc_text *text, const struct procfs_process *process);

#endif
