/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who allocated what, in a build with DEBUG=1: each page and each small object
 * remembers the code that asked for it, so that what programs leave behind is found
 * when the last of them has ended (proc/teardown.c).  Small objects are also checked
 * for writes behind their end and after their end.  Other builds pay nothing.
 *
 *     small object:  | struct slab_tag | what kmalloc() returns ... | 0x6b up to the class's size |
 *     free object:   | struct list     | 0x6b ...                                                 |
 */
#ifndef MM_LEAKS_H
#define MM_LEAKS_H

#include "arch/spinlock.h"
#include "mm/page_alloc.h"

struct leak_totals {
    uint64_t objects, pages; /* in use, allocated since leaks_begin(), not kept */
};

#if DEBUG_LOCKS

/* Bytes before each small object. */
#define SLAB_TAG_SIZE 16u

/* Boot: what is allocated from here on is the programs' and must come back. */
void leaks_begin(void);
/*
 * The object (of kmalloc) or page stays: contents of a file system in memory, a cache, a
 * driver's buffer.  leaks_own() takes that back: a file that has lost its last name.
 */
void leaks_keep(const void *memory);
void leaks_own(const void *memory);
void leaks_count(struct leak_totals *totals);
/* A line for each place of the code that holds something; all: also what is kept.  May sleep. */
void leaks_list(bool all, void (*line)(void *arg, const char *text), void *arg);

/* For the allocators. */
void leaks_page_born(paddr_t pa, const void *caller);
void leaks_page_split(paddr_t pa, unsigned int order); /* single pages have the block's caller */
void leaks_page_is_slab(void *page);
void leaks_page_died(paddr_t pa, unsigned int order);
void slab_poison(void *raw, unsigned int class_size);
void *slab_born(void *raw, unsigned int class_size, size_t size, const void *caller);
void *slab_died(void *object, unsigned int class_size); /* the raw object */

/* For leaks.c, of slab.c: calls visit for each object of a slab page, free ones too. */
void slab_for_each_raw(void *page, void (*visit)(void *raw));

#else

#define SLAB_TAG_SIZE 0u

static inline void leaks_begin(void) {}
static inline void leaks_keep(const void *memory)
{
    (void)memory;
}
static inline void leaks_own(const void *memory)
{
    (void)memory;
}
static inline void leaks_page_born(paddr_t pa, const void *caller)
{
    (void)pa;
    (void)caller;
}
static inline void leaks_page_split(paddr_t pa, unsigned int order)
{
    (void)pa;
    (void)order;
}
static inline void leaks_page_is_slab(void *page)
{
    (void)page;
}
static inline void leaks_page_died(paddr_t pa, unsigned int order)
{
    (void)pa;
    (void)order;
}
static inline void slab_poison(void *raw, unsigned int class_size)
{
    (void)raw;
    (void)class_size;
}
static inline void *slab_born(void *raw, unsigned int class_size, size_t size, const void *caller)
{
    (void)class_size;
    (void)size;
    (void)caller;
    return raw;
}
static inline void *slab_died(void *object, unsigned int class_size)
{
    (void)class_size;
    return object;
}

#endif
#endif
