/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies between the firmware and the kernel: a few pages with page tables, code and a
 * list of copies, clear of the kernel's place, where the firmware may still keep its own
 * tables and stack.
 */
#include "boot/efi/loader.h"

#define CR4_LA57 (1u << 12)
#define TABLE_FLAGS 0x63ull /* present, writable, accessed, dirty */
#define BIG_FLAGS 0xe3ull /* the same, 2 MiB */

extern const uint8_t handoff_code[], handoff_code_end[];

/* The first 4 GiB where they are. */
static uint64_t build_tables(struct handoff_pages *pages)
{
    for (unsigned int gib = 0; gib < 4; gib++) {
        pages->pdpt[gib] = (uint64_t)pages->pds[gib] | TABLE_FLAGS;
        for (unsigned int i = 0; i < 512; i++)
            pages->pds[gib][i] = ((uint64_t)gib << 30 | (uint64_t)i << 21) | BIG_FLAGS;
    }
    pages->pml4[0] = (uint64_t)pages->pdpt | TABLE_FLAGS;
    pages->pml5[0] = (uint64_t)pages->pml4 | TABLE_FLAGS;
    return (uint64_t)(machine_read_cr4() & CR4_LA57 ? pages->pml5 : pages->pml4);
}

void handoff_prepare(const struct loader *loader)
{
    const struct kernel *kernel = &loader->kernel;
    struct handoff_pages *pages = loader->handoff;

    copy_bytes(pages->code, handoff_code, (uint64_t)(handoff_code_end - handoff_code));
    pages->handoff = (struct handoff){
        .cr3 = build_tables(pages),
        .door = kernel->door,
        .start_info = (uint64_t)&loader->block->start,
        .segment_count = kernel->segment_count,
    };
    for (unsigned int i = 0; i < kernel->segment_count; i++) {
        pages->handoff.segments[i] = kernel->segments[i];
        pages->handoff.segments[i].source += (uint64_t)loader->parts[GUEST_BOOT_KERNEL].bytes;
    }
}

_Noreturn void handoff_go(const struct loader *loader)
{
    void (*code)(struct handoff *) = (void (*)(struct handoff *))(uintptr_t)loader->handoff->code;

    machine_quiet();
    code(&loader->handoff->handoff);
    __builtin_unreachable();
}
