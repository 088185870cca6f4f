/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot information: Xen's PVH start info.  Each page of it that is touched
 * costs the start some 6,600 instructions twice: here and in the guest.
 */
#include "vmm/load/pvh.h"

#include <errno.h>
#include <string.h>

#include "vmm/config.h"

#define LEGACY_HOLE_START 0xa0000ull
#define LEGACY_HOLE_END 0x100000ull
#define BOOT_INFO_END (GUEST_BOOT_INFO_GPA + GUEST_BOOT_INFO_SIZE)

unsigned int pvh_memory_map(const struct guest_mem *mem,
                            struct pvh_memmap_entry map[PVH_MEMMAP_MAX])
{
    const struct guest_mem_region *high = &mem->regions[1];
    unsigned int count = 0;

    map[count++] = (struct pvh_memmap_entry){0, GUEST_BOOT_INFO_GPA, PVH_MEM_RAM, 0};
    map[count++] =
        (struct pvh_memmap_entry){GUEST_BOOT_INFO_GPA, GUEST_BOOT_INFO_SIZE, PVH_MEM_RESERVED, 0};
    map[count++] =
        (struct pvh_memmap_entry){BOOT_INFO_END, LEGACY_HOLE_START - BOOT_INFO_END, PVH_MEM_RAM, 0};
    map[count++] = (struct pvh_memmap_entry){LEGACY_HOLE_START, LEGACY_HOLE_END - LEGACY_HOLE_START,
                                             PVH_MEM_RESERVED, 0};
    map[count++] = (struct pvh_memmap_entry){
        LEGACY_HOLE_END, mem->regions[0].ram_size - LEGACY_HOLE_END, PVH_MEM_RAM, 0};
    if (mem->region_count > 1 && high->ram_size > 0) {
        map[count++] = (struct pvh_memmap_entry){high->gpa, high->ram_size, PVH_MEM_RAM, 0};
    }
    if (mem->archive_size > 0) {
        map[count++] =
            (struct pvh_memmap_entry){mem->archive_gpa, mem->archive_size, PVH_MEM_RESERVED, 0};
    }
    return count;
}

struct cursor {
    uint8_t *bytes;
    size_t used;
};

/* Room for size bytes, 8-byte aligned; returns its guest address, 0 when full. */
static uint64_t reserve(struct cursor *cursor, size_t size, void **at)
{
    size_t start = (cursor->used + 7) & ~(size_t)7;

    if (start > GUEST_BOOT_INFO_SIZE || size > GUEST_BOOT_INFO_SIZE - start) {
        return 0;
    }
    cursor->used = start + size;
    *at = cursor->bytes + start;
    return GUEST_BOOT_INFO_GPA + start;
}

static uint64_t append(struct cursor *cursor, const void *from, size_t size)
{
    void *at;
    uint64_t gpa = reserve(cursor, size, &at);

    if (gpa != 0) {
        memcpy(at, from, size);
    }
    return gpa;
}

static uint64_t append_modules(struct cursor *cursor, const struct boot_plan *plan, uint32_t *count)
{
    struct pvh_module modules[2];

    *count = 0;
    if (plan->module_size > 0) {
        modules[(*count)++] =
            (struct pvh_module){.paddr = plan->module_gpa, .size = plan->module_size};
    }
    if (plan->has_seed) {
        modules[(*count)++] = (struct pvh_module){
            .paddr = append(cursor, plan->seed, sizeof(plan->seed)),
            .size = sizeof(plan->seed),
            .cmdline_paddr = append(cursor, GUEST_MODULE_SEED, sizeof(GUEST_MODULE_SEED)),
        };
    }
    return *count == 0 ? 0 : append(cursor, modules, *count * sizeof(modules[0]));
}

static uint64_t append_acpi(struct cursor *cursor, const struct boot_plan *plan)
{
    size_t start = (cursor->used + 15) & ~(size_t)15;
    size_t size;

    if (start >= GUEST_BOOT_INFO_SIZE) {
        return 0;
    }
    size = acpi_write(&plan->acpi, cursor->bytes + start, GUEST_BOOT_INFO_SIZE - start,
                      GUEST_BOOT_INFO_GPA + start);
    cursor->used = start + size;
    return size == 0 ? 0 : GUEST_BOOT_INFO_GPA + start;
}

int pvh_write(const struct boot_plan *plan, struct guest_mem *mem, struct vmm_error *error)
{
    struct cursor cursor = {.bytes = guest_mem_at(mem, GUEST_BOOT_INFO_GPA, GUEST_BOOT_INFO_SIZE)};
    struct pvh_memmap_entry map[PVH_MEMMAP_MAX];
    struct pvh_start_info info = {.magic = PVH_START_MAGIC, .version = 1};
    void *place;

    if (cursor.bytes == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "no memory for boot information");
    }
    reserve(&cursor, sizeof(info), &place);
    info.memmap_entries = pvh_memory_map(mem, map);
    info.memmap_paddr = append(&cursor, map, info.memmap_entries * sizeof(map[0]));
    info.modlist_paddr = append_modules(&cursor, plan, &info.nr_modules);
    info.cmdline_paddr = append(&cursor, plan->cmdline, strlen(plan->cmdline) + 1);
    info.rsdp_paddr = append_acpi(&cursor, plan);
    if (info.memmap_paddr == 0 || info.cmdline_paddr == 0 || info.rsdp_paddr == 0 ||
        (info.nr_modules > 0 && info.modlist_paddr == 0)) {
        return vmm_fail(error, -E2BIG, VMM_FAULT_USAGE,
                        "the kernel command line is too long for the boot information");
    }
    memcpy(place, &info, sizeof(info));
    return 0;
}
