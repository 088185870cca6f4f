/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading kernels: what the monitor takes, what it refuses and says, and that
 * the tables it writes are sound.
 */
/* links: vmm/mem/guest_mem.c vmm/load/elf_image.c vmm/load/guest_image.c vmm/load/bzimage.c */
/* links: vmm/load/pvh.c vmm/load/acpi.c vmm/config.c vmm/config_reports.c vmm/config_functions.c
 * tests/unit/vmm_no_kernel.c */
#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/guest_abi.h"
#include "vmm/config.h"
#include "vmm/load/bzimage.h"
#include "vmm/load/elf_image.h"
#include "vmm/load/pvh.h"

#define RAM (64ull << 20)

/* An ELF kernel of one segment and a note, in 4 KiB. */
struct kernel {
    Elf64_Ehdr header;
    Elf64_Phdr program[3];
    struct {
        Elf64_Nhdr head;
        char name[4];
        uint32_t entry;
    } note;
    uint8_t rest[4096 - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr) - 20];
};
_Static_assert(sizeof(struct kernel) == 4096, "one page");

static void make_kernel(struct kernel *kernel)
{
    memset(kernel, 0x90, sizeof(*kernel));
    kernel->header = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
                                  .e_type = ET_EXEC,
                                  .e_machine = EM_X86_64,
                                  .e_phoff = offsetof(struct kernel, program),
                                  .e_phentsize = sizeof(Elf64_Phdr),
                                  .e_phnum = 3};
    kernel->program[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                      .p_flags = PF_R | PF_X,
                                      .p_paddr = 0x200000,
                                      .p_filesz = sizeof(*kernel),
                                      .p_memsz = sizeof(*kernel)};
    kernel->program[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                      .p_flags = PF_R | PF_W,
                                      .p_offset = 0x100,
                                      .p_paddr = 0x300100,
                                      .p_filesz = 0x200,
                                      .p_memsz = 0x5000};
    kernel->program[2] =
        (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offsetof(struct kernel, note), .p_filesz = 20};
    kernel->note.head = (Elf64_Nhdr){.n_namesz = 4, .n_descsz = 4, .n_type = 18};
    memcpy(kernel->note.name, "Xen", 4);
    kernel->note.entry = 0x200200;
}

static int parse(const struct kernel *kernel, size_t size, struct elf_image *elf)
{
    struct guest_image image = {
        .bytes = (const uint8_t *)kernel, .fd = -1, .size = size, .name = "test kernel"};
    struct vmm_error error = {.text = ""};
    int result = elf_image_parse(&image, elf, &error);

    assert_int_equal(result != 0, error.text[0] != '\0');
    return result;
}

static void a_good_kernel_is_loaded(void **state)
{
    struct kernel kernel;
    struct elf_image elf;
    struct guest_mem mem;
    struct guest_image image = {
        .bytes = (const uint8_t *)&kernel, .fd = -1, .size = sizeof(kernel), .name = "test kernel"};
    struct vmm_error error;

    (void)state;
    make_kernel(&kernel);
    assert_int_equal(parse(&kernel, sizeof(kernel), &elf), 0);
    assert_int_equal(elf.entry, 0x200200);
    assert_int_equal(elf.segment_count, 2);
    assert_int_equal(guest_mem_create(&mem, RAM, 0), 0);
    assert_int_equal(elf_image_load(&image, &elf, &mem, &error), 0);
    assert_memory_equal(guest_mem_at(&mem, 0x200000, 4096), &kernel, 4096);
    assert_memory_equal(guest_mem_at(&mem, 0x300100, 0x200), (uint8_t *)&kernel + 0x100, 0x200);
    guest_mem_destroy(&mem);
    assert_int_equal(guest_mem_create(&mem, 2 << 20, 0), 0);
    assert_int_equal(elf_image_load(&image, &elf, &mem, &error), -ENOMEM);
    guest_mem_destroy(&mem);
}

static void every_truncation_is_refused(void **state)
{
    struct kernel kernel;
    struct elf_image elf;

    (void)state;
    make_kernel(&kernel);
    for (size_t size = 0; size < sizeof(kernel); size++) {
        assert_int_equal(parse(&kernel, size, &elf), -ENOEXEC);
    }
}

