/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills guest memory: the archive is put together from its pieces, the kernel
 * mapped or copied, the boot information written.  After this nothing but the
 * guest and its devices changes guest memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/backend/entropy.h"
#include "vmm/load/bzimage.h"
#include "vmm/load/elf_image.h"
#include "vmm/load/guest_image.h"
#include "vmm/load/pvh.h"
#include "vmm/load/share.h"
#include "vmm/machine.h"

#define PAGE 4096ull

static int load_piece(struct machine *machine, const struct archive_piece *piece,
                      struct vmm_error *error)
{
    const struct archive *archive = machine->archive;
    uint64_t gpa = machine->mem.archive_gpa + piece->offset;
    int result = piece->bytes != NULL
                     ? guest_mem_load(&machine->mem, gpa, piece->bytes, piece->length)
                     : guest_mem_map_file(&machine->mem, gpa, piece->length, piece->fd,
                                          piece->file_offset, PROT_READ);

    return result == 0
               ? 0
               : vmm_fail(error, result, VMM_FAULT_USAGE, "cannot map %s into the guest: %s",
                          piece->bytes != NULL ? "file names"
                                               : archive->sources[piece->source].path,
                          strerror(-result));
}

/*
 * Files first: what lies between them is then too small for a huge page, which would
 * cost half a million instructions to clear for a header or two.
 */
static int load_archive(struct machine *machine, struct vmm_error *error)
{
    const struct archive *archive = machine->archive;
    int result = 0;

    for (int bytes = 0; archive != NULL && bytes <= 1; bytes++) {
        for (size_t i = 0; i < archive->piece_count && result == 0; i++) {
            if ((archive->pieces[i].bytes != NULL) == bytes) {
                result = load_piece(machine, &archive->pieces[i], error);
            }
        }
    }
    return result;
}

struct text {
    char bytes[GUEST_CMDLINE_MAX];
    size_t length;
    bool overflow;
};

static void add_word(struct text *text, const char *word)
{
    size_t length = strlen(word);

    if (length + 2 > sizeof(text->bytes) - text->length) {
        text->overflow = true;
        return;
    }
    if (text->length > 0) {
        text->bytes[text->length++] = ' ';
    }
    memcpy(text->bytes + text->length, word, length + 1);
    text->length += length;
}

/* What the slots hold, which saves the guest to ask each device. */
static void add_kinds(const struct machine *machine, struct text *text)
{
    char word[sizeof("virtio.kinds=") + 4 * GUEST_VIRTIO_SLOTS_MAX] = "virtio.kinds";
    size_t used = strlen(word);

    for (unsigned int slot = 0; slot < machine->slot_count; slot++) {
        used += (size_t)snprintf(word + used, sizeof(word) - used, "%c%u", slot == 0 ? '=' : ',',
                                 machine->slots[slot].mmio.device->ops->id & 0xff);
    }
    add_word(text, word);
}

/* Our kernel's command line; a foreign kernel gets what the user wrote and nothing else. */
static int build_cmdline(const struct machine *machine, bool foreign, struct text *text,
                         struct vmm_error *error)
{
    const struct vmm_config *config = machine->config;
    char word[64];

    text->length = 0;
    text->overflow = false;
    text->bytes[0] = '\0';
    if (!foreign) {
        snprintf(word, sizeof(word), "ctl=0x%x,%u", GUEST_CTL_PORT, GUEST_CTL_GSI);
        add_word(text, word);
        add_word(text, "zeroed");
        for (unsigned int slot = 0; slot < machine->slot_count; slot++) {
            snprintf(word, sizeof(word), "virtio_mmio.device=4K@0x%llx:%u",
                     GUEST_VIRTIO_MMIO_BASE + slot * GUEST_VIRTIO_MMIO_STRIDE,
                     GUEST_VIRTIO_GSI_BASE + slot);
            add_word(text, word);
        }
        add_kinds(machine, text);
        if (config->functions) {
            add_word(text, "call");
        }
        if (config->stats) {
            add_word(text, "stats");
        }
        if (config_report_words(config)[0] != '\0') {
            add_word(text, config_report_words(config));
        }
        if (config->console_fd >= 0) {
            snprintf(word, sizeof(word), "loglevel=%u", config->log_level);
            add_word(text, word);
        }
    }
    if (config->append != NULL) {
        add_word(text, config->append);
    }
    return text->overflow
               ? vmm_fail(error, -E2BIG, VMM_FAULT_USAGE,
                          "the kernel command line is longer than %u bytes", GUEST_CMDLINE_MAX)
               : 0;
}

/* Reads the initrd to the highest place below limit; Linux frees and reuses its memory. */
static int load_initrd(struct machine *machine, uint64_t limit, struct boot_plan *plan,
                       struct vmm_error *error)
{
    const char *path = machine->config->initrd;
    uint64_t top =
        machine->mem.regions[0].ram_size < limit ? machine->mem.regions[0].ram_size : limit;
    struct guest_image file;
    void *host = NULL;
    int result;

