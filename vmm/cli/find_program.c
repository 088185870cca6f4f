/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PATH search as the shell does it: the first file that may be executed, else
 * the first that is there at all, so that the error can say what is wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/cli/run_options.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static bool join(const char *dir, size_t dir_length, const char *name, char *path, size_t size)
{
    size_t name_length = strlen(name);
    if (dir_length == 0) {
        dir = ".";
        dir_length = 1;
    }
    if (dir_length + 1 + name_length + 1 > size)
        return false;
    memcpy(path, dir, dir_length);
    path[dir_length] = '/';
    memcpy(path + dir_length + 1, name, name_length + 1);
    return true;
}

int find_program(const char *name, char *path, size_t size)
{
    const char *list = getenv("PATH"), *found = NULL;
    size_t found_length = 0;
    struct stat status;

    if (strchr(name, '/')) {
        if (strlen(name) >= size)
            return -ENAMETOOLONG;
        memcpy(path, name, strlen(name) + 1);
        return 0;
    }
    if (!list || !*list)
        list = PATH_DEFAULT;
    for (;;) {
        size_t length = strcspn(list, ":");
        if (join(list, length, name, path, size) && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            if (status.st_mode & 0111)
                return 0;
            if (!found) {
                found = list;
                found_length = length;
            }
        }
        if (list[length] == '\0')
            break;
        list += length + 1;
    }
    return found && join(found, found_length, name, path, size) ? 0 : -ENOENT;
}
