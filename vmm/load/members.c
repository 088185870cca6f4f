/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table of members in order of arrival, and path resolution over it.
 * Knows neither host files nor the archive's format.
 */
#include "vmm/load/members.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMBERS_FIRST 32u
#define MEMBERS_MAX (1u << 24)
#define LINKS_MAX 40 /* Linux's MAXSYMLINKS */

static uint32_t hash_path(const char *path, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619u;
    return hash;
}

struct member *members_find(const struct members *members, const char *path, size_t length)
{
    if (members->bucket_count == 0)
        return NULL;
    uint32_t hash = hash_path(path, length);
    uint32_t index = members->buckets[hash & (members->bucket_count - 1)];
    while (index) {
        struct member *member = members->items[index - 1];
        if (member->hash == hash && strncmp(member->path, path, length) == 0 &&
            member->path[length] == '\0')
            return member;
        index = member->next;
    }
    return NULL;
}

static void insert(struct members *members, uint32_t index)
{
    struct member *member = members->items[index];
    uint32_t *bucket = &members->buckets[member->hash & (members->bucket_count - 1)];
    member->next = *bucket;
    *bucket = index + 1;
}

static int grow(struct members *members)
{
    uint32_t capacity = members->capacity ? 2 * members->capacity : MEMBERS_FIRST;
    if (capacity > MEMBERS_MAX)
        return -ENOMEM;
    struct member **items = reallocarray(members->items, capacity, sizeof(void *));
    if (!items)
        return -ENOMEM;
    members->items = items;
    uint32_t *buckets = calloc(capacity, sizeof(*buckets));
    if (!buckets)
        return -ENOMEM;
    free(members->buckets);
    members->buckets = buckets;
    members->bucket_count = capacity;
    members->capacity = capacity;
    for (uint32_t i = 0; i < members->count; i++)
        insert(members, i);
    return 0;
}

static void close_member(const struct member *member)
{
    if (member->fd >= 0)
        close(member->fd);
}

static void replace(struct member *old, const struct member *member)
{
    uint32_t next = old->next, hash = old->hash;
    close_member(old);
    *old = *member;
    old->next = next;
    old->hash = hash;
}

int members_add(struct members *members, const struct member *member, enum members_policy policy,
                struct member **result)
{
    size_t length = strlen(member->path);
    struct member *old = members_find(members, member->path, length);
    if (old) {
        if (policy == MEMBERS_KEEP && !(S_ISDIR(old->mode) && S_ISLNK(member->mode)))
            close_member(member);
        else
            replace(old, member);
        *result = old;
        return 0;
    }
    struct member *fresh = arena_alloc(members->arena, sizeof(*fresh));
    if (!fresh || (members->count == members->capacity && grow(members) != 0)) {
        close_member(member);
        return -ENOMEM;
    }
    *fresh = *member;
    fresh->hash = hash_path(member->path, length);
    members->items[members->count] = fresh;
    insert(members, members->count++);
    *result = fresh;
    return 0;
}

bool members_path_is_plain(const char *path)
{
    while (path[0] == '/') {
        const char *part = path + 1;
        path = strchrnul(part, '/');
        size_t length = (size_t)(path - part);
        if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
            return false;
    }
    return path[0] == '\0';
}

