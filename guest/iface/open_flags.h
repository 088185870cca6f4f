/* SPDX-License-Identifier: BSD-2-Clause */
/* Flags of open(2) and file status flags; Linux's values for x86-64 (asm-generic/fcntl.h). */
#ifndef IFACE_OPEN_FLAGS_H
#define IFACE_OPEN_FLAGS_H

#define O_RDONLY 0u
#define O_WRONLY 1u
#define O_RDWR 2u
#define O_ACCMODE 3u
#define O_CREAT 0x40u
#define O_EXCL 0x80u
#define O_NOCTTY 0x100u
#define O_TRUNC 0x200u
#define O_APPEND 0x400u
#define O_NONBLOCK 0x800u
#define O_DSYNC 0x1000u
#define O_ASYNC 0x2000u
#define O_DIRECT 0x4000u
#define O_LARGEFILE 0x8000u
#define O_DIRECTORY 0x10000u
#define O_NOFOLLOW 0x20000u
#define O_NOATIME 0x40000u
#define O_CLOEXEC 0x80000u
#define O_SYNC 0x101000u
#define O_PATH 0x200000u
#define O_TMPFILE 0x410000u /* includes O_DIRECTORY */

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define PATH_MAX 4096u /* bytes with the NUL */
#define NAME_MAX 255u /* bytes of one component */

#endif
