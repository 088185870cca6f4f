/* SPDX-License-Identifier: BSD-2-Clause */
/* memfd_create(2), and unnamed memory shared by mappings. */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "fs/vfs.h"

/* An open tmpfs file without a name; readable, writable, executable.  0 or errno. */
int memfd_create(const char *name, bool allow_sealing, struct file **file);
/* F_GET_SEALS, F_ADD_SEALS: -EINVAL for other files. */
int64_t memfd_get_seals(struct file *file);
int64_t memfd_add_seals(struct file *file, uint32_t seals);

#endif
