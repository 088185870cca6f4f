/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is freed all at once: what a closure collects lives as long as
 * its archive.  Not thread-safe.
 */
#ifndef VMM_LOAD_ARENA_H
#define VMM_LOAD_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used, capacity; /* bytes of the newest */
};

/* Aligned to 16 bytes, not zeroed; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* length bytes and a NUL behind them. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);
void arena_free(struct arena *arena);

#endif
