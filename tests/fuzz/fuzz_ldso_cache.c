/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/load/ldso_cache.c vmm/load/arena.c */
/* Any bytes as /etc/ld.so.cache: lookups end, and stay inside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/load/ldso_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"libc.so.6", "lib10.so", "", "a"};
    struct ldso_cache cache;
    if (ldso_cache_open(data, size, &cache) != 0)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t position = 0, found = 0;
        const char *path;
        while ((path = ldso_cache_find(&cache, names[i], &position)) != NULL)
            if (path[0] != '/' || ++found > cache.entry_count)
                abort();
    }
    return 0;
}
