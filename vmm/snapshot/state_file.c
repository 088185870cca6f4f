/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state file of a snapshot:
 *
 *   header (version, sizes, checksum) | record | record | ...
 *   record: kind, index, length, bytes, zeros up to a multiple of 8
 *
 * Numbers are little endian.  A reader takes no other version than its own: the records hold KVM's
 * and our structures as they are.  Each record must have the exact length that its kind has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/snapshot/snapshot.h"

#define MAGIC "VMMSNAP"
#define STATE_VERSION 1u
#define STATE_BYTES_MAX (4u << 20)
#define TEXT_MAX 4096u
#define PAGE 4096u

struct header {
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint64_t state_bytes; /* of the records */
    uint64_t checksum; /* of the records */
    uint64_t memory_bytes; /* of the memory file, without its last page */
    uint8_t id[SNAPSHOT_ID_BYTES]; /* random: of this snapshot */
};
_Static_assert(sizeof(struct header) == 56, "state file");

enum record_kind {
    RECORD_MACHINE = 1,
    RECORD_LAYOUT = 2,
    RECORD_CHIPS = 3,
    RECORD_SLOTS = 4,
    RECORD_CPUID = 5,
    RECORD_VCPU = 6,
    RECORD_PROGRAM = 7,
    RECORD_HOSTNAME = 8,
};

struct record {
    uint32_t kind, index;
    uint64_t length;
};

/* Each word changes all later ones; against damage, not against malice. */
static uint64_t checksum(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0xcbf29ce484222325ull, word;

    for (size_t at = 0; at + sizeof(word) <= length; at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 29;
    }
    return sum;
}

static size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

/* ---- Writing ------------------------------------------------------------- */

struct output {
    uint8_t *bytes;
    size_t used;
};

static void put(struct output *out, uint32_t kind, uint32_t index, const void *from, size_t length)
{
    struct record record = {.kind = kind, .index = index, .length = length};

    memcpy(out->bytes + out->used, &record, sizeof(record));
    memcpy(out->bytes + out->used + sizeof(record), from, length);
    out->used += sizeof(record) + padded(length);
}

static size_t cpuid_bytes(const struct cpuid_table *table)
{
    return offsetof(struct cpuid_table, entries) + table->nent * sizeof(table->entries[0]);
}

static int write_all(int fd, const uint8_t *from, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, from, length);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? -errno : -EIO;
        }
        from += written;
        length -= (size_t)written;
    }
    return 0;
}

int state_file_write(const struct vmm_snapshot *snapshot, int fd, struct vmm_error *error)
{
    const struct snapshot_machine *machine = &snapshot->machine;
    size_t room = sizeof(struct header) + sizeof(*snapshot) + 16 * sizeof(struct record) +
                  machine->cpu_count * (sizeof(struct vcpu_state) + sizeof(struct record)) +
                  2 * TEXT_MAX + PAGE;
    struct output out = {.bytes = calloc(1, room), .used = sizeof(struct header)};
    struct header header = {.magic = MAGIC,
                            .version = STATE_VERSION,
                            .header_bytes = sizeof(header),
                            .memory_bytes = snapshot->layout.size};
    int result;

    if (out.bytes == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    put(&out, RECORD_MACHINE, 0, machine, sizeof(*machine));
    put(&out, RECORD_LAYOUT, 0, &snapshot->layout, sizeof(snapshot->layout));
    put(&out, RECORD_CHIPS, 0, &snapshot->chips, sizeof(snapshot->chips));
    put(&out, RECORD_SLOTS, 0, snapshot->slots, sizeof(snapshot->slots));
    put(&out, RECORD_CPUID, 0, &snapshot->cpuid, cpuid_bytes(&snapshot->cpuid));
    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++) {
        put(&out, RECORD_VCPU, cpu, &snapshot->vcpus[cpu], sizeof(snapshot->vcpus[cpu]));
    }
    put(&out, RECORD_PROGRAM, 0, snapshot->program, strnlen(snapshot->program, TEXT_MAX));
    put(&out, RECORD_HOSTNAME, 0, snapshot->hostname, strnlen(snapshot->hostname, TEXT_MAX));
    memcpy(header.id, snapshot->id, sizeof(header.id));
    header.state_bytes = out.used - sizeof(header);
    header.checksum = checksum(out.bytes + sizeof(header), header.state_bytes);
    memcpy(out.bytes, &header, sizeof(header));
    result = write_all(fd, out.bytes, out.used);
    free(out.bytes);
    return result == 0 ? 0
                       : vmm_fail(error, result, VMM_FAULT_USAGE, "cannot write a snapshot: %s",
                                  strerror(-result));
}

