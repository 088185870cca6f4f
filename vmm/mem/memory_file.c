/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing reads guest memory with system calls only where host files are mapped (they answer EFAULT
 * when such a file has shrunk); anonymous RAM is looked through for pages that hold something.
 */
#include "vmm/mem/memory_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/guest_abi.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)
#define LOOK_PAGES 512u /* pages asked for at once */

static uint64_t add_part(struct memory_file_part *part, uint64_t offset, uint64_t gpa,
                         uint64_t size, uint64_t ram_size)
{
    *part =
        (struct memory_file_part){.gpa = gpa, .size = size, .offset = offset, .ram_size = ram_size};
    return offset + size;
}

void memory_file_plan(const struct guest_mem *mem, struct memory_file_layout *layout)
{
    uint64_t offset = 0;

    memset(layout, 0, sizeof(*layout));
    layout->region_count = mem->region_count;
    for (unsigned int i = 0; i < mem->region_count; i++) {
        const struct guest_mem_region *region = &mem->regions[i];

        offset =
            add_part(&layout->regions[i], offset, region->gpa, region->slot_size, region->ram_size);
    }
    offset = add_part(&layout->image, offset, mem->image.gpa, mem->image.size, 0);
    layout->archive_gpa = mem->archive_gpa;
    layout->archive_size = mem->archive_size;
    layout->size = offset;
}

static bool part_is_sound(const struct memory_file_part *part, uint64_t offset)
{
    return part->size % PAGE == 0 && part->gpa % PAGE == 0 && part->offset == offset &&
           part->size <= 2 * GUEST_RAM_MAX && part->gpa <= 4 * GUEST_RAM_MAX &&
           part->ram_size % PAGE == 0 && part->ram_size <= part->size;
}

static bool overlap(const struct memory_file_part *a, const struct memory_file_part *b)
{
    return a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size;
}

int memory_file_check(const struct memory_file_layout *layout)
{
    const struct memory_file_part *parts[GUEST_MEM_REGIONS + 1];
    bool archive = layout->archive_size == 0;
    unsigned int count = 0;
    uint64_t offset = 0;

    if (layout->region_count < 1 || layout->region_count > GUEST_MEM_REGIONS) {
        return -EINVAL;
    }
    for (unsigned int i = 0; i <= layout->region_count; i++) {
        const struct memory_file_part *part =
            i < layout->region_count ? &layout->regions[i] : &layout->image;

        if (!part_is_sound(part, offset) || (part->size == 0 && part != &layout->image)) {
            return -EINVAL;
        }
        for (unsigned int other = 0; other < count; other++) {
            if (overlap(parts[other], part)) {
                return -EINVAL;
            }
        }
        parts[count++] = part;
        offset += part->size;
        archive = archive || (part != &layout->image && layout->archive_gpa >= part->gpa &&
                              layout->archive_size <= part->size &&
                              layout->archive_gpa - part->gpa <= part->size - layout->archive_size);
    }
    return archive && layout->archive_gpa % PAGE == 0 && layout->archive_size % PAGE == 0 &&
                   layout->size == offset
               ? 0
               : -EINVAL;
}

/* ---- Writing ------------------------------------------------------------- */

static int write_all(int fd, const uint8_t *from, uint64_t length, uint64_t offset)
{
    while (length > 0) {
        ssize_t written = pwrite(fd, from, length, (off_t)offset);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? -errno : -EIO;
        }
        from += written;
        offset += (uint64_t)written;
        length -= (uint64_t)written;
    }
    return 0;
}

static bool is_zero(const uint8_t *page)
{
    uint64_t any = 0, words[8];

    for (size_t at = 0; at < PAGE && any == 0; at += sizeof(words)) {
        memcpy(words, page + at, sizeof(words));
        any = words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7];
    }
    return any == 0;
}

