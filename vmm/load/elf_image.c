/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF kernels.  Every number in the file is checked before use; the file may
 * be anything.  Format: System V gABI; the note: Xen, PVH boot ABI.
 */
#include "vmm/load/elf_image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "boot/guest_abi.h"
#include "vmm/config.h"

#define HEADERS_MAX 64u
#define NOTES_BYTES_MAX 4096u
/* Below are boot information and what Linux's boot protocol needs. */
#define LOWEST_GPA 0x10000ull

static int bad(const struct guest_image *image, struct vmm_error *error, const char *why)
{
    return vmm_fail(error, -ENOEXEC, VMM_FAULT_USAGE, "%s: %s", image->name, why);
}

bool elf_image_recognise(const struct guest_image *image)
{
    char magic[SELFMAG];

    return guest_image_read(image, 0, magic, sizeof(magic)) == 0 &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static uint64_t align4(uint64_t value)
{
    return (value + 3) & ~3ull;
}

static bool note_is(const Elf64_Nhdr *note, const uint8_t *name, const char *wanted, uint32_t type)
{
    size_t size = strlen(wanted) + 1;

    return note->n_type == type && note->n_namesz == size && memcmp(name, wanted, size) == 0;
}

/* What a block of notes says of its kernel; the first PVH entry counts. */
static void read_notes(const uint8_t *notes, size_t size, uint64_t *entry, bool *ours)
{
    size_t at = 0;

    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        uint64_t name_at = at + sizeof(note), value_at, end;

        memcpy(&note, notes + at, sizeof(note));
        value_at = name_at + align4(note.n_namesz);
        end = value_at + align4(note.n_descsz);
        if (value_at + note.n_descsz > size) {
            return;
        }
        if (*entry == 0 && (note.n_descsz == 4 || note.n_descsz == 8) &&
            note_is(&note, notes + name_at, PVH_NOTE_NAME, PVH_NOTE_PHYS32_ENTRY)) {
            memcpy(entry, notes + value_at, note.n_descsz);
        }
        *ours |= note_is(&note, notes + name_at, GUEST_NOTE_NAME, GUEST_NOTE_KERNEL);
        if (end > size) {
            return;
        }
        at = end;
    }
}

static int parse_note(const struct guest_image *image, const Elf64_Phdr *header,
                      struct elf_image *elf)
{
    uint8_t notes[NOTES_BYTES_MAX];
    size_t size = header->p_filesz < sizeof(notes) ? header->p_filesz : sizeof(notes);
    uint64_t entry = 0;
    int error = guest_image_read(image, header->p_offset, notes, size);

    if (error != 0) {
        return error;
    }
    read_notes(notes, size, &entry, &elf->ours);
    if (entry > UINT32_MAX) {
        return -ENOEXEC;
    }
    if (entry != 0) {
        elf->entry = (uint32_t)entry;
    }
    return 0;
}

static int parse_load(const struct guest_image *image, const Elf64_Phdr *header,
                      struct elf_image *elf, struct vmm_error *error)
{
    struct elf_image_segment *segment = &elf->segments[elf->segment_count];
    const struct elf_image_segment *before = segment - 1;

    if (header->p_memsz == 0) {
        return 0;
    }
    if (elf->segment_count == ELF_IMAGE_SEGMENTS_MAX) {
        return bad(image, error, "too many segments");
    }
    if (header->p_offset > image->size || header->p_filesz > image->size - header->p_offset) {
        return bad(image, error, "truncated: a segment lies beyond the end of the file");
    }
    if (header->p_filesz > header->p_memsz || header->p_paddr < LOWEST_GPA ||
        header->p_paddr >= GUEST_LOW_RAM_END ||
        header->p_memsz > GUEST_LOW_RAM_END - header->p_paddr) {
        return bad(image, error, "a segment does not fit into guest memory");
    }
    if (elf->segment_count > 0 && header->p_paddr < before->gpa + before->memory_size) {
        return bad(image, error, "segments overlap or are not in ascending order");
    }
    *segment = (struct elf_image_segment){
        .gpa = header->p_paddr,
        .offset = header->p_offset,
        .file_size = header->p_filesz,
        .memory_size = header->p_memsz,
        .writable = (header->p_flags & PF_W) != 0,
        .hot = (header->p_flags & GUEST_PF_HOT) != 0,
    };
    elf->segment_count++;
    return 0;
}

/* What is needed of either class's header.  PVH kernels exist in both: they start in 32-bit mode.
 */
struct header {
    bool wide; /* ELFCLASS64 */
    uint64_t table; /* offset of the program headers */
    unsigned int count;
};

static int read_header(const struct guest_image *image, struct header *header,
                       struct vmm_error *error)
{
    Elf64_Ehdr wide;
    Elf32_Ehdr narrow;
    unsigned int entry_size, entry_expected, machine;