int state_file_mark_memory(const struct vmm_snapshot *snapshot, int fd)
{
    uint8_t page[PAGE] = MAGIC;

    memcpy(page + sizeof(MAGIC), snapshot->id, sizeof(snapshot->id));
    return pwrite(fd, page, sizeof(page), (off_t)snapshot->layout.size) == (ssize_t)sizeof(page)
               ? 0
               : -EIO;
}

int state_file_check_memory(const struct vmm_snapshot *snapshot, int fd)
{
    uint8_t page[sizeof(MAGIC) + SNAPSHOT_ID_BYTES];
    struct stat status;

    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size != snapshot->layout.size + PAGE ||
        pread(fd, page, sizeof(page), (off_t)snapshot->layout.size) != (ssize_t)sizeof(page)) {
        return -EINVAL;
    }
    return memcmp(page, MAGIC, sizeof(MAGIC)) == 0 &&
                   memcmp(page + sizeof(MAGIC), snapshot->id, SNAPSHOT_ID_BYTES) == 0
               ? 0
               : -EINVAL;
}

/* ---- Reading ------------------------------------------------------------- */

struct found {
    const uint8_t *bytes;
    uint64_t length;
};

/* The record of this kind and index; length UINT64_MAX: any. */
static bool find(const uint8_t *records, size_t size, uint32_t kind, uint32_t index,
                 uint64_t length, struct found *found)
{
    struct record record;

    for (size_t at = 0; size - at >= sizeof(record);) {
        memcpy(&record, records + at, sizeof(record));
        at += sizeof(record);
        if (record.length > size - at || padded(record.length) > size - at) {
            return false;
        }
        if (record.kind == kind && record.index == index) {
            *found = (struct found){.bytes = records + at, .length = record.length};
            return length == UINT64_MAX || record.length == length;
        }
        at += padded(record.length);
    }
    return false;
}

static bool take(const uint8_t *records, size_t size, uint32_t kind, uint32_t index, void *to,
                 size_t length)
{
    struct found found;

    if (!find(records, size, kind, index, length, &found)) {
        return false;
    }
    memcpy(to, found.bytes, length);
    return true;
}

static char *take_text(const uint8_t *records, size_t size, uint32_t kind)
{
    struct found found;

    if (!find(records, size, kind, 0, UINT64_MAX, &found) || found.length > TEXT_MAX) {
        return NULL;
    }
    return strndup((const char *)found.bytes, found.length);
}

static bool take_cpuid(const uint8_t *records, size_t size, struct cpuid_table *table)
{
    struct found found;

    if (!find(records, size, RECORD_CPUID, 0, UINT64_MAX, &found) ||
        found.length > sizeof(*table) || found.length < offsetof(struct cpuid_table, entries)) {
        return false;
    }
    memcpy(table, found.bytes, found.length);
    return table->nent <= CPUID_ENTRIES_MAX && cpuid_bytes(table) == found.length;
}

static bool is_sound(const struct vmm_snapshot *snapshot, const struct header *header)
{
    const struct snapshot_machine *machine = &snapshot->machine;

    if (machine->slot_count > GUEST_VIRTIO_SLOTS_MAX || machine->memory_bytes > GUEST_RAM_MAX ||
        machine->memory_bytes % PAGE != 0 || memory_file_check(&snapshot->layout) != 0 ||
        snapshot->layout.size != header->memory_bytes) {
        return false;
    }
    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++) {
        if (snapshot->vcpus[cpu].msr_count > VCPU_MSRS_MAX || snapshot->vcpus[cpu].msr_count == 0) {
            return false;
        }
    }
    return true;
}

