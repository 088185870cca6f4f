/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/load/elf_file.c vmm/load/arena.c */
/* Any bytes as a program on the host: what passes has segments that add up, inside the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/load/elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_loads(const struct elf_file *elf, size_t size)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < elf->load_count; i++) {
        const struct elf_load *load = &elf->loads[i];
        require(load->vaddr >= end && load->file_size <= load->memory_size);
        require(load->offset <= size && load->file_size <= size - load->offset);
        end = load->vaddr + load->memory_size;
        require(end > load->vaddr && end < 1ull << 47);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_source source = {.bytes = data, .fd = -1, .size = size};
    struct elf_file elf;
    struct elf_dynamic dynamic;
    struct arena arena = {0};
    const char *text;

    if (elf_file_open(&source, &elf) == 0) {
        check_loads(&elf, size);
        if (elf.interpreter_size && elf_file_interpreter(&elf, &arena, &text) == 0)
            require(text[0] == '/' && strlen(text) < elf.interpreter_size);
        if (elf.dynamic_size && elf_file_dynamic(&elf, &dynamic) == 0) {
            for (uint32_t i = 0; i < dynamic.needed_count; i++)
                if (elf_file_string(&elf, &dynamic, dynamic.needed[i], &arena, &text) == 0)
                    require(strlen(text) < ELF_STRING_MAX);
        }
    } else {
        require(elf.why != NULL);
    }
    arena_free(&arena);
    return 0;
}
