/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks on ELF headers; every sum is checked for overflow before it is made. */
#include "proc/elf_image.h"

#include "lib/errno.h"
#include "lib/string.h"

#define INTERP_SIZE_MAX 4096u /* PATH_MAX */

int elf_check_header(const struct elf_header *header)
{
    /* 64-bit, little-endian, version 1 */
    static const uint8_t magic[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    if (memcmp(header->ident, magic, sizeof(magic)) != 0)
        return -ENOEXEC;
    if (header->type != ELF_ET_EXEC && header->type != ELF_ET_DYN)
        return -ENOEXEC;
    if (header->machine != ELF_MACHINE_X86_64 || header->phentsize != sizeof(struct elf_phdr))
        return -ENOEXEC;
    if (header->phnum == 0 || header->phnum > ELF_PHNUM_MAX)
        return -ENOEXEC;
    if (header->phoff > INT64_MAX - header->phnum * sizeof(struct elf_phdr))
        return -ENOEXEC;
    return 0;
}

static int check_load(const struct elf_phdr *phdr, uint64_t previous_end, uint64_t limit)
{
    if (phdr->filesz > phdr->memsz)
        return -EINVAL;
    if (phdr->vaddr >= limit || phdr->memsz > limit - phdr->vaddr)
        return -ENOMEM;
    if (phdr->offset > INT64_MAX - phdr->filesz - PAGE_SIZE)
        return -EINVAL;
    /* A page of the file lies at a page of memory. */
    if (((phdr->vaddr ^ phdr->offset) & ~PAGE_MASK) && phdr->filesz)
        return -EINVAL;
    /* Ascending (gABI), and segments do not share bytes; pages they may share. */
    if (phdr->vaddr < previous_end)
        return -EINVAL;
    return 0;
}

static void note_phdr_address(const struct elf_header *header, const struct elf_phdr *load,
                              struct elf_layout *layout)
{
    uint64_t table_size = header->phnum * sizeof(struct elf_phdr);

    if (!layout->phdr_address && load->offset <= header->phoff &&
        header->phoff - load->offset <= load->filesz &&
        table_size <= load->filesz - (header->phoff - load->offset))
        layout->phdr_address = header->phoff - load->offset + load->vaddr;
}

int elf_check_layout(const struct elf_header *header, const struct elf_phdr *table, uint64_t limit,
                     struct elf_layout *layout)
{
    uint64_t end = 0;

    *layout = (struct elf_layout){.align = PAGE_SIZE};
    for (unsigned int i = 0; i < header->phnum; i++) {
        const struct elf_phdr *phdr = &table[i];

        if (phdr->type == ELF_PT_INTERP) {
            if (layout->interp)
                continue; /* the first one counts */
            if (phdr->filesz < 2 || phdr->filesz > INTERP_SIZE_MAX ||
                phdr->offset > INT64_MAX - phdr->filesz)
                return -ENOEXEC;
            layout->interp = phdr;
        } else if (phdr->type == ELF_PT_GNU_STACK) {
            layout->has_stack = true;
            layout->stack_executable = phdr->flags & ELF_PF_X;
        } else if (phdr->type == ELF_PT_LOAD && phdr->memsz) {
            int error = check_load(phdr, end, limit);
            if (error)
                return error;
            if (!layout->load_count++)
                layout->low = PAGE_ALIGN_DOWN(phdr->vaddr);
            end = phdr->vaddr + phdr->memsz;
            if (!(phdr->align & (phdr->align - 1))) /* Linux ignores others, too */
                layout->align = MAX(layout->align, phdr->align);
            note_phdr_address(header, phdr, layout);
        }
    }
    layout->high = PAGE_ALIGN_UP(end);
    if (!layout->load_count || layout->high > limit)
        return layout->load_count ? -ENOMEM : -ENOEXEC;
    return 0;
}
