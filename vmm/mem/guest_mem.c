/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the host mapping of guest memory.  Knows the guest-physical layout and
 * nothing of KVM, devices or what is loaded.
 */
#include "vmm/mem/guest_mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/guest_abi.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)
/* A boot touches few pages at the bottom: huge ones there would cost 2 MiB of clearing each. */
#define SMALL_PAGE_RAM (32ull << 20)

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static int region_map(struct guest_mem_region *region)
{
    void *host = mmap(NULL, region->slot_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (host == MAP_FAILED) {
        return -ENOMEM;
    }
    region->host = host;
    return 0;
}

static void plan_archive(struct guest_mem *mem, uint64_t archive_size)
{
    struct guest_mem_region *low = &mem->regions[0];
    struct guest_mem_region *high = &mem->regions[1];
    uint64_t start = round_up(low->ram_size, HUGE_PAGE);

    mem->archive_size = archive_size;
    if (mem->region_count == 1 && archive_size <= GUEST_VIRTIO_MMIO_BASE - start) {
        mem->archive_gpa = start;
        low->slot_size = start + archive_size;
        return;
    }
    mem->region_count = 2;
    start = round_up(high->ram_size, HUGE_PAGE);
    mem->archive_gpa = high->gpa + start;
    high->slot_size = start + archive_size;
}

int guest_mem_create(struct guest_mem *mem, uint64_t ram_size, uint64_t archive_size)
{
    struct guest_mem_region *low = &mem->regions[0];
    struct guest_mem_region *high = &mem->regions[1];

    memset(mem, 0, sizeof(*mem));
    if (ram_size == 0 || ram_size > GUEST_RAM_MAX || ram_size % PAGE != 0 ||
        archive_size % PAGE != 0 || archive_size > GUEST_RAM_MAX) {
        return -EINVAL;
    }
    low->ram_size = ram_size < GUEST_LOW_RAM_END ? ram_size : GUEST_LOW_RAM_END;
    low->slot_size = low->ram_size;
    high->gpa = GUEST_HIGH_RAM_START;
    high->ram_size = ram_size - low->ram_size;
    high->slot_size = high->ram_size;
    mem->region_count = high->ram_size > 0 ? 2 : 1;
    if (archive_size > 0) {
        plan_archive(mem, archive_size);
    }
    for (unsigned int i = 0; i < mem->region_count; i++) {
        if (region_map(&mem->regions[i]) != 0) {
            guest_mem_destroy(mem);
            return -ENOMEM;
        }
    }
    madvise(low->host, low->ram_size < SMALL_PAGE_RAM ? low->ram_size : SMALL_PAGE_RAM,
            MADV_NOHUGEPAGE);
    if (archive_size > 0) {
        /* Headers and names between mapped files: a small page here and there. */
        struct guest_mem_region *last = &mem->regions[mem->region_count - 1];

        madvise(last->host + (mem->archive_gpa - last->gpa), archive_size, MADV_NOHUGEPAGE);
    }
    return 0;
}

void guest_mem_destroy(struct guest_mem *mem)
{
    for (unsigned int i = 0; i < mem->region_count; i++) {
        if (mem->regions[i].host != NULL) {
            munmap(mem->regions[i].host, mem->regions[i].slot_size);
        }
    }
    memset(mem, 0, sizeof(*mem));
}

/* The region that holds [gpa, gpa + length), counting limit bytes of each: RAM or slot. */
static uint8_t *find(const struct guest_mem *mem, uint64_t gpa, uint64_t length, bool whole_slot)
{
    for (unsigned int i = 0; i < mem->region_count; i++) {
        const struct guest_mem_region *region = &mem->regions[i];
        uint64_t size = whole_slot ? region->slot_size : region->ram_size;

        if (gpa >= region->gpa && length > 0 && length <= size &&
            gpa - region->gpa <= size - length) {
            return region->host + (gpa - region->gpa);
        }
    }
    return NULL;
}

static bool overlaps_file(const struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    for (unsigned int i = 0; i < mem->file_range_count; i++) {
        if (gpa < mem->file_ranges[i].end && mem->file_ranges[i].start < gpa + length) {
            return true;
        }
    }
    return false;
}

void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    uint8_t *host = find(mem, gpa, length, false);

    return host != NULL && !overlaps_file(mem, gpa, length) ? host : NULL;
}

int guest_mem_read(const struct guest_mem *mem, uint64_t gpa, void *to, size_t length)
{
    const void *from = guest_mem_at(mem, gpa, length);

    if (from == NULL) {
        return -EFAULT;
    }
    memcpy(to, from, length);
    return 0;
}

int guest_mem_write(const struct guest_mem *mem, uint64_t gpa, const void *from, size_t length)
{
    void *to = guest_mem_at(mem, gpa, length);

    if (to == NULL) {
        return -EFAULT;
    }
    memcpy(to, from, length);
    return 0;
}

int guest_mem_iov(const struct guest_mem *mem, uint64_t gpa, uint64_t length, bool write,
                  struct iovec *iov)
{
    void *host = write ? guest_mem_at(mem, gpa, length) : find(mem, gpa, length, true);

    if (host == NULL) {
        return -EFAULT;
    }
    iov->iov_base = host;
    iov->iov_len = length;
    return 0;
}

static int remember_file_range(struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    if (find(mem, gpa, length, false) == NULL) {
        return 0; /* archive: never reached by guest_mem_at() anyway */
    }
    if (mem->file_range_count == GUEST_MEM_FILE_RANGES) {
        return -ENOSPC;
    }
    mem->file_ranges[mem->file_range_count].start = gpa;
    mem->file_ranges[mem->file_range_count].end = gpa + length;
    mem->file_range_count++;
    return 0;
}

int guest_mem_map_file(struct guest_mem *mem, uint64_t gpa, uint64_t length, int fd,
                       uint64_t offset, int protection)
{
    uint8_t *host = find(mem, gpa, length, true);
    int error = 0;

    if (host == NULL || gpa % PAGE != 0 || length % PAGE != 0 || offset % PAGE != 0) {
        return -EINVAL;
    }
    if ((protection & PROT_WRITE) == 0) {
        error = remember_file_range(mem, gpa, length);
    }
    if (error == 0 && mmap(host, length, protection, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
                           (off_t)offset) == MAP_FAILED) {
        error = -errno;
    }
    return error;
}

int guest_mem_load(struct guest_mem *mem, uint64_t gpa, const void *from, uint64_t length)
{
    uint8_t *host = find(mem, gpa, length, true);

    if (host == NULL || overlaps_file(mem, gpa, length)) {
        return -EFAULT;
    }
    memcpy(host, from, length);
    return 0;
}
