/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of the handlers for sockets: descriptors, addresses, ancillary data. */
#ifndef SYSCALL_SYS_SOCKET_H
#define SYSCALL_SYS_SOCKET_H

#include "net/unix.h"
#include "syscall/linux_abi.h"

/* The file of a descriptor and its socket: a reference to the file, or NULL with *error. */
struct file *socket_arg(uint64_t fd, struct socket **socket, int *error);

/* A struct sockaddr from the program: 0, -EINVAL, -EFAULT. */
int get_address(struct socket_address *address, uint64_t from, int32_t length);
/* To it; length_address holds the room and gets the true length.  0, -EINVAL, -EFAULT. */
int put_address(const struct socket_address *address, uint64_t to, uint64_t length_address);

/* Ancillary data of a send, from [from, +length): 0 or errno; release_control() what is there. */
int get_control(struct socket_control *control, struct socket *socket, uint64_t from,
                uint64_t length);
void release_control(struct socket_control *control);
/*
 * Ancillary data of a receive to [to, +length): installs descriptors, lets go of those that do
 * not fit.  Bytes used; *flags gets MSG_CTRUNC when something was left out.
 */
uint64_t put_control(struct socket_control *control, struct socket *socket, uint64_t to,
                     uint64_t length, uint32_t *flags);

/* Boot: tells net/ who calls, and proc(5) what sockets there are. */
void socket_connect_sources(void);

#endif
