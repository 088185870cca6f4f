/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets from what the user types: [ADDR:]PORT, or unix:PATH.
 */
#ifndef VMM_SERVE_LISTEN_H
#define VMM_SERVE_LISTEN_H

#include <limits.h>

#include "vmm/cli/cli.h"

struct listener {
    int fd;
    char name[PATH_MAX + 16]; /* for messages: "http://127.0.0.1:8080", "unix:/run/f.sock" */
    const char *path; /* of a Unix socket, within name; NULL: TCP */
};

/* A port alone is one of 127.0.0.1.  0 or an exit status; the error has been printed. */
int listen_tcp(const char *endpoint, struct listener *listener);
/* Only the user may connect.  What a server that has died left there is replaced. */
int listen_unix(const char *path, struct listener *listener);
void listen_remove_now(const struct listener *listeners, size_t count);
/* When this process has ended, in whatever way, the sockets' files are removed. */
int listen_remove_later(const struct listener *listeners, size_t count);

#endif
