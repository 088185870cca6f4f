/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layout (all fields little endian, offsets from the header):
 *
 *   "glibc-ld.so.cache" "1.1"  u32 entries  u32 string bytes  u8 flags[4]
 *   u32 extension offset  u32 unused[3]
 *   entries: i32 flags  u32 name  u32 path  u32 os version  u64 hwcap
 *
 * sorted by descending name in glibc's numeric-aware order, searched by
 * halving.  An older cache of another format may stand in front.
 */
#include "vmm/load/ldso_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "glibc-ld.so.cache1.1"
#define MAGIC_LENGTH 20u
#define OLD_MAGIC "ld.so-1.7.0"
#define OLD_MAGIC_LENGTH 11u
#define OLD_HEADER_SIZE 16u
#define OLD_ENTRY_SIZE 12u
#define FLAGS_X86_64_LIBC6 0x0303u
#define HEADER_LITTLE_ENDIAN 2u

struct header {
    char magic[MAGIC_LENGTH];
    uint32_t entry_count, string_bytes;
    uint8_t flags, padding[3];
    uint32_t extension_offset, unused[3];
};
_Static_assert(sizeof(struct header) == 48, "glibc's cache_file_new");

struct entry {
    uint32_t flags, name, path, os_version;
    uint64_t hwcap;
};
_Static_assert(sizeof(struct entry) == 24, "glibc's file_entry_new");

int ldso_cache_open(const void *bytes, size_t size, struct ldso_cache *cache)
{
    const uint8_t *start = bytes;
    struct header header;

    if (size >= OLD_HEADER_SIZE && memcmp(start, OLD_MAGIC, OLD_MAGIC_LENGTH) == 0) {
        uint32_t count;
        memcpy(&count, start + 12, sizeof(count));
        uint64_t skip = OLD_HEADER_SIZE + (uint64_t)count * OLD_ENTRY_SIZE;
        skip = (skip + 7) & ~7ull;
        if (skip > size)
            return -EINVAL;
        start += skip;
        size -= (size_t)skip;
    }
    if (size < sizeof(header))
        return -EINVAL;
    memcpy(&header, start, sizeof(header));
    if (memcmp(header.magic, MAGIC, MAGIC_LENGTH) != 0 ||
        header.entry_count > (size - sizeof(header)) / sizeof(struct entry))
        return -EINVAL;
    cache->bytes = start;
    cache->size = size;
    cache->entry_count = header.entry_count;
    return 0;
}

/* A NUL-terminated string of the cache, or NULL. */
static const char *cache_string(const struct ldso_cache *cache, uint32_t offset)
{
    if (offset >= cache->size)
        return NULL;
    const char *text = (const char *)cache->bytes + offset;
    return memchr(text, '\0', cache->size - offset) ? text : NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* glibc's order: digits compare as numbers and sort above other characters. */
static int compare_names(const char *a, const char *b)
{
    while (*a) {
        if (is_digit(*a) && is_digit(*b)) {
            uint64_t left = 0, right = 0;
            while (is_digit(*a))
                left = left * 10 + (uint64_t)(*a++ - '0');
            while (is_digit(*b))
                right = right * 10 + (uint64_t)(*b++ - '0');
            if (left != right)
                return left < right ? -1 : 1;
        } else if (is_digit(*a) != is_digit(*b)) {
            return is_digit(*a) ? 1 : -1;
        } else if (*a != *b) {
            return *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return *b ? -1 : 0;
}

static void read_entry(const struct ldso_cache *cache, size_t index, struct entry *entry)
{
    memcpy(entry, cache->bytes + sizeof(struct header) + index * sizeof(*entry), sizeof(*entry));
}

/* The first entry of that name: entry_count when there is none. */
static size_t first_entry(const struct ldso_cache *cache, const char *name)
{
    size_t low = 0, high = cache->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct entry entry;
        read_entry(cache, middle, &entry);
        const char *key = cache_string(cache, entry.name);
        if (!key)
            return cache->entry_count;
        if (compare_names(key, name) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *ldso_cache_find(const struct ldso_cache *cache, const char *name, size_t *position)
{
    size_t index = *position ? *position : first_entry(cache, name);
    for (; index < cache->entry_count; index++) {
        struct entry entry;
        read_entry(cache, index, &entry);
        const char *key = cache_string(cache, entry.name);
        const char *path = cache_string(cache, entry.path);
        if (!key || !path || strcmp(key, name) != 0)
            break;
        if (entry.flags == FLAGS_X86_64_LIBC6 && path[0] == '/') {
            *position = index + 1;
            return path;
        }
    }
    *position = cache->entry_count;
    return NULL;
}

static int descending(const void *a, const void *b)
{
    const struct ldso_entry *left = a, *right = b;
    return compare_names(right->name, left->name);
}

uint8_t *ldso_cache_write(struct arena *arena, struct ldso_entry *entries, size_t count,
                          size_t *size)
{
    size_t string_bytes = 0;
    for (size_t i = 0; i < count; i++)
        string_bytes += strlen(entries[i].name) + strlen(entries[i].path) + 2;
    size_t strings = sizeof(struct header) + count * sizeof(struct entry);
    uint8_t *bytes = arena_alloc(arena, strings + string_bytes);
    if (!bytes)
        return NULL;
    qsort(entries, count, sizeof(*entries), descending);
    struct header header = {
        .entry_count = (uint32_t)count,
        .string_bytes = (uint32_t)string_bytes,
        .flags = HEADER_LITTLE_ENDIAN,
    };
    memcpy(header.magic, MAGIC, MAGIC_LENGTH);
    memcpy(bytes, &header, sizeof(header));
    size_t end = strings;
    for (size_t i = 0; i < count; i++) {
        size_t name_size = strlen(entries[i].name) + 1, path_size = strlen(entries[i].path) + 1;
        struct entry entry = {
            .flags = FLAGS_X86_64_LIBC6,
            .name = (uint32_t)end,
            .path = (uint32_t)(end + name_size),
        };
        memcpy(bytes + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
        memcpy(bytes + end, entries[i].name, name_size);
        memcpy(bytes + end + name_size, entries[i].path, path_size);
        end += name_size + path_size;
    }
    *size = end;
    return bytes;
}
