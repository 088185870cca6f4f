/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts the built-in kernel into guest memory: text and constants are not copied
 * but shown to the guest where they lie in our own executable, which all VMs of
 * a host share; data is copied, and what every boot touches is backed in one go.
 */
#include "vmm/load/share.h"

#include <errno.h>

#include "boot/guest_abi.h"
#include "vmm/config.h"

#define PAGE 4096ull
/* The host maps so much of a cached file around a page that is read (fault_around_bytes). */
#define FAULT_AROUND 0x10000ull

static uint64_t page_start(uint64_t address)
{
    return address & ~(PAGE - 1);
}

static uint64_t page_end(uint64_t address)
{
    return page_start(address + PAGE - 1);
}

/* Read-only segments at the beginning, contiguous in file and memory; false: not so made. */
static bool find_shared(const struct guest_image *image, const struct elf_image *elf,
                        unsigned int *count, uint64_t *end)
{
    const struct elf_image_segment *first = &elf->segments[0];
    const uint8_t *bytes = image->bytes + first->offset;

    *count = 0;
    *end = first->gpa;
    if (first->gpa % PAGE != 0 || (uintptr_t)bytes % PAGE != 0) {
        return false;
    }
    for (unsigned int i = 0; i < elf->segment_count && !elf->segments[i].writable; i++) {
        const struct elf_image_segment *segment = &elf->segments[i];

        if (segment->gpa - first->gpa != segment->offset - first->offset ||
            segment->file_size != segment->memory_size || segment->gpa - *end >= PAGE) {
            return false;
        }
        *end = segment->gpa + segment->file_size;
        (*count)++;
    }
    return *count > 0 && *count < elf->segment_count &&
           elf->segments[*count].gpa >= page_end(*end) &&
           page_end(*end) - first->gpa <= image->size - first->offset;
}

/* A read here costs the host 5.7 k instructions, in the guest's nested fault 8.8 k. */
static void touch(const uint8_t *bytes, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += FAULT_AROUND) {
        (void)*(const volatile uint8_t *)(bytes + at);
    }
    if (size > 0) {
        (void)*(const volatile uint8_t *)(bytes + size - 1);
    }
}

int share_kernel(const struct guest_image *image, const struct elf_image *elf, bool keep_below,
                 struct guest_mem *mem, struct vmm_error *error)
{
    const struct elf_image_segment *first = &elf->segments[0];
    struct elf_image rest = {.entry = elf->entry};
    unsigned int shared;
    uint64_t end;

    if (!find_shared(image, elf, &shared, &end)) {
        return elf_image_load(image, elf, mem, error);
    }
    if (guest_mem_share(mem, first->gpa, page_end(end) - first->gpa, image->bytes + first->offset,
                        keep_below) != 0) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE,
                        "the kernel does not fit into the guest's memory: give more with -m");
    }
    for (unsigned int i = 0; i < shared; i++) {
        const struct elf_image_segment *segment = &elf->segments[i];

        if (segment->hot) {
            touch(image->bytes + segment->offset, segment->file_size);
        }
    }
    for (unsigned int i = shared; i < elf->segment_count; i++) {
        const struct elf_image_segment *segment = &elf->segments[i];

        rest.segments[rest.segment_count++] = *segment;
        if (segment->hot) {
            guest_mem_populate(mem, page_start(segment->gpa),
                               page_end(segment->gpa + segment->memory_size) -
                                   page_start(segment->gpa) + GUEST_HOT_RAM_SIZE);
        }
    }
    return elf_image_load(image, &rest, mem, error);
}
