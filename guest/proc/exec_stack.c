/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the first stack through the pages of an address space that does not run yet. */
#include "proc/exec_stack.h"

#include "lib/errno.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "proc/exec_chunk.h"
#include "syscall/linux_abi.h"

#define STACK_END_ZERO 8u /* bytes above the strings */
#define RANDOM_SIZE 16u
#define EXTRA_SIZE 32u /* random bytes, platform name */

static const char platform[] = "x86_64";

/* One page of the new stack at a time, reached through the direct map. */
struct writer {
    struct mm *mm;
    uint64_t at; /* next byte */
    uint64_t page_start; /* of the page held, 0: none */
    struct vm_page page;
    int error;
};

static void release(struct writer *writer)
{
    if (writer->page_start && !writer->page.is_static)
        page_put(writer->page.pa);
    writer->page_start = 0;
}

static void write(struct writer *writer, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size && !writer->error) {
        uint64_t page_start = PAGE_ALIGN_DOWN(writer->at);
        size_t part = MIN(size, page_start + PAGE_SIZE - writer->at);

        if (page_start != writer->page_start) {
            release(writer);
            writer->error = mm_pin_page(writer->mm, page_start, true, &writer->page);
            if (writer->error)
                return;
            writer->page_start = page_start;
        }
        memcpy((uint8_t *)phys_to_virt(writer->page.pa) + (writer->at - page_start), bytes, part);
        writer->at += part;
        bytes += part;
        size -= part;
    }
}

static void write_word(struct writer *writer, uint64_t word)
{
    write(writer, &word, sizeof(word));
}

static void write_kernel_list(struct writer *pointers, struct writer *text, const char *const *list,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_word(pointers, text->at);
        write(text, list[i], strlen(list[i]) + 1);
    }
    write_word(pointers, 0);
}

/* Text in chunks: a pointer for each beginning; the list of pointers ends after argc and envc. */
static void write_chunks(struct writer *pointers, struct writer *text,
                         const struct exec_strings *strings)
{
    size_t done = 0, total = strings->argc + strings->envc;
    bool begins = true;

    if (strings->argc == 0)
        write_word(pointers, 0);
    for (const struct exec_chunk *chunk = strings->first; chunk; chunk = chunk->next) {
        for (size_t i = 0; i < chunk->used;) {
            const char *end = memchr(chunk->data + i, 0, chunk->used - i);
            size_t length = end ? (size_t)(end - (chunk->data + i)) + 1 : chunk->used - i;

            if (begins)
                write_word(pointers, text->at);
            write(text, chunk->data + i, length);
            i += length;
            begins = end != NULL;
            if (begins && (++done == strings->argc || done == total))
                write_word(pointers, 0);
        }
    }
    if (strings->argc && strings->envc == 0)
        write_word(pointers, 0);
}

static size_t table_words(const struct exec_strings *strings, const struct exec_auxv *auxv)
{
    return 1 + strings->argc + 1 + strings->envc + 1 + auxv->count;
}

uint64_t exec_stack_size(const struct exec_strings *strings)
{
    return strings->bytes + (strings->argc + strings->envc + 3) * sizeof(uint64_t) +
           sizeof(struct exec_auxv) + EXTRA_SIZE + STACK_END_ZERO + 64;
}

static void note_ranges(struct mm *mm, const struct exec_strings *strings, uint64_t text_start,
                        uint64_t env_start)
{
    mm->arg_start = text_start;
    mm->arg_end = mm->env_start = env_start;
    mm->env_end = text_start + strings->bytes - strlen(strings->execfn) - 1;
}

static uint64_t kernel_list_bytes(const char *const *list, size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += strlen(list[i]) + 1;
    return bytes;
}

int exec_stack_write(struct mm *mm, const struct exec_strings *strings, struct exec_auxv *auxv,
                     uint64_t *rsp)
{
    uint64_t text_start = mm->stack_top - STACK_END_ZERO - strings->bytes;
    uint64_t extra = ALIGN_DOWN(text_start - EXTRA_SIZE, 16ul);
    uint8_t extras[EXTRA_SIZE] = {0};

    random_bytes(extras, RANDOM_SIZE);
    memcpy(extras + RANDOM_SIZE, platform, sizeof(platform));
    exec_auxv_add(auxv, AT_RANDOM, extra);
    exec_auxv_add(auxv, AT_PLATFORM, extra + RANDOM_SIZE);
    exec_auxv_add(auxv, AT_EXECFN, text_start + strings->bytes - strlen(strings->execfn) - 1);
    exec_auxv_add(auxv, AT_NULL, 0);
    *rsp = ALIGN_DOWN(extra - table_words(strings, auxv) * sizeof(uint64_t), 16ul);

    struct writer pointers = {.mm = mm, .at = *rsp}, text = {.mm = mm, .at = text_start};
    write_word(&pointers, strings->argc);
    if (strings->kernel_argv) {
        write_kernel_list(&pointers, &text, strings->kernel_argv, strings->argc);
        write_kernel_list(&pointers, &text, strings->kernel_envp, strings->envc);
    } else {
        write_chunks(&pointers, &text, strings);
    }
    write(&text, strings->execfn, strlen(strings->execfn) + 1);
    write(&pointers, auxv->words, auxv->count * sizeof(uint64_t));
    release(&text);
    pointers.at = extra;
    write(&pointers, extras, sizeof(extras));
    release(&pointers);
    note_ranges(mm, strings, text_start,
                text_start + (strings->kernel_argv
                                  ? kernel_list_bytes(strings->kernel_argv, strings->argc)
                                  : strings->arg_bytes));
    return text.error ? text.error : pointers.error;
}