static void contradictions_are_refused(void **state)
{
    struct elf_image elf;
    struct kernel k;

    (void)state;
#define REFUSED(change)                                         \
    do {                                                        \
        make_kernel(&k);                                        \
        change;                                                 \
        assert_int_equal(parse(&k, sizeof(k), &elf), -ENOEXEC); \
    } while (0)
    REFUSED(k.header.e_machine = EM_AARCH64);
    REFUSED(k.header.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED(k.header.e_ident[EI_CLASS] = 7);
    REFUSED(k.header.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSED(k.header.e_phentsize = 55);
    REFUSED(k.header.e_phnum = 0);
    REFUSED(k.header.e_phnum = 0xffff);
    REFUSED(k.header.e_phoff = UINT64_MAX);
    REFUSED(k.header.e_phoff = UINT64_MAX - 55);
    REFUSED(k.program[0].p_filesz = 4097);
    REFUSED(k.program[0].p_filesz = UINT64_MAX);
    REFUSED(k.program[0].p_offset = UINT64_MAX);
    REFUSED(k.program[0].p_offset = 1);
    REFUSED(k.program[0].p_memsz = 4095);
    REFUSED(k.program[0].p_memsz = UINT64_MAX);
    REFUSED(k.program[0].p_paddr = 0);
    REFUSED(k.program[0].p_paddr = GUEST_BOOT_INFO_GPA);
    REFUSED(k.program[0].p_paddr = UINT64_MAX);
    REFUSED(k.program[0].p_paddr = GUEST_LOW_RAM_END);
    REFUSED(k.program[0].p_paddr = GUEST_VIRTIO_MMIO_BASE);
    REFUSED(k.program[1].p_paddr = 0x200800); /* overlap */
    REFUSED(k.program[1].p_paddr = 0x100000); /* descending */
    REFUSED(k.program[2].p_offset = 4090);
    REFUSED(k.program[2].p_filesz = 19);
    REFUSED(k.program[2].p_type = PT_NULL);
    REFUSED(k.note.head.n_type = 17);
    REFUSED(k.note.head.n_descsz = UINT32_MAX);
    REFUSED(k.note.head.n_namesz = UINT32_MAX);
    REFUSED(k.note.entry = 0);
    REFUSED(k.note.entry = 0x1ff000);
    REFUSED(k.note.entry = 0x201000);
}

/* Our own note, behind the PVH note or alone, whole or damaged. */
static void our_kernels_are_told_from_others(void **state)
{
    static char path[] = "/x";
    struct vmm_config program = {.program = path}, files = {.initrd = path}, nothing = {.cpus = 1};
    struct guest_image image = {.fd = -1, .name = "test kernel"};
    struct vmm_error error;
    struct elf_image elf;
    struct kernel k;
    uint32_t note[] = {4, 4, GUEST_NOTE_KERNEL, 0, GUEST_NOTE_VERSION};

    (void)state;
    memcpy(&note[3], GUEST_NOTE_NAME, 4);
    make_kernel(&k);
    assert_int_equal(parse(&k, sizeof(k), &elf), 0);
    assert_false(elf.ours);
    assert_int_equal(elf_image_suits(&image, &elf, &program, &error), -ENOEXEC);
    assert_int_equal(elf_image_suits(&image, NULL, &program, &error), -ENOEXEC);
    assert_int_equal(elf_image_suits(&image, &elf, &nothing, &error), 0);

    memcpy(k.rest, note, sizeof(note));
    k.program[2].p_filesz += sizeof(note);
    assert_int_equal(parse(&k, sizeof(k), &elf), 0);
    assert_true(elf.ours);
    assert_int_equal(elf.entry, 0x200200);
    assert_int_equal(elf_image_suits(&image, &elf, &program, &error), 0);
    assert_int_equal(elf_image_suits(&image, &elf, &nothing, &error), -ENOEXEC);
    assert_int_equal(elf_image_suits(&image, &elf, &files, &error), 0);

    k.program[2].p_filesz -= 1;
    assert_int_equal(parse(&k, sizeof(k), &elf), 0);
    assert_false(elf.ours);
}

static void random_headers_do_no_harm(void **state)
{
    struct guest_image image = {.fd = -1, .size = sizeof(struct kernel), .name = "random"};
    struct vmm_error error;
    struct elf_image elf;
    struct guest_mem mem;
    struct kernel kernel;

    (void)state;
    srand(3);
    assert_int_equal(guest_mem_create(&mem, RAM, 0), 0);
    image.bytes = (const uint8_t *)&kernel;
    for (unsigned int i = 0; i < 50000; i++) {
        make_kernel(&kernel);
        for (int flips = rand() % 4; flips >= 0; flips--) {
            ((uint8_t *)&kernel)[(size_t)rand() % 256u] = (uint8_t)rand();
        }
        if (elf_image_parse(&image, &elf, &error) == 0) {
            elf_image_load(&image, &elf, &mem, &error);
        }
    }
    guest_mem_destroy(&mem);
}

/* ---- bzImage ------------------------------------------------------------- */

#define BZ_SIZE 8192u

static struct setup_header *make_bzimage(uint8_t *bytes)
{
    struct setup_header *header = (struct setup_header *)(bytes + 0x1f1);

    memset(bytes, 0, BZ_SIZE);
    memset(bytes + 1024, 0xcc, BZ_SIZE - 1024);
    header->setup_sects = 1;
    header->syssize = (BZ_SIZE - 1024) / 16;
    header->boot_flag = 0xaa55;
    header->header = 0x53726448;
    header->version = 0x20f;
    header->xloadflags = XLF_KERNEL_64;
    header->pref_address = 0x1000000;
    header->init_size = 0x20000;
    header->cmdline_size = 100;
    header->initrd_addr_max = 0x7fffffff;
    return header;
}

static int load_bzimage(uint8_t *bytes, const char *cmdline, size_t size)
{
    struct guest_image image = {.bytes = bytes, .fd = -1, .size = size, .name = "bzImage"};
    struct vmm_error error = {.text = ""};
    struct bzimage_entry entry;
    struct guest_mem mem;
    int result;

    assert_int_equal(guest_mem_create(&mem, RAM, 0), 0);
    result = bzimage_load(&image, cmdline, 0, 0, 0x1000, &mem, &entry, &error);
    if (result == 0) {
        struct boot_params *params = guest_mem_at(&mem, entry.boot_params_gpa, sizeof(*params));

        assert_int_equal(entry.rip, 0x1000200);
        assert_int_equal(params->acpi_rsdp_addr, 0x1000);
        assert_in_range(params->e820_entries, 4, 8);
        assert_string_equal(guest_mem_at(&mem, params->hdr.cmd_line_ptr, 1), cmdline);
        assert_int_equal(*(uint8_t *)guest_mem_at(&mem, entry.rip, 1), 0xcc);
    } else {
        assert_true(error.text[0] != '\0');
    }
    guest_mem_destroy(&mem);
    return result;
}

static void bzimages_are_taken_or_refused(void **state)
{
    static uint8_t bytes[BZ_SIZE];
    static char long_line[200];

    (void)state;
    make_bzimage(bytes);
    assert_int_equal(load_bzimage(bytes, "console=ttyS0", BZ_SIZE), 0);
    memset(long_line, 'x', sizeof(long_line) - 1);
    assert_int_equal(load_bzimage(bytes, long_line, BZ_SIZE), -ENOEXEC);
    for (size_t size = 0; size < BZ_SIZE - 16; size += 13) {
        assert_int_equal(load_bzimage(bytes, "", size), -ENOEXEC);
    }
    make_bzimage(bytes)->header = 0;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->version = 0x20b;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->xloadflags = 0;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->setup_sects = 200;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->pref_address = 0x1000;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->pref_address = RAM;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOMEM);
    make_bzimage(bytes)->pref_address = ~0xfffull;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOMEM);
    make_bzimage(bytes)->init_size = 100;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOEXEC);
    make_bzimage(bytes)->init_size = 0xffffffff;
    assert_int_equal(load_bzimage(bytes, "", BZ_SIZE), -ENOMEM);
}

