/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of snapshots, and the directory that holds those without a slash.
 */
#include "vmm/cli/snapshot_store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES_MAX 200u /* with what the library appends, below NAME_MAX */

int snapshot_store(char *path, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int length;
    if (data && data[0] == '/')
        length = snprintf(path, size, "%s/vmm/snapshots", data);
    else if (home && home[0] == '/')
        length = snprintf(path, size, "%s/.local/share/vmm/snapshots", home);
    else
        return cli_fail(CLI_FAILED, "snapshots by name need XDG_DATA_HOME or HOME; or give a path "
                                    "with a slash");
    if (length < 0 || (size_t)length >= size)
        return cli_fail(CLI_FAILED, "the store of snapshots has too long a name");
    return 0;
}

/* Like mkdir -p; only the user may look into what it makes: snapshots are memory. */
static int make_directories(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        int result = mkdir(path, 0700);
        *slash = '/';
        if (result != 0 && errno != EEXIST)
            return -errno;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);
    return length >= end && memcmp(name + length - end, suffix, end) == 0;
}

bool snapshot_name_is_good(const char *name)
{
    return name[0] && name[0] != '.' && strlen(name) <= NAME_BYTES_MAX && !strchr(name, '/') &&
           !has_suffix(name, SNAPSHOT_MEMORY_SUFFIX);
}

int snapshot_path(const char *name, bool create, char *path, size_t size)
{
    size_t length = strlen(name);
    if (strchr(name, '/')) {
        if (length >= size)
            return cli_fail(CLI_FAILED, "snapshot: path too long");
        memcpy(path, name, length + 1);
        return 0;
    }
    if (!snapshot_name_is_good(name))
        return cli_fail(
            CLI_FAILED,
            "snapshot %s: a name has 1 to %u bytes, begins with no dot and does not end "
            "in " SNAPSHOT_MEMORY_SUFFIX,
            name, NAME_BYTES_MAX);
    int result = snapshot_store(path, size);
    if (result)
        return result;
    if (create && (result = make_directories(path)) != 0)
        return cli_fail(CLI_FAILED, "%s: %s", path, strerror(-result));
    size_t end = strlen(path);
    if (end + 1 + length >= size)
        return cli_fail(CLI_FAILED, "snapshot: path too long");
    path[end] = '/';
    memcpy(path + end + 1, name, length + 1);
    return 0;
}

int snapshot_open(const char *name, struct vmm_snapshot **snapshot)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    char path[PATH_MAX];
    int result = snapshot_path(name, false, path, sizeof(path));
    if (result)
        return result;
    result = vmm_snapshot_open(path, snapshot, &error);
    if (result == -ENOENT && !strchr(name, '/'))
        return cli_fail(CLI_FAILED,
                        "no snapshot is named %s (see \"vmm snapshot ls\"; a path has "
                        "a slash)",
                        name);
    return result ? cli_fail(CLI_FAILED, "%s", error.text) : 0;
}
