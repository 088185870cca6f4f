/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory policy on a machine with one node: mbind(2), set_mempolicy(2),
 * get_mempolicy(2).  Arguments are checked; every policy means node 0.
 */
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define NODE_BITS_MAX (4096u * 8u) /* Linux refuses longer masks */

/* Reads a node mask and checks that it names node 0 at most: *empty, or negative errno. */
static int read_nodes(uaddr_t mask, uint64_t max_node, bool *empty)
{
    *empty = true;
    if (mask.raw == 0 || max_node <= 1)
        return 0;
    max_node--; /* Linux counts one bit more than it reads */
    if (max_node > NODE_BITS_MAX)
        return -EINVAL;
    for (uint64_t bit = 0; bit < max_node; bit += 64) {
        uint64_t word;

        if (get_user_u64(&word, UADDR(mask.raw + bit / 8)))
            return -EFAULT;
        if (max_node - bit < 64)
            word &= (1ul << (max_node - bit)) - 1;
        if (bit == 0 && (word & 1))
            *empty = false;
        if (word & (bit == 0 ? ~1ul : ~0ul))
            return -EINVAL;
    }
    return 0;
}

static int check_policy(uint32_t mode, uaddr_t mask, uint64_t max_node)
{
    bool empty;
    int error = read_nodes(mask, max_node, &empty);

    mode &= ~MPOL_MODE_FLAGS;
    if (error)
        return error;
    if (mode >= MPOL_MAX)
        return -EINVAL;
    if ((mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && !empty)
        return -EINVAL;
    if ((mode == MPOL_BIND || mode == MPOL_INTERLEAVE) && empty)
        return -EINVAL;
    return 0;
}

int64_t sys_set_mempolicy(const struct syscall_args *args)
{
    return check_policy((uint32_t)args->arg[0], UADDR(args->arg[1]), args->arg[2]);
}

int64_t sys_mbind(const struct syscall_args *args)
{
    uint64_t start = args->arg[0], end = start + PAGE_ALIGN_UP(args->arg[1]);

    if ((start & ~PAGE_MASK) || (args->arg[5] & ~(uint64_t)MPOL_MF_VALID) || end < start)
        return -EINVAL;
    int error = check_policy((uint32_t)args->arg[2], UADDR(args->arg[3]), args->arg[4]);
    if (error || start == end)
        return error;
    /* Linux reports holes as bad addresses here. */
    return mm_check_mapped(current_mm(), start, end, 0) ? -EFAULT : 0;
}

int64_t sys_get_mempolicy(const struct syscall_args *args)
{
    uaddr_t mode = UADDR(args->arg[0]), mask = UADDR(args->arg[1]);
    uint64_t max_node = args->arg[2], flags = args->arg[4];

    if ((flags & ~(uint64_t)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) ||
        (mask.raw && (max_node < 1 || max_node > NODE_BITS_MAX)))
        return -EINVAL;
    if ((flags & MPOL_F_MEMS_ALLOWED) && (flags & (MPOL_F_NODE | MPOL_F_ADDR)))
        return -EINVAL;
    if ((flags & MPOL_F_ADDR) ? mm_check_mapped(current_mm(), PAGE_ALIGN_DOWN(args->arg[3]),
                                                PAGE_ALIGN_DOWN(args->arg[3]) + 1, 0)
                              : 0)
        return -EFAULT;
    if (!(flags & MPOL_F_ADDR) && args->arg[3])
        return -EINVAL;
    if (mode.raw && put_user_u32(mode, MPOL_DEFAULT)) /* also "node 0" */
        return -EFAULT;
    if (!mask.raw)
        return 0;
    uint64_t bytes = (max_node + 63) / 64 * 8;
    if (clear_user(mask, bytes))
        return -EFAULT;
    return flags & MPOL_F_MEMS_ALLOWED ? put_user_u64(mask, 1) : 0;
}
