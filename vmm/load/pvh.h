/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot information a kernel finds at its PVH entry: start info, memory
 * map, modules, command line and ACPI tables, packed into few pages.
 */
#ifndef VMM_LOAD_PVH_H
#define VMM_LOAD_PVH_H

#include <stdint.h>

#include "boot/guest_abi.h"
#include "vmm/load/acpi.h"
#include "vmm/mem/guest_mem.h"
#include "vmm/vmm.h"

#define PVH_MEMMAP_MAX 10u

struct boot_plan {
    uint64_t info_gpa; /* where it goes: GUEST_BOOT_INFO_SIZE bytes of RAM */
    const char *cmdline;
    uint64_t module_gpa, module_size; /* the archive or initrd; size 0: none */
    uint8_t seed[GUEST_SEED_SIZE];
    bool has_seed;
    bool has_cpu; /* a CPU module, to be filled at cpu_gpa */
    uint64_t cpu_gpa; /* result: struct guest_cpu, zero so far */
    bool has_generation; /* the VM may go on from a snapshot one day */
    uint8_t generation_id[16]; /* random */
    uint64_t generation_gpa; /* result: struct guest_generation */
    struct acpi_machine acpi;
};

/* The memory map of our machine; returns the number of entries. */
unsigned int pvh_memory_map(const struct guest_mem *mem, uint64_t info_gpa,
                            struct pvh_memmap_entry map[PVH_MEMMAP_MAX]);
/* Writes at plan->info_gpa, which then holds struct pvh_start_info. */
int pvh_write(struct boot_plan *plan, struct guest_mem *mem, struct vmm_error *error);

#endif
