/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ABI: files.  Sources: the manual pages stat(2), statx(2), getdents(2),
 * fcntl(2), poll(2), statfs(2) and include/uapi/asm-generic of the kernel's headers.
 */
#ifndef SYSCALL_LINUX_ABI_FILE_H
#define SYSCALL_LINUX_ABI_FILE_H

#include "iface/open_flags.h"
#include "lib/types.h"
#include "syscall/linux_abi_time.h"

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_EACCESS 0x200u
#define AT_REMOVEDIR 0x200u
#define AT_SYMLINK_FOLLOW 0x400u
#define AT_NO_AUTOMOUNT 0x800u
#define AT_EMPTY_PATH 0x1000u
#define AT_STATX_SYNC_TYPE 0x6000u

struct linux_stat { /* struct stat */
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad0;
    uint64_t rdev;
    int64_t size, block_size, blocks512;
    struct linux_timespec atime, mtime, ctime;
    int64_t unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat");

struct linux_statx_time {
    int64_t sec;
    uint32_t nsec;
    int32_t pad;
};
struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad0;
    uint64_t ino, size, blocks512, attributes_mask;
    struct linux_statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mount_id;
    uint64_t spare[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");
#define STATX_BASIC_STATS 0x7ffu
#define STATX_BTIME 0x800u
#define STATX_MNT_ID 0x1000u
#define STATX_RESERVED 0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u

struct linux_statfs {
    int64_t type, block_size;
    uint64_t blocks, blocks_free, blocks_available, files, files_free;
    int32_t fsid[2];
    int64_t name_max, fragment_size, flags;
    int64_t spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs");

struct linux_dirent64 {
    uint64_t ino;
    int64_t next_pos;
    uint16_t record_length;
    uint8_t type;
    char name[];
};
struct linux_dirent { /* getdents: the type is the record's last byte */
    uint64_t ino, next_pos;
    uint16_t record_length;
    char name[];
};

#define IOV_MAX 1024u
#define RW_COUNT_MAX 0x7ffff000ul /* bytes of one read or write */

struct linux_open_how {
    uint64_t flags, mode, resolve;
};

/* fcntl(2) */
enum {
    F_DUPFD = 0,
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3,
    F_SETFL = 4,
    F_GETLK = 5,
    F_SETLK = 6,
    F_SETLKW = 7,
    F_SETOWN = 8,
    F_GETOWN = 9,
    F_SETSIG = 10,
    F_GETSIG = 11,
    F_SETOWN_EX = 15,
    F_GETOWN_EX = 16,
    F_OFD_GETLK = 36,
    F_OFD_SETLK = 37,
    F_OFD_SETLKW = 38,
    F_SETLEASE = 1024,
    F_GETLEASE = 1025,
    F_NOTIFY = 1026,
    F_DUPFD_CLOEXEC = 1030,
    F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032,
    F_ADD_SEALS = 1033,
    F_GET_SEALS = 1034
};
#define FD_CLOEXEC 1
struct linux_flock {
    int16_t type, whence;
    int32_t pad0;
    int64_t start, length;
    int32_t pid, pad1;
};
enum { F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2 };

/* ioctl(2): any kind of file */
#define FIONREAD 0x541bu
#define FIONBIO 0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u
#define FIOASYNC 0x5452u
#define FIOSETOWN 0x8901u
#define SIOCSPGRP 0x8902u
#define FIOGETOWN 0x8903u
#define SIOCGPGRP 0x8904u
#define FIOQSIZE 0x5460u
#define FS_IOC_GETFLAGS 0x80086601u
#define FS_IOC_SETFLAGS 0x40086602u
#define FICLONE 0x40049409u
#define FICLONERANGE 0x4020940du

struct linux_pollfd {
    int32_t fd;
    int16_t events, revents;
};
_Static_assert(sizeof(struct linux_pollfd) == 8, "struct pollfd");

enum { POSIX_FADV_NORMAL = 0, POSIX_FADV_NOREUSE = 5 };
enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };
enum {
    MFD_CLOEXEC = 1,
    MFD_ALLOW_SEALING = 2,
    MFD_HUGETLB = 4,
    MFD_NOEXEC_SEAL = 8,
    MFD_EXEC = 16
};
/* statfs(2)'s f_flags beside mount(2)'s */
enum { ST_VALID = 0x20, ST_RELATIME = 0x1000, ST_NOSYMFOLLOW = 0x2000 };
/* splice(2): move, nonblock, more, gift */
enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };
enum { EFD_SEMAPHORE = 1 };
enum { RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_NOWAIT = 8, RWF_APPEND = 16 };

#define UTIME_NOW 0x3fffffffl
#define UTIME_OMIT 0x3ffffffel

#endif
