/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's binary interface on x86-64: numbers and structures that programs see.
 * Only syscall/ and proc/ include it; the parts are split by subject.
 */
#ifndef SYSCALL_LINUX_ABI_H
#define SYSCALL_LINUX_ABI_H

#include "syscall/linux_abi_file.h"
#include "syscall/linux_abi_ipc.h"
#include "syscall/linux_abi_mem.h"
#include "syscall/linux_abi_proc.h"
#include "syscall/linux_abi_socket.h"
#include "syscall/linux_abi_time.h"

#endif
