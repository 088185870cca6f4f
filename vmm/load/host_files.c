/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single files and path walks.  Knows nothing of ELF beyond its magic bytes and
 * nothing of the archive's layout.
 */
#include "vmm/load/host_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/load/elf_file.h"

#define LINKS_MAX 40 /* Linux's MAXSYMLINKS */
#define PSEUDO_FILE_MAX 65536u /* of a file whose size is not known before */
#define MAGIC_BYTES 32u /* of a file: enough to know an ELF file and its machine */
/* Descriptors left for the VMM itself (KVM, eventfds, disks, QEMU). */
#define DESCRIPTORS_SPARE 128u
#define DESCRIPTORS_UNCHECKED 64 /* any limit worth its name is well above this */

static __attribute__((noinline)) int from_cwd(struct host_files *files, const char *path,
                                              const char **absolute)
{
    char buffer[PATH_MAX];
    size_t rest = strnlen(path, PATH_MAX);
    if (!getcwd(buffer, sizeof(buffer)))
        return -errno;
    size_t length = strlen(buffer);
    if (length + 1 + rest >= sizeof(buffer))
        return -ENAMETOOLONG;
    if (length > 1)
        buffer[length++] = '/';
    memcpy(buffer + length, path, rest + 1);
    *absolute = arena_copy(files->arena, buffer, length + rest);
    return *absolute ? 0 : -ENOMEM;
}

int host_absolute(struct host_files *files, const char *path, const char **absolute)
{
    if (path[0] != '/')
        return from_cwd(files, path, absolute);
    *absolute = arena_copy(files->arena, path, strlen(path));
    return *absolute ? 0 : -ENOMEM;
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
    int result = members_resolve(files->members, path, false, &member.path);
    if (result)
        return result;
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

/*
 * Opens a path if there is no link in it, with one call for the whole of it.
 * -ELOOP: walk it.  O_NONBLOCK: a FIFO of that name must not hang us.
 */
static int open_without_links(struct host_files *files, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
        .resolve = RESOLVE_NO_SYMLINKS,
    };
    if (files->no_openat2 || !members_path_is_plain(path))
        return -ELOOP;
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
    if (fd >= 0)
        return fd;
    if (errno == ENOSYS || errno == EPERM) {
        files->no_openat2 = true;
        return -ELOOP;
    }
    return -errno;
}

/* A walk over components; what has been walked is free of links. */
struct walk {
    size_t length; /* of what has been walked, in real */
    const char *rest; /* in pending */
    unsigned int links;
    char pending[PATH_MAX], target[PATH_MAX];
};

