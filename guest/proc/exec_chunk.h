/* SPDX-License-Identifier: BSD-2-Clause */
/* A page of argument strings; see proc/exec_stack.h. */
#ifndef PROC_EXEC_CHUNK_H
#define PROC_EXEC_CHUNK_H

#include "lib/types.h"

struct exec_chunk {
    struct exec_chunk *next;
    size_t used;
    char data[PAGE_SIZE - 16];
};
_Static_assert(sizeof(struct exec_chunk) == PAGE_SIZE, "a chunk is a page");

#endif
