/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory before and after the boot services.  The kernel has a fixed place; what the boot
 * services keep there is over when it is copied, what outlives them is an error.
 */
#include "boot/efi/loader.h"
#include "boot/efi/memmap.h"

#define EXIT_TRIES 8u
#define SLACK_DESCRIPTORS 64u /* a map grows by what is allocated for it, and by events */
#define MIB (1ull << 20)

static struct {
    EFI_MEMORY_DESCRIPTOR *map;
    UINTN capacity, size, key, step;
    struct memmap_scratch *scratch;
} memory;

uint64_t pages_alloc(const struct loader *loader, EFI_MEMORY_TYPE type, uint64_t bytes,
                     uint64_t limit)
{
    EFI_PHYSICAL_ADDRESS address = limit - 1;
    UINTN pages = (bytes + PAGE - 1) / PAGE;
    EFI_ALLOCATE_TYPE how = limit == UINT64_MAX ? AllocateAnyPages : AllocateMaxAddress;

    return loader->boot->AllocatePages(how, type, pages, &address) == EFI_SUCCESS ? address : 0;
}

static EFI_STATUS read_map(const struct loader *loader)
{
    UINT32 version;

    memory.size = memory.capacity;
    return loader->boot->GetMemoryMap(&memory.size, memory.map, &memory.key, &memory.step,
                                      &version);
}

/* A buffer for the map, with room to grow. */
static EFI_STATUS first_map(const struct loader *loader)
{
    EFI_STATUS status = read_map(loader);

    for (unsigned int i = 0; i < EXIT_TRIES && status == EFI_BUFFER_TOO_SMALL; i++) {
        uint64_t size = memory.size + SLACK_DESCRIPTORS * memory.step;
        memory.map = (EFI_MEMORY_DESCRIPTOR *)pages_alloc(loader, EfiLoaderData, size, UINT64_MAX);
        if (!memory.map)
            return EFI_OUT_OF_RESOURCES;
        memory.capacity = (size + PAGE - 1) & ~(PAGE - 1);
        status = read_map(loader);
    }
    return status;
}

static const EFI_MEMORY_DESCRIPTOR *descriptor(UINTN at)
{
    return (const EFI_MEMORY_DESCRIPTOR *)((const uint8_t *)memory.map + at * memory.step);
}

void memory_reserve_kernel(const struct loader *loader)
{
    uint64_t start = loader->kernel.start, end = loader->kernel.end;
    EFI_PHYSICAL_ADDRESS address = start;

    if (loader->boot->AllocatePages(AllocateAddress, EfiLoaderData, (end - start) / PAGE,
                                    &address) == EFI_SUCCESS ||
        first_map(loader) != EFI_SUCCESS)
        return;
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
                          MEMMAP_ENTRIES_MAX, memory.scratch);
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
    memory.scratch = (struct memmap_scratch *)pages_alloc(loader, EfiLoaderData,
                                                          sizeof(*memory.scratch), UINT64_MAX);
    if (!memory.scratch)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory");
    memory.capacity = 0; /* as large as it is by now */
    EFI_STATUS status = first_map(loader);
    if (status != EFI_SUCCESS)
        return fail(status, "the firmware gives no memory map");
    return check_map(loader);
}

EFI_STATUS memory_exit(struct loader *loader)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;

    /* The key is stale when the firmware has allocated something since: once more then. */
    for (unsigned int i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
        status = read_map(loader);
        if (status == EFI_SUCCESS)
            status = loader->boot->ExitBootServices(loader->image, memory.key);
    }
    if (status != EFI_SUCCESS)
        return fail(status, "the firmware does not end its boot services");
    loader->block->start.memmap_entries = convert(loader);
    return EFI_SUCCESS;
}
