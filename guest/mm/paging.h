/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: Intel SDM 3A, chapter 4 (4-level).  Kernel mappings are shared by
 * all address spaces (PML4 slots 256..511).  W^X: nothing is ever mapped both
 * writable and executable by the kernel for itself.
 *
 * User half: the tables of a struct mm are changed only under its mutex, and
 * read by the CPU at any time: an entry is written as one 64-bit store.
 */
#ifndef MM_PAGING_H
#define MM_PAGING_H

#include "lib/types.h"

#define PTE_P 0x1ul
#define PTE_W 0x2ul
#define PTE_U 0x4ul
#define PTE_PWT 0x8ul
#define PTE_PCD 0x10ul
#define PTE_A 0x20ul
#define PTE_D 0x40ul
#define PTE_PS 0x80ul /* 2 MiB in a PD, 1 GiB in a PDPT */
#define PTE_G 0x100ul
#define PTE_SW_STATIC 0x200ul /* software: page has no reference count */
#define PTE_SW_COW 0x400ul /* software: copy before writing */
#define PTE_NX (1ul << 63)
#define PTE_ADDR 0x000ffffffffff000ul

/* Boot: replaces the boot page tables by the real ones. */
void paging_init(void);
/*
 * Makes [pa, pa + size) readable and writable through the direct map (NX).  Called
 * by the page allocator for RAM, by others for tables and the archive.
 */
void direct_map_add(paddr_t pa, uint64_t size);
/* Maps a device's registers uncached; NULL when out of memory.  Never unmapped. */
void *paging_map_device(paddr_t pa, uint64_t size);
/* Kernel address range for stacks: maps fresh pages at address; 0 or -ENOMEM. */
int paging_map_kernel(uint64_t address, uint64_t size);
void paging_unmap_kernel(uint64_t address, uint64_t size); /* frees the pages */

/*
 * Tables at tables (below 4 GiB, PAGING_LOW_TABLES_SIZE bytes that nobody else uses) that
 * show the first 2 MiB where they lie, read and execute only, and the kernel: for a CPU
 * on its way into 64-bit mode.  Returns the top-level one.
 */
#define PAGING_LOW_TABLES_SIZE (3 * PAGE_SIZE)
paddr_t paging_build_low_tables(paddr_t tables);

/* A fresh top-level table with the kernel half in place. */
bool paging_new_root(paddr_t *root);

/* Physical address of the top-level table all kernel mappings are in. */
extern paddr_t kernel_root;

/* Where the kernel's image ends, bss included: RAM is free from there on. */
paddr_t paging_image_end(void);

/* The shared page of zeroes (static). */
paddr_t paging_zero_page(void);

#endif
