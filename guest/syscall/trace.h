/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --strace: system calls as text on the kernel's console, or counted by name.
 * "strace" or "strace=summary" on the command line.  Off, it costs nothing: calls then
 * do not even pass syscall_dispatch().
 *
 * A line is printed when its call returns, with the calling thread in front; calls
 * that do not return are printed when they are made.  What the program passes is
 * read as the call itself reads it, so a hostile program can make lines lie about
 * memory that it changes meanwhile, and nothing else.
 */
#ifndef SYSCALL_TRACE_H
#define SYSCALL_TRACE_H

#include "arch/trap.h"
#include "syscall/dispatch.h"

extern bool trace_is_on;

void trace_init(void); /* boot: reads the command line */
/* Makes the call and says so. */
int64_t trace_call(uint64_t number, const struct syscall_args *args);
void trace_signal(int signo); /* the current task takes it; does not sleep */
void trace_finish(void); /* the end of the machine: the summary */

/* ---- trace_names.c ---- */

struct trace_name {
    uint64_t value;
    const char *name; /* NULL ends a table */
};
struct trace_names { /* what an argument's numbers are called */
    uint16_t number;
    uint8_t argument;
    bool is_mask; /* bits; else one value */
    const struct trace_name *table;
};
const struct trace_names *trace_names_find(uint64_t number, unsigned int argument);
const char *trace_errno_name(unsigned int error); /* NULL: unknown */
const char *trace_signal_name(unsigned int signo, char buf[16]);

/* Memory that an argument points to, of a kind that is worth showing. */
enum trace_memory {
    TRACE_POINTER, /* the address */
    TRACE_BYTES, /* as many as the next argument says, or the result */
    TRACE_STRINGS, /* argv */
    TRACE_TIMESPEC,
    TRACE_TWO_INTS, /* descriptors of pipe and socketpair */
    TRACE_STAT,
    TRACE_WAIT_STATUS,
    TRACE_SOCKADDR,
};
enum trace_memory trace_memory_kind(uint64_t number, unsigned int argument);

#endif
