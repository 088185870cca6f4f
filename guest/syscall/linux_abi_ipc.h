/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ABI: System V IPC.  Sources: sysvipc(7), shmctl(2), semctl(2), msgctl(2) and
 * include/uapi of the kernel's headers (linux/ipc.h, shm.h, sem.h, msg.h).
 */
#ifndef SYSCALL_LINUX_ABI_IPC_H
#define SYSCALL_LINUX_ABI_IPC_H

#include "lib/types.h"

enum {
    IPC_PRIVATE = 0,
    IPC_CREAT = 01000,
    IPC_EXCL = 02000,
    IPC_NOWAIT = 04000,
    SEM_UNDO = 010000,
    SHM_RDONLY = 010000,
    SHM_RND = 020000,
    SHM_REMAP = 040000,
    SHM_EXEC = 0100000,
    SHM_HUGETLB = 04000,
    SHM_DEST = 01000,
    SHM_LOCKED = 02000,
    MSG_NOERROR = 010000,
    MSG_EXCEPT = 020000,
    MSG_COPY = 040000
};
enum { IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3 };
enum { SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15 };
enum {
    GETPID = 11,
    GETVAL = 12,
    GETALL = 13,
    GETNCNT = 14,
    GETZCNT = 15,
    SETVAL = 16,
    SETALL = 17,
    SEM_STAT = 18,
    SEM_INFO = 19,
    SEM_STAT_ANY = 20
};
enum { MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13 };

struct linux_ipc_perm { /* struct ipc64_perm */
    int32_t key;
    uint32_t uid, gid, cuid, cgid, mode;
    uint16_t sequence, pad0;
    uint32_t pad1;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_ipc_perm) == 48, "struct ipc_perm");

struct linux_shmid_ds {
    struct linux_ipc_perm perm;
    uint64_t size;
    int64_t attach_time, detach_time, change_time;
    int32_t creator_pid, last_pid;
    uint64_t attached, unused[2];
};
_Static_assert(sizeof(struct linux_shmid_ds) == 112, "struct shmid_ds");
struct linux_shminfo {
    uint64_t max, min, count, per_process, pages, unused[4];
};
struct linux_shm_info {
    int32_t used, pad0;
    uint64_t total, resident, swapped, swap_attempts, swap_successes;
};

struct linux_semid_ds {
    struct linux_ipc_perm perm;
    int64_t operation_time;
    uint64_t unused0;
    int64_t change_time;
    uint64_t unused1, count, unused2[2];
};
_Static_assert(sizeof(struct linux_semid_ds) == 104, "struct semid_ds");
struct linux_sembuf {
    uint16_t number;
    int16_t operation, flags;
};
_Static_assert(sizeof(struct linux_sembuf) == 6, "struct sembuf");
struct linux_seminfo {
    int32_t map, sets, semaphores, undos, per_set, per_call, undo_entries, undo_size, value_max,
        adjust_max;
};

struct linux_msqid_ds {
    struct linux_ipc_perm perm;
    int64_t send_time, receive_time, change_time;
    uint64_t bytes, messages, bytes_max;
    int32_t last_sender, last_receiver;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_msqid_ds) == 120, "struct msqid_ds");
struct linux_msginfo {
    int32_t pool, map, size_max, bytes_max, queues, segment_size, all;
    uint16_t segments, pad0;
};
_Static_assert(sizeof(struct linux_msginfo) == 32, "struct msginfo");

#endif
