/* SPDX-License-Identifier: BSD-2-Clause */
/* One .efi file: the loader with everything else as sections of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/image/image.h"
#include "vmm/image/pe.h"

static int add_parts(struct pe *pe, const struct image_part *parts, int fd, struct vmm_error *error)
{
    for (unsigned int i = 0; i < IMAGE_PARTS; i++) {
        uint64_t offset;
        if (!parts[i].section || parts[i].fd < 0)
            continue;
        int result = pe_add(pe, parts[i].section, parts[i].size, &offset);
        if (result == -EFBIG)
            return vmm_fail(error, result, VMM_FAULT_USAGE,
                            "%llu MiB of files are too many for one .efi file; make a disk",
                            (unsigned long long)(parts[i].size >> 20));
        if (!result)
            result = image_copy(parts[i].fd, parts[i].size, fd, offset);
        if (result)
            return vmm_fail(error, result, VMM_FAULT_USAGE, "cannot write %s into the image: %s",
                            parts[i].file, strerror(-result));
    }
    return 0;
}

int image_write_efi(const struct image_part *parts, int fd, struct vmm_error *error)
{
    const uint8_t *loader;
    uint64_t size;
    struct pe pe = {.next_offset = 0};

    if (!image_loader(&loader, &size))
        return -ENOSYS;
    uint8_t *copy = malloc(size);
    if (!copy)
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    memcpy(copy, loader, size);
    int result = pe_open(&pe, copy, size);
    uint64_t kept = pe.next_offset < size ? pe.next_offset : size; /* symbols may be behind it */
    if (result)
        vmm_fail(error, result, VMM_FAULT_USAGE, "the built-in UEFI loader is damaged");
    if (!result)
        result = add_parts(&pe, parts, fd, error);
    if (!result) {
        result = image_put(fd, copy, kept, 0);
        if (!result && ftruncate(fd, (off_t)pe.next_offset) != 0)
            result = -errno;
        if (result)
            vmm_fail(error, result, VMM_FAULT_USAGE, "cannot write the image: %s",
                     strerror(-result));
    }
    free(copy);
    return result;
}
