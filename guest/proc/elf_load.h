/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF file into an address space: areas that map the file, no copying.  Knows
 * nothing of arguments, processes or signals.
 */
#ifndef PROC_ELF_LOAD_H
#define PROC_ELF_LOAD_H

#include "iface/file.h"
#include "mm/vma.h"
#include "proc/elf_image.h"

#define EXEC_HEAD_SIZE 1024u /* of a file, read first: headers of most programs fit */

/* A file opened for execution: regular, permitted, nobody writes it. */
struct exec_file {
    struct file *file;
    size_t head_size; /* bytes in head that are there */
    const struct elf_header *header; /* into head; after elf_read() */
    const struct elf_phdr *table; /* into head, or allocated */
    struct elf_layout layout;
    _Alignas(8) uint8_t head[EXEC_HEAD_SIZE];
};

/* What a loaded program looks like from inside. */
struct elf_program {
    uint64_t bias; /* what was added to its addresses */
    uint64_t entry, phdr_address;
    uint64_t code_start, code_end, data_start, data_end, end; /* end: behind bss */
};

struct dentry;
/* 0, or -EACCES, -ENOENT, -ETXTBSY, ...; exec_file_close() only after 0. */
int exec_file_open(struct exec_file *exec, struct dentry *start, const char *path,
                   uint32_t walk_flags);
void exec_file_close(struct exec_file *exec);

/* Reads and checks headers; limit as in elf_check_layout(). */
int elf_read(struct exec_file *exec);
/* The path in PT_INTERP, NUL-terminated within size (a path's size): 0, -ENOEXEC, -EIO. */
int elf_read_interp(const struct exec_file *exec, char *path, size_t size);
/* Maps all segments at their address plus bias. */
int elf_map(struct mm *mm, const struct exec_file *exec, uint64_t bias,
            struct elf_program *program);

#endif
