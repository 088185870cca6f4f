/* SPDX-License-Identifier: BSD-2-Clause */
/* libvmm's snapshots: files and their names, clones, resets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/kvm/cpuid.h"
#include "vmm/machine.h"
#include "vmm/vmm_internal.h"

#define PATH_BYTES_MAX 4096u
#define MEMORY_SUFFIX ".mem"
#define COPY_BYTES (1u << 20)

static int no_snapshots(const struct vmm *vm, struct vmm_error *error)
{
    return vmm_fail(error, -ENOTSUP, VMM_FAULT_USAGE,
                    "the engine %s has no snapshots and no resets; they need KVM",
                    vm->engine->name);
}

int vmm_snapshot_take(struct vmm *vm, struct vmm_snapshot **snapshot, struct vmm_error *error)
{
    *snapshot = NULL;
    return vm->engine->take_snapshot != NULL
               ? vm->engine->take_snapshot(vm->machine, snapshot, error)
               : no_snapshots(vm, error);
}

int vmm_reset(struct vmm *vm, struct vmm_error *error)
{
    return vm->engine->reset != NULL ? vm->engine->reset(vm->machine, error)
                                     : no_snapshots(vm, error);
}

int vmm_warm(struct vmm *vm, struct vmm_error *error)
{
    return vm->engine->warm != NULL ? vm->engine->warm(vm->machine, error)
                                    : no_snapshots(vm, error);
}

void vmm_snapshot_free(struct vmm_snapshot *snapshot)
{
    snapshot_put(snapshot);
}

/* ---- Saving -------------------------------------------------------------- */

/* What holds data, at the same offsets: holes stay holes. */
static int copy_memory(int from, int to, uint64_t size)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    off_t at = 0;
    int result = buffer == NULL ? -ENOMEM : ftruncate(to, (off_t)size) != 0 ? -errno : 0;

    while (result == 0 && (uint64_t)at < size) {
        off_t data = lseek(from, at, SEEK_DATA);
        off_t end = data >= 0 ? lseek(from, data, SEEK_HOLE) : -1;

        if (data < 0 || (uint64_t)data >= size) {
            result = data < 0 && errno != ENXIO ? -errno : 0;
            break;
        }
        end = end < 0 || (uint64_t)end > size ? (off_t)size : end;
        for (at = data; at < end && result == 0;) {
            size_t want = end - at < (off_t)COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
            ssize_t got = pread(from, buffer, want, at);

            if (got <= 0 || pwrite(to, buffer, (size_t)got, at) != got) {
                result = errno != 0 ? -errno : -EIO;
            } else {
                at += got;
            }
        }
    }
    free(buffer);
    return result;
}

struct names {
    char final[PATH_BYTES_MAX], temporary[PATH_BYTES_MAX];
};

static bool make_names(struct names *names, const char *path, const char *suffix)
{
    int final = snprintf(names->final, sizeof(names->final), "%s%s", path, suffix);
    int temporary =
        snprintf(names->temporary, sizeof(names->temporary), "%s%s.XXXXXX", path, suffix);

    return final > 0 && (size_t) final < sizeof(names->final) && temporary > 0 &&
           (size_t)temporary < sizeof(names->temporary);
}

/* Creates the temporary file, fills it, renames nothing yet. */
static int save_memory(struct vmm_snapshot *snapshot, struct names *names, struct vmm_error *error)
{
    int fd = mkostemp(names->temporary, O_CLOEXEC);
    int result;

    if (fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", names->final, strerror(errno));
    }
    errno = 0;
    result = copy_memory(snapshot->memory_fd, fd, snapshot->layout.size);
    result = result != 0 ? result : state_file_mark_memory(snapshot, fd);
    if (close(fd) != 0 && result == 0) {
        result = -errno;
    }
    if (result != 0) {
        unlink(names->temporary);
        vmm_fail(error, result, VMM_FAULT_USAGE, "%s: %s", names->final, strerror(-result));
    }
    return result;
}

static int save_state(struct vmm_snapshot *snapshot, struct names *names, struct vmm_error *error)
{
    int fd = mkostemp(names->temporary, O_CLOEXEC);
    int result;

    if (fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", names->final, strerror(errno));
    }
    result = state_file_write(snapshot, fd, error);
    if (close(fd) != 0 && result == 0) {
        result = vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", names->final, strerror(errno));
    }
    if (result != 0) {
        unlink(names->temporary);
    }
    return result;
}

int vmm_snapshot_save(struct vmm_snapshot *snapshot, const char *path, struct vmm_error *error)
{
    struct names state, memory;
    int result;

    if (!make_names(&state, path, "") || !make_names(&memory, path, MEMORY_SUFFIX)) {
        return vmm_fail(error, -ENAMETOOLONG, VMM_FAULT_USAGE, "%.200s...: the name is too long",
                        path);
    }
    result = save_memory(snapshot, &memory, error);
    if (result != 0) {
        return result;
    }
    result = save_state(snapshot, &state, error);
    if (result != 0) {
        unlink(memory.temporary);
        return result;
    }
    /* The state last: a state finds its memory, or says that it does not belong to it. */
    if (rename(memory.temporary, memory.final) != 0 || rename(state.temporary, state.final) != 0) {
        result = vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", path, strerror(errno));
        unlink(memory.temporary);
        unlink(state.temporary);
    }
    return result;
}

/* ---- Opening ------------------------------------------------------------- */

static int open_memory(struct vmm_snapshot *snapshot, const char *path, struct vmm_error *error)
{
    struct names names;

    if (!make_names(&names, path, MEMORY_SUFFIX)) {
        return vmm_fail(error, -ENAMETOOLONG, VMM_FAULT_USAGE, "%.200s...: the name is too long",
                        path);
    }
    snapshot->memory_fd = open(names.final, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (snapshot->memory_fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", names.final, strerror(errno));
    }
    if (state_file_check_memory(snapshot, snapshot->memory_fd) != 0) {
        return vmm_fail(error, -EPROTO, VMM_FAULT_USAGE,
                        "%s: truncated, or of another snapshot than %s", names.final, path);
    }
    return snapshot_map_memory(snapshot, error);
}

int vmm_snapshot_open(const char *path, struct vmm_snapshot **snapshot, struct vmm_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int result;

    *snapshot = NULL;
    if (fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", path, strerror(errno));
    }
    result = state_file_read(fd, path, snapshot, error);
    close(fd);
    if (result == 0) {
        result = cpuid_check_host(&(*snapshot)->cpuid, path, error);
    }
    if (result == 0) {
        result = open_memory(*snapshot, path, error);
    }
    if (result != 0) {
        snapshot_put(*snapshot);
        *snapshot = NULL;
    }
    return result;
}

int vmm_clone(struct vmm_snapshot *snapshot, const struct vmm_config *config, struct vmm **out,
              struct vmm_error *error)
{
    struct vmm *vm = calloc(1, sizeof(*vm));
    int result;

    *out = NULL;
    if (vm != NULL) {
        vm->config = machine_clone_config(snapshot, config);
    }
    if (vm == NULL || vm->config == NULL) {
        free(vm);
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    vm->engine = &vmm_kvm_engine;
    result = machine_clone(snapshot, vm->config, &vm->machine, error);
    if (result != 0) {
        vmm_destroy(vm);
        return result;
    }
    *out = vm;
    return 0;
}
