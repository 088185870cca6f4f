/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory of one VM, and the only door from a guest-physical
 * address to a host pointer.
 *
 *   GPA 0   2 MiB              low RAM            archive     (MMIO)    4 GiB
 *   |.......|image|----------------------------|..|------|..............|------- ...
 *            read   anonymous memory              file pages,             high RAM
 *            only                                 read only
 *
 * A kernel image that is shared (guest_mem_share()) stands in for the RAM at its
 * place, and RAM below it is left out unless somebody needs it: without
 * image, RAM begins at 0.  The archive is 2 MiB aligned behind the RAM it follows
 * (behind high RAM when it does not fit below the device window).
 *
 * What it costs (KVM lab, instructions): a slot of its own 15,500 to tell KVM of;
 * a first touch 3,100 for a file page in a read-only slot and 3,800 in a
 * writable one, 6,500 for a fresh page (3,400 if it was backed before, which costs
 * 3,400; with shared memory all this is 2,000 more).  Hence a read-only slot for the
 * image, and for the archive when it is large.
 *
 * Safety: guest_mem_at() gives pointers into anonymous RAM only, so touching
 * them can never raise SIGBUS, whatever happens to host files.  File-backed
 * pages (archive, kernel image) are reachable through guest_mem_iov() alone,
 * whose result may only be handed to system calls (they answer EFAULT).
 * The layout is fixed after loading; lookups need no lock.
 */
#ifndef VMM_MEM_GUEST_MEM_H
#define VMM_MEM_GUEST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct guest_mem_region {
    uint8_t *host;
    uint64_t gpa;
    uint64_t ram_size; /* bytes of RAM from gpa */
    uint64_t slot_size; /* RAM, gap, archive */
};

/* What the hypervisor maps; ranges of guest-physical addresses are disjoint. */
struct guest_mem_slot {
    void *host;
    uint64_t gpa, size; /* bytes */
    bool read_only;
};

struct guest_mem_mapping {
    void *start; /* NULL: none */
    size_t size;
};

struct guest_mem_range {
    uint64_t start, end; /* GPA, end exclusive */
};

/* Words of a bitmap of marks between which all marks are; none if first > last. */
struct guest_mem_marked {
    _Atomic(uint64_t) first, last;
};

#define GUEST_MEM_REGIONS 3u
#define GUEST_MEM_SLOTS (GUEST_MEM_REGIONS + 2u)
#define GUEST_MEM_FILE_RANGES 4u

struct guest_mem {
    unsigned int region_count;
    struct guest_mem_region regions[GUEST_MEM_REGIONS]; /* low, high, what is below the image */
    uint64_t archive_gpa; /* 0: no archive */
    uint64_t archive_size;
    struct guest_mem_slot image; /* size 0: none is shared */
    /* Ours, to be given back; the last one is an image's out of a snapshot. */
    struct guest_mem_mapping mappings[GUEST_MEM_REGIONS + 1];
    bool from_file; /* RAM is a private mapping of a snapshot's memory file */
    /* Of each region a bit per page of its slot: written by us.  NULL: nobody asks. */
    _Atomic(uint64_t) *marks[GUEST_MEM_REGIONS];
    struct guest_mem_marked *marked; /* of each region; with the marks */
    /* RAM addresses behind which file pages lie (the kernel's text). */
    unsigned int file_range_count;
    struct guest_mem_range file_ranges[GUEST_MEM_FILE_RANGES];
};

/* ram_size and archive_size: bytes, multiples of 4096.  -ENOMEM, -EINVAL. */
int guest_mem_create(struct guest_mem *mem, uint64_t ram_size, uint64_t archive_size);
void guest_mem_destroy(struct guest_mem *mem);

/*
 * The host address of length bytes of RAM, or NULL when any of them is not
 * anonymous RAM.  length 0 is refused.  The bytes may change under the caller.
 */
void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t length);

/* Copies; -EFAULT and nothing copied when the range is not wholly RAM. */
int guest_mem_read(const struct guest_mem *mem, uint64_t gpa, void *to, size_t length);
int guest_mem_write(const struct guest_mem *mem, uint64_t gpa, const void *from, size_t length);

/*
 * One iovec for a system call that reads guest memory (write = false: RAM,
 * archive, kernel text) or fills it (write = true: anonymous RAM).  -EFAULT.
 */
int guest_mem_iov(const struct guest_mem *mem, uint64_t gpa, uint64_t length, bool write,
                  struct iovec *iov);

/*
 * What to tell the hypervisor of; returns how many.  A guest's write to a
 * read-only slot must end the VM: it comes from nobody who means well.
 */
unsigned int guest_mem_slots(const struct guest_mem *mem,
                             struct guest_mem_slot slots[GUEST_MEM_SLOTS]);
/* Is gpa in memory that the guest may only read? */
bool guest_mem_is_read_only(const struct guest_mem *mem, uint64_t gpa);

/*
 * The monitor has written these bytes, which the hypervisor's dirty log does not see.  For a VM
 * that may be reset; nothing otherwise.  Any thread.
 */
void guest_mem_mark(const struct guest_mem *mem, uint64_t gpa, uint64_t length);
/* From now on marks are kept; -ENOMEM. */
int guest_mem_start_marks(struct guest_mem *mem);
/*
 * Adds a region's marks to a bitmap of its pages, and forgets them.  Nobody marks meanwhile.
 */
void guest_mem_take_marks(const struct guest_mem *mem, unsigned int region, uint64_t *bitmap);

/* ---- Loading, before the VM runs ---------------------------------------- */

/*
 * Puts a private mapping of the file over guest memory; gpa, length and
 * offset are multiples of 4096.  Without PROT_WRITE it is remembered as
 * file-backed.  Lengths beyond the file's end fault when touched.
 */
int guest_mem_map_file(struct guest_mem *mem, uint64_t gpa, uint64_t length, int fd,
                       uint64_t offset, int protection);
/*
 * Read-only pages of ours, borrowed, take the place of low RAM; gpa, length and host
 * are multiples of 4096.  RAM below stays with keep_below.  Once; -EINVAL.
 */
int guest_mem_share(struct guest_mem *mem, uint64_t gpa, uint64_t length, const void *host,
                    bool keep_below);
/* Backs RAM that is touched for certain in one go; a hint. */
void guest_mem_populate(struct guest_mem *mem, uint64_t gpa, uint64_t length);
/* Copies into RAM or into anonymous pages of the archive. */
int guest_mem_load(struct guest_mem *mem, uint64_t gpa, const void *from, uint64_t length);

#endif