/* ---- Boot information ---------------------------------------------------- */

static uint8_t sum(const uint8_t *bytes, size_t length)
{
    uint8_t total = 0;

    while (length-- > 0) {
        total = (uint8_t)(total + *bytes++);
    }
    return total;
}

static const uint8_t *table(const struct guest_mem *mem, uint64_t gpa)
{
    const uint8_t *bytes = guest_mem_at(mem, gpa, 36);
    uint32_t length;

    assert_non_null(bytes);
    memcpy(&length, bytes + 4, sizeof(length));
    assert_non_null(guest_mem_at(mem, gpa, length));
    assert_int_equal(sum(bytes, length), 0);
    return bytes;
}

static void boot_information_is_complete(void **state)
{
    struct boot_plan plan = {.info_gpa = GUEST_BOOT_INFO_GPA,
                             .cmdline = "ctl=0x5f0,9",
                             .module_gpa = RAM,
                             .module_size = 4096,
                             .has_seed = true,
                             .acpi = {.cpus = 64, .virtio_slots = 0xffff, .foreign = true}};
    struct vmm_error error;
    struct guest_mem mem;
    const struct pvh_start_info *info;
    const struct pvh_module *modules;
    const struct pvh_memmap_entry *map;
    const uint8_t *rsdp, *xsdt;
    uint64_t xsdt_gpa, entries[2];
    uint64_t before = 0;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, RAM, 4096), 0);
    assert_int_equal(pvh_write(&plan, &mem, &error), 0);
    info = guest_mem_at(&mem, GUEST_BOOT_INFO_GPA, sizeof(*info));
    assert_int_equal(info->magic, PVH_START_MAGIC);
    assert_int_equal(info->nr_modules, 2);
    modules = guest_mem_at(&mem, info->modlist_paddr, 2 * sizeof(*modules));
    assert_int_equal(modules[0].paddr, RAM);
    assert_string_equal(guest_mem_at(&mem, modules[1].cmdline_paddr, 9), GUEST_MODULE_SEED);
    assert_string_equal(guest_mem_at(&mem, info->cmdline_paddr, 1), "ctl=0x5f0,9");
    map = guest_mem_at(&mem, info->memmap_paddr, info->memmap_entries * sizeof(*map));
    for (unsigned int i = 0; i < info->memmap_entries; i++) {
        assert_true(map[i].addr >= before);
        before = map[i].addr + map[i].size;
    }
    rsdp = guest_mem_at(&mem, info->rsdp_paddr, 36);
    assert_memory_equal(rsdp, "RSD PTR ", 8);
    assert_int_equal(sum(rsdp, 20), 0);
    assert_int_equal(sum(rsdp, 36), 0);
    memcpy(&xsdt_gpa, rsdp + 24, sizeof(xsdt_gpa));
    xsdt = table(&mem, xsdt_gpa);
    memcpy(entries, xsdt + 36, sizeof(entries));
    assert_memory_equal(table(&mem, entries[0]), "FACP", 4);
    assert_memory_equal(table(&mem, entries[1]), "APIC", 4);
    memcpy(&xsdt_gpa, table(&mem, entries[0]) + 140, sizeof(xsdt_gpa));
    assert_memory_equal(table(&mem, xsdt_gpa), "DSDT", 4);
    guest_mem_destroy(&mem);
}

static void too_long_a_command_line_is_refused(void **state)
{
    static char line[GUEST_BOOT_INFO_SIZE];
    struct boot_plan plan = {.info_gpa = GUEST_BOOT_INFO_GPA, .cmdline = line, .acpi = {.cpus = 1}};
    struct vmm_error error;
    struct guest_mem mem;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    assert_int_equal(guest_mem_create(&mem, RAM, 0), 0);
    assert_int_equal(pvh_write(&plan, &mem, &error), -E2BIG);
    guest_mem_destroy(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_kernel_is_loaded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(our_kernels_are_told_from_others),
        cmocka_unit_test(random_headers_do_no_harm),
        cmocka_unit_test(bzimages_are_taken_or_refused),
        cmocka_unit_test(boot_information_is_complete),
        cmocka_unit_test(too_long_a_command_line_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
