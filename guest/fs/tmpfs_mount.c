/* SPDX-License-Identifier: BSD-2-Clause */
/* A tmpfs or ramfs of mount(2): options, limits, remounting.  Its life is in tmpfs_super.c. */
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define RAMFS_MAGIC 0x858458f6u
#define DEVICE_MINOR_FIRST 64u /* st_dev of file systems that mount(2) makes: 0:64 and on */

/* A size with k, m, g or %, of total bytes; false: not a number. */
static bool parse_size(const char *text, uint64_t total, uint64_t *size)
{
    const char *end;
    uint64_t unit = 1;

    *size = parse_u64(text, &end);
    if (end == text)
        return false;
    switch (*end) {
    case 'g':
    case 'G':
        unit <<= 10;
        __attribute__((fallthrough));
    case 'm':
    case 'M':
        unit <<= 10;
        __attribute__((fallthrough));
    case 'k':
    case 'K':
        unit <<= 10;
        end++;
        break;
    case '%':
        *size = MIN(*size, 100ul) * (total / 100);
        end++;
        break;
    default:
        break;
    }
    return !*end && !__builtin_mul_overflow(*size, unit, size);
}

static bool parse_mode(const char *text, uint32_t *mode)
{
    uint32_t value = 0;

    if (!*text)
        return false;
    for (; *text >= '0' && *text <= '7'; text++)
        value = value * 8 + (uint32_t)(*text - '0');
    *mode = value & 07777;
    return !*text;
}

struct options {
    uint64_t pages, inodes; /* 0: not given, or no limit */
    uint32_t mode, uid, gid;
    bool has_pages, has_inodes;
};

/* One "name=value", NUL-terminated. */
static bool parse_option(const char *option, uint64_t total, struct options *options)
{
    const char *value = strchr(option, '=');
    size_t length = value ? (size_t)(value - option) : strlen(option);
    uint64_t number;

    if (!value)
        return false;
    value++;
    if (length == 4 && !memcmp(option, "mode", 4))
        return parse_mode(value, &options->mode);
    if (length == 4 && !memcmp(option, "huge", 4))
        return !strcmp(value, "never");
    if (length == 4 && !memcmp(option, "mpol", 4))
        return !strcmp(value, "default");
    if (!parse_size(value, total, &number))
        return false;
    if (length == 4 && !memcmp(option, "size", 4)) {
        options->pages = number / PAGE_SIZE + (number % PAGE_SIZE != 0);
        options->has_pages = true;
    } else if (length == 9 && !memcmp(option, "nr_blocks", 9)) {
        options->pages = number;
        options->has_pages = true;
    } else if (length == 9 && !memcmp(option, "nr_inodes", 9)) {
        options->inodes = number;
        options->has_inodes = true;
    } else if (length == 3 && !memcmp(option, "uid", 3)) {
        options->uid = (uint32_t)number;
    } else if (length == 3 && !memcmp(option, "gid", 3)) {
        options->gid = (uint32_t)number;
    } else {
        return false;
    }
    return true;
}

static int parse_options(const char *text, struct options *options)
{
    struct page_stats stats;
    char *copy, *option;
    bool ok = true;

    if (!text || !*text)
        return 0;
    copy = kstrdup(text);
    if (!copy)
        return -ENOMEM;
    page_get_stats(&stats);
    for (option = copy; ok && option;) {
        char *comma = strchr(option, ',');

        if (comma)
            *comma++ = 0;
        ok = !*option || parse_option(option, stats.total * PAGE_SIZE, options);
        option = comma;
    }
    kfree(copy);
    return ok ? 0 : -EINVAL;
}

static void set_limits(struct tmpfs *fs, const struct options *options)
{
    if (options->has_pages)
        fs->page_limit = options->pages ? options->pages : UINT64_MAX >> PAGE_SHIFT;
    if (options->has_inodes)
        fs->inode_limit = options->inodes;
}

/* Limits below what is in use are refused, as Linux does. */
static int tmpfs_remount(struct super_block *sb, const char *text)
{
    struct tmpfs *fs = CONTAINER_OF(sb, struct tmpfs, sb);
    struct options options = {0};
    int error = parse_options(text, &options);

    if (error)
        return error;
    if ((options.has_pages && options.pages && options.pages < atomic_load(&fs->page_count)) ||
        (options.has_inodes && options.inodes && options.inodes < atomic_load(&fs->inode_count)))
        return -EINVAL;
    set_limits(fs, &options);
    return 0;
}

int tmpfs_mount(const char *type, const char *text, struct inode **root)
{
    static atomic_uint next_minor = DEVICE_MINOR_FIRST;
    struct options options = {
        .mode = 01777, .uid = fs_current()->fsuid, .gid = fs_current()->fsgid};
    bool ramfs = !strcmp(type, "ramfs");
    struct tmpfs *fs;
    int error = parse_options(text, &options);

    if (error)
        return error;
    fs = kzalloc(sizeof(*fs));
    if (!fs)
        return -ENOMEM;
    fs->mounted = true;
    error = tmpfs_init(fs, ramfs ? "ramfs" : "tmpfs",
                       MAKE_DEVICE(0, atomic_fetch_add(&next_minor, 1)), options.mode, NULL);
    if (error) {
        kfree(fs);
        return error;
    }
    fs->magic = ramfs ? RAMFS_MAGIC : TMPFS_MAGIC;
    fs->sb.remount = tmpfs_remount;
    set_limits(fs, &options);
    fs->sb.root->attr.uid = options.uid;
    fs->sb.root->attr.gid = options.gid;
    *root = fs->sb.root; /* with the only reference: the file system ends with the root */
    return 0;
}

int tmpfs_check_options(const char *text)
{
    struct options options = {0};

    return parse_options(text, &options);
}