/* Puts link target and remaining path together as what is still to walk. */
static int expand_link(char *pending, const struct member *link, const char *rest)
{
    size_t target_length = link->size, rest_length = strlen(rest);
    if (target_length + 1 + rest_length + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    memmove(pending + target_length + 1, rest, rest_length + 1);
    memcpy(pending, link->bytes, target_length);
    pending[target_length] = '/';
    return 0;
}

/* Any path; buffer: PATH_MAX bytes. */
static int walk(const struct members *members, const char *path, bool last, char *buffer)
{
    char pending[PATH_MAX];
    size_t length = 0; /* of the result so far, without a slash at its end */
    int links = 0;

    memcpy(pending, path, strlen(path) + 1); /* the caller has checked it */
    const char *rest = pending;
    for (;;) {
        rest += strspn(rest, "/");
        size_t part = strcspn(rest, "/");
        if (part == 0)
            break;
        const char *name = rest;
        rest += part;
        if (part == 1 && name[0] == '.')
            continue;
        if (part == 2 && name[0] == '.' && name[1] == '.') {
            while (length > 0 && buffer[--length] != '/')
                ;
            continue;
        }
        size_t parent = length;
        if (length + 1 + part + 1 > PATH_MAX)
            return -ENAMETOOLONG;
        if (length)
            buffer[length++] = '/';
        memcpy(buffer + length, name, part);
        length += part;
        bool is_last = rest[strspn(rest, "/")] == '\0';
        if (is_last && !last)
            break;
        const struct member *member = members_find(members, buffer, length);
        if (!member || S_ISDIR(member->mode) || (is_last && !S_ISLNK(member->mode)))
            continue;
        if (!S_ISLNK(member->mode))
            return -ENOTDIR;
        if (++links > LINKS_MAX)
            return -ELOOP;
        int result = expand_link(pending, member, rest);
        if (result)
            return result;
        rest = pending;
        length = pending[0] == '/' ? 0 : parent;
    }
    buffer[length] = '\0';
    return 0;
}

/* Large buffers stay out of the common path's stack: a fresh page costs. */
static __attribute__((noinline)) int
resolve_by_walk(const struct members *members, const char *path, bool last, const char **resolved)
{
    char buffer[PATH_MAX];
    if (strnlen(path, PATH_MAX) >= PATH_MAX)
        return -ENAMETOOLONG;
    int result = walk(members, path, last, buffer);
    if (result)
        return result;
    *resolved = arena_copy(members->arena, buffer, strlen(buffer));
    return *resolved ? 0 : -ENOMEM;
}

/* Whether the table has anything but directories on the way. */
static bool way_is_clear(const struct members *members, const char *path, bool last)
{
    const char *end = path;
    while (*end) {
        end = strchrnul(end + 1, '/');
        if (*end == '\0' && !last)
            return true;
        const struct member *member = members_find(members, path, (size_t)(end - path));
        if (member && !S_ISDIR(member->mode) && !(*end == '\0' && S_ISREG(member->mode)))
            return false;
    }
    return true;
}

int members_resolve(const struct members *members, const char *path, bool last,
                    const char **resolved)
{
    if (!members_path_is_plain(path) || !path[0] || !way_is_clear(members, path + 1, last))
        return resolve_by_walk(members, path, last, resolved);
    size_t length = strlen(path + 1);
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    *resolved = arena_copy(members->arena, path + 1, length);
    return *resolved ? 0 : -ENOMEM;
}

/* The table anew after paths have changed; of two with the same one the later counts. */
static void index_again(struct members *members)
{
    uint32_t count = members->count;
    memset(members->buckets, 0, members->bucket_count * sizeof(*members->buckets));
    members->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = members->items[i];
        size_t length = strlen(member->path);
        struct member *earlier = members_find(members, member->path, length);
        if (earlier) {
            replace(earlier, member);
            continue;
        }
        member->hash = hash_path(member->path, length);
        members->items[members->count] = member;
        insert(members, members->count++);
    }
}

int members_settle(struct members *members, const char **path)
{
    bool moved = false;
    for (uint32_t i = 0; i < members->count; i++) {
        struct member *member = members->items[i];
        *path = member->path;
        if (way_is_clear(members, member->path, false))
            continue;
        int result = resolve_by_walk(members, member->path, false, &member->path);
        if (result)
            return result;
        moved = true;
    }
    if (moved)
        index_again(members);
    return 0;
}

void members_free(struct members *members)
{
    for (uint32_t i = 0; i < members->count; i++)
        close_member(members->items[i]);
    free(members->items);
    free(members->buckets);
    members->items = NULL;
    members->buckets = NULL;
    members->count = members->capacity = members->bucket_count = 0;
}
