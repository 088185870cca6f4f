/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first stack of a program (System V ABI, x86-64 supplement, 3.4.1):
 *
 *   RSP -> argc | argv[] NULL | envp[] NULL | auxv[] | pad | random, platform | strings | 0
 *
 * Strings are collected first, wherever they come from; then everything is
 * written at once into the pages of the new address space.
 */
#ifndef PROC_EXEC_STACK_H
#define PROC_EXEC_STACK_H

#include "lib/types.h"
#include "mm/vma.h"

#define EXEC_STRING_MAX (128ul << 10) /* Linux's MAX_ARG_STRLEN */

struct exec_chunk; /* a page of strings, one behind the other with their NULs */

struct exec_strings {
    uint64_t limit; /* bytes that strings and pointers may take together */
    uint64_t bytes; /* of all strings with their NULs, execfn too */
    uint64_t arg_bytes; /* of argv alone, once collected from a program */
    size_t argc, envc;
    const char *execfn;
    /* Either these (borrowed) ... */
    const char *const *kernel_argv, *const *kernel_envp;
    /* ... or these: argv, then envp. */
    struct exec_chunk *first, *last;
};

/* Strings of the kernel's own: nothing is copied until the stack is written. */
int exec_strings_kernel(struct exec_strings *strings, size_t argc, const char *const *argv,
                        size_t envc, const char *const *envp);
/*
 * argv and envp from the calling program; prefix (kernel strings) takes the place of argv[0] if
 * prefix_count > 0.  0, -EFAULT, -E2BIG, -ENOMEM.
 */
int exec_strings_user(struct exec_strings *strings, const char *const *prefix, size_t prefix_count,
                      uaddr_t argv, uaddr_t envp);
void exec_strings_free(struct exec_strings *strings);

struct exec_auxv {
    uint64_t words[48];
    unsigned int count; /* words */
};
static inline void exec_auxv_add(struct exec_auxv *auxv, uint64_t type, uint64_t value)
{
    auxv->words[auxv->count++] = type;
    auxv->words[auxv->count++] = value;
}

/*
 * Writes the stack below mm->stack_top, whose area is there and large enough;
 * AT_PLATFORM, AT_RANDOM and AT_EXECFN are added to auxv, and AT_NULL.  Fills in
 * the mm's argument and environment ranges.  0 with *rsp, or -ENOMEM.
 */
int exec_stack_write(struct mm *mm, const struct exec_strings *strings, struct exec_auxv *auxv,
                     uint64_t *rsp);
/* Bytes that exec_stack_write() will take at most. */
uint64_t exec_stack_size(const struct exec_strings *strings);

#endif