    if (path == NULL) {
        return 0;
    }
    result = guest_image_open_file(&file, path, error);
    if (result != 0) {
        return result;
    }
    if (file.size > 0 && file.size < top) {
        plan->module_gpa = (top - file.size) & ~(PAGE - 1);
        host = guest_mem_at(&machine->mem, plan->module_gpa, file.size);
    }
    if (host == NULL || plan->module_gpa < top / 4) {
        result = vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE,
                          "initrd %s: empty, or too large for the memory (-m)", path);
    } else if (guest_image_read(&file, 0, host, file.size) != 0) {
        result = vmm_fail(error, -EIO, VMM_FAULT_USAGE, "initrd %s: cannot be read", path);
    }
    plan->module_size = file.size;
    guest_image_close(&file);
    return result;
}

static int load_elf(struct machine *machine, const struct guest_image *image, bool builtin,
                    struct boot_plan *plan, struct vmm_error *error)
{
    struct elf_image elf;
    int result = elf_image_parse(image, &elf, error);

    if (result == 0) {
        result = elf_image_suits(image, &elf, machine->config, error);
    }
    if (result == 0) {
        /* Other CPUs of our kernel begin below 1 MiB. */
        result = builtin ? share_kernel(image, &elf, machine->cpu_count > 1, &machine->mem, error)
                         : elf_image_load(image, &elf, &machine->mem, error);
    }
    if (result == 0 && machine->archive == NULL) {
        result = load_initrd(machine, UINT32_MAX, plan, error);
    }
    if (result == 0) {
        result = pvh_write(plan, &machine->mem, error);
    }
    machine->entry =
        (struct vcpu_entry){.mode = VCPU_PROTECTED_32, .rip = elf.entry, .arg = plan->info_gpa};
    return result;
}

static int load_bzimage(struct machine *machine, const struct guest_image *image,
                        struct boot_plan *plan, struct vmm_error *error)
{
    struct bzimage_entry entry;
    uint64_t limit = bzimage_initrd_limit(image);
    const struct pvh_start_info *info;
    int result = elf_image_suits(image, NULL, machine->config, error);

    if (result == 0) {
        result = load_initrd(machine, limit == 0 ? UINT32_MAX : limit, plan, error);
    }
    if (result == 0) {
        result = pvh_write(plan, &machine->mem, error); /* for its ACPI tables */
    }
    if (result != 0) {
        return result;
    }
    info = guest_mem_at(&machine->mem, plan->info_gpa, sizeof(*info));
    result = bzimage_load(image, plan->cmdline, plan->module_gpa, plan->module_size,
                          info != NULL ? info->rsdp_paddr : 0, &machine->mem, &entry, error);
    if (result == 0) {
        machine->entry = (struct vcpu_entry){.mode = VCPU_LONG_64,
                                             .rip = entry.rip,
                                             .arg = entry.boot_params_gpa,
                                             .cr3 = entry.page_table_gpa,
                                             .gdt_gpa = entry.gdt_gpa};
    }
    return result;
}

static int load_kernel(struct machine *machine, struct vmm_error *error)
{
    const struct vmm_config *config = machine->config;
    bool builtin = config->kernel == NULL;
    bool foreign = !builtin && config->program == NULL;
    struct boot_plan plan = {.info_gpa = builtin ? GUEST_WINDOW_INFO_GPA : GUEST_BOOT_INFO_GPA,
                             .module_gpa = machine->mem.archive_gpa,
                             .module_size = machine->mem.archive_size};
    struct guest_image image;
    struct text cmdline;
    int result = build_cmdline(machine, foreign, &cmdline, error);

    if (result != 0) {
        return result;
    }
    plan.cmdline = cmdline.bytes;
    plan.has_cpu = !foreign;
    plan.has_generation = !foreign && machine_may_stand_still(machine) &&
                          entropy_fill(plan.generation_id, sizeof(plan.generation_id)) == 0;
    plan.has_seed = !foreign && entropy_fill(plan.seed, sizeof(plan.seed)) == 0;
    plan.acpi = (struct acpi_machine){.cpus = machine->cpu_count,
                                      .virtio_slots = (1u << machine->slot_count) - 1,
                                      .foreign = !builtin};
    if (builtin) {
        guest_image_open_builtin(&image);
    } else {
        result = guest_image_open_file(&image, config->kernel, error);
    }
    if (result != 0) {
        return result;
    }
    if (elf_image_recognise(&image)) {
        result = load_elf(machine, &image, builtin, &plan, error);
    } else {
        result = load_bzimage(machine, &image, &plan, error);
    }
    guest_image_close(&image);
    machine->cpu_info_gpa = plan.cpu_gpa;
    machine->generation_gpa = plan.generation_gpa;
    return result;
}

int machine_load(struct machine *machine, struct vmm_error *error)
{
    uint64_t archive_size = machine->archive != NULL ? machine->archive->size : 0;
    int result = guest_mem_create(&machine->mem, machine->config->memory_bytes, archive_size);

    if (result != 0) {
        return vmm_fail(error, result, VMM_FAULT_USAGE,
                        "cannot reserve %llu MiB of address space for the guest: %s",
                        (unsigned long long)(machine->config->memory_bytes >> 20),
                        strerror(-result));
    }
    result = load_archive(machine, error);
    return result != 0 ? result : load_kernel(machine, error);
}
