/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory before and after the boot services.  The kernel has a fixed place; what the boot
 * services keep there is over when it is copied, what outlives them is an error.
 */
#include "boot/efi/loader.h"
#include "boot/efi/memmap.h"

#define EXIT_TRIES 8u
#define MIB (1ull << 20)
#define MAP_BYTES (48ull << 10) /* a thousand descriptors */
#define BELOW_1G (1ull << 30)

struct memory_pages {
    struct memmap_scratch scratch;
    uint8_t map[MAP_BYTES];
};

struct last_pages {
    struct handoff_pages handoff; /* first: page tables */
    struct boot_block block;
    struct memory_pages memory;
};

/* The firmware's map; step: from a descriptor to the next. */
static struct {
    const uint8_t *map;
    UINTN size, key, step;
} memory;

uint64_t pages_alloc(const struct loader *loader, EFI_MEMORY_TYPE type, uint64_t bytes,
                     uint64_t limit)
{
    EFI_PHYSICAL_ADDRESS address = limit - 1;
    UINTN pages = (bytes + PAGE - 1) / PAGE;
    EFI_ALLOCATE_TYPE how = limit == UINT64_MAX ? AllocateAnyPages : AllocateMaxAddress;

    return loader->boot->AllocatePages(how, type, pages, &address) == EFI_SUCCESS ? address : 0;
}

EFI_STATUS memory_alloc(struct loader *loader)
{
    struct last_pages *all = (void *)pages_alloc(loader, EfiLoaderCode, sizeof(*all), BELOW_1G);

    if (!all)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory below 1 GiB");
    loader->boot->SetMem(all, offsetof(struct last_pages, memory), 0);
    loader->handoff = &all->handoff;
    loader->block = &all->block;
    loader->memory = &all->memory;
    return EFI_SUCCESS;
}

static EFI_STATUS read_map(const struct loader *loader, uint8_t *map, uint64_t size)
{
    UINT32 version;

    memory.map = map;
    memory.size = size;
    return loader->boot->GetMemoryMap(&memory.size, (EFI_MEMORY_DESCRIPTOR *)(void *)map,
                                      &memory.key, &memory.step, &version);
}

static const EFI_MEMORY_DESCRIPTOR *descriptor(UINTN at)
{
    return (const EFI_MEMORY_DESCRIPTOR *)(const void *)(memory.map + at * memory.step);
}

void memory_reserve_kernel(const struct loader *loader)
{
    uint64_t start = loader->kernel.start, end = loader->kernel.end;
    EFI_PHYSICAL_ADDRESS address = start;
    uint8_t *map;

    if (loader->boot->AllocatePages(AllocateAddress, EfiLoaderData, (end - start) / PAGE,
                                    &address) == EFI_SUCCESS)
        return;
    map = (uint8_t *)pages_alloc(loader, EfiLoaderData, MAP_BYTES, UINT64_MAX);
    if (!map || read_map(loader, map, MAP_BYTES) != EFI_SUCCESS)
        return; /* what is in the way is told later */
    for (UINTN i = 0; i < memory.size / memory.step; i++) {
        const EFI_MEMORY_DESCRIPTOR *d = descriptor(i);
        uint64_t to = d->PhysicalStart + d->NumberOfPages * PAGE;
        address = d->PhysicalStart > start ? d->PhysicalStart : start;
        to = to < end ? to : end;
        if (d->Type == EfiConventionalMemory && address < to)
            loader->boot->AllocatePages(AllocateAddress, EfiLoaderData, (to - address) / PAGE,
                                        &address);
    }
}

static unsigned int convert(const struct loader *loader)
{
    return memmap_convert(memory.map, memory.size, memory.step, loader->block->memmap,
                          MEMMAP_ENTRIES_MAX, &loader->memory->scratch);
}

static EFI_STATUS check_map(const struct loader *loader)
{
    const struct pvh_memmap_entry *entries = loader->block->memmap;
    uint64_t start = loader->kernel.start, end = loader->kernel.end, at;
    unsigned int count = convert(loader);
    uint32_t type;

    if (!count)
        return fail(EFI_UNSUPPORTED, "the firmware's memory map makes no sense");
    if (!memmap_is_ram(entries, count, start, end, &type, &at))
        return fail(EFI_UNSUPPORTED,
                    "the kernel's memory (%x to %x) is not free: %x has type %u and stays so",
                    start, end, at, (uint64_t)type);
    if (memmap_ram(entries, count) < GUEST_RAM_MIN)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory: %u MiB, the kernel needs %u",
                    memmap_ram(entries, count) / MIB, (uint64_t)GUEST_RAM_MIN / MIB);
    return EFI_SUCCESS;
}

EFI_STATUS memory_prepare(struct loader *loader)
{
    EFI_STATUS status = read_map(loader, loader->memory->map, MAP_BYTES);

    if (status != EFI_SUCCESS)
        return fail(status, "the firmware gives no memory map, or one of %u bytes",
                    (uint64_t)memory.size);
    return check_map(loader);
}

EFI_STATUS memory_exit(struct loader *loader)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;

    /* The key is stale when the firmware has allocated something since: once more then. */
    for (unsigned int i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
        status = read_map(loader, loader->memory->map, MAP_BYTES);
        if (status == EFI_SUCCESS)
            status = loader->boot->ExitBootServices(loader->image, memory.key);
    }
    if (status != EFI_SUCCESS)
        return fail(status, "the firmware does not end its boot services");
    loader->block->start.memmap_entries = convert(loader);
    return EFI_SUCCESS;
}
