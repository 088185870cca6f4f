/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of /dev/vmm share.  Nobody else includes this. */
#ifndef FS_VMM_FILES_INTERNAL_H
#define FS_VMM_FILES_INTERNAL_H

#include "fs/vmm_files.h"

extern struct call_port *vmm_port; /* set at boot */

void vmm_call_init(void); /* boot */
/* Fill in ops; 0, -ENXIO, -ENOMEM. */
int vmm_call_open(struct file *file);
int vmm_host_open(struct file *file);
int vmm_generation_open(struct file *file);
void vmm_generation_changed(void); /* any context */

#endif
