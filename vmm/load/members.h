/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of the guest-to-be, before they become an archive: a table of
 * members by guest path.  Knows nothing of the host's file system; descriptors
 * in members belong to the table.
 */
#ifndef VMM_LOAD_MEMBERS_H
#define VMM_LOAD_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "vmm/load/arena.h"

/* Order in the archive: what a start touches first comes first. */
enum member_rank {
    RANK_RUN,
    RANK_LINK, /* symbolic links and small generated files share a page */
    RANK_PROGRAM,
    RANK_INTERPRETER,
    RANK_LIBRARY,
    RANK_OTHER,
    RANK_COUNT,
};

struct member {
    const char *path; /* in the guest, no slash in front, no "." or ".." */
    const char *host_path; /* NULL: generated */
    uint32_t mode; /* type and permissions, as st_mode */
    enum member_rank rank;
    bool is_elf;
    bool other_machine; /* with is_elf: not 64-bit x86-64 */
    bool scanned; /* closure: its libraries are in the table */
    uint64_t size;
    const uint8_t *bytes; /* contents or link target; NULL: in fd */
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
    struct timespec mtime;
    uint32_t hash;
    uint32_t next; /* same bucket, index + 1 */
};

struct members {
    struct arena *arena;
    struct member **items;
    uint32_t count, capacity;
    uint32_t *buckets; /* index + 1, 0: empty */
    uint32_t bucket_count; /* a power of two */
    /* Some link leads elsewhere than the host's link of that path. */
    bool has_foreign_links;
};

enum members_policy {
    MEMBERS_KEEP, /* an earlier member of that path stays, but not a directory before a link */
    MEMBERS_REPLACE, /* the later one counts */
};

/* NULL when there is none. */
struct member *members_find(const struct members *members, const char *path, size_t length);
/*
 * Copies *member (not its strings) into the table and returns the one that is
 * in it then through *result.  The descriptor of the loser is closed.  -ENOMEM.
 */
int members_add(struct members *members, const struct member *member, enum members_policy policy,
                struct member **result);
/*
 * The path with links of the table followed, as the guest's kernel will walk
 * it, in the arena; with last, a link in the last component is followed, too.
 * Leading slashes are dropped, "." and ".." removed.  -ELOOP, -ENAMETOOLONG,
 * -ENOTDIR, -ENOMEM.
 */
int members_resolve(const struct members *members, const char *path, bool last,
                    const char **resolved);
/*
 * Once everything is there: what lies beneath a link that came after it moves to
 * where the link leads, as it would on a disk.  As above; *path says where.
 */
int members_settle(struct members *members, const char **path);
/* True for an absolute path without empty, "." and ".." components. */
bool members_path_is_plain(const char *path);
void members_free(struct members *members);

#endif
