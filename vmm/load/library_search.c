/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where ld.so looks for a library (ld.so(8); musl's ldso for programs whose
 * interpreter is musl's): RPATH, LD_LIBRARY_PATH, RUNPATH, cache, defaults.
 * Knows nothing of the graph beyond an object and its loaders.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/load/closure.h"

#define CACHE_PATH "/etc/ld.so.cache"
#define CONF_PATH "/etc/ld.so.conf"
#define CACHE_BYTES_MAX (64u << 20)
#define MUSL_CONF_PATH "/etc/ld-musl-x86_64.path"
#define LOADERS_MAX 64u /* a chain of RPATHs longer than this is nonsense */

struct known_library {
    struct known_library *next;
    bool musl;
    const char *name;
    const char *path; /* NULL: nowhere */
};

struct loaded_name {
    struct loaded_name *next;
    const char *name;
};

/* Debian's, then those of other distributions; missing ones cost little. */
static const char glibc_dirs[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:"
                                 "/usr/lib64:/lib:/usr/lib";
static const char musl_dirs[] = "/lib:/usr/local/lib:/usr/lib:/usr/lib/x86_64-linux-musl:"
                                "/lib/x86_64-linux-musl";

/* A candidate that exists and is for this machine; others are passed over, as ld.so does. */
static int try_path(struct closure *closure, const struct library_object *object, const char *path)
{
    struct member *member;
    int result =
        host_file_add(closure->files, path, object->required ? RANK_LIBRARY : RANK_OTHER, &member);
    if (result)
        return result == -ENOMEM || result == -EMFILE ? result : -ENOENT;
    if (member->scanned)
        return 0;
    if (member->is_elf && member->other_machine)
        return -ENOENT;
    result = closure_queue(closure, member, path, object);
    return result == -ENOEXEC && !object->required ? -ENOENT : result;
}

static int try_in_dir(struct closure *closure, const struct library_object *object, const char *dir,
                      size_t dir_length, const char *name, const char **found)
{
    size_t name_length = strlen(name);
    if (dir_length == 0) { /* an empty element is the current directory */
        dir = ".";
        dir_length = 1;
    }
    if (dir_length + 1 + name_length + 1 > PATH_MAX)
        return -ENOENT;
    char *path = arena_alloc(closure->files->arena, dir_length + 1 + name_length + 1);
    if (!path)
        return -ENOMEM;
    *found = path;
    memcpy(path, dir, dir_length);
    path[dir_length] = '/';
    memcpy(path + dir_length + 1, name, name_length + 1);
    /* Asked first, so that no links of directories without it get in. */
    if (path[0] != '/' || access(path, R_OK) != 0)
        return -ENOENT;
    return try_path(closure, object, path);
}

/* Each directory of a list. */
static int try_in_list(struct closure *closure, const struct library_object *object,
                       const char *list, const char *separators, const char *name,
                       const char **found)
{
    for (;;) {
        size_t length = strcspn(list, separators);
        int result = try_in_dir(closure, object, list, length, name, found);
        if (result != -ENOENT)
            return result;
        if (list[length] == '\0')
            return -ENOENT;
        list += length + 1;
    }
}

/* The token at text ("ORIGIN" or "{ORIGIN}"), its length with braces, or 0. */
static size_t token_length(const char *text, const char *token)
{
    size_t length = strlen(token);
    if (text[0] == '{' && strncmp(text + 1, token, length) == 0 && text[length + 1] == '}')
        return length + 2;
    return strncmp(text, token, length) == 0 ? length : 0;
}

/* $ORIGIN, $LIB and $PLATFORM replaced; false when it does not fit. */
static bool expand(const char *text, const char *origin, const char *lib, char *buffer)
{
    size_t used = 0;
    while (*text) {
        const char *value = NULL;
        size_t skip = 1;
        if (*text == '$') {
            size_t token;
            if ((token = token_length(text + 1, "ORIGIN")) != 0)
                value = origin;
            else if ((token = token_length(text + 1, "LIB")) != 0)
                value = lib;
            else if ((token = token_length(text + 1, "PLATFORM")) != 0)
                value = "x86_64";
            skip = 1 + token;
        }
        size_t length = value ? strlen(value) : 1;
        if (used + length + 1 > PATH_MAX)
            return false;
        memcpy(buffer + used, value ? value : text, length);
        used += length;
        text += value ? skip : 1;
    }
    buffer[used] = '\0';
    return true;
}

/* A list with tokens: $LIB has a value per distribution, so try each. */
static __attribute__((noinline)) int try_expanded(struct closure *closure,
                                                  const struct library_object *object,
                                                  const char *list, const char *origin,
                                                  const char *name, const char **found)
{
    static const char *const libs[] = {"lib/x86_64-linux-gnu", "lib64", "lib"};
    char expanded[PATH_MAX];
    size_t tries = strstr(list, "$LIB") || strstr(list, "${LIB") ? 3 : 1;
    for (size_t i = 0; i < tries; i++) {
        if (!expand(list, origin, libs[i], expanded))
            return -ENOENT;
        int result = try_in_list(closure, object, expanded, ":", name, found);
        if (result != -ENOENT)
            return result;
    }
    return -ENOENT;
}

static void open_cache(struct closure *closure)
{
    struct stat status;
    closure->cache_tried = true;
    int fd = open(CACHE_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_size > 0 && status.st_size <= CACHE_BYTES_MAX) {
        size_t size = (size_t)status.st_size;
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED && ldso_cache_open(map, size, &closure->cache) == 0) {
            closure->cache_map = map;
            closure->cache_map_size = size;
        } else if (map != MAP_FAILED) {
            munmap(map, size);
        }
    }
    close(fd);
}

static int search_cache(struct closure *closure, const struct library_object *object,
                        const char *name, const char **found)
{
    int result = -ENOENT;
    size_t position = 0;
    const char *candidate;
    if (!closure->cache_tried)
        open_cache(closure);
    if (!closure->cache_map)
        return -ENOENT;
    /* There may be one per CPU level (glibc-hwcaps): the last is for all CPUs,
     * and the guest's ld.so takes what its cache says. */
    while ((candidate = ldso_cache_find(&closure->cache, name, &position)) != NULL) {
        if (strlen(candidate) >= PATH_MAX)
            continue;
        int tried = try_path(closure, object, candidate);
        if (tried != 0 && tried != -ENOENT)
            return tried;
        if (tried == 0) {
            *found = candidate; /* in the map, which stays until the end */
            result = 0;
        }
    }
    return result;
}

static int search_conf(struct closure *closure, const struct library_object *object,
                       const char *name, const char **found)
{
    if (!closure->conf_tried) {
        closure->conf_tried = true;
        int result = ldso_conf_read(closure->files->arena, CONF_PATH, &closure->conf_dirs,
                                    &closure->conf_dir_count);
        if (result == -ENOMEM)
            return result;
    }
    for (size_t i = 0; i < closure->conf_dir_count; i++) {
        const char *dir = closure->conf_dirs[i];
        int result = try_in_dir(closure, object, dir, strlen(dir), name, found);
        if (result != -ENOENT)
            return result;
    }
    return -ENOENT;
}

static __attribute__((noinline)) int search_musl(struct closure *closure,
                                                 const struct library_object *object,
                                                 const char *name, const char **found)
{
    char list[PATH_MAX];
    int fd = open(MUSL_CONF_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return try_in_list(closure, object, musl_dirs, ":", name, found);
    ssize_t length = read(fd, list, sizeof(list) - 1);
    close(fd);
    if (length <= 0)
        return -ENOENT;
    list[length] = '\0';
    return try_in_list(closure, object, list, ":\n", name, found);
}

/* The places that are the same for every object; each name is looked up once. */
static int search_common(struct closure *closure, const struct library_object *object,
                         const char *name)
{
    const char *path = NULL;
    int result;
    for (struct known_library *known = closure->known; known; known = known->next)
        if (known->musl == object->musl && strcmp(known->name, name) == 0)
            return known->path ? 0 : -ENOENT;
    if (object->musl) {
        result = search_musl(closure, object, name, &path);
    } else {
        result = search_cache(closure, object, name, &path);
        if (result == -ENOENT)
            result = try_in_list(closure, object, glibc_dirs, ":", name, &path);
        if (result == -ENOENT && !closure->cache_map)
            result = search_conf(closure, object, name, &path);
    }
    if (result != 0 && result != -ENOENT)
        return result;
    struct known_library *known = arena_alloc(closure->files->arena, sizeof(*known));
    char *name_copy = arena_copy(closure->files->arena, name, strlen(name));
    char *path_copy = NULL;
    if (result == 0)
        path_copy = arena_copy(closure->files->arena, path, strlen(path));
    if (!known || !name_copy || (result == 0 && !path_copy))
        return -ENOMEM;
    *known = (struct known_library){closure->known, object->musl, name_copy, path_copy};
    closure->known = known;
    closure->known_count += result == 0 && !object->musl;
    return result;
}

/* A needed name with a slash is a path. */
static __attribute__((noinline)) int
find_by_path(struct closure *closure, const struct library_object *object, const char *name)
{
    char path[PATH_MAX];
    if (!expand(name, object->origin, "lib/x86_64-linux-gnu", path) || path[0] != '/')
        return -ENOENT;
    return try_path(closure, object, path);
}

int library_note_loaded(struct closure *closure, const struct library_object *object,
                        const char *name)
{
    struct loaded_name *loaded = arena_alloc(closure->files->arena, sizeof(*loaded));
    if (!loaded)
        return -ENOMEM;
    *loaded = (struct loaded_name){object->root->loaded, name};
    object->root->loaded = loaded;
    return 0;
}

static int search(struct closure *closure, const struct library_object *object, const char *name)
{
    const char *found;
    int result = -ENOENT;
    unsigned int loaders = 0;

    if (!object->runpath) {
        for (const struct library_object *o = object; o && result == -ENOENT; o = o->loader) {
            if (++loaders > LOADERS_MAX)
                break;
            if (o->rpath)
                result = try_expanded(closure, object, o->rpath, o->origin, name, &found);
        }
    }
    if (result == -ENOENT && closure->library_path)
        result = try_in_list(closure, object, closure->library_path, ":;", name, &found);
    if (result == -ENOENT && object->runpath)
        result = try_expanded(closure, object, object->runpath, object->origin, name, &found);
    return result == -ENOENT ? search_common(closure, object, name) : result;
}

/* ld.so takes a library of that name that is there already, wherever from. */
bool library_is_loaded(const struct library_object *object, const char *name)
{
    for (const struct loaded_name *loaded = object->root->loaded; loaded; loaded = loaded->next)
        if (strcmp(loaded->name, name) == 0)
            return true;
    return false;
}

int library_find(struct closure *closure, const struct library_object *object, const char *name)
{
    if (strchr(name, '/'))
        return find_by_path(closure, object, name);
    if (library_is_loaded(object, name))
        return 0;
    int result = search(closure, object, name);
    return result ? result : library_note_loaded(closure, object, name);
}

int closure_add_cache(struct closure *closure)
{
    struct host_files *files = closure->files;
    if (closure->known_count == 0)
        return 0;
    struct ldso_entry *entries = arena_alloc(files->arena, closure->known_count * sizeof(*entries));
    size_t count = 0, size = 0;
    if (!entries)
        return vmm_fail(files->error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    for (const struct known_library *known = closure->known; known; known = known->next)
        if (known->path && !known->musl)
            entries[count++] = (struct ldso_entry){known->name, known->path};
    uint8_t *bytes = ldso_cache_write(files->arena, entries, count, &size);
    int result = bytes
                     ? host_generated_add(files, CACHE_PATH, S_IFREG | 0644, RANK_LINK, bytes, size)
                     : -ENOMEM;
    if (result)
        return vmm_fail(files->error, result, VMM_FAULT_USAGE, "the guest's %s: %s", CACHE_PATH,
                        strerror(-result));
    return 0;
}
