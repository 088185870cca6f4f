/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies between the firmware and the kernel: a few pages with page tables, code and a
 * list of copies, clear of the kernel's place, where the firmware may still keep its own
 * tables and stack.
 */
#include "boot/efi/loader.h"

#define BELOW_4G (1ull << 32)
#define CODE_SIZE_MAX 1024u
#define CR4_LA57 (1u << 12)
#define TABLE_FLAGS 0x63ull /* present, writable, accessed, dirty */
#define BIG_FLAGS 0xe3ull /* the same, 2 MiB */

/* The first fields are known to enter.asm. */
struct handoff {
    uint64_t cr3, door, start_info, segment_count;
    struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
    void (*code)(struct handoff *handoff);
};
_Static_assert(offsetof(struct handoff, segments) == 32 && sizeof(struct kernel_segment) == 32,
               "enter.asm");

struct handoff_pages {
    uint8_t code[CODE_SIZE_MAX];
    struct handoff handoff;
    _Alignas(4096) uint64_t pml5[512];
    uint64_t pml4[512], pdpt[512], pds[4][512];
};

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

EFI_STATUS handoff_prepare(const struct loader *loader, struct handoff **handoff)
{
    const struct kernel *kernel = &loader->kernel;
    struct handoff_pages *pages =
        (void *)pages_alloc(loader, EfiLoaderCode, sizeof(*pages), BELOW_4G);

    if (!pages)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory");
    loader->boot->SetMem(pages, sizeof(*pages), 0);
    copy_bytes(pages->code, handoff_code, (uint64_t)(handoff_code_end - handoff_code));
    pages->handoff = (struct handoff){
        .cr3 = build_tables(pages),
        .door = kernel->door,
        .start_info = (uint64_t)&loader->block->start,
        .segment_count = kernel->segment_count,
        .code = (void (*)(struct handoff *))(uintptr_t)pages->code,
    };
    for (unsigned int i = 0; i < kernel->segment_count; i++) {
        pages->handoff.segments[i] = kernel->segments[i];
        pages->handoff.segments[i].source += (uint64_t)loader->parts[GUEST_BOOT_KERNEL].bytes;
    }
    *handoff = &pages->handoff;
    return EFI_SUCCESS;
}

_Noreturn void handoff_go(struct handoff *handoff)
{
    machine_quiet();
    handoff->code(handoff);
    __builtin_unreachable();
}
