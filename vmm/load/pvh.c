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

struct map {
    struct pvh_memmap_entry *entries;
    unsigned int count;
};

static void add(struct map *map, uint64_t start, uint64_t end, uint32_t type)
{
    if (start < end) {
        map->entries[map->count++] = (struct pvh_memmap_entry){start, end - start, type, 0};
    }
}

/* RAM, but for the boot information in it; start, end and the information do not overlap partly. */
static void add_ram(struct map *map, uint64_t start, uint64_t end, uint64_t info_gpa)
{
    if (info_gpa < start || info_gpa >= end) {
        add(map, start, end, PVH_MEM_RAM);
        return;
    }
    add(map, start, info_gpa, PVH_MEM_RAM);
    add(map, info_gpa, info_gpa + GUEST_BOOT_INFO_SIZE, PVH_MEM_RESERVED);
    add(map, info_gpa + GUEST_BOOT_INFO_SIZE, end, PVH_MEM_RAM);
}

unsigned int pvh_memory_map(const struct guest_mem *mem, uint64_t info_gpa,
                            struct pvh_memmap_entry entries[PVH_MEMMAP_MAX])
{
    const struct guest_mem_region *low = &mem->regions[0], *high = &mem->regions[1];
    struct map map = {.entries = entries};
    /* A kernel that is shared counts as loaded into RAM, as it would be elsewhere. */
    uint64_t start = mem->image.size > 0 ? mem->image.gpa : LEGACY_HOLE_END;
    bool bottom = low->gpa == 0 || guest_mem_at(mem, 0, LEGACY_HOLE_END) != NULL;

    if (bottom) {
        add_ram(&map, 0, LEGACY_HOLE_START, info_gpa);
        add(&map, LEGACY_HOLE_START, LEGACY_HOLE_END, PVH_MEM_RESERVED);
        start = LEGACY_HOLE_END;
    }
    add_ram(&map, start, low->gpa + low->ram_size, info_gpa);
    if (high->gpa == GUEST_HIGH_RAM_START) {
        add(&map, high->gpa, high->gpa + high->ram_size, PVH_MEM_RAM);
    }
    add(&map, mem->archive_gpa, mem->archive_gpa + mem->archive_size, PVH_MEM_RESERVED);
    return map.count;
}

struct cursor {
    uint8_t *bytes;
    uint64_t gpa; /* of bytes */
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
    return cursor->gpa + start;
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

static uint64_t append_modules(struct cursor *cursor, struct boot_plan *plan, uint32_t *count)
{
    static const struct guest_cpu unknown;
    struct guest_generation first = {.version = GUEST_GENERATION_VERSION};
    struct pvh_module modules[4];

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
    if (plan->has_cpu) {
        plan->cpu_gpa = append(cursor, &unknown, sizeof(unknown));
        modules[(*count)++] = (struct pvh_module){
            .paddr = plan->cpu_gpa,
            .size = sizeof(unknown),
            .cmdline_paddr = append(cursor, GUEST_MODULE_CPU, sizeof(GUEST_MODULE_CPU)),
        };
    }
    if (plan->has_generation) {
        memcpy(first.id, plan->generation_id, sizeof(first.id));
        plan->generation_gpa = append(cursor, &first, sizeof(first));
        modules[(*count)++] = (struct pvh_module){
            .paddr = plan->generation_gpa,
            .size = sizeof(first),
            .cmdline_paddr =
                append(cursor, GUEST_MODULE_GENERATION, sizeof(GUEST_MODULE_GENERATION)),
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
                      cursor->gpa + start);
    cursor->used = start + size;
    return size == 0 ? 0 : cursor->gpa + start;
}

int pvh_write(struct boot_plan *plan, struct guest_mem *mem, struct vmm_error *error)
{
    struct cursor cursor = {.bytes = guest_mem_at(mem, plan->info_gpa, GUEST_BOOT_INFO_SIZE),
                            .gpa = plan->info_gpa};
    struct pvh_memmap_entry map[PVH_MEMMAP_MAX];
    struct pvh_start_info info = {.magic = PVH_START_MAGIC, .version = 1};
    void *place;

    if (cursor.bytes == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "no memory for boot information");
    }
    reserve(&cursor, sizeof(info), &place);
    info.memmap_entries = pvh_memory_map(mem, plan->info_gpa, map);
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
