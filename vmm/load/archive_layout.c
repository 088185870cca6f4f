/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lays members out as a cpio archive of pieces:
 *
 *   | headers, small files, header of A, name, NULs | A's whole pages | A's
 *   tail, small things, header of B, name, NULs | B's whole pages | ...
 *
 * so that a mapped file costs one private page.  Knows nothing of closures.
 */
#include "vmm/load/archive_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/guest_abi.h"
#include "vmm/load/cpio.h"

#define BYTES_FIRST (256u << 10) /* address space; pages count when touched */
#define ALIGN ((uint64_t)GUEST_CPIO_ALIGN)

/* length more bytes at the end; they read as zero.  NULL when out of memory. */
static uint8_t *append(struct archive_build *build, size_t length)
{
    if (length > build->bytes_capacity - build->bytes_used) {
        size_t capacity = build->bytes_capacity ? 2 * build->bytes_capacity : BYTES_FIRST;
        while (length > capacity - build->bytes_used)
            capacity *= 2;
        void *map =
            build->bytes
                ? mremap(build->bytes, build->bytes_capacity, capacity, MREMAP_MAYMOVE)
                : mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            return NULL;
        build->bytes = map;
        build->bytes_capacity = capacity;
    }
    uint8_t *place = build->bytes + build->bytes_used;
    build->bytes_used += length;
    build->archive.size += length;
    return place;
}

static struct archive_piece *new_piece(struct archive_build *build)
{
    struct archive *archive = &build->archive;
    if (archive->piece_count == build->piece_capacity) {
        size_t capacity = build->piece_capacity ? 2 * build->piece_capacity : 16;
        struct archive_piece *pieces =
            realloc(archive->pieces, capacity * sizeof(*archive->pieces));
        if (!pieces)
            return NULL;
        archive->pieces = pieces;
        build->piece_capacity = capacity;
    }
    struct archive_piece *piece = &archive->pieces[archive->piece_count++];
    *piece = (struct archive_piece){.offset = archive->size, .fd = -1};
    return piece;
}

/* Bytes since the last file range become a piece; ends on a page border. */
static int close_bytes(struct archive_build *build, size_t piece_start)
{
    size_t length = build->bytes_used - piece_start;
    if (length == 0)
        return 0;
    struct archive_piece *piece = new_piece(build);
    if (!piece)
        return -ENOMEM;
    piece->offset = build->archive.size - length;
    piece->length = length;
    piece->file_offset = piece_start; /* place in bytes, until the end: bytes may move */
    return 0;
}

static struct archive_source *new_source(struct archive_build *build)
{
    struct archive *archive = &build->archive;
    if (archive->source_count == build->source_capacity) {
        size_t capacity = build->source_capacity ? 2 * build->source_capacity : 16;
        struct archive_source *sources =
            realloc(archive->sources, capacity * sizeof(*archive->sources));
        if (!sources)
            return NULL;
        archive->sources = sources;
        build->source_capacity = capacity;
    }
    return &archive->sources[archive->source_count++];
}

static int append_header(struct archive_build *build, const struct member *member, uint32_t number,
                         uint32_t name_size)
{
    size_t length = (CPIO_HEADER_SIZE + (size_t)name_size + 3) & ~(size_t)3;
    uint8_t *place = append(build, length);
    if (!place)
        return -ENOMEM;
    struct cpio_header header = {
        .inode = number,
        .mode = member->mode,
        .links = S_ISDIR(member->mode) ? 2 : 1,
        .mtime = member->mtime.tv_sec > 0 ? (uint32_t)member->mtime.tv_sec : 0,
        .file_size = (uint32_t)member->size,
        .name_size = name_size,
    };
    cpio_write_header(&header, place);
    memcpy(place + CPIO_HEADER_SIZE, member->path, strlen(member->path));
    return 0;
}

/*
 * A header whose data must begin on a page, and whose name would straddle the
 * page's end, would need a longer name than readers take.  The rest of the page
 * is then filled by an entry that says nothing: the root directory.
 */
static int fill_page(struct archive_build *build)
{
    const struct member root = {.path = ".", .mode = S_IFDIR | 0755};
    uint64_t offset = build->archive.size;
    uint64_t gap = (offset | (ALIGN - 1)) + 1 - offset;
    return append_header(build, &root, 0, (uint32_t)(gap - CPIO_HEADER_SIZE));
}

