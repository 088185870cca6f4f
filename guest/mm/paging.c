/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel page tables: the boot tables (boot/tables.inc shows their shape) become
 * the kernel's own here: image pages get their rights, guard pages vanish, the
 * identity mapping goes away.
 *
 * The kernel's 2 MiB window is reached by two addresses through one page table:
 * at its link address with the rights below, and in the direct map, where
 * the NX bit of PDPT[0] adds "no execute" to the same entries.
 */
#include "mm/paging.h"

#include "arch/boot_info.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/thread_mem.h"

#define KERNEL_TABLE (PTE_P | PTE_W | PTE_A | PTE_D)
#define KERNEL_DATA (PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX)
#define PDPT_KERNEL 510u
#define PDPT_DEVICES 511u /* virtual 0xffffffffc0000000: devices, stacks */
#define DEVICE_AREA 0xffffffffc0000000ul
#define DEVICE_AREA_END 0xffffffffd0000000ul /* stacks follow: thread_mem.c */
#define GIB (1ul << 30)

extern uint64_t boot_pml4[512], boot_pdpt[512], boot_pd[512];
extern char kernel_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_data_start[], kernel_end[];

static uint64_t kernel_pt[512] __attribute__((section(".bss..tables"), aligned(4096)));
static uint8_t zero_page[PAGE_SIZE] __attribute__((section(".bss..page_aligned"), aligned(4096)));

/* Page directories for the direct map of CPUs without 1 GiB pages; untouched otherwise. */
#define SPARE_PDS 72u
static uint64_t spare_pds[SPARE_PDS][512]
    __attribute__((section(".bss..page_aligned"), aligned(4096)));
static uint32_t spare_pds_used;

paddr_t kernel_root;

/* Guards the entries below PDPT[511] and the device cursor. */
static struct spinlock kernel_tables_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static uint64_t device_cursor = DEVICE_AREA;

paddr_t virt_to_phys(const void *ptr)
{
    uint64_t address = (uint64_t)ptr;

    if (address >= GUEST_KERNEL_VIRT_BASE)
        return PADDR(address - GUEST_KERNEL_VIRT_BASE);
    ASSERT(address >= DIRECT_MAP_BASE && address < DIRECT_MAP_BASE + DIRECT_MAP_SIZE);
    return PADDR(address - DIRECT_MAP_BASE);
}

paddr_t paging_image_end(void)
{
    return virt_to_phys(kernel_end);
}

paddr_t paging_zero_page(void)
{
    return virt_to_phys(zero_page);
}

/* Entries of the kernel's window from one of its addresses on, up to another. */
static void map_image(const void *from, const void *to, uint64_t flags)
{
    uint64_t start = virt_to_phys(from).raw, end = PAGE_ALIGN_UP(virt_to_phys(to).raw);
    uint64_t *entry = &kernel_pt[(start - GUEST_KERNEL_GPA) >> PAGE_SHIFT];

    for (uint64_t pa = start; pa < end; pa += PAGE_SIZE)
        *entry++ = pa | flags;
}

void paging_init(void)
{
    uint64_t start = (uint64_t)kernel_start;

    map_image(kernel_start, kernel_text_end, PTE_P | PTE_A | PTE_D | PTE_G);
    map_image(kernel_rodata_start, kernel_rodata_end, PTE_P | PTE_A | PTE_D | PTE_G | PTE_NX);
    map_image(kernel_data_start, kernel_start + GUEST_KERNEL_SIZE_MAX, KERNEL_DATA);
    map_image(zero_page, zero_page + PAGE_SIZE, KERNEL_DATA & ~PTE_W);
    ASSERT((size_t)(early_stacks_end - early_stacks[0]) == sizeof(early_stacks));
    for (uint64_t i = 0; i < EARLY_STACKS; i++)
        kernel_pt[((uint64_t)early_stacks[i] - start) / PAGE_SIZE] = 0;
    boot_pd[GUEST_KERNEL_GPA >> 21] = virt_to_phys(kernel_pt).raw | KERNEL_TABLE;
    boot_pdpt[0] |= PTE_NX;
    boot_pml4[0] = 0;
    kernel_root = virt_to_phys(boot_pml4);
    write_cr3(kernel_root.raw);
}

