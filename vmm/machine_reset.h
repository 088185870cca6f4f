/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing guest memory back to a snapshot, by copying the pages that were written since.
 *
 * Which pages: KVM's dirty log, and our own marks for what devices and calls wrote.  A page that
 * turns up in two resets is hot: it is not watched again, which saves its next write a fault
 * (some 3 k instructions against 0.5 k for copying it in vain), and copied back each time.
 * Now and then all are watched again, so that the hot set follows the program.
 */
#ifndef VMM_MACHINE_RESET_H
#define VMM_MACHINE_RESET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/kvm/dirty.h"
#include "vmm/mem/memory_file.h"

struct memory_reset_region {
    size_t words; /* of each bitmap: 64 pages a word */
    uint64_t *dirty, *seen, *hot, *marked;
};

struct memory_reset {
    bool started;
    unsigned int count; /* resets since all pages were watched */
    struct memory_reset_region regions[GUEST_MEM_REGIONS];
    uint64_t pages_copied; /* in all */
};

/*
 * From now on what is written is known; guest memory equals the snapshot.  -ENOMEM, or what KVM
 * says.
 */
int memory_reset_start(struct memory_reset *reset, const struct kvm_vm *vm, struct guest_mem *mem);
/*
 * memory: the snapshot's file, mapped.  No CPU runs and no device writes.  Afterwards guest
 * memory equals it.  Negative errno: it does not.  Not started yet (clones that call once never
 * do): all private pages are dropped, and it is started.
 */
int memory_reset_run(struct memory_reset *reset, const struct kvm_vm *vm, struct guest_mem *mem,
                     const struct memory_file_layout *layout, const uint8_t *memory);
void memory_reset_free(struct memory_reset *reset);

#endif
