/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and checking of ELF headers (System V gABI, chapters 4 and 5; x86-64
 * supplement).  Pure: knows no files, no memory areas.  Everything in a header is
 * the program's word, so nothing is used before it is checked here.
 */
#ifndef PROC_ELF_IMAGE_H
#define PROC_ELF_IMAGE_H

#include "lib/types.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_phdr) == 56, "Elf64_Phdr");

enum { ELF_ET_EXEC = 2, ELF_ET_DYN = 3, ELF_MACHINE_X86_64 = 62 };
enum { ELF_PT_LOAD = 1, ELF_PT_INTERP = 3, ELF_PT_PHDR = 6, ELF_PT_GNU_STACK = 0x6474e551 };
enum { ELF_PF_X = 1, ELF_PF_W = 2, ELF_PF_R = 4 };

#define ELF_PHNUM_MAX (65536u / sizeof(struct elf_phdr)) /* Linux's limit */

/* What the program headers say altogether. */
struct elf_layout {
    uint64_t low, high; /* addresses of the first and behind the last segment, page-aligned */
    uint64_t align; /* largest p_align that is a power of two, at least a page */
    uint64_t phdr_address; /* of the program headers in memory, 0: in no segment */
    const struct elf_phdr *interp; /* PT_INTERP or NULL */
    bool has_stack, stack_executable;
    unsigned int load_count;
};

/* 0, or -ENOEXEC: not a 64-bit little-endian x86-64 program whose table can be read. */
int elf_check_header(const struct elf_header *header);
/*
 * Checks phnum entries for a program whose addresses must end below limit (moved
 * ones: its size).  0, -ENOEXEC (contradictions), -EINVAL (addresses, alignment), -ENOMEM
 * (too large).
 */
int elf_check_layout(const struct elf_header *header, const struct elf_phdr *table, uint64_t limit,
                     struct elf_layout *layout);

#endif
