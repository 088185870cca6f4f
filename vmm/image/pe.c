/* SPDX-License-Identifier: BSD-2-Clause */
/* See pe.h. */
#include "vmm/image/pe.h"

#include <errno.h>
#include <string.h>

#define OFFSET_AT 0x3cu
#define COFF_SIZE 24u /* with the signature */
#define COFF_SECTIONS 6u
#define COFF_SYMBOLS 12u /* table and count */
#define COFF_OPTIONAL_SIZE 20u
#define OPTIONAL_PLUS 0x20bu
#define OPTIONAL_MIN 112u
#define OPTIONAL_SECTION_ALIGN 32u
#define OPTIONAL_FILE_ALIGN 36u
#define OPTIONAL_IMAGE_SIZE 56u
#define OPTIONAL_HEADERS_SIZE 60u
#define OPTIONAL_CHECKSUM 64u
#define SECTION_SIZE 40u
#define SECTION_READ_DATA 0x40000040u
#define PAGE 4096u
#define IMAGE_MAX (1ull << 31)

static uint32_t get(const uint8_t *at, unsigned int bytes)
{
    uint32_t value = 0;
    for (unsigned int i = 0; i < bytes; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static void put(uint8_t *at, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t align_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

/* The ends of all sections, in memory and in the file. */
static void find_ends(struct pe *pe)
{
    for (uint32_t i = 0; i < pe->section_count; i++) {
        const uint8_t *section = pe->headers + pe->table + (size_t)i * SECTION_SIZE;
        uint64_t address = (uint64_t)get(section + 12, 4) + get(section + 8, 4);
        uint64_t offset = (uint64_t)get(section + 20, 4) + get(section + 16, 4);
        if (address > pe->next_address)
            pe->next_address = address;
        if (offset > pe->next_offset)
            pe->next_offset = offset;
    }
    pe->next_address = align_up(pe->next_address, pe->section_align);
    pe->next_offset = align_up(pe->next_offset, pe->file_align);
}

int pe_open(struct pe *pe, uint8_t *headers, uint64_t size)
{
    *pe = (struct pe){.headers = headers, .size = size};
    if (size < OFFSET_AT + 4 || memcmp(headers, "MZ", 2) != 0)
        return -EINVAL;
    pe->coff = get(headers + OFFSET_AT, 4);
    pe->optional = pe->coff + COFF_SIZE;
    if (pe->optional + OPTIONAL_MIN > size || memcmp(headers + pe->coff, "PE\0\0", 4) != 0)
        return -EINVAL;
    pe->section_count = get(headers + pe->coff + COFF_SECTIONS, 2);
    pe->table = pe->optional + get(headers + pe->coff + COFF_OPTIONAL_SIZE, 2);
    pe->section_align = get(headers + pe->optional + OPTIONAL_SECTION_ALIGN, 4);
    pe->file_align = get(headers + pe->optional + OPTIONAL_FILE_ALIGN, 4);
    if (get(headers + pe->optional, 2) != OPTIONAL_PLUS ||
        pe->table + (size_t)pe->section_count * SECTION_SIZE > size ||
        pe->section_align % PAGE != 0 || pe->section_align == 0 || pe->file_align == 0)
        return -EINVAL;
    find_ends(pe);
    /* Symbols behind the sections would be in the way; nobody reads them. */
    put(headers + pe->coff + COFF_SYMBOLS, 0, 8);
    return pe->next_offset < size + pe->file_align ? 0 : -EINVAL;
}

int pe_add(struct pe *pe, const char *name, uint64_t size, uint64_t *offset)
{
    size_t at = pe->table + (size_t)pe->section_count * SECTION_SIZE;
    uint8_t *section = pe->headers + at;
    size_t length = strlen(name);

    if (length > 8 || at + SECTION_SIZE > pe->size ||
        at + SECTION_SIZE > get(pe->headers + pe->optional + OPTIONAL_HEADERS_SIZE, 4))
        return -ENOSPC;
    if (size == 0 || size > IMAGE_MAX - pe->next_address || size > IMAGE_MAX - pe->next_offset)
        return -EFBIG;
    memset(section, 0, SECTION_SIZE);
    memcpy(section, name, length);
    put(section + 8, size, 4);
    put(section + 12, pe->next_address, 4);
    put(section + 16, align_up(size, pe->file_align), 4);
    put(section + 20, pe->next_offset, 4);
    put(section + 36, SECTION_READ_DATA, 4);
    *offset = pe->next_offset;
    pe->next_address = align_up(pe->next_address + size, pe->section_align);
    pe->next_offset += align_up(size, pe->file_align);
    put(pe->headers + pe->coff + COFF_SECTIONS, ++pe->section_count, 2);
    put(pe->headers + pe->optional + OPTIONAL_IMAGE_SIZE, pe->next_address, 4);
    put(pe->headers + pe->optional + OPTIONAL_CHECKSUM, 0, 4);
    return 0;
}