/* Called with a range that the page allocator is about to use: it may hold its lock. */
void direct_map_add(paddr_t pa, uint64_t size)
{
    uint64_t last = (pa.raw + size - 1) / GIB;

    for (uint64_t gib = pa.raw / GIB; gib <= last && gib < PDPT_KERNEL; gib++) {
        if (boot_pdpt[gib] & PTE_P)
            continue;
        if (cpu_features.gib_pages) {
            boot_pdpt[gib] = (gib * GIB) | KERNEL_DATA | PTE_PS;
            continue;
        }
        /* A CPU without 1 GiB pages: tables are set aside in .bss. */
        if (spare_pds_used == SPARE_PDS)
            panic("more than %u GiB of memory need a CPU with 1 GiB pages", SPARE_PDS);
        uint64_t *pd = spare_pds[spare_pds_used++];
        for (uint64_t i = 0; i < 512; i++)
            pd[i] = (gib * GIB + (i << 21)) | KERNEL_DATA | PTE_PS;
        boot_pdpt[gib] = virt_to_phys(pd).raw | KERNEL_TABLE | PTE_NX;
    }
}

paddr_t paging_build_low_tables(paddr_t tables)
{
    uint64_t *pml4 = phys_to_virt(tables), *pdpt = pml4 + 512, *pd = pdpt + 512;

    memset(pml4, 0, PAGING_LOW_TABLES_SIZE);
    pml4[0] = (tables.raw + PAGE_SIZE) | PTE_P | PTE_A;
    pml4[511] = boot_pml4[511];
    pdpt[0] = (tables.raw + 2 * PAGE_SIZE) | PTE_P | PTE_A;
    pd[0] = PTE_P | PTE_A | PTE_PS;
    return tables;
}

bool paging_new_root(paddr_t *root)
{
    if (!page_alloc(0, PAGE_ZERO, root))
        return false;
    uint64_t *table = phys_to_virt(*root);
    table[511] = boot_pml4[511];
    return true;
}

static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & PTE_P)) {
        paddr_t pa;
        if (!page_alloc(0, PAGE_ZERO, &pa))
            return NULL;
        leaks_keep(phys_to_virt(pa));
        *entry = pa.raw | KERNEL_TABLE;
    }
    return phys_to_virt(PADDR(*entry & PTE_ADDR));
}

/* Entry for an address in the gibibyte of PDPT[511]; NULL: out of memory. */
static uint64_t *kernel_entry(uint64_t address)
{
    uint64_t *pd = table_below(&boot_pdpt[PDPT_DEVICES]);
    uint64_t *pt = pd ? table_below(&pd[(address >> 21) & 511]) : NULL;

    return pt ? &pt[(address >> PAGE_SHIFT) & 511] : NULL;
}

void *paging_map_device(paddr_t pa, uint64_t size)
{
    uint64_t offset = pa.raw & (PAGE_SIZE - 1);
    uint64_t pages = PAGE_ALIGN_UP(offset + size) >> PAGE_SHIFT;

    spin_lock(&kernel_tables_lock);
    uint64_t base = device_cursor;
    if (pages > (DEVICE_AREA_END - base) >> PAGE_SHIFT) {
        spin_unlock(&kernel_tables_lock);
        return NULL;
    }
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t *entry = kernel_entry(base + i * PAGE_SIZE);
        if (!entry) {
            spin_unlock(&kernel_tables_lock);
            return NULL;
        }
        *entry = (PAGE_ALIGN_DOWN(pa.raw) + i * PAGE_SIZE) | KERNEL_DATA | PTE_PCD | PTE_PWT;
    }
    device_cursor = base + pages * PAGE_SIZE;
    spin_unlock(&kernel_tables_lock);
    return (void *)(base + offset);
}

int paging_map_kernel(uint64_t address, uint64_t size)
{
    spin_lock(&kernel_tables_lock);
    for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
        paddr_t pa = PADDR(0);
        uint64_t *entry = kernel_entry(address + done);
        if (!entry || !page_alloc(0, PAGE_ZERO, &pa)) {
            spin_unlock(&kernel_tables_lock);
            paging_unmap_kernel(address, done);
            return -ENOMEM;
        }
        leaks_keep(phys_to_virt(pa)); /* stacks are kept for the next thread */
        *entry = pa.raw | KERNEL_DATA;
    }
    spin_unlock(&kernel_tables_lock);
    return 0;
}

void paging_unmap_kernel(uint64_t address, uint64_t size)
{
    spin_lock(&kernel_tables_lock);
    for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
        uint64_t *entry = kernel_entry(address + done);
        if (!entry || !(*entry & PTE_P))
            continue;
        paddr_t pa = PADDR(*entry & PTE_ADDR);
        *entry = 0;
        invlpg(address + done);
        page_put(pa);
    }
    spin_unlock(&kernel_tables_lock);
}
