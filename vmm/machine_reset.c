/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies back what the guest and we have written.  Knows no CPU and no device. */
#include "vmm/machine_reset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull
/* So many resets until all pages are watched again. */
#define WATCH_ALL_EVERY 1024u
/* Words of pages all written, and not hot: given back to the host, not copied. */
#define ALL_PAGES UINT64_MAX

int memory_reset_start(struct memory_reset *reset, const struct kvm_vm *vm, struct guest_mem *mem)
{
    int result = reset->started ? 0 : guest_mem_start_marks(mem);

    if (reset->started) {
        return 0;
    }
    for (unsigned int i = 0; i < mem->region_count && result == 0; i++) {
        struct memory_reset_region *region = &reset->regions[i];

        region->words = kvm_dirty_words(mem->regions[i].slot_size);
        region->dirty = calloc(4 * region->words, sizeof(*region->dirty));
        if (region->dirty == NULL) {
            return -ENOMEM;
        }
        region->seen = region->dirty + region->words;
        region->hot = region->seen + region->words;
        region->marked = region->hot + region->words;
    }
    result = result != 0 ? result : kvm_dirty_start(vm, mem);
    reset->started = result == 0;
    return result;
}

void memory_reset_free(struct memory_reset *reset)
{
    for (unsigned int i = 0; i < GUEST_MEM_REGIONS; i++) {
        free(reset->regions[i].dirty);
    }
}

static void copy_pages(uint8_t *to, const uint8_t *from, uint64_t bits)
{
    while (bits != 0) {
        uint64_t at = (uint64_t)__builtin_ctzll(bits) * PAGE;

        memcpy(to + at, from + at, PAGE);
        bits &= bits - 1;
    }
}

/* What the log of one region had; `logged` is its part of KVM's log. */
static int reset_word(struct memory_reset_region *region, const struct kvm_vm *vm,
                      const struct guest_mem *mem, unsigned int index, size_t word, uint64_t logged,
                      bool watch_all)
{
    uint64_t fresh = watch_all ? logged : logged & ~region->hot[word] & ~region->seen[word];

    region->hot[word] = watch_all ? 0 : region->hot[word] | (logged & region->seen[word]);
    region->seen[word] = watch_all ? 0 : region->seen[word] | fresh;
    return fresh != 0 ? kvm_dirty_clear(vm, index, mem->regions[index].slot_size, word, fresh) : 0;
}

/* Everything that the log of one region and the marks name. */
static int reset_region(struct memory_reset *reset, unsigned int index, const struct kvm_vm *vm,
                        const struct guest_mem *mem, const uint8_t *from, bool watch_all)
{
    struct memory_reset_region *region = &reset->regions[index];
    uint8_t *to = mem->regions[index].host;
    int result = kvm_dirty_get(vm, index, region->dirty);

    guest_mem_take_marks(mem, index, region->marked);
    for (size_t word = 0; word < region->words && result == 0; word++) {
        uint64_t logged = region->dirty[word], written = logged | region->marked[word];

        if (written == 0) {
            continue;
        }
        region->marked[word] = 0;
        if (logged != 0) {
            result = reset_word(region, vm, mem, index, word, logged, watch_all);
        }
        if (logged == ALL_PAGES && mem->from_file && result == 0 &&
            madvise(to + word * 64 * PAGE, 64 * PAGE, MADV_DONTNEED) == 0) {
            region->hot[word] = region->seen[word] = 0;
            result = kvm_dirty_clear(vm, index, mem->regions[index].slot_size, word, ALL_PAGES);
            continue;
        }
        copy_pages(to + word * 64 * PAGE, from + word * 64 * PAGE, written);
        reset->pages_copied += (uint64_t)__builtin_popcountll(written);
    }
    return result;
}

int memory_reset_run(struct memory_reset *reset, const struct kvm_vm *vm, struct guest_mem *mem,
                     const struct memory_file_layout *layout, const uint8_t *memory)
{
    bool watch_all = ++reset->count >= WATCH_ALL_EVERY;
    int result = 0;

    if (!reset->started) {
        /* A clone: dropping its private pages is all, for once. */
        for (unsigned int i = 0; i < mem->region_count && result == 0; i++) {
            result = madvise(mem->regions[i].host, mem->regions[i].slot_size, MADV_DONTNEED);
        }
        return result != 0 ? -errno : memory_reset_start(reset, vm, mem);
    }
    for (unsigned int i = 0; i < mem->region_count && result == 0; i++) {
        result = reset_region(reset, i, vm, mem, memory + layout->regions[i].offset, watch_all);
    }
    reset->count = watch_all ? 0 : reset->count;
    return result;
}
