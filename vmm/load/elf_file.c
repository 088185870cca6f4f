/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF header, program headers and dynamic section of a host file.  Everything
 * is copied out of the file once and the copy is checked; sums are checked for
 * overflow before they are used.  Knows nothing of search paths.
 */
#include "vmm/load/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PAGE_SIZE 4096u
#define WINDOW_BYTES 1024u
#define PHDR_BYTES_MAX 65536u /* Linux's limit */
#define USER_END 0x00007ffffffff000ull
#define DYNAMIC_ENTRIES_MAX 4096u
#define STRING_FIRST_READ 128u
#define STRINGS_SEARCHED_MAX (16u << 20)
#define WORD_MAX 32u /* with its NUL */

static int bad(struct elf_file *elf, const char *why)
{
    elf->why = why;
    return -ENOEXEC;
}

/* All of length, or an error: what is not there is a truncated file. */
static int read_at(struct elf_file *elf, uint64_t offset, void *buffer, size_t length)
{
    const struct elf_source *source = &elf->source;
    if (offset > source->size || length > source->size - offset)
        return bad(elf, "is truncated");
    if (source->bytes) {
        memcpy(buffer, source->bytes + offset, length);
        return 0;
    }
    ssize_t got = pread(source->fd, buffer, length, (off_t)offset);
    if (got < 0) {
        int error = errno;
        elf->why = "cannot be read";
        return -error;
    }
    return (size_t)got == length ? 0 : bad(elf, "is truncated");
}

static const char *machine_text(unsigned int machine)
{
    switch (machine) {
    case EM_386:
        return "is a 32-bit x86 program; only x86-64 programs run";
    case EM_AARCH64:
        return "is for another machine (AArch64); only x86-64 programs run";
    case EM_ARM:
        return "is for another machine (ARM); only x86-64 programs run";
    case EM_RISCV:
        return "is for another machine (RISC-V); only x86-64 programs run";
    case EM_PPC64:
        return "is for another machine (PowerPC); only x86-64 programs run";
    case EM_S390:
        return "is for another machine (S/390); only x86-64 programs run";
    default:
        return "is for another machine; only x86-64 programs run";
    }
}

static int check_header(struct elf_file *elf, const Elf64_Ehdr *header)
{
    const unsigned char *ident = header->e_ident;
    if (memcmp(ident, ELFMAG, SELFMAG) != 0)
        return bad(elf, "is not an ELF file");
    elf->other_machine = true;
    if (ident[EI_DATA] == ELFDATA2MSB)
        return bad(elf, "is for another (big-endian) machine; only x86-64 programs run");
    if (ident[EI_DATA] == ELFDATA2LSB && header->e_machine != EM_X86_64)
        return bad(elf, machine_text(header->e_machine));
    if (ident[EI_CLASS] == ELFCLASS32)
        return bad(elf, "is a 32-bit (x32) program; only 64-bit x86-64 programs run");
    elf->other_machine = false;
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
        ident[EI_VERSION] != EV_CURRENT)
        return bad(elf, "has a damaged ELF header");
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return bad(elf, header->e_type == ET_REL ? "is an object file: link it first"
                                                 : "is neither a program nor a library");
    if (header->e_phnum == 0)
        return bad(elf, "has no program headers");
    if (header->e_phentsize != sizeof(Elf64_Phdr) ||
        header->e_phnum > PHDR_BYTES_MAX / sizeof(Elf64_Phdr))
        return bad(elf, "has damaged program headers");
    return 0;
}

static int check_load(struct elf_file *elf, const Elf64_Phdr *header)
{
    uint64_t file_end, memory_end;
    if (header->p_memsz == 0)
        return 0;
    if (header->p_filesz > header->p_memsz)
        return bad(elf, "has a segment that is larger in the file than in memory");
    if (__builtin_add_overflow(header->p_offset, header->p_filesz, &file_end) ||
        __builtin_add_overflow(header->p_vaddr, header->p_memsz, &memory_end))
        return bad(elf, "has a segment whose size overflows");
    if (memory_end > USER_END)
        return bad(elf, "has a segment too large for the address space");
    if (file_end > elf->source.size)
        return bad(elf, "is truncated: a segment goes beyond the end of the file");
    if (header->p_align > 1 && (header->p_align & (header->p_align - 1)))
        return bad(elf, "has a segment whose alignment is no power of two");
    if ((header->p_vaddr ^ header->p_offset) & (PAGE_SIZE - 1))
        return bad(elf, "has a misaligned segment (address and file offset disagree)");
    if (elf->load_count == ELF_LOADS_MAX)
        return bad(elf, "has too many segments");
    if (elf->load_count > 0) {
        const struct elf_load *previous = &elf->loads[elf->load_count - 1];
        if (header->p_vaddr < previous->vaddr)
            return bad(elf, "has segments in the wrong order");
        if (header->p_vaddr < previous->vaddr + previous->memory_size)
            return bad(elf, "has overlapping segments");
    }
    elf->loads[elf->load_count++] = (struct elf_load){
        .offset = header->p_offset,
        .vaddr = header->p_vaddr,
        .file_size = header->p_filesz,
        .memory_size = header->p_memsz,
    };
    return 0;
}

