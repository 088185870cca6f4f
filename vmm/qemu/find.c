/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where QEMU is: in PATH, or, without one, where distributions put it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/qemu/qemu.h"

#define PROGRAM "qemu-system-x86_64"
#define USUAL_DIRS "/usr/bin:/usr/local/bin:/bin:/opt/qemu/bin:/run/current-system/sw/bin"
/* RHEL and its kin ship it under another name, outside of PATH. */
#define OTHER_NAME "/usr/libexec/qemu-kvm"

static bool search(const char *list, char *path, size_t size)
{
    for (;;) {
        size_t length = strcspn(list, ":");
        if (list[0] == '/' && length + sizeof("/" PROGRAM) <= size) {
            memcpy(path, list, length);
            memcpy(path + length, "/" PROGRAM, sizeof("/" PROGRAM));
            if (access(path, X_OK) == 0)
                return true;
        }
        if (list[length] == '\0')
            return false;
        list += length + 1;
    }
}

int qemu_find(char *path, size_t size)
{
    const char *list = getenv("PATH");
    if (search(list ? list : USUAL_DIRS, path, size))
        return 0;
    if (sizeof(OTHER_NAME) <= size && access(OTHER_NAME, X_OK) == 0) {
        memcpy(path, OTHER_NAME, sizeof(OTHER_NAME));
        return 0;
    }
    path[0] = '\0';
    return -ENOENT;
}
