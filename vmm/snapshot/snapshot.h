/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A snapshot in memory: the state of CPUs and devices, and a descriptor of the file that holds
 * guest memory (an anonymous one, or PATH.mem).  Immutable once made; counted, because clones need
 * it.
 */
#ifndef VMM_SNAPSHOT_SNAPSHOT_H
#define VMM_SNAPSHOT_SNAPSHOT_H

#include <stdatomic.h>

#include "vmm/kvm/state.h"
#include "vmm/mem/memory_file.h"
#include "vmm/snapshot/device_state.h"

#define SNAPSHOT_ID_BYTES 16u

/* The machine, but for its parts; plain data. */
struct snapshot_machine {
    uint64_t memory_bytes;
    uint64_t generation_gpa, call_area_gpa; /* 0: none */
    uint64_t taken_ns; /* since 1970 */
    uint32_t cpu_count, slot_count;
    uint32_t tsc_khz; /* 0: not known */
    uint32_t call_serial;
    uint8_t ready, functions, terminal, has_error_output, threads_run;
    uint8_t console_in_ended;
    uint16_t rows, columns;
    uint8_t padding[6];
    uint32_t console_sent[2];
};
_Static_assert(sizeof(struct snapshot_machine) % 8 == 0, "snapshots add up 64-bit words");

struct vmm_snapshot {
    atomic_uint references;
    uint8_t id[SNAPSHOT_ID_BYTES];
    struct snapshot_machine machine;
    struct memory_file_layout layout;
    struct chip_state chips;
    struct slot_state slots[GUEST_VIRTIO_SLOTS_MAX];
    struct cpuid_table cpuid;
    struct vcpu_state *vcpus; /* cpu_count */
    char *program; /* path on the host that took it, for messages */
    char *hostname;
    int memory_fd;
    const uint8_t *memory; /* the whole file, read-only and shared; NULL: not mapped yet */
};

/* With room for cpu_count CPUs and one reference; NULL: out of memory. */
struct vmm_snapshot *snapshot_new(uint32_t cpu_count);
struct vmm_snapshot *snapshot_get(struct vmm_snapshot *snapshot);
void snapshot_put(struct vmm_snapshot *snapshot); /* NULL is allowed */
/* An anonymous file for guest memory that cannot shrink once sealed. */
int snapshot_create_memory(struct vmm_snapshot *snapshot, struct vmm_error *error);
int snapshot_seal_memory(struct vmm_snapshot *snapshot);
/* Maps the file for resets; once, by whoever made the snapshot. */
int snapshot_map_memory(struct vmm_snapshot *snapshot, struct vmm_error *error);

/* ---- state_file.c -------------------------------------------------------- */

/* Writes the state to fd, which is empty. */
int state_file_write(const struct vmm_snapshot *snapshot, int fd, struct vmm_error *error);
/*
 * Reads and checks it: *snapshot has no memory yet.  name: of the file, for messages.  The bytes
 * may be anything.
 */
int state_file_read(int fd, const char *name, struct vmm_snapshot **snapshot,
                    struct vmm_error *error);
/* The last page of a memory file says which state it belongs to. */
int state_file_mark_memory(const struct vmm_snapshot *snapshot, int fd);
int state_file_check_memory(const struct vmm_snapshot *snapshot, int fd);

#endif
