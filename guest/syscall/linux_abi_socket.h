/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ABI: sockets.  Sources: socket(2), send(2), recv(2), recvmmsg(2), cmsg(3), unix(7) and
 * include/uapi/linux/socket.h of the kernel's headers.  What families share is in net/socket.h.
 */
#ifndef SYSCALL_LINUX_ABI_SOCKET_H
#define SYSCALL_LINUX_ABI_SOCKET_H

#include "iface/open_flags.h"
#include "lib/types.h"

#define SOCK_TYPE_MASK 0xfu
#define SOCK_NONBLOCK O_NONBLOCK
#define SOCK_CLOEXEC O_CLOEXEC

#define SOL_SOCKET 1
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

struct linux_msghdr { /* struct msghdr */
    uint64_t name;
    int32_t name_length;
    uint32_t pad0;
    uint64_t iov, iov_count;
    uint64_t control, control_length;
    uint32_t flags, pad1;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "struct msghdr");

struct linux_mmsghdr {
    struct linux_msghdr header;
    uint32_t length, pad0;
};
_Static_assert(sizeof(struct linux_mmsghdr) == 64, "struct mmsghdr");

struct linux_cmsghdr { /* the data follows, each header at a multiple of 8 */
    uint64_t length; /* with the header */
    int32_t level, type;
};
_Static_assert(sizeof(struct linux_cmsghdr) == 16, "struct cmsghdr");
#define CMSG_ALIGNMENT 8u

#define CONTROL_LENGTH_MAX 20480u /* net.core.optmem_max */

#endif
