/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the embedder's functions by /dev/vmm/host.  One open file is kept for whoever comes
 * first; others, at the same time, open their own.
 */
#include "sdk/vmm_guest.h"

#include "sdk/system.h"

#define HEAD_BYTES 16u /* the status with its NUL, 10 at most, and the first bytes */
#define STATUS_DIGITS_MAX 9u

static int kept_file = -1; /* of the process; opened by the holder of kept_busy */
static char kept_busy;

static long take_file(int *kept)
{
    *kept = !__atomic_test_and_set(&kept_busy, __ATOMIC_ACQUIRE);
    if (*kept && kept_file >= 0) {
        return kept_file;
    }
    long file = file_open("/dev/vmm/host", O_RDWR | O_CLOEXEC);

    if (*kept && file >= 0) {
        kept_file = (int)file;
    }
    return file;
}

static void give_file_back(long file, int kept)
{
    if (kept) {
        __atomic_clear(&kept_busy, __ATOMIC_RELEASE);
    } else if (file >= 0) {
        system_call(SYS_close, file, NULL, 0);
    }
}

/* Reads until size bytes are there or the answer ends. */
static long read_rest(long file, unsigned char *to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        long part = system_call(SYS_read, file, to + done, (long)(size - done));

        if (part < 0 && part != -EINTR) {
            return part;
        }
        if (part == 0) {
            break;
        }
        done += part > 0 ? (size_t)part : 0;
    }
    return (long)done;
}

/* "STATUS\0" in head: bytes of it, or 0. */
static size_t parse_status(const unsigned char *head, size_t size, int *status)
{
    size_t at = 0;

    *status = 0;
    while (at < size && at < STATUS_DIGITS_MAX && head[at] >= '0' && head[at] <= '9') {
        *status = *status * 10 + (head[at++] - '0');
    }
    return at > 0 && at < size && head[at] == 0 ? at + 1 : 0;
}

static int take_answer(long file, unsigned char *out, size_t capacity, size_t *out_length)
{
    unsigned char head[HEAD_BYTES], rest[512];
    long got = read_rest(file, head, sizeof(head));
    size_t skip, length;
    int status;

    if (got < 0) {
        return (int)got;
    }
    skip = parse_status(head, (size_t)got, &status);
    if (skip == 0) {
        return -EIO;
    }
    length = (size_t)got - skip;
    move_bytes(out, head + skip, length < capacity ? length : capacity);
    if ((size_t)got == sizeof(head) && length < capacity) {
        got = read_rest(file, out + length, capacity - length);
        length += got > 0 ? (size_t)got : 0;
    }
    /* What does not fit is counted. */
    while (got > 0 && length >= capacity &&
           (got = system_call(SYS_read, file, rest, sizeof(rest))) > 0) {
        length += (size_t)got;
    }
    *out_length = length;
    if (got < 0) {
        return (int)got;
    }
    if (status == VMM_GUEST_NO_FUNCTION) {
        return -ENOENT;
    }
    return status == 0 && length > capacity ? -ENOBUFS : status;
}

int vmm_host_call(const char *name, const void *in, size_t in_length, void *out,
                  size_t out_capacity, size_t *out_length)
{
    size_t name_length = string_length(name), length = 0;
    struct iovec record[2] = {{name, name_length + 1}, {in, in_length}};
    int result, kept;
    long file;

    if (name_length == 0 || name_length > VMM_GUEST_NAME_MAX) {
        return -EINVAL;
    }
    if (in_length > VMM_GUEST_DATA_MAX) {
        return -EMSGSIZE;
    }
    file = take_file(&kept);
    result = (int)file;
    if (file >= 0) {
        result = (int)system_call(SYS_writev, file, record, 2);
    }
    if (result >= 0) {
        result = take_answer(file, out, out_capacity, &length);
    }
    give_file_back(file, kept);
    if (out_length != NULL) {
        *out_length = length;
    }
    return result == -ENOENT && file < 0 ? -ENXIO : result;
}
