/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in kernel in guest memory without a copy. */
#ifndef VMM_LOAD_SHARE_H
#define VMM_LOAD_SHARE_H

#include <stdbool.h>

#include "vmm/load/elf_image.h"

/*
 * image->bytes stay where they are as long as mem exists.  The guest has no RAM
 * below the kernel, unless keep_below.  -ENOMEM, ... with *error filled.
 */
int share_kernel(const struct guest_image *image, const struct elf_image *elf, bool keep_below,
                 struct guest_mem *mem, struct vmm_error *error);

#endif
