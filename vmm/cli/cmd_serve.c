/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm serve" is a program of its own, vmm-serve: it needs a HTTP library and the C
 * library that goes with it, and "vmm run" shall not pay for them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"

#define SERVER "vmm-serve"

/* Beside us in a build directory, in libexec when installed. */
static const char *const places[] = {"", "../libexec/"};

int cmd_serve(int argc, char **argv)
{
    char self[PATH_MAX], path[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return cmd_help("serve");
    if (length <= 0)
        return cli_fail(CLI_FAILED, "/proc/self/exe: %s", strerror(errno));
    self[length] = '\0';
    *(strrchr(self, '/') + 1) = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, sizeof(path), "%s%s" SERVER, self, places[i]);
        /* Its argv[0] is the word "serve", which stands before the options. */
        execv(path, argv - 1);
        if (errno != ENOENT)
            return cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
    }
    return cli_fail(CLI_FAILED,
                    "%s" SERVER " is missing: it is built where libmicrohttpd-dev is "
                    "installed",
                    self);
}
