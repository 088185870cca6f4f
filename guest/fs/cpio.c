/* SPDX-License-Identifier: BSD-2-Clause */
/* See cpio.h.  Pure: memory in, numbers out. */
#include "fs/cpio.h"

#include "lib/errno.h"
#include "lib/string.h"

#define HEADER_SIZE 110u
#define MAGIC_SIZE 6u
#define FIELD_SIZE 8u
#define TRAILER "TRAILER!!!"

enum { /* fields of eight hexadecimal digits, in their order */
       C_INO,
       C_MODE,
       C_UID,
       C_GID,
       C_NLINK,
       C_MTIME,
       C_FILESIZE,
       C_DEVMAJOR,
       C_DEVMINOR,
       C_RDEVMAJOR,
       C_RDEVMINOR,
       C_NAMESIZE,
       C_CHECK,
       FIELD_COUNT,
};
_Static_assert(MAGIC_SIZE + FIELD_COUNT * FIELD_SIZE == HEADER_SIZE, "newc header");

#define EACH_BYTE(value) (0x0101010101010101ul * (value))

/*
 * Eight hexadecimal digits at once, a byte of a word each: archives have thousands
 * of members with thirteen such fields, and start-up waits for them.
 */
static bool parse_hex(const uint8_t *digits, uint32_t *value)
{
    uint64_t text, digit, letter, bad, n;

    memcpy(&text, digits, sizeof(text));
    digit = text ^ EACH_BYTE(0x30); /* 0..9 for digits */
    letter = (text | EACH_BYTE(0x20)) ^ EACH_BYTE(0x60); /* 1..6 for letters */
    /* No byte has its top bit set when these are added, or text itself is refused. */
    bad = digit + EACH_BYTE(0x76); /* top bit: not a digit */
    bad &= (letter + EACH_BYTE(0x79)) | ~(letter + EACH_BYTE(0x7f)); /* nor a letter */
    if ((bad | text) & EACH_BYTE(0x80))
        return false;
    n = (text & EACH_BYTE(0x0f)) + (text >> 6 & EACH_BYTE(1)) * 9;
    n = __builtin_bswap64(n); /* the first digit on top */
    n = (n | n >> 4) & 0x00ff00ff00ff00fful;
    n = (n | n >> 8) & 0x0000ffff0000fffful;
    *value = (uint32_t)(n | n >> 16);
    return true;
}

static bool parse_header(const uint8_t *header, uint32_t fields[FIELD_COUNT])
{
    if (memcmp(header, "070701", MAGIC_SIZE) != 0 && memcmp(header, "070702", MAGIC_SIZE) != 0)
        return false;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!parse_hex(header + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
            return false;
    return true;
}

static void strip_prefix(struct cpio_member *member)
{
    const char *s = member->name;

    for (;;) {
        if (s[0] == '/')
            s++;
        else if (s[0] == '.' && s[1] == '/')
            s += 2;
        else
            break;
    }
    if (s[0] == '.' && !s[1])
        s++;
    member->name_length -= (size_t)(s - member->name);
    member->name = s;
}

int cpio_read(const void *archive, uint64_t size, uint64_t offset, struct cpio_member *member,
              const char **reason)
{
    const uint8_t *base = archive;
    uint32_t fields[FIELD_COUNT];
    uint64_t data, end;

    *reason = "truncated member header";
    if (offset >= size || (size - offset < HEADER_SIZE && base[offset] == 0))
        return 0;
    if (size - offset < HEADER_SIZE)
        return -EINVAL;
    *reason = "bad magic or digits in a member header";
    if (!parse_header(base + offset, fields))
        return -EINVAL;
    *reason = "bad length of a member name";
    if (fields[C_NAMESIZE] < 1 || fields[C_NAMESIZE] > CPIO_NAME_SIZE_MAX ||
        fields[C_NAMESIZE] > size - offset - HEADER_SIZE)
        return -EINVAL;
    member->name = (const char *)base + offset + HEADER_SIZE;
    member->name_length = strnlen(member->name, fields[C_NAMESIZE]);
    *reason = "member name without end";
    if (member->name_length == fields[C_NAMESIZE])
        return -EINVAL;
    if (strcmp(member->name, TRAILER) == 0)
        return 0;
    *reason = "member data beyond the end of the archive";
    data = ALIGN_UP(offset + HEADER_SIZE + fields[C_NAMESIZE], 4ul);
    if (fields[C_FILESIZE] && (data > size || fields[C_FILESIZE] > size - data))
        return -EINVAL;
    end = data + fields[C_FILESIZE];
    member->data = base + data;
    member->size = fields[C_FILESIZE];
    member->offset = offset;
    member->next = ALIGN_UP(end, 4ul);
    member->mode = fields[C_MODE];
    member->uid = fields[C_UID];
    member->gid = fields[C_GID];
    member->nlink = fields[C_NLINK];
    member->mtime = fields[C_MTIME];
    member->ino = fields[C_INO];
    member->dev_major = fields[C_DEVMAJOR];
    member->dev_minor = fields[C_DEVMINOR];
    member->rdev_major = fields[C_RDEVMAJOR];
    member->rdev_minor = fields[C_RDEVMINOR];
    strip_prefix(member);
    return 1;
}
