/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the built-in kernel in our own file: the program header that covers
 * it tells the file offset.
 */
#include "vmm/load/guest_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/config.h"

#define PAGE 4096u

extern const uint8_t guest_image_start[];
extern const uint8_t guest_image_end[];

/*
 * Where the executable was loaded.  Static PIEs have no PT_PHDR; the ELF header
 * lies at the beginning of the page that holds the program headers.
 */
static bool load_bias(const Elf64_Phdr *headers, size_t count, uintptr_t *bias)
{
    uintptr_t file_start = (uintptr_t)headers & ~(uintptr_t)(PAGE - 1);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file_start;

    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        file_start + header->e_phoff != (uintptr_t)headers) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0) {
            *bias = file_start - headers[i].p_vaddr;
            return true;
        }
    }
    return false;
}

static bool find_in_executable(uint64_t *offset)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    uintptr_t start = (uintptr_t)guest_image_start;
    uintptr_t bias;

    if (headers == NULL || getauxval(AT_PHENT) != sizeof(*headers) ||
        !load_bias(headers, count, &bias)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uintptr_t segment = bias + headers[i].p_vaddr;

        if (headers[i].p_type == PT_LOAD && start >= segment &&
            (uintptr_t)guest_image_end <= segment + headers[i].p_filesz) {
            *offset = headers[i].p_offset + (start - segment);
            return *offset % PAGE == 0;
        }
    }
    return false;
}

void guest_image_open_builtin(struct guest_image *image)
{
    *image = (struct guest_image){
        .bytes = guest_image_start,
        .fd = -1,
        .size = (uint64_t)(guest_image_end - guest_image_start),
        .name = "built-in kernel",
    };
    if (find_in_executable(&image->file_offset)) {
        image->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    }
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
        ssize_t got = pread(image->fd, at, length, (off_t)(image->file_offset + offset));

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