static struct vmm_snapshot *parse(const uint8_t *records, size_t size, const struct header *header)
{
    struct snapshot_machine machine;
    struct vmm_snapshot *snapshot;
    bool good;

    if (!take(records, size, RECORD_MACHINE, 0, &machine, sizeof(machine)) ||
        machine.cpu_count < 1 || machine.cpu_count > GUEST_CPUS_MAX) {
        return NULL;
    }
    snapshot = snapshot_new(machine.cpu_count);
    if (snapshot == NULL) {
        return NULL;
    }
    snapshot->machine = machine;
    memcpy(snapshot->id, header->id, sizeof(snapshot->id));
    snapshot->program = take_text(records, size, RECORD_PROGRAM);
    snapshot->hostname = take_text(records, size, RECORD_HOSTNAME);
    good = snapshot->program != NULL && snapshot->hostname != NULL &&
           take(records, size, RECORD_LAYOUT, 0, &snapshot->layout, sizeof(snapshot->layout)) &&
           take(records, size, RECORD_CHIPS, 0, &snapshot->chips, sizeof(snapshot->chips)) &&
           take(records, size, RECORD_SLOTS, 0, snapshot->slots, sizeof(snapshot->slots)) &&
           take_cpuid(records, size, &snapshot->cpuid);
    for (uint32_t cpu = 0; cpu < machine.cpu_count && good; cpu++) {
        good = take(records, size, RECORD_VCPU, cpu, &snapshot->vcpus[cpu],
                    sizeof(snapshot->vcpus[cpu]));
    }
    if (!good || !is_sound(snapshot, header)) {
        snapshot_put(snapshot);
        return NULL;
    }
    return snapshot;
}

static int read_exactly(int fd, uint8_t *to, size_t length)
{
    while (length > 0) {
        ssize_t got = read(fd, to, length);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -errno : -EPROTO;
        }
        to += got;
        length -= (size_t)got;
    }
    return 0;
}

int state_file_read(int fd, const char *name, struct vmm_snapshot **snapshot,
                    struct vmm_error *error)
{
    struct header header;
    uint8_t *records;
    int result = read_exactly(fd, (uint8_t *)&header, sizeof(header));

    *snapshot = NULL;
    if (result == 0 && memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0) {
        result = -EPROTO;
    }
    if (result != 0) {
        return vmm_fail(error, result, VMM_FAULT_USAGE, "%s: %s", name,
                        result == -EPROTO ? "is not a snapshot" : strerror(-result));
    }
    if (header.version != STATE_VERSION || header.header_bytes != sizeof(header)) {
        return vmm_fail(error, -EPROTO, VMM_FAULT_USAGE,
                        "%s: a snapshot of version %u; this program knows %u: take it again", name,
                        header.version, STATE_VERSION);
    }
    if (header.state_bytes > STATE_BYTES_MAX || header.state_bytes % 8 != 0) {
        return vmm_fail(error, -EPROTO, VMM_FAULT_USAGE, "%s: damaged (its length)", name);
    }
    records = malloc(header.state_bytes);
    if (records == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    result = read_exactly(fd, records, header.state_bytes);
    if (result != 0) {
        vmm_fail(error, result, VMM_FAULT_USAGE, "%s: damaged (truncated)", name);
    } else if (checksum(records, header.state_bytes) != header.checksum) {
        result = vmm_fail(error, -EPROTO, VMM_FAULT_USAGE, "%s: damaged (checksum)", name);
    } else {
        *snapshot = parse(records, header.state_bytes, &header);
        result = *snapshot != NULL
                     ? 0
                     : vmm_fail(error, -EPROTO, VMM_FAULT_USAGE, "%s: damaged (a record)", name);
    }
    free(records);
    return result;
}
