/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's memory calls: include/uapi/asm-generic/mman-common.h, mman.h, linux/mempolicy.h. */
#ifndef SYSCALL_LINUX_ABI_MEM_H
#define SYSCALL_LINUX_ABI_MEM_H

#define PROT_READ 0x1u
#define PROT_WRITE 0x2u
#define PROT_EXEC 0x4u
#define PROT_SEM 0x8u
#define PROT_GROWSDOWN 0x01000000u
#define PROT_GROWSUP 0x02000000u

#define MAP_SHARED 0x1u
#define MAP_PRIVATE 0x2u
#define MAP_SHARED_VALIDATE 0x3u
#define MAP_TYPE 0xfu
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define MAP_32BIT 0x40u
#define MAP_GROWSDOWN 0x100u
#define MAP_DENYWRITE 0x800u
#define MAP_EXECUTABLE 0x1000u
#define MAP_LOCKED 0x2000u
#define MAP_NORESERVE 0x4000u
#define MAP_POPULATE 0x8000u
#define MAP_NONBLOCK 0x10000u
#define MAP_STACK 0x20000u
#define MAP_HUGETLB 0x40000u
#define MAP_SYNC 0x80000u
#define MAP_FIXED_NOREPLACE 0x100000u
#define MAP_HUGE_MASK (0x3fu << 26)
/* What MAP_SHARED_VALIDATE accepts; the older types ignore unknown flags. */
#define MAP_KNOWN                                                                            \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |      \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
     MAP_HUGETLB | MAP_FIXED_NOREPLACE | MAP_HUGE_MASK)

#define MREMAP_MAYMOVE 1u
#define MREMAP_FIXED 2u
#define MREMAP_DONTUNMAP 4u

#define MS_ASYNC 1u
#define MS_INVALIDATE 2u
#define MS_SYNC 4u

#define MLOCK_ONFAULT 1u
#define MCL_CURRENT 1u
#define MCL_FUTURE 2u
#define MCL_ONFAULT 4u
#define RLIMIT_MEMLOCK_INDEX 8u
#define CAP_IPC_LOCK_BIT 14u

enum { MPOL_DEFAULT = 0, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_MAX };
#define MPOL_F_NODE 1u /* get_mempolicy */
#define MPOL_F_ADDR 2u
#define MPOL_F_MEMS_ALLOWED 4u
#define MPOL_MODE_FLAGS 0xe000u /* MPOL_F_STATIC_NODES and the like */
#define MPOL_MF_VALID 7u /* mbind */

#endif