static int append_packed(struct archive_build *build, const struct member *member, uint32_t number)
{
    size_t size = (size_t)member->size;
    int result = append_header(build, member, number, (uint32_t)strlen(member->path) + 1);
    if (result || size == 0)
        return result;
    uint8_t *place = append(build, (size + 3) & ~(size_t)3);
    if (!place)
        return -ENOMEM;
    memcpy(place, member->bytes, size);
    return 0;
}

/* The end of a file, or all of one in memory, behind what is there. */
static int append_tail(struct archive_build *build, const struct member *member, uint64_t start)
{
    size_t length = (size_t)(member->size - start);
    if (length == 0)
        return 0;
    uint8_t *place = append(build, (length + 3) & ~(size_t)3);
    if (!place)
        return -ENOMEM;
    if (member->bytes) {
        memcpy(place, member->bytes + start, length);
        return 0;
    }
    ssize_t got = pread(member->fd, place, length, (off_t)start);
    return got == (ssize_t)length ? 0 : -EIO;
}

static int append_range(struct archive_build *build, struct member *member, uint64_t length)
{
    struct archive_source *source = new_source(build);
    if (!source)
        return -ENOMEM;
    *source = (struct archive_source){
        .path = member->host_path,
        .fd = member->fd,
        .size = member->size,
        .device = member->device,
        .inode = member->inode,
        .mtime = member->mtime,
    };
    member->fd = -1; /* the archive's from now on */
    struct archive_piece *piece = new_piece(build);
    if (!piece)
        return -ENOMEM;
    piece->length = length;
    piece->fd = source->fd;
    piece->source = build->archive.source_count - 1;
    build->archive.size += length;
    return 0;
}

/* An ELF file, or one large enough to be mapped. */
static int append_aligned(struct archive_build *build, struct member *member, uint32_t number,
                          size_t *piece_start)
{
    uint32_t name_length = (uint32_t)strlen(member->path);
    uint32_t name_size = cpio_name_size(build->archive.size, name_length, GUEST_CPIO_ALIGN);
    int result = 0;
    if (name_size > CPIO_NAME_MAX) {
        result = fill_page(build);
        name_size = cpio_name_size(build->archive.size, name_length, GUEST_CPIO_ALIGN);
    }
    if (!result)
        result = append_header(build, member, number, name_size);
    uint64_t whole = member->bytes ? 0 : member->size & ~(ALIGN - 1);
    if (result || whole == 0)
        return result ? result : append_tail(build, member, 0);
    int fd = member->fd;
    result = close_bytes(build, *piece_start);
    if (!result)
        result = append_range(build, member, whole);
    *piece_start = build->bytes_used;
    if (!result) {
        struct member tail = *member;
        tail.fd = fd;
        result = append_tail(build, &tail, whole);
    }
    return result;
}

/* Trailer, zeros to the page's end, and the bytes' final addresses. */
static int finish(struct archive_build *build, size_t piece_start)
{
    const struct member trailer = {.path = CPIO_TRAILER};
    int result = append_header(build, &trailer, 0, sizeof(CPIO_TRAILER));
    size_t rest = (size_t)(-build->archive.size & (ALIGN - 1));
    if (!result && rest && !append(build, rest))
        result = -ENOMEM;
    if (!result)
        result = close_bytes(build, piece_start);
    for (size_t i = 0; i < build->archive.piece_count && !result; i++) {
        struct archive_piece *piece = &build->archive.pieces[i];
        if (piece->fd < 0) {
            piece->bytes = build->bytes + piece->file_offset;
            piece->file_offset = 0;
        }
    }
    return result;
}

int archive_layout(struct archive_build *build, struct vmm_error *error)
{
    struct members *members = &build->members;
    size_t piece_start = 0;
    uint32_t number = 0;
    for (unsigned int rank = 0; rank < RANK_COUNT; rank++) {
        for (uint32_t i = 0; i < members->count; i++) {
            struct member *member = members->items[i];
            if (member->rank != rank)
                continue;
            number++;
            bool packed =
                !S_ISREG(member->mode) || (member->bytes && !member->is_elf) || member->size == 0;
            int result = packed ? append_packed(build, member, number)
                                : append_aligned(build, member, number, &piece_start);
            if (result)
                return vmm_fail(error, result, VMM_FAULT_USAGE, "/%s: %s", member->path,
                                result == -EIO ? "changed while it was being read"
                                               : strerror(-result));
        }
    }
    int result = finish(build, piece_start);
    return result ? vmm_fail(error, result, VMM_FAULT_USAGE, "out of memory") : 0;
}
