/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors of processes (pidfd_open(2)) and of pending signals (signalfd(2)). */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "proc/process.h"

/* Readable once the process has ended; flags: O_NONBLOCK.  NULL: out of memory. */
struct file *pidfd_create(struct process *process, uint32_t flags);
struct process *pidfd_process(struct file *file); /* borrowed; NULL: another kind of file */

/* Reads struct signalfd_siginfo of the reader's pending signals; NULL: out of memory. */
struct file *signalfd_create(uint64_t mask, uint32_t flags);
bool signalfd_set_mask(struct file *file, uint64_t mask); /* false: another kind of file */

#endif
