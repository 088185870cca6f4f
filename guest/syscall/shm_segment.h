/* SPDX-License-Identifier: BSD-2-Clause */
/* A segment of shared memory, between its calls (sys_shm.c) and /proc (sysv_proc.c). */
#ifndef SYSCALL_SHM_SEGMENT_H
#define SYSCALL_SHM_SEGMENT_H

#include "mm/vma.h"
#include "syscall/sysv_ipc.h"

struct shm_segment {
    struct ipc_object object; /* first; mappings hold references of it */
    struct mmap_request memory; /* ops and object of the pages; a reference */
    uint64_t size; /* bytes */
    /* object.lock: */
    uint64_t attached;
    int64_t attach_time, detach_time;
    int creator_pid, last_pid;
    bool doomed; /* removed, but still attached */
};

#endif