    if (guest_image_read(image, 0, &narrow, sizeof(narrow)) != 0 ||
        guest_image_read(image, 0, &wide, sizeof(wide)) != 0) {
        return bad(image, error, "too short for a kernel");
    }
    header->wide = wide.e_ident[EI_CLASS] == ELFCLASS64;
    header->table = header->wide ? wide.e_phoff : narrow.e_phoff;
    header->count = header->wide ? wide.e_phnum : narrow.e_phnum;
    entry_size = header->wide ? wide.e_phentsize : narrow.e_phentsize;
    entry_expected = header->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    machine = header->wide ? wide.e_machine : narrow.e_machine;
    if ((!header->wide && wide.e_ident[EI_CLASS] != ELFCLASS32) ||
        wide.e_ident[EI_DATA] != ELFDATA2LSB || machine != (header->wide ? EM_X86_64 : EM_386)) {
        return bad(image, error, "not an ELF file for x86");
    }
    if (entry_size != entry_expected || header->count == 0 || header->count > HEADERS_MAX) {
        return bad(image, error, "no usable program headers");
    }
    return 0;
}

static int read_program_header(const struct guest_image *image, const struct header *header,
                               unsigned int index, Elf64_Phdr *program)
{
    Elf32_Phdr narrow;
    size_t size = header->wide ? sizeof(*program) : sizeof(narrow);
    int error;

    if (header->table > image->size) {
        return -EFAULT;
    }
    if (header->wide) {
        return guest_image_read(image, header->table + index * size, program, size);
    }
    error = guest_image_read(image, header->table + index * size, &narrow, size);
    if (error == 0) {
        *program = (Elf64_Phdr){.p_type = narrow.p_type,
                                .p_flags = narrow.p_flags,
                                .p_offset = narrow.p_offset,
                                .p_paddr = narrow.p_paddr,
                                .p_filesz = narrow.p_filesz,
                                .p_memsz = narrow.p_memsz};
    }
    return error;
}

static bool entry_is_loaded(const struct elf_image *elf)
{
    for (unsigned int i = 0; i < elf->segment_count; i++) {
        if (elf->entry >= elf->segments[i].gpa &&
            elf->entry - elf->segments[i].gpa < elf->segments[i].file_size) {
            return true;
        }
    }
    return false;
}

static int parse_headers(const struct guest_image *image, const struct header *header,
                         uint32_t type, struct elf_image *elf, struct vmm_error *error)
{
    int result = 0;

    for (unsigned int i = 0; result == 0 && i < header->count; i++) {
        Elf64_Phdr program;

        if (read_program_header(image, header, i, &program) != 0) {
            return bad(image, error, "truncated: no program headers");
        }
        if (program.p_type != type) {
            continue;
        }
        if (type == PT_LOAD) {
            result = parse_load(image, &program, elf, error);
        } else if (parse_note(image, &program, elf) != 0) {
            return bad(image, error, "damaged notes");
        }
    }
    return result;
}

int elf_image_parse(const struct guest_image *image, struct elf_image *elf, struct vmm_error *error)
{
    struct header header = {.count = 0};
    int result;

    elf->entry = 0;
    elf->ours = false;
    elf->segment_count = 0;
    result = read_header(image, &header, error);
    /* Notes first: what is no kernel is told so, and not what is wrong with its segments. */
    if (result == 0) {
        result = parse_headers(image, &header, PT_NOTE, elf, error);
    }
    if (result == 0 && elf->entry == 0) {
        return bad(image, error,
                   "no PVH entry point (build Linux with CONFIG_PVH, or give a bzImage)");
    }
    if (result == 0) {
        result = parse_headers(image, &header, PT_LOAD, elf, error);
    }
    if (result != 0) {
        return result;
    }
    return entry_is_loaded(elf) ? 0 : bad(image, error, "the PVH entry point is not in a segment");
}

int elf_image_suits(const struct guest_image *image, const struct elf_image *elf,
                    const struct vmm_config *config, struct vmm_error *error)
{
    bool ours = elf != NULL && elf->ours;

    if (config->program != NULL && !ours) {
        return bad(image, error, "not a kernel of ours: it does not know how to start a program");
    }
    if (config->program == NULL && config->initrd == NULL && ours) {
        return bad(image, error, "this kernel starts a program, and none is given");
    }
    return 0;
}

static int copy_segment(const struct guest_image *image, const struct elf_image_segment *segment,
                        struct guest_mem *mem)
{
    void *host = guest_mem_at(mem, segment->gpa, segment->memory_size);

    if (host == NULL) {
        return -ENOMEM;
    }
    return segment->file_size == 0
               ? 0
               : guest_image_read(image, segment->offset, host, segment->file_size);
}

int elf_image_load(const struct guest_image *image, const struct elf_image *elf,
                   struct guest_mem *mem, struct vmm_error *error)
{
    uint64_t ram_end = mem->regions[0].gpa + mem->regions[0].ram_size;

    for (unsigned int i = 0; i < elf->segment_count; i++) {
        const struct elf_image_segment *segment = &elf->segments[i];

        if (copy_segment(image, segment, mem) != 0 ||
            segment->gpa + segment->memory_size > ram_end) {
            return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE,
                            "%s does not fit into %llu MiB of memory: give more with -m",
                            image->name, (unsigned long long)(ram_end >> 20));
        }
    }
    return 0;
}
