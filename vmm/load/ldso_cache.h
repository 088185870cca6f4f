/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glibc's /etc/ld.so.cache (format "glibc-ld.so.cache1.1"): looking a library
 * up in the host's, and writing a small one for the guest.  The reader trusts
 * nothing in the file.  Knows nothing of ELF.
 */
#ifndef VMM_LOAD_LDSO_CACHE_H
#define VMM_LOAD_LDSO_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/load/arena.h"

struct ldso_cache {
    const uint8_t *bytes; /* from the header of the new format on */
    size_t size;
    uint32_t entry_count;
};

/* bytes stay the caller's.  -EINVAL: no cache of this format. */
int ldso_cache_open(const void *bytes, size_t size, struct ldso_cache *cache);
/*
 * The entries for an x86-64 library of that name, best first as glibc orders
 * them: *position starts at 0 and is the caller's; NULL when there are no more.
 */
const char *ldso_cache_find(const struct ldso_cache *cache, const char *name, size_t *position);

struct ldso_entry {
    const char *name, *path;
};
/* Sorts entries and writes a cache of them; NULL when out of memory. */
uint8_t *ldso_cache_write(struct arena *arena, struct ldso_entry *entries, size_t count,
                          size_t *size);

#endif
