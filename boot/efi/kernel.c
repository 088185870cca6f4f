/* SPDX-License-Identifier: BSD-2-Clause */
/* See kernel.h.  Format: System V gABI, chapters 4 and 5. */
#include "boot/efi/kernel.h"

#include "boot/guest_abi.h"

#define PAGE 4096ull
#define HEADERS_MAX 32u
#define NOTES_BYTES_MAX 4096u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, names;
};
struct elf_program {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_size, memory_size, align;
};
struct elf_note {
    uint32_t name_size, value_size, type;
};
_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_program) == 56, "ELF");

enum { ELF_EXEC = 2, ELF_X86_64 = 62, ELF_LOAD = 1, ELF_NOTE = 4 };
static const uint8_t elf_ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64-bit, little-endian */

struct file {
    const uint8_t *bytes;
    uint64_t size;
};

/* A part of the file, copied; false: it is not all there. */
static bool take(const struct file *file, uint64_t offset, void *to, size_t size)
{
    uint8_t *out = to;

    if (offset > file->size || size > file->size - offset)
        return false;
    for (size_t i = 0; i < size; i++)
        out[i] = file->bytes[offset + i];
    return true;
}

static uint64_t align4(uint64_t value)
{
    return (value + 3) & ~3ull;
}

static void read_notes(const struct file *file, const struct elf_program *program,
                       struct kernel *kernel)
{
    static const char name[] = GUEST_NOTE_NAME;
    uint64_t at = program->offset;
    uint64_t end =
        at + (program->file_size < NOTES_BYTES_MAX ? program->file_size : NOTES_BYTES_MAX);
    struct elf_note note;

    while (at < end && take(file, at, &note, sizeof(note))) {
        char owner[sizeof(name)] = "";
        uint64_t value_at = at + sizeof(note) + align4(note.name_size), door;
        if (note.name_size == sizeof(name))
            take(file, at + sizeof(note), owner, sizeof(owner));
        bool ours = true;
        for (size_t i = 0; i < sizeof(name); i++)
            ours = ours && owner[i] == name[i];
        if (ours && note.type == GUEST_NOTE_DOOR64 && note.value_size == sizeof(door) &&
            take(file, value_at, &door, sizeof(door)))
            kernel->door = door;
        at = value_at + align4(note.value_size);
    }
}

static const char *add_segment(const struct file *file, const struct elf_program *program,
                               struct kernel *kernel)
{
    uint64_t start = program->physical_address, end = start + program->memory_size;

    if (program->memory_size == 0)
        return NULL;
    if (program->file_size > program->memory_size || program->offset > file->size ||
        program->file_size > file->size - program->offset)
        return "a segment is cut off";
    if (start < KERNEL_LOWEST || program->memory_size > KERNEL_HIGHEST || end > KERNEL_HIGHEST)
        return "a segment is not between 1 MiB and 1 GiB";
    for (unsigned int i = 0; i < kernel->segment_count; i++) {
        const struct kernel_segment *other = &kernel->segments[i];
        if (start < other->target + other->memory_size && other->target < end)
            return "its segments overlap";
    }
    if (kernel->segment_count == KERNEL_SEGMENTS_MAX)
        return "it has too many segments";
    kernel->segments[kernel->segment_count++] =
        (struct kernel_segment){start, program->offset, program->file_size, program->memory_size};
    start &= ~(PAGE - 1);
    end = (end + PAGE - 1) & ~(PAGE - 1);
    kernel->start = start < kernel->start ? start : kernel->start;
    kernel->end = end > kernel->end ? end : kernel->end;
    return NULL;
}

const char *kernel_parse(const void *bytes, uint64_t size, struct kernel *kernel)
{
    struct file file = {bytes, size};
    struct elf_header header;
    struct elf_program program;
    const char *wrong = NULL;

    *kernel = (struct kernel){.start = UINT64_MAX};
    if (!take(&file, 0, &header, sizeof(header)))
        return "it is too short";
    for (size_t i = 0; i < sizeof(elf_ident); i++) {
        if (header.ident[i] != elf_ident[i])
            return "it is no 64-bit ELF file";
    }
    if (header.type != ELF_EXEC || header.machine != ELF_X86_64 ||
        header.program_size != sizeof(program) || header.program_count > HEADERS_MAX)
        return "it is no kernel for x86-64";
    for (unsigned int i = 0; i < header.program_count && !wrong; i++) {
        if (header.program_offset > size ||
            !take(&file, header.program_offset + i * sizeof(program), &program, sizeof(program)))
            return "its headers are cut off";
        if (program.type == ELF_LOAD)
            wrong = add_segment(&file, &program, kernel);
        else if (program.type == ELF_NOTE)
            read_notes(&file, &program, kernel);
    }
    if (!wrong &&
        (kernel->segment_count == 0 || kernel->door < kernel->start || kernel->door >= kernel->end))
        wrong = "it has no 64-bit door";
    return wrong;
}
