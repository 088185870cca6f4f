/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory of one VM, and the only door from a guest-physical
 * address to a host pointer.
 *
 *   GPA 0             low RAM            archive           (MMIO)    4 GiB
 *   |------------------------------|..|----------|...............|--------- ...
 *   slot 0: anonymous memory          file pages, read only        slot 1: high RAM
 *
 * The archive lies in the same slot, 2 MiB aligned behind the RAM it follows
 * (behind high RAM when it does not fit below the device window).
 *
 * Safety: guest_mem_at() gives pointers into anonymous RAM only, so touching
 * them can never raise SIGBUS, whatever happens to host files.  File-backed
 * pages (archive, kernel text) are reachable through guest_mem_iov() alone,
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
    uint64_t slot_size; /* bytes of the KVM slot: RAM, gap, archive */
};

struct guest_mem_range {
    uint64_t start, end; /* GPA, end exclusive */
};

#define GUEST_MEM_REGIONS 2u
#define GUEST_MEM_FILE_RANGES 4u

struct guest_mem {
    unsigned int region_count;
    struct guest_mem_region regions[GUEST_MEM_REGIONS];
    uint64_t archive_gpa; /* 0: no archive */
    uint64_t archive_size;
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

/* ---- Loading, before the VM runs ---------------------------------------- */

/*
 * Puts a private mapping of the file over guest memory; gpa, length and
 * offset are multiples of 4096.  Without PROT_WRITE it is remembered as
 * file-backed.  Lengths beyond the file's end fault when touched.
 */
int guest_mem_map_file(struct guest_mem *mem, uint64_t gpa, uint64_t length, int fd,
                       uint64_t offset, int protection);
/* Copies into RAM or into anonymous pages of the archive. */
int guest_mem_load(struct guest_mem *mem, uint64_t gpa, const void *from, uint64_t length);

#endif
