/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single files and path walks.  Knows nothing of ELF beyond its magic bytes and
 * nothing of the archive's layout.
 */
#include "vmm/load/host_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* Linux's MAXSYMLINKS */
/* Descriptors left for the VMM itself (KVM, eventfds, disks, QEMU). */
#define DESCRIPTORS_SPARE 128u
#define DESCRIPTORS_UNCHECKED 256 /* any limit worth its name is above this */

int host_absolute(const char *path, char *buffer)
{
    size_t length = 0;
    if (path[0] != '/') {
        if (!getcwd(buffer, PATH_MAX))
            return -errno;
        length = strlen(buffer);
        buffer[length++] = '/';
    }
    size_t rest = strnlen(path, PATH_MAX);
    if (length + rest >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(buffer + length, path, rest + 1);
    return 0;
}

int host_generated_add(struct host_files *files, const char *path, uint32_t mode,
                       enum member_rank rank, const void *bytes, size_t size)
{
    struct member member = {
        .mode = mode,
        .rank = rank,
        .size = size,
        .bytes = bytes,
        .fd = -1,
    };
    char resolved[PATH_MAX];
    int result = members_resolve(files->members, path, resolved);
    if (result)
        return result;
    member.path = arena_copy(files->arena, resolved, strlen(resolved));
    if (!member.path)
        return -ENOMEM;
    struct member *added;
    return members_add(files->members, &member, MEMBERS_KEEP, &added);
}

static int add_link(struct host_files *files, const char *path, const char *target, size_t length)
{
    char *copy = arena_copy(files->arena, target, length);
    if (!copy)
        return -ENOMEM;
    return host_generated_add(files, path, S_IFLNK | 0777, RANK_LINK, copy, length);
}

/* True for the known directory and those above it. */
static bool is_known_dir(const struct host_files *files, const char *path, size_t length)
{
    return strncmp(files->real_dir, path, length) == 0 &&
           (files->real_dir[length] == '/' || files->real_dir[length] == '\0');
}

/* Length of the link's target, 0 when path is no link, or a negative errno. */
static ssize_t read_link(struct host_files *files, const char *path, size_t length, char *target)
{
    if (is_known_dir(files, path, length))
        return 0;
    ssize_t got = readlink(path, target, PATH_MAX);
    if (got < 0)
        return errno == EINVAL ? 0 : -errno;
    return got < PATH_MAX ? got : -ENAMETOOLONG;
}

int host_walk(struct host_files *files, const char *path, char *real)
{
    char pending[PATH_MAX], target[PATH_MAX];
    const char *rest = pending;
    size_t length = 0, parent = 0;
    int links = 0;

    if (strnlen(path, PATH_MAX) >= PATH_MAX)
        return -ENAMETOOLONG;
    strcpy(pending, path);
    for (rest += strspn(rest, "/"); *rest; rest += strspn(rest, "/")) {
        size_t part = strcspn(rest, "/");
        const char *name = rest;
        rest += part;
        if (part == 1 && name[0] == '.')
            continue;
        if (part == 2 && name[0] == '.' && name[1] == '.') {
            while (length > 0 && real[--length] != '/')
                ;
            continue;
        }
        if (length + 1 + part + 1 > PATH_MAX)
            return -ENAMETOOLONG;
        parent = length;
        real[length++] = '/';
        memcpy(real + length, name, part);
        length += part;
        real[length] = '\0';
        ssize_t got = read_link(files, real, length, target);
        if (got < 0)
            return (int)got;
        if (got == 0)
            continue;
        size_t rest_length = strlen(rest);
        if (++links > LINKS_MAX)
            return -ELOOP;
        if ((size_t)got + 1 + rest_length + 1 > PATH_MAX)
            return -ENAMETOOLONG;
        int result = add_link(files, real, target, (size_t)got);
        if (result)
            return result;
        memmove(pending + got + 1, rest, rest_length + 1);
        memcpy(pending, target, (size_t)got);
        pending[got] = '/';
        rest = pending;
        length = pending[0] == '/' ? 0 : parent;
    }
    real[length] = '\0';
    if (length == 0) {
        strcpy(real, "/");
        return 0;
    }
    /* What comes next is likely to be in the same directory. */
    char *slash = strrchr(real, '/');
    if (slash > real) {
        memcpy(files->real_dir, real, (size_t)(slash - real));
        files->real_dir[slash - real] = '\0';
    }
    return 0;
}

/* Whether a descriptor may stay open; raises the soft limit when it is near. */
static bool may_stay_open(int fd)
{
    struct rlimit limit;
    if (fd < DESCRIPTORS_UNCHECKED)
        return true;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if ((rlim_t)fd + DESCRIPTORS_SPARE < limit.rlim_cur)
        return true;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + DESCRIPTORS_SPARE < limit.rlim_max;
}

static int read_contents(struct host_files *files, struct member *member)
{
    uint8_t *bytes = arena_alloc(files->arena, (size_t)member->size);
    if (!bytes)
        return -ENOMEM;
    for (uint64_t done = 0; done < member->size;) {
        ssize_t got = pread(member->fd, bytes + done, (size_t)(member->size - done), (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -EIO; /* became shorter meanwhile */
        done += (uint64_t)got;
    }
    member->bytes = bytes;
    return 0;
}

static int fill_member(struct host_files *files, struct member *member, const struct stat *status)
{
    uint8_t magic[4] = {0};
    int result = 0;
    member->mode = status->st_mode;
    member->size = (uint64_t)status->st_size;
    member->device = status->st_dev;
    member->inode = status->st_ino;
    member->mtime = status->st_mtim;
    if (member->size > HOST_FILE_SIZE_MAX)
        return -EFBIG;
    if (member->size <= HOST_FILE_PACKED_MAX || !may_stay_open(member->fd)) {
        result = read_contents(files, member);
        close(member->fd);
        member->fd = -1;
        if (result == 0 && member->size >= sizeof(magic))
            memcpy(magic, member->bytes, sizeof(magic));
    } else if (pread(member->fd, magic, sizeof(magic), 0) < 0) {
        result = -errno;
    }
    member->is_elf = memcmp(magic, "\177ELF", sizeof(magic)) == 0;
    return result;
}

int host_open_file_add(struct host_files *files, int fd, const char *host_path,
                       const char *guest_path, enum member_rank rank, enum members_policy policy,
                       struct member **result)
{
    struct member member = {.rank = rank, .fd = fd};
    struct stat status;
    char resolved[PATH_MAX];
    int error = 0;

    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (S_ISDIR(status.st_mode))
        error = -EISDIR;
    else if (!S_ISREG(status.st_mode))
        error = -EINVAL;
    if (!error)
        error = members_resolve(files->members, guest_path, resolved);
    if (!error)
        error = fill_member(files, &member, &status);
    if (!error) {
        member.path = arena_copy(files->arena, resolved, strlen(resolved));
        member.host_path = arena_copy(files->arena, host_path, strlen(host_path));
        if (!member.path || !member.host_path)
            error = -ENOMEM;
    }
    if (error) {
        if (member.fd >= 0)
            close(member.fd);
        return error;
    }
    return members_add(files->members, &member, policy, result);
}

int host_file_add(struct host_files *files, const char *path, enum member_rank rank,
                  struct member **member)
{
    char real[PATH_MAX], resolved[PATH_MAX];
    int result = host_walk(files, path, real);
    if (!result)
        result = members_resolve(files->members, real, resolved);
    if (result)
        return result;
    struct member *known = members_find(files->members, resolved, strlen(resolved));
    if (known && S_ISREG(known->mode)) {
        if (rank < known->rank)
            known->rank = rank;
        *member = known;
        return 0;
    }
    /* O_NONBLOCK: a FIFO of that name must not hang us. */
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    return host_open_file_add(files, fd, real, real, rank, MEMBERS_KEEP, member);
}
