/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk: GPT with one EFI system partition, FAT32, written by mtools through
 * /proc/self/fd, so that no file of ours has a name before it is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "vmm/image/gpt.h"
#include "vmm/image/image.h"
#include "vmm/image/mtools.h"

#define FAT32_CLUSTERS_MIN 66000u /* 65525 make it FAT32; room for its tables */
#define CLUSTER_SECTORS_MAX 8u
#define FILE_MAX 0xffffffffull
#define SLACK (1ull << 20)
#define MIB_SECTORS 2048u
#define LOADER_FILE "EFI/BOOT/BOOTX64.EFI"

struct shape {
    uint64_t sectors; /* of the partition */
    unsigned int cluster_sectors;
};

/* Large enough for the parts in the largest clusters that still make FAT32. */
static struct shape choose_shape(const struct image_part *parts)
{
    uint64_t bytes = SLACK;
    struct shape shape = {.cluster_sectors = CLUSTER_SECTORS_MAX};

    for (unsigned int i = 0; i < IMAGE_PARTS; i++)
        bytes += parts[i].fd < 0 ? 0 : parts[i].size + 2 * CLUSTER_SECTORS_MAX * GPT_SECTOR;
    shape.sectors = (bytes + bytes / 50) / GPT_SECTOR; /* two tables of 4 bytes for each cluster */
    while (shape.cluster_sectors > 1 && shape.sectors / shape.cluster_sectors < FAT32_CLUSTERS_MIN)
        shape.cluster_sectors /= 2;
    if (shape.sectors < FAT32_CLUSTERS_MIN + MIB_SECTORS)
        shape.sectors = FAT32_CLUSTERS_MIN + MIB_SECTORS;
    shape.sectors = (shape.sectors + MIB_SECTORS - 1) / MIB_SECTORS * MIB_SECTORS;
    return shape;
}

static int write_gpt(int fd, uint64_t sectors)
{
    uint8_t head[GPT_HEAD_SECTORS * GPT_SECTOR], tail[GPT_TAIL_SECTORS * GPT_SECTOR];
    uint8_t guids[2][16];
    uint64_t disk = gpt_disk_sectors(sectors);

    if (getrandom(guids, sizeof(guids), 0) != (ssize_t)sizeof(guids))
        return -EIO;
    if (ftruncate(fd, (off_t)(disk * GPT_SECTOR)) != 0)
        return -errno;
    gpt_fill(sectors, guids[0], guids[1], head, tail);
    int result = image_put(fd, head, sizeof(head), 0);
    return result ? result
                  : image_put(fd, tail, sizeof(tail), (disk - GPT_TAIL_SECTORS) * GPT_SECTOR);
}

static int make_file_system(const char *image, const struct shape *shape, struct vmm_error *error)
{
    char sectors[24], cluster[8], hidden[16];

    snprintf(sectors, sizeof(sectors), "%llu", (unsigned long long)shape->sectors);
    snprintf(cluster, sizeof(cluster), "%u", shape->cluster_sectors);
    snprintf(hidden, sizeof(hidden), "%u", GPT_FIRST);
    const char *format[] = {"mformat", "-i", image, "-F", "-T", sectors, "-c",  cluster, "-H",
                            hidden,    "-h", "255", "-s", "63", "-v",    "VMM", "::",    NULL};
    const char *make[] = {"mmd", "-i", image, "::/EFI", "::/EFI/BOOT", "::/vmm", NULL};
    int result = mtools_run(format, error);
    return result ? result : mtools_run(make, error);
}

static int copy_in(const char *image, const struct image_part *part, struct vmm_error *error)
{
    char from[32], to[64];

    snprintf(from, sizeof(from), "/proc/self/fd/%d", part->fd);
    snprintf(to, sizeof(to), "::/%s", part->section ? part->file : LOADER_FILE);
    const char *copy[] = {"mcopy", "-i", image, from, to, NULL};
    return mtools_run(copy, error);
}

static void set_inherited(const struct image_part *parts, int fd, bool inherited)
{
    fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);
    for (unsigned int i = 0; i < IMAGE_PARTS; i++)
        if (parts[i].fd >= 0)
            fcntl(parts[i].fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);
}

int image_write_disk(const struct image_part *parts, int fd, struct vmm_error *error)
{
    struct shape shape = choose_shape(parts);
    char image[48];

    for (unsigned int i = 0; i < IMAGE_PARTS; i++)
        if (parts[i].fd >= 0 && parts[i].size > FILE_MAX)
            return vmm_fail(error, -EFBIG, VMM_FAULT_USAGE,
                            "%llu MiB of files are too many: FAT holds 4 GiB in a file",
                            (unsigned long long)(parts[i].size >> 20));
    int result = write_gpt(fd, shape.sectors);
    if (result)
        return vmm_fail(error, result, VMM_FAULT_USAGE, "cannot write the image: %s",
                        strerror(-result));
    snprintf(image, sizeof(image), "/proc/self/fd/%d@@%u", fd, GPT_FIRST * GPT_SECTOR);
    set_inherited(parts, fd, true);
    result = make_file_system(image, &shape, error);
    for (unsigned int i = 0; i < IMAGE_PARTS && !result; i++)
        if (parts[i].fd >= 0)
            result = copy_in(image, &parts[i], error);
    set_inherited(parts, fd, false);
    return result;
}
