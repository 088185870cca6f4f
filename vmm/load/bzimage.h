/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's bzImage, entered by its 64-bit boot protocol (Linux,
 * Documentation/arch/x86/boot.rst).
 */
#ifndef VMM_LOAD_BZIMAGE_H
#define VMM_LOAD_BZIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/load/guest_image.h"
#include "vmm/mem/guest_mem.h"

/* Where the processor enters, and with what. */
struct bzimage_entry {
    uint64_t rip;
    uint64_t boot_params_gpa; /* rsi */
    uint64_t page_table_gpa; /* cr3: the first 4 GiB, identity-mapped */
    uint64_t gdt_gpa;
};

/* Highest address (exclusive) the kernel lets an initrd have; 0: not a usable bzImage. */
uint64_t bzimage_initrd_limit(const struct guest_image *image);
/*
 * Loads the kernel and what it is entered with.  -ENOEXEC, -ENOMEM with
 * *error filled.  rsdp_gpa: ACPI tables that are in memory already.
 */
int bzimage_load(const struct guest_image *image, const char *cmdline, uint64_t initrd_gpa,
                 uint64_t initrd_size, uint64_t rsdp_gpa, struct guest_mem *mem,
                 struct bzimage_entry *entry, struct vmm_error *error);

#endif
