/* SPDX-License-Identifier: BSD-2-Clause */
/* What every image is made of, and how it comes to its name. */
#include "vmm/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/guest_abi.h"
#include "vmm/image/crc.h"
#include "vmm/load/archive.h"
#include "vmm/load/guest_image.h"

#define CHUNK 65536u

extern const uint8_t efi_loader_start[], efi_loader_end[];

bool image_loader(const uint8_t **bytes, uint64_t *size)
{
    *bytes = efi_loader_start;
    *size = (uint64_t)(efi_loader_end - efi_loader_start);
    return *size != 0;
}

int image_temporary(const char *dir)
{
    char name[] = "vmm-image-XXXXXX";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd >= 0 ? fd : memfd_create(name, MFD_CLOEXEC);
}

int image_put(int fd, const void *bytes, uint64_t size, uint64_t offset)
{
    const uint8_t *at = bytes;

    while (size) {
        ssize_t done = pwrite(fd, at, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        at += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return 0;
}

/* Up to a chunk; negative errno. */
static ssize_t get_chunk(int fd, uint8_t *chunk, uint64_t offset, uint64_t size)
{
    ssize_t got;

    do
        got = pread(fd, chunk, size < CHUNK ? size : CHUNK, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got == 0 ? -EIO : got;
}

int image_copy(int from, uint64_t size, int to, uint64_t offset)
{
    uint8_t chunk[CHUNK];

    for (uint64_t done = 0; done < size;) {
        ssize_t got = get_chunk(from, chunk, done, size - done);
        int result = got < 0 ? (int)got : image_put(to, chunk, (uint64_t)got, offset + done);
        if (result)
            return result;
        done += (uint64_t)got;
    }
    return 0;
}

/* ---- parts ---------------------------------------------------------------- */

static int fill_part(struct image_part *part, const char *dir, const void *bytes, uint64_t size)
{
    if (!size)
        return 0;
    part->fd = image_temporary(dir);
    if (part->fd < 0)
        return part->fd;
    part->size = size;
    return image_put(part->fd, bytes, size, 0);
}

static int sum_part(const struct image_part *part, uint32_t *value)
{
    uint8_t chunk[CHUNK];
    struct crc crc;

    crc_begin(&crc, CRC32_CASTAGNOLI);
    for (uint64_t done = 0; done < part->size;) {
        ssize_t got = get_chunk(part->fd, chunk, done, part->size - done);
        if (got < 0)
            return (int)got;
        crc_add(&crc, chunk, (size_t)got);
        done += (uint64_t)got;
    }
    *value = crc_end(&crc);
    return 0;
}

/* The command line of a disk has none: it is a file that people edit. */
static int fill_sums(enum vmm_image kind, struct image_part *parts, const char *dir)
{
    struct guest_boot_sums sums = {.magic = GUEST_BOOT_SUMS_MAGIC,
                                   .version = GUEST_BOOT_SUMS_VERSION};

    _Static_assert((int)IMAGE_CMDLINE == (int)GUEST_BOOT_CMDLINE &&
                       (int)IMAGE_SUMS == (int)GUEST_BOOT_PARTS,
                   "the same order");
    for (unsigned int i = 0; i < GUEST_BOOT_PARTS; i++) {
        if (parts[i].fd < 0 || (kind == VMM_IMAGE_DISK && i == GUEST_BOOT_CMDLINE))
            continue;
        sums.part[i].size = parts[i].size;
        int result = sum_part(&parts[i], &sums.part[i].crc32c);
        if (result)
            return result;
    }
    sums.crc32c = crc_of(CRC32_CASTAGNOLI, &sums, offsetof(struct guest_boot_sums, crc32c));
    return fill_part(&parts[IMAGE_SUMS], dir, &sums, sizeof(sums));
}

static int fill_parts(enum vmm_image kind, struct image_part *parts, const struct archive *archive,
                      const char *words, const char *dir, struct vmm_error *error)
{
    struct guest_image kernel;
    const uint8_t *loader;
    uint64_t loader_size;
    int result;

    image_loader(&loader, &loader_size);
    guest_image_open_builtin(&kernel);
    result = fill_part(&parts[IMAGE_KERNEL], dir, kernel.bytes, kernel.size);
    if (!result)
        result = fill_part(&parts[IMAGE_CMDLINE], dir, words, strlen(words));
    if (!result)
        result = fill_part(&parts[IMAGE_LOADER], dir, loader, loader_size);
    if (!result && archive) {
        struct image_part *part = &parts[IMAGE_ARCHIVE];
        part->size = archive->size;
        part->fd = image_temporary(dir);
        result = part->fd < 0 ? part->fd : archive_write(archive, part->fd, error);
        if (part->fd >= 0 && result)
            return result; /* it has been said */
    }
    if (!result)
        result = fill_sums(kind, parts, dir);
    return result ? vmm_fail(error, result, VMM_FAULT_USAGE, "cannot write to %s: %s", dir,
                             strerror(-result))
                  : 0;
}

int image_write(enum vmm_image kind, const struct archive *archive, const char *words, int fd,
                const char *dir, struct vmm_error *error)
{
    struct image_part parts[IMAGE_PARTS] = {
        {GUEST_BOOT_KERNEL_FILE, GUEST_BOOT_KERNEL_SECTION, -1, 0},
        {GUEST_BOOT_ARCHIVE_FILE, GUEST_BOOT_ARCHIVE_SECTION, -1, 0},
        {GUEST_BOOT_CMDLINE_FILE, GUEST_BOOT_CMDLINE_SECTION, -1, 0},
        {GUEST_BOOT_SUMS_FILE, GUEST_BOOT_SUMS_SECTION, -1, 0},
        {NULL, NULL, -1, 0},
    };
    const uint8_t *loader;
    uint64_t loader_size;

    if (!image_loader(&loader, &loader_size))
        return vmm_fail(error, -ENOSYS, VMM_FAULT_USAGE,
                        "this vmm was built without its UEFI loader (apt install gnu-efi; make)");
    int result = fill_parts(kind, parts, archive, words, dir, error);
    if (!result)
        result = kind == VMM_IMAGE_DISK ? image_write_disk(parts, fd, error)
                                        : image_write_efi(parts, fd, error);
    for (unsigned int i = 0; i < IMAGE_PARTS; i++)
        if (parts[i].fd >= 0)
            close(parts[i].fd);
    return result;
}

/* ---- the public call -------------------------------------------------------- */

/* The file that is written; it has a name only where the file system knows no others. */
struct output {
    int fd;
    char *dir, *name; /* name: beside the image's, nobody else's */
    bool named;
};

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int output_open(struct output *output, const char *path)
{
    uint64_t random;

    *output = (struct output){.fd = -1, .dir = directory_of(path)};
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -EIO;
    if (!output->dir)
        return -ENOMEM;
    if (asprintf(&output->name, "%s.%016llx", path, (unsigned long long)random) < 0) {
        output->name = NULL;
        return -ENOMEM;
    }
    output->fd = open(output->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (output->fd < 0) {
        output->fd = open(output->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        output->named = output->fd >= 0;
    }
    return output->fd < 0 ? -errno : 0;
}

/* Complete and on disk: the image takes the place of what had its name. */
static int output_publish(struct output *output, const char *path)
{
    char self[32];

    snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
    if (fsync(output->fd) != 0)
        return -errno;
    if (!output->named && linkat(AT_FDCWD, self, AT_FDCWD, output->name, AT_SYMLINK_FOLLOW) != 0)
        return -errno;
    output->named = true;
    if (rename(output->name, path) != 0)
        return -errno;
    output->named = false;
    return 0;
}

static void output_close(struct output *output)
{
    if (output->named && output->name)
        unlink(output->name);
    if (output->fd >= 0)
        close(output->fd);
    free(output->dir);
    free(output->name);
}

static int write_named(const struct vmm_config *config, enum vmm_image kind,
                       const struct archive *archive, const char *path, struct vmm_error *error)
{
    struct output output;
    int result = output_open(&output, path);

    if (result) {
        vmm_fail(error, result, VMM_FAULT_USAGE, "%s: %s", path, strerror(-result));
    } else {
        result = image_write(kind, archive, config->append ? config->append : "", output.fd,
                             output.dir, error);
        if (!result && (result = output_publish(&output, path)) != 0)
            vmm_fail(error, result, VMM_FAULT_USAGE, "%s: %s", path, strerror(-result));
    }
    output_close(&output);
    return result;
}

int vmm_image_write(const struct vmm_config *config, enum vmm_image kind, const char *path,
                    struct vmm_error *error)
{
    struct archive *archive;
    struct stat status;

    if (!config->program)
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "no program for the image");
    if (config->append && strlen(config->append) >= GUEST_CMDLINE_MAX)
        return vmm_fail(error, -E2BIG, VMM_FAULT_USAGE, "--append: more than %u characters",
                        GUEST_CMDLINE_MAX - 1);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "%s: not a regular file", path);
    int result = archive_build(config, &archive, error);
    if (result)
        return result;
    result = write_named(config, kind, archive, path, error);
    archive_free(archive);
    return result;
}
