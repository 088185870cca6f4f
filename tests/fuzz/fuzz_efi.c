/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a firmware's memory map and as a kernel: read in bounds, and what comes out is
 * sound. */
/* links: boot/efi/memmap.c boot/efi/kernel.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/efi/kernel.h"
#include "boot/efi/memmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int right)
{
    if (!right)
        abort();
}

static void try_memmap(const uint8_t *data, size_t size)
{
    static struct memmap_scratch scratch;
    static struct pvh_memmap_entry entries[128];
    unsigned int max = 1 + data[0] % 128, ram = 0;
    unsigned int count = memmap_convert(data + 2, size - 2, data[1], entries, max, &scratch);

    check(count <= max);
    for (unsigned int i = 0; i < count; i++) {
        const struct pvh_memmap_entry *e = &entries[i];
        check(e->size != 0 && e->addr + e->size > e->addr && e->type >= 1 && e->type <= 5);
        check((e->addr | e->size) % 4096 == 0);
        check(i == 0 || entries[i - 1].addr + entries[i - 1].size <= e->addr);
        ram += e->type == PVH_MEM_RAM && e->addr >= 1 << 20;
    }
    check(ram <= MEMMAP_RAM_MAX);
}

static void try_kernel(const uint8_t *data, size_t size)
{
    struct kernel kernel;

    if (kernel_parse(data, size, &kernel))
        return;
    check(kernel.segment_count >= 1 && kernel.segment_count <= KERNEL_SEGMENTS_MAX);
    check(kernel.door >= kernel.start && kernel.door < kernel.end && kernel.end <= KERNEL_HIGHEST);
    for (unsigned int i = 0; i < kernel.segment_count; i++) {
        const struct kernel_segment *s = &kernel.segments[i];
        check(s->file_size <= s->memory_size && s->source + s->file_size <= size);
        check(s->target >= kernel.start && s->target + s->memory_size <= kernel.end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2)
        try_memmap(data, size);
    try_kernel(data, size);
    return 0;
}