static int take_phdr(struct elf_file *elf, const Elf64_Phdr *header)
{
    switch (header->p_type) {
    case PT_LOAD:
        return check_load(elf, header);
    case PT_INTERP:
        if (header->p_filesz < 2 || header->p_filesz > ELF_STRING_MAX)
            return bad(elf, "names its interpreter in a damaged way");
        elf->interpreter_offset = header->p_offset;
        elf->interpreter_size = header->p_filesz;
        return 0;
    case PT_DYNAMIC:
        elf->dynamic_offset = header->p_offset;
        elf->dynamic_size = header->p_filesz;
        return 0;
    default:
        return 0;
    }
}

int elf_file_open(const struct elf_source *source, struct elf_file *elf)
{
    unsigned char window[WINDOW_BYTES];
    Elf64_Ehdr header;
    size_t window_size = source->size < sizeof(window) ? (size_t)source->size : sizeof(window);

    elf->source = *source;
    elf->other_machine = false;
    elf->load_count = 0;
    elf->interpreter_size = elf->dynamic_size = 0;
    elf->why = NULL;
    if (window_size < EI_NIDENT)
        return bad(elf, "is too short for an ELF file");
    int result = read_at(elf, 0, window, window_size);
    if (result)
        return result;
    if (memcmp(window, ELFMAG, SELFMAG) != 0)
        return bad(elf, "is not an ELF file");
    if (window_size < sizeof(header))
        return bad(elf, "is truncated");
    memcpy(&header, window, sizeof(header));
    result = check_header(elf, &header);
    if (result)
        return result;
    for (unsigned int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr phdr;
        uint64_t offset;
        if (__builtin_add_overflow(header.e_phoff, i * sizeof(phdr), &offset) ||
            offset > source->size)
            return bad(elf, "is truncated");
        if (offset <= window_size - sizeof(phdr)) {
            memcpy(&phdr, window + offset, sizeof(phdr));
        } else {
            result = read_at(elf, offset, &phdr, sizeof(phdr));
            if (result)
                return result;
        }
        result = take_phdr(elf, &phdr);
        if (result)
            return result;
    }
    return elf->load_count ? 0 : bad(elf, "has no segment to load");
}

int elf_file_interpreter(struct elf_file *elf, struct arena *arena, const char **path)
{
    size_t size = (size_t)elf->interpreter_size;
    char *buffer = arena_alloc(arena, size);
    if (!buffer)
        return -ENOMEM;
    int result = read_at(elf, elf->interpreter_offset, buffer, size);
    if (result)
        return result;
    if (buffer[size - 1] != '\0' || buffer[0] != '/')
        return bad(elf, "names its interpreter in a damaged way");
    *path = buffer;
    return 0;
}

/* A virtual address of the file's data, as file offset. */
static bool to_offset(const struct elf_file *elf, uint64_t vaddr, uint64_t *offset)
{
    for (uint32_t i = 0; i < elf->load_count; i++) {
        const struct elf_load *load = &elf->loads[i];
        if (vaddr >= load->vaddr && vaddr - load->vaddr < load->file_size) {
            *offset = load->offset + (vaddr - load->vaddr);
            return true;
        }
    }
    return false;
}

static int take_dynamic(struct elf_file *elf, struct elf_dynamic *dynamic, const Elf64_Dyn *entry,
                        uint64_t *strings)
{
    switch (entry->d_tag) {
    case DT_NEEDED:
        if (dynamic->needed_count == ELF_NEEDED_MAX)
            return bad(elf, "needs too many libraries");
        if (entry->d_un.d_val > UINT32_MAX)
            return bad(elf, "has a damaged dynamic string table");
        dynamic->needed[dynamic->needed_count++] = (uint32_t)entry->d_un.d_val;
        return 0;
    case DT_STRTAB:
        *strings = entry->d_un.d_ptr;
        return 0;
    case DT_STRSZ:
        dynamic->strings_size = entry->d_un.d_val;
        return 0;
    case DT_RPATH:
        dynamic->rpath = entry->d_un.d_val;
        return 0;
    case DT_RUNPATH:
        dynamic->runpath = entry->d_un.d_val;
        return 0;
    default:
        return 0;
    }
}

