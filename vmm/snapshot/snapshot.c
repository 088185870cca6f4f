/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a snapshot in memory. */
#include "vmm/snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/config.h"

struct vmm_snapshot *snapshot_new(uint32_t cpu_count)
{
    struct vmm_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL) {
        return NULL;
    }
    atomic_init(&snapshot->references, 1);
    snapshot->memory_fd = -1;
    snapshot->machine.cpu_count = cpu_count;
    snapshot->vcpus = calloc(cpu_count, sizeof(*snapshot->vcpus));
    if (snapshot->vcpus == NULL) {
        free(snapshot);
        return NULL;
    }
    return snapshot;
}

struct vmm_snapshot *snapshot_get(struct vmm_snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
    return snapshot;
}

void snapshot_put(struct vmm_snapshot *snapshot)
{
    if (snapshot == NULL || atomic_fetch_sub(&snapshot->references, 1) != 1) {
        return;
    }
    if (snapshot->memory != NULL) {
        munmap((void *)(uintptr_t)snapshot->memory, snapshot->layout.size);
    }
    if (snapshot->memory_fd >= 0) {
        close(snapshot->memory_fd);
    }
    free(snapshot->program);
    free(snapshot->hostname);
    free(snapshot->vcpus);
    free(snapshot);
}

int snapshot_create_memory(struct vmm_snapshot *snapshot, struct vmm_error *error)
{
    snapshot->memory_fd = memfd_create("vmm-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return snapshot->memory_fd >= 0
               ? 0
               : vmm_fail(error, -errno, VMM_FAULT_USAGE, "no memory file for a snapshot: %s",
                          strerror(errno));
}

int snapshot_seal_memory(struct vmm_snapshot *snapshot)
{
    return fcntl(snapshot->memory_fd, F_ADD_SEALS,
                 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0
               ? -errno
               : 0;
}

int snapshot_map_memory(struct vmm_snapshot *snapshot, struct vmm_error *error)
{
    void *memory = mmap(NULL, snapshot->layout.size, PROT_READ, MAP_SHARED, snapshot->memory_fd, 0);

    if (memory == MAP_FAILED) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "cannot map a snapshot's memory: %s",
                        strerror(errno));
    }
    snapshot->memory = memory;
    return 0;
}
