/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where snapshots are: a name without a slash is one in the user's store,
 * $XDG_DATA_HOME/vmm/snapshots; anything else is a path.
 */
#ifndef VMM_CLI_SNAPSHOT_STORE_H
#define VMM_CLI_SNAPSHOT_STORE_H

#include "vmm/cli/cli.h"

/* The memory of the snapshot at PATH is in PATH.mem. */
#define SNAPSHOT_MEMORY_SUFFIX ".mem"

bool snapshot_name_is_good(const char *name); /* one in the store */
/* 0 or an exit status; the error has been printed. */
int snapshot_store(char *path, size_t size);
/* create: the store is made if need be. */
int snapshot_path(const char *name, bool create, char *path, size_t size);
/* Opens what is meant by name; *snapshot is the caller's to free. */
int snapshot_open(const char *name, struct vmm_snapshot **snapshot);

#endif
