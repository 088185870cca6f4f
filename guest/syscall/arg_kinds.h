/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds of argument in syscalls.def: for --strace, the documentation, and the tests
 * that make calls from the table (tests/hostile).  Knows nothing else.
 */
#ifndef SYSCALL_ARG_KINDS_H
#define SYSCALL_ARG_KINDS_H

enum syscall_arg_kind {
    ARG_NONE,
    ARG_INT,
    ARG_UINT,
    ARG_LONG,
    ARG_HEX,
    ARG_FD,
    ARG_PATH,
    ARG_STRING,
    ARG_SIZE,
    ARG_PTR_IN,
    ARG_PTR_OUT,
    ARG_PTR_INOUT,
    ARG_FLAGS,
    ARG_MODE,
    ARG_SIGNAL,
    ARG_PID,
    ARG_OFFSET,
    ARG_ADDRESS,
};

#endif
