/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /etc/ld.so.conf (ldconfig(8)): directories one per line, "include PATTERN",
 * "#" comments.  Used where a host has no ld.so.cache.  Knows nothing of
 * libraries.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/load/closure.h"

#define CONF_BYTES_MAX 65536u
#define DIRS_MAX 256u
#define INCLUDE_DEPTH_MAX 8u
#define INCLUDES_MAX 256u /* files that one pattern may name */

struct conf {
    struct arena *arena;
    char **dirs;
    size_t count;
};

static int read_file(struct conf *conf, const char *path, unsigned int depth);

static int add_dir(struct conf *conf, const char *dir)
{
    size_t length = strcspn(dir, "= \t");
    if (dir[0] != '/' || conf->count == DIRS_MAX)
        return 0;
    char *copy = arena_copy(conf->arena, dir, length);
    if (!copy)
        return -ENOMEM;
    conf->dirs[conf->count++] = copy;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory that match a pattern, sorted as glob(3) does. */
static int matching_names(struct conf *conf, const char *dir, const char *pattern, char **names,
                          size_t *count)
{
    DIR *stream = opendir(dir);
    struct dirent *entry;
    int result = 0;
    if (!stream)
        return 0;
    while (*count < INCLUDES_MAX && (entry = readdir(stream)) != NULL) {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
            continue;
        names[*count] = arena_copy(conf->arena, entry->d_name, strlen(entry->d_name));
        if (!names[*count]) {
            result = -ENOMEM;
            break;
        }
        (*count)++;
    }
    closedir(stream);
    qsort(names, *count, sizeof(*names), compare_names);
    return result;
}

/* Patterns are matched in the last component only, which is how they are used. */
static int include(struct conf *conf, const char *from, const char *pattern, unsigned int depth)
{
    char path[PATH_MAX];
    char **names = arena_alloc(conf->arena, INCLUDES_MAX * sizeof(*names));
    size_t count = 0, prefix = 0;
    if (!names)
        return -ENOMEM;
    if (depth == INCLUDE_DEPTH_MAX)
        return 0;
    if (pattern[0] != '/')
        prefix = (size_t)(strrchr(from, '/') - from) + 1;
    size_t length = strlen(pattern);
    if (prefix + length + 1 > sizeof(path))
        return 0;
    memcpy(path, from, prefix);
    memcpy(path + prefix, pattern, length + 1);
    char *slash = strrchr(path, '/');
    size_t dir_length = (size_t)(slash - path) + 1;
    char *last = arena_copy(conf->arena, slash + 1, strlen(slash + 1));
    if (!last)
        return -ENOMEM;
    slash[slash == path] = '\0';
    int result = matching_names(conf, path, last, names, &count);
    slash[0] = '/';
    for (size_t i = 0; i < count && !result; i++) {
        size_t name_length = strlen(names[i]);
        if (dir_length + name_length + 1 > sizeof(path))
            continue;
        memcpy(path + dir_length, names[i], name_length + 1);
        result = read_file(conf, path, depth + 1);
    }
    return result;
}

static int take_line(struct conf *conf, const char *path, char *line, unsigned int depth)
{
    line += strspn(line, " \t");
    line[strcspn(line, "#\r")] = '\0';
    for (size_t length = strlen(line); length && strchr(" \t", line[length - 1]); length--)
        line[length - 1] = '\0';
    if (strncmp(line, "include", 7) != 0 || !strchr(" \t", line[7]))
        return add_dir(conf, line);
    for (char *word = line + 7;;) {
        word += strspn(word, " \t");
        size_t length = strcspn(word, " \t");
        if (length == 0)
            return 0;
        bool last = word[length] == '\0';
        word[length] = '\0';
        int result = include(conf, path, word, depth);
        if (result || last)
            return result;
        word += length + 1;
    }
}

static int read_file(struct conf *conf, const char *path, unsigned int depth)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0;
    char *text = arena_alloc(conf->arena, CONF_BYTES_MAX);
    ssize_t length = text ? read(fd, text, CONF_BYTES_MAX - 1) : 0;
    close(fd);
    if (!text)
        return -ENOMEM;
    if (length <= 0)
        return 0;
    text[length] = '\0';
    int result = 0;
    for (char *line = text; line && !result;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        result = take_line(conf, path, line, depth);
        line = next;
    }
    return result;
}

int ldso_conf_read(struct arena *arena, const char *path, char ***dirs, size_t *count)
{
    struct conf conf = {.arena = arena};
    *dirs = NULL;
    *count = 0;
    conf.dirs = arena_alloc(arena, DIRS_MAX * sizeof(*conf.dirs));
    if (!conf.dirs)
        return -ENOMEM;
    int result = read_file(&conf, path, 0);
    *dirs = conf.dirs;
    *count = conf.count;
    return result;
}
