/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads a bzImage.  Low memory while it starts:
 *   0x7000  boot_params     0x8000  GDT      0x9000  page tables (6 pages)
 *   0x20000 command line
 */
#include "vmm/load/bzimage.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/load/pvh.h"

#define BOOT_PARAMS_GPA 0x7000ull
#define GDT_GPA 0x8000ull
#define PAGE_TABLE_GPA 0x9000ull
#define CMDLINE_GPA 0x20000ull
#define SETUP_HEADER_AT 0x1f1u
#define BOOT_FLAG 0xaa55u
#define HEADER_MAGIC 0x53726448u /* "HdrS" */
#define OLDEST_VERSION 0x020cu /* xloadflags, 64-bit entry */
#define SETUP_SECTOR 512u
#define ENTRY_64_OFFSET 0x200u
#define LOADER_UNDEFINED 0xffu
#define LOWEST_LOAD 0x100000ull
#define PTE_PRESENT_WRITE 0x3ull
#define PTE_LARGE 0x80ull

static int bad(const struct guest_image *image, struct vmm_error *error, const char *why)
{
    return vmm_fail(error, -ENOEXEC, VMM_FAULT_USAGE, "%s: %s", image->name, why);
}

static int read_header(const struct guest_image *image, struct setup_header *header)
{
    memset(header, 0, sizeof(*header));
    if (guest_image_read(image, SETUP_HEADER_AT, header, sizeof(*header)) != 0 ||
        header->boot_flag != BOOT_FLAG || header->header != HEADER_MAGIC) {
        return -ENOEXEC;
    }
    return 0;
}

uint64_t bzimage_initrd_limit(const struct guest_image *image)
{
    struct setup_header header;

    return read_header(image, &header) == 0 ? (uint64_t)header.initrd_addr_max + 1 : 0;
}

/* Four 1 GiB directories of 2 MiB pages. */
static int write_page_tables(struct guest_mem *mem)
{
    uint64_t *tables = guest_mem_at(mem, PAGE_TABLE_GPA, 6 * 4096);

    if (tables == NULL) {
        return -ENOMEM;
    }
    memset(tables, 0, 2 * 4096);
    tables[0] = (PAGE_TABLE_GPA + 4096) | PTE_PRESENT_WRITE;
    for (uint64_t i = 0; i < 4; i++) {
        tables[512 + i] = (PAGE_TABLE_GPA + (2 + i) * 4096) | PTE_PRESENT_WRITE;
    }
    for (uint64_t i = 0; i < 4 * 512; i++) {
        tables[1024 + i] = i << 21 | PTE_PRESENT_WRITE | PTE_LARGE;
    }
    return 0;
}

static int write_gdt(struct guest_mem *mem)
{
    /* Null, unused, __BOOT_CS (64-bit code), __BOOT_DS (data). */
    static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull};

    return guest_mem_write(mem, GDT_GPA, gdt, sizeof(gdt));
}

static void fill_e820(const struct guest_mem *mem, struct boot_params *params)
{
    struct pvh_memmap_entry map[PVH_MEMMAP_MAX];
    unsigned int count = pvh_memory_map(mem, GUEST_BOOT_INFO_GPA, map);

    for (unsigned int i = 0; i < count; i++) {
        params->e820_table[i].addr = map[i].addr;
        params->e820_table[i].size = map[i].size;
        params->e820_table[i].type = map[i].type;
    }
    params->e820_entries = (uint8_t)count;
}

static int load_payload(const struct guest_image *image, const struct setup_header *header,
                        struct guest_mem *mem, uint64_t *load_gpa, struct vmm_error *error)
{
    uint64_t offset = (header->setup_sects == 0 ? 5u : header->setup_sects + 1u) * SETUP_SECTOR;
    uint64_t size;
    void *host;

    if (offset >= image->size) {
        return bad(image, error, "truncated bzImage");
    }
    size = image->size - offset;
    /* What the header promises must be there: a cut file would fail deep inside the guest. */
    if ((uint64_t)header->syssize * 16 > size + 15) {
        return bad(image, error, "truncated bzImage");
    }
    *load_gpa = header->pref_address;
    if (*load_gpa < LOWEST_LOAD || *load_gpa % 4096 != 0 || header->init_size < size) {
        return bad(image, error, "bzImage header makes no sense");
    }
    host = guest_mem_at(mem, *load_gpa, header->init_size);
    if (host == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE,
                        "%s needs memory up to %llu MiB: give more with -m", image->name,
                        (unsigned long long)((*load_gpa + header->init_size) >> 20) + 1);
    }
    return guest_image_read(image, offset, host, size) == 0 ? 0
                                                            : bad(image, error, "cannot be read");
}

static int write_params(const struct setup_header *header, uint64_t initrd_gpa,
                        uint64_t initrd_size, uint64_t rsdp_gpa, struct guest_mem *mem)
{
    struct boot_params *params = guest_mem_at(mem, BOOT_PARAMS_GPA, sizeof(*params));

    if (params == NULL) {
        return -ENOMEM;
    }
    memset(params, 0, sizeof(*params));
    params->hdr = *header;
    params->hdr.type_of_loader = LOADER_UNDEFINED;
    params->hdr.cmd_line_ptr = (uint32_t)CMDLINE_GPA;
    params->hdr.ramdisk_image = (uint32_t)initrd_gpa;
    params->hdr.ramdisk_size = (uint32_t)initrd_size;
    params->acpi_rsdp_addr = rsdp_gpa;
    fill_e820(mem, params);
    return 0;
}

int bzimage_load(const struct guest_image *image, const char *cmdline, uint64_t initrd_gpa,
                 uint64_t initrd_size, uint64_t rsdp_gpa, struct guest_mem *mem,
                 struct bzimage_entry *entry, struct vmm_error *error)
{
    struct setup_header header;
    uint64_t load_gpa = 0;
    int result;

    if (read_header(image, &header) != 0) {
        return bad(image, error, "neither an ELF file nor a bzImage");
    }
    if (header.version < OLDEST_VERSION || (header.xloadflags & XLF_KERNEL_64) == 0) {
        return bad(image, error, "this bzImage has no 64-bit entry point");
    }
    if (strlen(cmdline) > header.cmdline_size) {
        return bad(image, error, "the command line is too long for this kernel");
    }
    result = load_payload(image, &header, mem, &load_gpa, error);
    if (result != 0) {
        return result;
    }
    if (write_params(&header, initrd_gpa, initrd_size, rsdp_gpa, mem) != 0 ||
        write_page_tables(mem) != 0 || write_gdt(mem) != 0 ||
        guest_mem_write(mem, CMDLINE_GPA, cmdline, strlen(cmdline) + 1) != 0) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "%s: too little memory", image->name);
    }
    *entry = (struct bzimage_entry){
        .rip = load_gpa + ENTRY_64_OFFSET,
        .boot_params_gpa = BOOT_PARAMS_GPA,
        .page_table_gpa = PAGE_TABLE_GPA,
        .gdt_gpa = GDT_GPA,
    };
    return 0;
}
