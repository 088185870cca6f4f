/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host files on their way into the member table: path walks that take the
 * symbolic links along, single files, whole trees.  Opens files, keeps the
 * descriptors of those large enough to be mapped, and executes none.
 */
#ifndef VMM_LOAD_HOST_FILES_H
#define VMM_LOAD_HOST_FILES_H

#include <limits.h>

#include "vmm/config.h"
#include "vmm/load/members.h"

/* Smaller files are read at once and packed; larger ones stay open. */
#define HOST_FILE_PACKED_MAX 8191u
/* What a newc header can say: eight hexadecimal digits. */
#define HOST_FILE_SIZE_MAX 0xffffffffull

struct host_files {
    const struct vmm_config *config;
    struct vmm_error *error;
    struct arena *arena;
    struct members *members;
    unsigned long descriptors_max; /* the limit on them; 0: not asked yet */
    bool no_openat2; /* the host has no such call, or forbids it */
};

/* An absolute path for a name as the user typed it, in the arena. */
int host_absolute(struct host_files *files, const char *path, const char **absolute);
/*
 * Follows an absolute path link by link; each link becomes a member.  real
 * (PATH_MAX bytes) gets the path without links, "." and "..".  With fd, the
 * file is opened, too: earlier if the kernel finds no link on the way.
 * Negative errno.
 */
int host_walk(struct host_files *files, const char *path, char *real, int *fd);
/*
 * The regular file at an absolute path, as a member of the same path, and the
 * links on the way there.  Negative errno (-EISDIR, -EINVAL for what is no
 * regular file), no error text: the caller knows what the file is for.
 */
int host_file_add(struct host_files *files, const char *path, enum member_rank rank,
                  struct member **member);
/* "--add": a file or tree.  Fills files->error. */
int host_tree_add(struct host_files *files, const char *host_path, const char *guest_path);
/* A generated member: contents or link target stay with the caller's arena. */
int host_generated_add(struct host_files *files, const char *path, uint32_t mode,
                       enum member_rank rank, const void *bytes, size_t size);
/* For host_tree.c: takes an open regular file over, closing fd on failure. */
int host_open_file_add(struct host_files *files, int fd, const char *host_path,
                       const char *guest_path, enum member_rank rank, enum members_policy policy,
                       struct member **member);

#endif
