/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a kernel's bytes come from: our own executable, or a file. */
#include "vmm/load/guest_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/config.h"

extern const uint8_t guest_image_start[];
extern const uint8_t guest_image_end[];

void guest_image_open_builtin(struct guest_image *image)
{
    *image = (struct guest_image){
        .bytes = guest_image_start,
        .fd = -1,
        .size = (uint64_t)(guest_image_end - guest_image_start),
        .name = "built-in kernel",
    };
}

int guest_image_open_file(struct guest_image *image, const char *path, struct vmm_error *error)
{
    struct stat status;

    *image = (struct guest_image){.name = path};
    image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (image->fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", path, strerror(errno));
    }
    if (fstat(image->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        guest_image_close(image);
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "%s: not a regular file", path);
    }
    image->size = (uint64_t)status.st_size;
    return 0;
}

int guest_image_read(const struct guest_image *image, uint64_t offset, void *to, size_t length)
{
    uint8_t *at = to;

    if (offset > image->size || length > image->size - offset) {
        return -EFAULT;
    }
    if (image->bytes != NULL) {
        memcpy(to, image->bytes + offset, length);
        return 0;
    }
    while (length > 0) {
        ssize_t got = pread(image->fd, at, length, (off_t)offset);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -errno : -EFAULT;
        }
        at += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return 0;
}

void guest_image_close(struct guest_image *image)
{
    if (image->fd >= 0) {
        close(image->fd);
        image->fd = -1;
    }
}
