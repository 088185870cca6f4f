/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device nodes: which driver opens (type, major, minor).  A node works on any file
 * system.  Registration happens at boot, before programs run.
 */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

#include "fs/vfs.h"

/* Fills in file->ops, private_data, mode (FMODE_READ/WRITE are set); 0 or errno (ENXIO). */
typedef int device_open_function(struct inode *inode, struct file *file);

/* All minors of a character major; one registration each (memory, tty, console). */
void device_register(uint32_t major, device_open_function *open);
/* By inode type and rdev: character and block devices, FIFOs; sockets give -ENXIO. */
int special_open(struct inode *inode, struct file *file);

#define DEVICE_MAJOR_MEMORY 1u
#define DEVICE_MAJOR_TTY 4u
#define DEVICE_MAJOR_TTY_AUX 5u /* minor 0 /dev/tty, 1 /dev/console, 2 /dev/ptmx */
#define DEVICE_MAJOR_PTS 136u
#define DEVICE_MAJOR_VMM 240u /* of the range for local use: /dev/vmm */
#define VMM_MINOR_CALL 0u
#define VMM_MINOR_HOST 1u
#define VMM_MINOR_READY 2u
#define VMM_MINOR_GENERATION 3u
#define DEVICE_MAJOR_VIRTBLK 254u
#define DISK_MINORS 16u /* minor numbers per disk */

#endif
