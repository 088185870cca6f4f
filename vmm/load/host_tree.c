/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "--add HOST[:GUEST]": a file or a directory tree into the member table, with
 * modes and times.  Links inside a tree stay links and are never followed, so
 * nothing outside the tree gets in.  Sockets and device nodes stay out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/load/host_files.h"

#define DEPTH_MAX 128u

struct tree {
    struct host_files *files;
    unsigned int depth;
    bool elsewhere; /* guest paths are not host paths */
    char host[PATH_MAX], guest[PATH_MAX]; /* where the walk stands */
};

static int fail_add(struct host_files *files, const char *path, int result)
{
    const char *why = strerror(-result);
    if (result == -EFBIG)
        why = "larger than 4 GiB; give it as a disk (--disk)";
    else if (result == -EIO)
        why = "changed while it was being read";
    else if (result == -EINVAL)
        why = "neither a file nor a directory";
    else if (result == -EMFILE || result == -ENFILE)
        why = "too many open files; raise the limit (ulimit -n)";
    return vmm_fail(files->error, result, VMM_FAULT_USAGE, "--add %s: %s", path, why);
}

static int add_plain(struct tree *tree, const struct stat *status, const void *bytes, size_t size)
{
    struct members *members = tree->files->members;
    struct member member = {
        .mode = status->st_mode,
        .rank = RANK_OTHER,
        .size = size,
        .bytes = bytes,
        .fd = -1,
        .mtime = status->st_mtim,
    };
    /* A directory where a link is goes where that leads. */
    int result = members_resolve(members, tree->guest, S_ISDIR(member.mode), &member.path);
    if (result)
        return result;
    if (member.path[0] == '\0')
        return 0; /* the root itself is there already */
    if (S_ISLNK(member.mode) && tree->elsewhere)
        members->has_foreign_links = true;
    struct member *added;
    return members_add(members, &member, MEMBERS_REPLACE, &added);
}

static int add_link(struct tree *tree, int dir, const char *name, const struct stat *status)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(dir, name, target, sizeof(target));
    if (length < 0)
        return -errno;
    if (length == (ssize_t)sizeof(target))
        return -ENAMETOOLONG;
    char *copy = arena_copy(tree->files->arena, target, (size_t)length);
    return copy ? add_plain(tree, status, copy, (size_t)length) : -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted, so that the same tree gives the same archive. */
static int read_names(struct tree *tree, int fd, char ***names, size_t *count)
{
    int copy = dup(fd); /* fdopendir takes it over */
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    size_t capacity = 0;
    *names = NULL;
    *count = 0;
    if (!dir) {
        int error = errno;
        if (copy >= 0)
            close(copy);
        return -error;
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            char **bigger = realloc(*names, capacity * sizeof(*bigger));
            if (!bigger) {
                result = -ENOMEM;
                break;
            }
            *names = bigger;
        }
        char *name = arena_copy(tree->files->arena, entry->d_name, strlen(entry->d_name));
        if (name)
            (*names)[(*count)++] = name;
        else
            result = -ENOMEM;
    }
    if (result == 0 && !entry && errno)
        result = -errno;
    closedir(dir);
    if (*count > 1)
        qsort(*names, *count, sizeof(**names), compare_names);
    return result;
}

static int append(char *path, size_t length, const char *name)
{
    size_t part = strlen(name);
    if (length + 1 + part + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    path[length] = '/';
    memcpy(path + length + 1, name, part + 1);
    return 0;
}

static int add_directory(struct tree *tree, int fd, const struct stat *status);

static int add_entry(struct tree *tree, int dir, const char *name)
{
    struct stat status;
    struct member *member;
    if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    if (S_ISLNK(status.st_mode))
        return add_link(tree, dir, name, &status);
    if (S_ISFIFO(status.st_mode))
        return add_plain(tree, &status, NULL, 0);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        vmm_log(tree->files->config, VMM_LOG_DEBUG, "%s: left out (socket or device)", tree->host);
        return 0;
    }
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (S_ISREG(status.st_mode))
        return host_open_file_add(tree->files, fd, tree->host, tree->guest, RANK_OTHER,
                                  MEMBERS_REPLACE, &member);
    int result = add_directory(tree, fd, &status);
    close(fd);
    return result;
}

/* The directory itself and all below it; depth and path length bound it. */
static int add_directory(struct tree *tree, int fd, const struct stat *status)
{
    char **names;
    size_t count;

    int result = add_plain(tree, status, NULL, 0);
    if (result)
        return result;
    if (tree->depth == DEPTH_MAX)
        return -ELOOP;
    tree->depth++;
    result = read_names(tree, fd, &names, &count);
    size_t host_here = strlen(tree->host), guest_here = strlen(tree->guest);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = append(tree->host, host_here, names[i]);
        if (!result)
            result = append(tree->guest, guest_here, names[i]);
        if (!result)
            result = add_entry(tree, fd, names[i]);
        if (!result)
            tree->host[host_here] = tree->guest[guest_here] = '\0';
    }
    free(names);
    tree->depth--;
    return result;
}

/* Where a file goes that was given a directory's name ("/etc/"). */
static int append_base_name(char *guest, const char *host)
{
    size_t length = strlen(guest);
    if (guest[length - 1] != '/')
        return 0;
    const char *slash = strrchr(host, '/');
    return append(guest, length - 1, slash ? slash + 1 : host);
}

static void strip_slashes(char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        path[--length] = '\0';
}

int host_tree_add(struct host_files *files, const char *host_path, const char *guest_path)
{
    struct tree *tree = arena_alloc(files->arena, sizeof(*tree));
    struct member *member;
    struct stat status;
    const char *absolute;
    char real[PATH_MAX];

    if (!tree)
        return fail_add(files, host_path, -ENOMEM);
    tree->files = files;
    tree->depth = 0;
    tree->elsewhere = guest_path != NULL;
    int result = host_absolute(files, host_path, &absolute);
    /* Without a guest path the links on the way are part of what is added. */
    if (!result && !guest_path) {
        result = host_walk(files, absolute, real, NULL);
        absolute = guest_path = real;
    }
    if (!result && (strlen(absolute) >= PATH_MAX || strlen(guest_path) >= PATH_MAX))
        result = -ENAMETOOLONG;
    if (result)
        return fail_add(files, host_path, result);
    memcpy(tree->host, absolute, strlen(absolute) + 1);
    memcpy(tree->guest, guest_path, strlen(guest_path) + 1);
    int fd = open(tree->host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_add(files, host_path, -errno);
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        strip_slashes(tree->host);
        strip_slashes(tree->guest);
        result = add_directory(tree, fd, &status);
        close(fd);
    } else {
        result = append_base_name(tree->guest, tree->host);
        if (result)
            close(fd);
        else
            result = host_open_file_add(files, fd, tree->host, tree->guest, RANK_OTHER,
                                        MEMBERS_REPLACE, &member);
    }
    return result ? fail_add(files, tree->host[0] ? tree->host : "/", result) : 0;
}