/* The next component is a link: its target takes its place.  parent: length before it. */
static int follow(struct host_files *files, struct walk *walk, char *real, size_t parent,
                  size_t target_length)
{
    size_t rest_length = strlen(walk->rest);
    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    if (target_length + 1 + rest_length + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    int result = add_link(files, real, walk->target, target_length);
    if (result)
        return result;
    memmove(walk->pending + target_length + 1, walk->rest, rest_length + 1);
    memcpy(walk->pending, walk->target, target_length);
    walk->pending[target_length] = '/';
    if (rest_length == 0)
        walk->pending[target_length] = '\0';
    walk->rest = walk->pending + strspn(walk->pending, "/");
    walk->length = walk->pending[0] == '/' ? 0 : parent;
    return 0;
}

/* After a link: maybe the rest has none.  *fd stays -1 if it has. */
static int try_rest(struct host_files *files, struct walk *walk, char *real, int *fd)
{
    size_t rest_length = strlen(walk->rest);
    if (walk->length + 1 + rest_length + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    real[walk->length] = '/';
    memcpy(real + walk->length + 1, walk->rest, rest_length + 1);
    int opened = open_without_links(files, real);
    if (opened < 0)
        return opened == -ELOOP ? 0 : opened;
    *fd = opened;
    return 0;
}

/* One component into real; sets *parent to the length before it.  False: nothing to look at. */
static int take_component(struct walk *walk, char *real, size_t *parent)
{
    size_t part = strcspn(walk->rest, "/");
    const char *name = walk->rest;
    walk->rest += part;
    if (part == 1 && name[0] == '.')
        return 0;
    if (part == 2 && name[0] == '.' && name[1] == '.') {
        while (walk->length > 0 && real[--walk->length] != '/')
            ;
        return 0;
    }
    if (walk->length + 1 + part + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    *parent = walk->length;
    real[walk->length++] = '/';
    memcpy(real + walk->length, name, part);
    walk->length += part;
    real[walk->length] = '\0';
    return 1;
}

static int walk_links(struct host_files *files, struct walk *walk, char *real, int *fd)
{
    for (walk->rest += strspn(walk->rest, "/"); *walk->rest;
         walk->rest += strspn(walk->rest, "/")) {
        size_t parent = 0;
        int taken = take_component(walk, real, &parent);
        if (taken < 0)
            return taken;
        if (taken == 0)
            continue;
        ssize_t got = readlink(real, walk->target, sizeof(walk->target));
        if (got < 0 && errno != EINVAL) /* EINVAL: no link */
            return -errno;
        if (got < 0)
            continue;
        if (got == (ssize_t)sizeof(walk->target))
            return -ENAMETOOLONG;
        int result = follow(files, walk, real, parent, (size_t)got);
        if (!result && fd)
            result = try_rest(files, walk, real, fd);
        if (result || (fd && *fd >= 0))
            return result;
    }
    real[walk->length] = '\0';
    if (walk->length == 0)
        memcpy(real, "/", 2);
    return 0;
}

int host_walk(struct host_files *files, const char *path, char *real, int *fd)
{
    struct walk walk = {.length = 0};
    size_t size = strnlen(path, PATH_MAX) + 1;
    if (size > PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(walk.pending, path, size);
    walk.rest = walk.pending;
    int result = walk_links(files, &walk, real, fd);
    if (result || !fd || *fd >= 0)
        return result;
    *fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    return *fd < 0 ? -errno : 0;
}

/* Whether a descriptor may stay open.  The soft limit is raised for large trees. */
static bool may_stay_open(struct host_files *files, int fd)
{
    struct rlimit limit;
    if (fd < DESCRIPTORS_UNCHECKED)
        return true;
    if (files->descriptors_max == 0) {
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
            return false;
        files->descriptors_max = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
            files->descriptors_max = limit.rlim_max;
    }
    return (unsigned long)fd + DESCRIPTORS_SPARE < files->descriptors_max;
}

/*
 * The whole file into memory.  The size that the kernel tells of files in /proc
 * and /sys means nothing: there, what can be read counts.
 */
static int read_contents(struct host_files *files, struct member *member)
{
    uint8_t probe;
    uint64_t done = 0, room = member->size;
    if (room == 0 && pread(member->fd, &probe, 1, 0) == 1)
        room = PSEUDO_FILE_MAX;
    member->bytes = (const uint8_t *)"";
    if (room == 0)
        return 0;
    uint8_t *bytes = arena_alloc(files->arena, (size_t)room);
    if (!bytes)
        return -ENOMEM;
    while (done < room) {
        ssize_t got = pread(member->fd, bytes + done, (size_t)(room - done), (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (uint64_t)got;
    }
    if (done < room && room > PSEUDO_FILE_MAX)
        return -EIO; /* became shorter meanwhile */
    member->size = done;
    member->bytes = bytes;
    return 0;
}

static int fill_member(struct host_files *files, struct member *member, const struct stat *status)
{
    uint8_t start[MAGIC_BYTES] = {0};
    int result = 0;
    member->mode = status->st_mode;
    member->size = (uint64_t)status->st_size;
    member->device = status->st_dev;
    member->inode = status->st_ino;
    member->mtime = status->st_mtim;
    if (member->size > HOST_FILE_SIZE_MAX)
        return -EFBIG;
    if (member->size <= HOST_FILE_PACKED_MAX || !may_stay_open(files, member->fd)) {
        result = read_contents(files, member);
        close(member->fd);
        member->fd = -1;
        if (result == 0 && member->size > 0)
            memcpy(start, member->bytes,
                   member->size < sizeof(start) ? (size_t)member->size : sizeof(start));
    } else if (pread(member->fd, start, sizeof(start), 0) < 0) {
        result = -errno;
    }
    member->is_elf = memcmp(start, "\177ELF", 4) == 0;
    member->other_machine = !elf_file_is_ours(start, sizeof(start));
    return result;
}

int host_open_file_add(struct host_files *files, int fd, const char *host_path,
                       const char *guest_path, enum member_rank rank, enum members_policy policy,
                       struct member **result)
{
    struct member member = {.rank = rank, .fd = fd};
    struct stat status;
    int error = 0;

    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (S_ISDIR(status.st_mode))
        error = -EISDIR;
    else if (!S_ISREG(status.st_mode))
        error = -EINVAL;
    if (!error)
        error = members_resolve(files->members, guest_path, false, &member.path);
    if (!error)
        error = fill_member(files, &member, &status);
    if (!error) {
        member.host_path = arena_copy(files->arena, host_path, strlen(host_path));
        if (!member.host_path)
            error = -ENOMEM;
    }
    if (error) {
        if (member.fd >= 0)
            close(member.fd);
        return error;
    }
    return members_add(files->members, &member, policy, result);
}

static __attribute__((noinline)) int add_by_walk(struct host_files *files, const char *path,
                                                 enum member_rank rank, struct member **member)
{
    char real[PATH_MAX];
    int fd = -1;
    int result = host_walk(files, path, real, &fd);
    return result ? result : host_open_file_add(files, fd, real, real, rank, MEMBERS_KEEP, member);
}

int host_file_add(struct host_files *files, const char *path, enum member_rank rank,
                  struct member **member)
{
    const char *known_path;
    int fd = -1, result = members_resolve(files->members, path, true, &known_path);
    if (result)
        return result;
    struct member *known = members_find(files->members, known_path, strlen(known_path));
    if (known && S_ISREG(known->mode)) {
        if (rank < known->rank)
            known->rank = rank;
        *member = known;
        return 0;
    }
    /* Links that were met before need not be read again. */
    const char *short_cut = path;
    if (!files->members->has_foreign_links) {
        size_t length = strlen(known_path);
        char *rooted = arena_alloc(files->arena, length + 2);
        if (!rooted)
            return -ENOMEM;
        rooted[0] = '/';
        memcpy(rooted + 1, known_path, length + 1);
        short_cut = rooted;
    }
    fd = open_without_links(files, short_cut);
    if (fd == -ELOOP)
        return add_by_walk(files, short_cut, rank, member);
    if (fd < 0)
        return fd;
    return host_open_file_add(files, fd, short_cut, short_cut, rank, MEMBERS_KEEP, member);
}
