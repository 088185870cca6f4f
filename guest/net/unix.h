/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX, unix(7), as the rest of the kernel sees it. */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "fs/procfs.h"
#include "net/socket.h"

int unix_create(uint32_t type, uint32_t protocol, struct socket **socket);

/* ---- descriptors in messages (SCM_RIGHTS): unix_files.c ---- */

struct socket_files {
    struct socket_files *next; /* while it waits to be let go */
    uint32_t count;
    uint32_t owner_uid; /* who sent it, while it is in flight */
    bool in_flight; /* in a message, and counted as such */
    struct file *files[]; /* a reference each */
};
/* Room for count files, none in it yet; NULL: out of memory. */
struct socket_files *socket_files_create(uint32_t count);
/* Lets all files go, then frees.  NULL is allowed. */
void socket_files_free(struct socket_files *files);

/* Calls emit for every socket, under a spinlock: for procfs_set_unix_source(). */
void unix_for_each(void (*emit)(void *context, const struct procfs_unix_socket *row),
                   void *context);

#endif
