/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the host mapping of guest memory.  Knows the guest-physical layout and
 * nothing of KVM, devices or what is loaded.
 */
#include "vmm/mem/guest_mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/guest_abi.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)
/* A boot touches few pages at the bottom: huge ones there would cost 2 MiB of clearing each. */
#define SMALL_PAGE_RAM (32ull << 20)
/* From here on a slot of its own pays for the archive: about twice the pages that do. */
#define ARCHIVE_SLOT_MIN (256u << 10)
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

/*
 * Host and guest addresses are congruent modulo 2 MiB, so that the hypervisor can
 * map huge pages; the slack before the first such address is part of the
 * mapping.
 */
static int region_map(struct guest_mem *mem, unsigned int index)
{
    struct guest_mem_region *region = &mem->regions[index];
    uint64_t size = region->slot_size + HUGE_PAGE;
    uint8_t *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint64_t small = region->ram_size < SMALL_PAGE_RAM ? region->ram_size : SMALL_PAGE_RAM;

    if (start == MAP_FAILED) {
        return -ENOMEM;
    }
    mem->mappings[index] = (struct guest_mem_mapping){start, size};
    region->host = start + (-(uintptr_t)start & (HUGE_PAGE - 1));
    if (index == 0) {
        madvise(start, (size_t)(region->host - start) + small, MADV_NOHUGEPAGE);
    }
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
        if (region_map(mem, i) != 0) {
            guest_mem_destroy(mem);
            return -ENOMEM;
        }
    }
    return 0;
}

