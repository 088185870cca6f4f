/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw images.  Offsets and lengths were checked against the size by the
 * caller; short transfers are continued here.
 */
#include "vmm/backend/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/config.h"

int disk_open(struct disk *disk, const char *path, bool read_only, struct vmm_error *error)
{
    struct stat status;
    off_t end;

    disk->read_only = read_only;
    disk->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (disk->fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "disk %s: %s", path, strerror(errno));
    }
    if (fstat(disk->fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
        disk_close(disk);
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE,
                        "disk %s: neither a regular file nor a block device", path);
    }
    if (flock(disk->fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        disk_close(disk);
        return vmm_fail(error, -EBUSY, VMM_FAULT_USAGE,
                        "disk %s: in use by another virtual machine", path);
    }
    end = lseek(disk->fd, 0, SEEK_END);
    if (end < 0) {
        int result = -errno;

        disk_close(disk);
        return vmm_fail(error, result, VMM_FAULT_USAGE, "disk %s: %s", path, strerror(-result));
    }
    disk->size = (uint64_t)end;
    return 0;
}

void disk_close(struct disk *disk)
{
    if (disk->fd >= 0) {
        close(disk->fd);
        disk->fd = -1;
    }
}

/* Skips done bytes; returns the entries left, moving *iov. */
static int advance(struct iovec **iov, int count, size_t done)
{
    while (count > 0 && done >= (*iov)->iov_len) {
        done -= (*iov)->iov_len;
        (*iov)++;
        count--;
    }
    if (count > 0) {
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
        (*iov)->iov_len -= done;
    }
    return count;
}

static int transfer(const struct disk *disk, struct iovec *iov, int count, uint64_t offset,
                    ssize_t (*move)(int, const struct iovec *, int, off_t))
{
    while (count > 0) {
        ssize_t done = move(disk->fd, iov, count, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? -errno : -EIO; /* the file has shrunk */
        }
        offset += (uint64_t)done;
        count = advance(&iov, count, (size_t)done);
    }
    return 0;
}

int disk_read(const struct disk *disk, struct iovec *iov, int count, uint64_t offset)
{
    return transfer(disk, iov, count, offset, preadv);
}

int disk_write(const struct disk *disk, struct iovec *iov, int count, uint64_t offset)
{
    return transfer(disk, iov, count, offset, pwritev);
}

int disk_flush(const struct disk *disk)
{
    return fdatasync(disk->fd) != 0 ? -errno : 0;
}
