/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small objects.  kmalloc() serves 16 to 2176 bytes from pages that sizes share and
 * more from whole pages.  NULL when memory is out; contents are undefined unless it
 * says zero.  Any context; one spinlock inside.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "arch/spinlock.h"
#include "lib/types.h"

void *kmalloc(size_t size);
void *kzalloc(size_t size);
/* Overflow-checked count * size. */
void *kcalloc(size_t count, size_t size);
void *krealloc(void *ptr, size_t old_size, size_t new_size);
void kfree(void *ptr); /* NULL is allowed */
char *kstrdup(const char *s);

/* Objects in use, for leak checks. */
uint64_t slab_objects_in_use(void);

#endif