void guest_mem_destroy(struct guest_mem *mem)
{
    for (unsigned int i = 0; i < GUEST_MEM_REGIONS; i++) {
        free(mem->marks[i]);
    }
    free(mem->marked);
    for (unsigned int i = 0; i <= GUEST_MEM_REGIONS; i++) {
        if (mem->mappings[i].start != NULL) {
            munmap(mem->mappings[i].start, mem->mappings[i].size);
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

/* The same in the shared image, which nobody writes. */
static void *find_shared(const struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    const struct guest_mem_slot *image = &mem->image;

    return gpa >= image->gpa && length > 0 && length <= image->size &&
                   gpa - image->gpa <= image->size - length
               ? (uint8_t *)image->host + (gpa - image->gpa)
               : NULL;
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

static uint64_t mark_words(const struct guest_mem_region *region)
{
    return (region->slot_size / PAGE + 63) / 64;
}

int guest_mem_start_marks(struct guest_mem *mem)
{
    if (mem->marked == NULL) {
        mem->marked = calloc(GUEST_MEM_REGIONS, sizeof(*mem->marked));
    }
    if (mem->marked == NULL) {
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < mem->region_count; i++) {
        if (mem->marks[i] == NULL) {
            atomic_store(&mem->marked[i].first, UINT64_MAX);
            mem->marks[i] = calloc(mark_words(&mem->regions[i]), sizeof(*mem->marks[i]));
        }
        if (mem->marks[i] == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

static void widen(struct guest_mem_marked *marked, uint64_t first, uint64_t last)
{
    uint64_t low = atomic_load_explicit(&marked->first, memory_order_relaxed);
    uint64_t high = atomic_load_explicit(&marked->last, memory_order_relaxed);

    while (first < low && !atomic_compare_exchange_weak(&marked->first, &low, first)) {
    }
    while (last > high && !atomic_compare_exchange_weak(&marked->last, &high, last)) {
    }
}

void guest_mem_mark(const struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    for (unsigned int i = 0; i < mem->region_count; i++) {
        const struct guest_mem_region *region = &mem->regions[i];
        uint64_t first, last;

        if (mem->marks[i] == NULL || length == 0 || gpa < region->gpa ||
            gpa - region->gpa >= region->slot_size ||
            length > region->slot_size - (gpa - region->gpa)) {
            continue;
        }
        first = (gpa - region->gpa) / PAGE;
        last = (gpa - region->gpa + length - 1) / PAGE;
        widen(&mem->marked[i], first / 64, last / 64);
        for (uint64_t page = first; page <= last; page++) {
            atomic_fetch_or_explicit(&mem->marks[i][page / 64], 1ull << page % 64,
                                     memory_order_relaxed);
        }
    }
}

void guest_mem_take_marks(const struct guest_mem *mem, unsigned int region, uint64_t *bitmap)
{
    struct guest_mem_marked *marked = mem->marked != NULL ? &mem->marked[region] : NULL;

    if (marked == NULL || atomic_load(&marked->first) > atomic_load(&marked->last)) {
        return;
    }
    for (uint64_t word = atomic_load(&marked->first); word <= atomic_load(&marked->last); word++) {
        if (atomic_load_explicit(&mem->marks[region][word], memory_order_relaxed) != 0) {
            bitmap[word] |= atomic_exchange(&mem->marks[region][word], 0);
        }
    }
    atomic_store(&marked->first, UINT64_MAX);
    atomic_store(&marked->last, 0);
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
    guest_mem_mark(mem, gpa, length);
    return 0;
}

int guest_mem_iov(const struct guest_mem *mem, uint64_t gpa, uint64_t length, bool write,
                  struct iovec *iov)
{
    void *host = write ? guest_mem_at(mem, gpa, length) : find(mem, gpa, length, true);

    if (host == NULL && !write) {
        host = find_shared(mem, gpa, length);
    }
    if (host == NULL) {
        return -EFAULT;
    }
    if (write) {
        guest_mem_mark(mem, gpa, length);
    }
    iov->iov_base = host;
    iov->iov_len = length;
    return 0;
}

/* Whether the archive is told to the hypervisor apart from the RAM it follows. */
static bool archive_is_apart(const struct guest_mem *mem)
{
    return mem->archive_size >= ARCHIVE_SLOT_MIN;
}

unsigned int guest_mem_slots(const struct guest_mem *mem,
                             struct guest_mem_slot slots[GUEST_MEM_SLOTS])
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < mem->region_count; i++) {
        const struct guest_mem_region *region = &mem->regions[i];
        uint64_t size = archive_is_apart(mem) ? region->ram_size : region->slot_size;

        if (size > 0) {
            slots[count++] = (struct guest_mem_slot){region->host, region->gpa, size, false};
        }
    }
    if (archive_is_apart(mem)) {
        slots[count++] =
            (struct guest_mem_slot){find(mem, mem->archive_gpa, mem->archive_size, true),
                                    mem->archive_gpa, mem->archive_size, true};
    }
    if (mem->image.size > 0) {
        slots[count++] = mem->image;
    }
    return count;
}

bool guest_mem_is_read_only(const struct guest_mem *mem, uint64_t gpa)
{
    return find_shared(mem, gpa, 1) != NULL || (archive_is_apart(mem) && gpa >= mem->archive_gpa &&
                                                gpa - mem->archive_gpa < mem->archive_size);
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

int guest_mem_share(struct guest_mem *mem, uint64_t gpa, uint64_t length, const void *host,
                    bool keep_below)
{
    struct guest_mem_region *low = &mem->regions[0];
    struct guest_mem_region below = {.host = low->host, .ram_size = gpa, .slot_size = gpa};
    uint64_t taken = gpa + length;

    if (mem->image.size > 0 || find(mem, gpa, length, false) == NULL || low->gpa != 0 ||
        gpa % PAGE != 0 || length % PAGE != 0 || (uintptr_t)host % PAGE != 0 ||
        taken >= low->ram_size) {
        return -EINVAL;
    }
    mem->image = (struct guest_mem_slot){(void *)(uintptr_t)host, gpa, length, true};
    low->host += taken;
    low->gpa += taken;
    low->ram_size -= taken;
    low->slot_size -= taken;
    if (keep_below && gpa > 0) {
        mem->regions[mem->region_count++] = below;
    }
    return 0;
}

void guest_mem_populate(struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
    uint8_t *host = find(mem, gpa, length, false);

    if (host != NULL && gpa % PAGE == 0) {
        madvise(host, length, MADV_POPULATE_WRITE);
    }
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
