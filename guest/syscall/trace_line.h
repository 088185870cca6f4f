/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of --strace while it is being put together; what does not fit is cut. */
#ifndef SYSCALL_TRACE_LINE_H
#define SYSCALL_TRACE_LINE_H

#include "lib/types.h"
#include "syscall/trace.h"

#define TRACE_LINE_SIZE 1024u

struct trace_line {
    size_t used;
    char text[TRACE_LINE_SIZE];
};

void line_add(struct trace_line *line, const char *format, ...) PRINTF_LIKE(2, 3);
/* Program memory; what cannot be read is shown as its address.  May sleep. */
void line_add_pointer(struct trace_line *line, uint64_t address);
bool line_add_string(struct trace_line *line, uint64_t address); /* false: only its address */
/* size: of the memory, where a count comes along */
void line_add_memory(struct trace_line *line, enum trace_memory kind, uint64_t address,
                     uint64_t size);

#endif
