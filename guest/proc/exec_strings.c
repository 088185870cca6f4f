/* SPDX-License-Identifier: BSD-2-Clause */
/* Collecting argument and environment strings for a new program, within limits. */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/uaccess.h"
#include "proc/exec_chunk.h"
#include "proc/exec_stack.h"

static int check_limit(const struct exec_strings *strings)
{
    uint64_t pointers = (strings->argc + strings->envc) * sizeof(uint64_t);

    return strings->bytes + pointers > strings->limit ? -E2BIG : 0;
}

int exec_strings_kernel(struct exec_strings *strings, size_t argc, const char *const *argv,
                        size_t envc, const char *const *envp)
{
    strings->argc = argc;
    strings->envc = envc;
    strings->kernel_argv = argv;
    strings->kernel_envp = envp;
    strings->bytes = strlen(strings->execfn) + 1;
    for (size_t i = 0; i < argc + envc; i++) {
        size_t length = strlen(i < argc ? argv[i] : envp[i - argc]);

        if (length >= EXEC_STRING_MAX)
            return -E2BIG;
        strings->bytes += length + 1;
    }
    return check_limit(strings);
}

/* Room in the last chunk; a new one when it is full. */
static struct exec_chunk *chunk_with_room(struct exec_strings *strings)
{
    if (strings->last && strings->last->used < sizeof(strings->last->data))
        return strings->last;
    struct exec_chunk *chunk = page_alloc_virt(0);
    if (!chunk)
        return NULL;
    chunk->next = NULL;
    chunk->used = 0;
    if (strings->last)
        strings->last->next = chunk;
    else
        strings->first = chunk;
    strings->last = chunk;
    return chunk;
}

static int append_kernel(struct exec_strings *strings, const char *text)
{
    size_t left = strlen(text) + 1;

    strings->bytes += left;
    while (left) {
        struct exec_chunk *chunk = chunk_with_room(strings);
        if (!chunk)
            return -ENOMEM;
        size_t part = MIN(left, sizeof(chunk->data) - chunk->used);
        memcpy(chunk->data + chunk->used, text, part);
        chunk->used += part;
        text += part;
        left -= part;
    }
    return check_limit(strings);
}

static int append_user(struct exec_strings *strings, uaddr_t text)
{
    uint64_t length = 0;

    for (;;) {
        struct exec_chunk *chunk = chunk_with_room(strings);
        if (!chunk)
            return -ENOMEM;
        size_t room = sizeof(chunk->data) - chunk->used;
        ssize_t got =
            copy_string_from_user(chunk->data + chunk->used, UADDR(text.raw + length), room);
        if (got < 0 && got != -ENAMETOOLONG)
            return (int)got;
        size_t part = got < 0 ? room : (size_t)got + 1;
        chunk->used += part;
        length += part;
        strings->bytes += part;
        if (length > EXEC_STRING_MAX || check_limit(strings))
            return -E2BIG;
        if (got >= 0)
            return 0;
    }
}

/* A program's list of strings, from the first one on; counts them. */
static int append_list(struct exec_strings *strings, uaddr_t list, size_t first, size_t *count)
{
    for (size_t i = first; list.raw; i++) {
        uint64_t text;

        if (get_user_u64(&text, UADDR(list.raw + i * sizeof(text))))
            return -EFAULT;
        if (!text)
            break;
        ++*count;
        int error = append_user(strings, UADDR(text));
        if (error)
            return error;
    }
    return 0;
}

int exec_strings_user(struct exec_strings *strings, const char *const *prefix, size_t prefix_count,
                      uaddr_t argv, uaddr_t envp)
{
    uint64_t first = 0;
    int error = 0;

    strings->bytes = strlen(strings->execfn) + 1;
    for (size_t i = 0; i < prefix_count && !error; i++) {
        strings->argc++;
        error = append_kernel(strings, prefix[i]);
    }
    if (!error && prefix_count && argv.raw)
        error = get_user_u64(&first, argv);
    if (!error && (!prefix_count || first))
        error = append_list(strings, argv, prefix_count ? 1 : 0, &strings->argc);
    if (!error && strings->argc == 0) { /* Linux gives such a program one empty argument */
        strings->argc = 1;
        error = append_kernel(strings, "");
    }
    strings->arg_bytes = strings->bytes - strlen(strings->execfn) - 1;
    if (!error)
        error = append_list(strings, envp, 0, &strings->envc);
    return error;
}

void exec_strings_free(struct exec_strings *strings)
{
    while (strings->first) {
        struct exec_chunk *next = strings->first->next;

        page_free_virt(strings->first);
        strings->first = next;
    }
    strings->last = NULL;
}
