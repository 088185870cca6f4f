/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/proc/elf_image.c */
/* Any bytes as an ELF file: what passes the checks has a layout that adds up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proc/elf_image.h"

#define LIMIT 0x7ffffffff000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_segments(const struct elf_header *header, const struct elf_phdr *table,
                           const struct elf_layout *layout)
{
    uint64_t end = 0;

    for (unsigned int i = 0; i < header->phnum; i++) {
        const struct elf_phdr *load = &table[i];

        if (load->type != ELF_PT_LOAD || !load->memsz)
            continue;
        require(load->filesz <= load->memsz);
        require(load->vaddr >= end && load->vaddr >= layout->low);
        end = load->vaddr + load->memsz;
        require(end > load->vaddr && end <= layout->high);
        require(load->offset + load->filesz >= load->offset);
    }
    require(layout->high <= LIMIT && layout->low < layout->high);
    require((layout->low | layout->high) % PAGE_SIZE == 0);
    require((layout->align & (layout->align - 1)) == 0);
    require(!layout->interp || layout->interp->filesz <= 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_header header;
    struct elf_layout layout;

    if (size < sizeof(header))
        return 0;
    memcpy(&header, data, sizeof(header));
    if (elf_check_header(&header) != 0)
        return 0;
    size_t table_size = header.phnum * sizeof(struct elf_phdr);
    if (header.phoff > size || table_size > size - header.phoff)
        return 0;
    struct elf_phdr *table = malloc(table_size);
    memcpy(table, data + header.phoff, table_size);
    if (elf_check_layout(&header, table, LIMIT, &layout) == 0)
        check_segments(&header, table, &layout);
    free(table);
    return 0;
}
