/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks an address up in .symtab or .dynsym (System V ABI, "Symbol Table").  Slow and seldom. */
#include "vmm/load/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTIONS_MAX 512u
#define SYMBOLS_MAX (1u << 20)

struct best {
    uint64_t value, name; /* name: offset in the string table */
    bool found;
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
    return offset <= INT64_MAX - size && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* The symbol with the highest value at or below the address, which it covers if it has a size. */
static void search(int fd, const Elf64_Shdr *table, uint64_t address, struct best *best)
{
    uint64_t count = table->sh_size / sizeof(Elf64_Sym);

    for (uint64_t i = 0; i < count && i < SYMBOLS_MAX; i++) {
        Elf64_Sym symbol;

        if (!read_at(fd, &symbol, sizeof(symbol), table->sh_offset + i * sizeof(symbol))) {
            return;
        }
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF &&
            symbol.st_value <= address &&
            (symbol.st_size == 0 || address - symbol.st_value < symbol.st_size) &&
            (!best->found || symbol.st_value > best->value)) {
            *best = (struct best){.value = symbol.st_value, .name = symbol.st_name, .found = true};
        }
    }
}

static bool find(int fd, uint64_t address, uint32_t type, char *name, size_t size, uint64_t *offset)
{
    struct best best = {.found = false};
    Elf64_Shdr table, strings;
    Elf64_Ehdr header;

    if (!read_at(fd, &header, sizeof(header), 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_shentsize != sizeof(table)) {
        return false;
    }
    for (unsigned int i = 0; i < header.e_shnum && i < SECTIONS_MAX; i++) {
        if (!read_at(fd, &table, sizeof(table), header.e_shoff + i * sizeof(table))) {
            return false;
        }
        if (table.sh_type == type && table.sh_link < header.e_shnum &&
            read_at(fd, &strings, sizeof(strings),
                    header.e_shoff + table.sh_link * sizeof(strings))) {
            search(fd, &table, address, &best);
            break;
        }
    }
    if (!best.found || best.name >= strings.sh_size || strings.sh_offset > INT64_MAX / 2) {
        return false;
    }
    ssize_t got = pread(fd, name, size - 1, (off_t)(strings.sh_offset + best.name));
    if (got <= 0) {
        return false;
    }
    name[got] = '\0';
    *offset = address - best.value;
    return name[0] != '\0';
}

void symbols_name(const char *path, uint64_t address, bool is_return, char *name, size_t size)
{
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
    uint64_t at = is_return && address > 0 ? address - 1 : address;
    char symbol[64];
    uint64_t offset;

    if (fd >= 0 && (find(fd, at, SHT_SYMTAB, symbol, sizeof(symbol), &offset) ||
                    find(fd, at, SHT_DYNSYM, symbol, sizeof(symbol), &offset))) {
        unsigned long long inside = offset + (at != address);

        snprintf(name, size, "%s+0x%llx", symbol, inside);
    } else {
        snprintf(name, size, "0x%llx", (unsigned long long)address);
    }
    if (fd >= 0) {
        close(fd);
    }
}
