/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a program or shared library as the ELF specification and Linux's
 * loader define it, and says in words what is wrong with a bad one.  Reads
 * through a small window, never maps, never executes; trusts no field.
 * Sources: System V gABI chapters 4 and 5; the x86-64 psABI.
 */
#ifndef VMM_LOAD_ELF_FILE_H
#define VMM_LOAD_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/load/arena.h"

#define ELF_LOADS_MAX 32u
#define ELF_NEEDED_MAX 512u
#define ELF_STRING_MAX 4096u

/* Where the file's bytes are: in memory when bytes is set, else in fd. */
struct elf_source {
    const uint8_t *bytes;
    int fd;
    uint64_t size;
};

struct elf_load {
    uint64_t offset, vaddr, file_size, memory_size;
};

struct elf_file {
    struct elf_source source;
    uint16_t type; /* ET_EXEC or ET_DYN */
    bool other_machine; /* with -ENOEXEC: sound, but not for x86-64 */
    uint32_t load_count;
    struct elf_load loads[ELF_LOADS_MAX];
    uint64_t interpreter_offset, interpreter_size; /* size 0: none */
    uint64_t dynamic_offset, dynamic_size; /* size 0: none */
    const char *why; /* what is wrong, after a failure */
};

/* String-table offsets; 0 in rpath and runpath: none. */
struct elf_dynamic {
    uint64_t strings_offset, strings_size; /* in the file */
    uint64_t rpath, runpath;
    uint32_t needed_count;
    uint32_t needed[ELF_NEEDED_MAX];
};

/* Header and program headers.  -ENOEXEC with elf->why, or a read error. */
int elf_file_open(const struct elf_source *source, struct elf_file *elf);
/* The interpreter's path, in the arena.  These may return -ENOMEM, too. */
int elf_file_interpreter(struct elf_file *elf, struct arena *arena, const char **path);
int elf_file_dynamic(struct elf_file *elf, struct elf_dynamic *dynamic);
/* A string of the dynamic string table, in the arena. */
int elf_file_string(struct elf_file *elf, const struct elf_dynamic *dynamic, uint64_t offset,
                    struct arena *arena, const char **string);
/* 1 when one of the words (at most 32 bytes each, NULL at the end) is in the dynamic string
 * table, as the end of a string at least; 0 when none is; or a read error. */
int elf_file_mentions(struct elf_file *elf, const struct elf_dynamic *dynamic,
                      const char *const *words);
/* From a file's first bytes (20 or more): whether it is for 64-bit x86-64. */
bool elf_file_is_ours(const uint8_t *start, size_t size);

#endif