/* Runs of pages that hold something; resident: what is not in memory holds nothing. */
static int write_chunk(const uint8_t *from, size_t pages, const uint8_t *resident, int fd,
                       uint64_t offset)
{
    size_t start = 0;
    int result = 0;

    for (size_t page = 0; page <= pages && result == 0; page++) {
        bool holds = page < pages && (resident == NULL || (resident[page] & 1) != 0) &&
                     !is_zero(from + page * PAGE);

        if (!holds) {
            if (page > start) {
                result = write_all(fd, from + start * PAGE, (page - start) * PAGE,
                                   offset + start * PAGE);
            }
            start = page + 1;
        }
    }
    return result;
}

static int write_ram(const struct guest_mem *mem, const uint8_t *from, uint64_t size, int fd,
                     uint64_t offset)
{
    uint8_t resident[LOOK_PAGES];
    int result = 0;

    for (uint64_t at = 0; at < size && result == 0; at += LOOK_PAGES * PAGE) {
        uint64_t length = size - at < LOOK_PAGES * PAGE ? size - at : LOOK_PAGES * PAGE;
        /* Of a file's pages mincore() says what the page cache holds: all are read then. */
        bool knows =
            !mem->from_file && mincore((void *)(uintptr_t)(from + at), length, resident) == 0;

        result = write_chunk(from + at, length / PAGE, knows ? resident : NULL, fd, offset + at);
    }
    return result;
}

int memory_file_write(const struct guest_mem *mem, const struct memory_file_layout *layout, int fd)
{
    int result = ftruncate(fd, (off_t)layout->size) != 0 ? -errno : 0;

    for (unsigned int i = 0; i < mem->region_count && result == 0; i++) {
        const struct guest_mem_region *region = &mem->regions[i];
        const struct memory_file_part *part = &layout->regions[i];
        bool has_archive = mem->archive_size > 0 && mem->archive_gpa >= region->gpa &&
                           mem->archive_gpa - region->gpa < region->slot_size;

        result = write_ram(mem, region->host, region->ram_size, fd, part->offset);
        if (result == 0 && has_archive) {
            uint64_t at = mem->archive_gpa - region->gpa;

            result = write_all(fd, region->host + at, mem->archive_size, part->offset + at);
        }
    }
    return result != 0 || mem->image.size == 0
               ? result
               : write_all(fd, mem->image.host, mem->image.size, layout->image.offset);
}

/* ---- Mapping ------------------------------------------------------------- */

/* Congruent to the guest's addresses modulo 2 MiB, as guest_mem.c does it. */
static int map_region(struct guest_mem *mem, unsigned int index,
                      const struct memory_file_part *part, int fd)
{
    uint64_t size = part->size + HUGE_PAGE;
    uint8_t *start =
        mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint8_t *host;

    if (start == MAP_FAILED) {
        return -errno;
    }
    mem->mappings[index] = (struct guest_mem_mapping){start, size};
    host = start + ((part->gpa - (uintptr_t)start) & (HUGE_PAGE - 1));
    mem->regions[index] = (struct guest_mem_region){
        .host = host, .gpa = part->gpa, .ram_size = part->ram_size, .slot_size = part->size};
    return mmap(host, part->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                fd, (off_t)part->offset) == MAP_FAILED
               ? -errno
               : 0;
}

int memory_file_map(struct guest_mem *mem, const struct memory_file_layout *layout, int fd)
{
    int result = 0;

    memset(mem, 0, sizeof(*mem));
    mem->from_file = true;
    mem->region_count = (unsigned int)layout->region_count;
    mem->archive_gpa = layout->archive_gpa;
    mem->archive_size = layout->archive_size;
    for (unsigned int i = 0; i < mem->region_count && result == 0; i++) {
        result = map_region(mem, i, &layout->regions[i], fd);
    }
    if (result == 0 && layout->image.size > 0) {
        void *host =
            mmap(NULL, layout->image.size, PROT_READ, MAP_PRIVATE, fd, (off_t)layout->image.offset);

        result = host == MAP_FAILED ? -errno : 0;
        if (result == 0) {
            mem->mappings[GUEST_MEM_REGIONS] = (struct guest_mem_mapping){host, layout->image.size};
            mem->image = (struct guest_mem_slot){host, layout->image.gpa, layout->image.size, true};
        }
    }
    if (result != 0) {
        guest_mem_destroy(mem);
    }
    return result;
}