int elf_file_dynamic(struct elf_file *elf, struct elf_dynamic *dynamic)
{
    Elf64_Dyn window[WINDOW_BYTES / sizeof(Elf64_Dyn)];
    const uint64_t per_window = sizeof(window) / sizeof(window[0]);
    uint64_t count = elf->dynamic_size / sizeof(Elf64_Dyn);
    uint64_t strings = 0;
    bool end = false;

    dynamic->strings_offset = dynamic->strings_size = 0;
    dynamic->rpath = dynamic->runpath = 0;
    dynamic->needed_count = 0;
    if (count > DYNAMIC_ENTRIES_MAX)
        return bad(elf, "has a damaged dynamic section");
    for (uint64_t first = 0; first < count && !end; first += per_window) {
        uint64_t part = count - first < per_window ? count - first : per_window;
        int result = read_at(elf, elf->dynamic_offset + first * sizeof(window[0]), window,
                             (size_t)part * sizeof(window[0]));
        if (result)
            return result;
        for (uint64_t i = 0; i < part && !end; i++) {
            end = window[i].d_tag == DT_NULL;
            result = take_dynamic(elf, dynamic, &window[i], &strings);
            if (result)
                return result;
        }
    }
    if (dynamic->needed_count == 0)
        return 0;
    if (!to_offset(elf, strings, &dynamic->strings_offset))
        return bad(elf, "has a damaged dynamic section");
    return 0;
}

/* A name that is longer than usual. */
static int long_string(struct elf_file *elf, uint64_t start, uint64_t rest, struct arena *arena,
                       const char **string)
{
    size_t length = rest < ELF_STRING_MAX ? (size_t)rest : ELF_STRING_MAX;
    char *buffer = arena_alloc(arena, length);
    if (!buffer)
        return -ENOMEM;
    int result = read_at(elf, start, buffer, length);
    if (result)
        return result;
    if (!memchr(buffer, '\0', length))
        return bad(elf, "has a damaged dynamic string table");
    *string = buffer;
    return 0;
}

int elf_file_string(struct elf_file *elf, const struct elf_dynamic *dynamic, uint64_t offset,
                    struct arena *arena, const char **string)
{
    char buffer[STRING_FIRST_READ];
    uint64_t start;
    if (offset >= dynamic->strings_size ||
        __builtin_add_overflow(dynamic->strings_offset, offset, &start) ||
        start >= elf->source.size)
        return bad(elf, "has a damaged dynamic string table");
    uint64_t rest = dynamic->strings_size - offset;
    if (rest > elf->source.size - start)
        rest = elf->source.size - start;
    size_t length = (size_t)(rest < sizeof(buffer) ? rest : sizeof(buffer));
    int result = read_at(elf, start, buffer, length);
    if (result)
        return result;
    const char *end = memchr(buffer, '\0', length);
    if (!end)
        return long_string(elf, start, rest, arena, string);
    *string = arena_copy(arena, buffer, (size_t)(end - buffer));
    return *string ? 0 : -ENOMEM;
}

int elf_file_mentions(struct elf_file *elf, const struct elf_dynamic *dynamic,
                      const char *const *words)
{
    char window[2 * WINDOW_BYTES];
    uint64_t size = dynamic->strings_size, at = dynamic->strings_offset;
    size_t kept = 0; /* of the window before: a word may lie across */
    if (size > STRINGS_SEARCHED_MAX)
        size = STRINGS_SEARCHED_MAX;
    while (size > 0) {
        size_t part = size < sizeof(window) - kept ? (size_t)size : sizeof(window) - kept;
        int result = read_at(elf, at, window + kept, part);
        if (result)
            return result;
        for (size_t i = 0; words[i]; i++)
            if (memmem(window, kept + part, words[i], strlen(words[i]) + 1))
                return 1;
        at += part;
        size -= part;
        part += kept;
        kept = part < WORD_MAX ? part : WORD_MAX;
        memmove(window, window + part - kept, kept);
    }
    return 0;
}

bool elf_file_is_ours(const uint8_t *start, size_t size)
{
    return size > EI_NIDENT + 4 && start[EI_CLASS] == ELFCLASS64 && start[EI_DATA] == ELFDATA2LSB &&
           start[18] == EM_X86_64 && start[19] == 0;
}
