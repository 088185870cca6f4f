/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and string functions.  Bounded variants only, beside the C ones that gcc calls. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
/* Wipes a secret: not left out when nobody reads the memory again. */
void memzero_explicit(void *dst, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *s, int byte, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
/* Copies at most size - 1 bytes and terminates; returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);
/* Decimal, or hexadecimal after "0x".  Stops at the first other character; saturates. */
uint64_t parse_u64(const char *s, const char **end);

#endif
