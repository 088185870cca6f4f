/* SPDX-License-Identifier: BSD-2-Clause */
/* What a snapshot's state file says of itself, for lists; neither memory nor KVM are needed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/snapshot/snapshot.h"

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

int vmm_snapshot_info(const char *path, struct vmm_snapshot_info *info, struct vmm_error *error)
{
    struct vmm_snapshot_info all = {0};
    struct vmm_snapshot *snapshot = NULL;
    size_t size = info->size;
    int fd, result;

    if (size < sizeof(info->size)) {
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "snapshot: size is not set");
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: %s", path, strerror(errno));
    }
    result = state_file_read(fd, path, &snapshot, error);
    close(fd);
    if (result == 0) {
        all.memory_bytes = snapshot->machine.memory_bytes;
        all.taken_ns = snapshot->machine.taken_ns;
        all.cpus = snapshot->machine.cpu_count;
        all.functions = snapshot->machine.functions != 0;
        copy_text(all.program, sizeof(all.program), snapshot->program);
        copy_text(all.hostname, sizeof(all.hostname), snapshot->hostname);
        all.size = size < sizeof(all) ? size : sizeof(all);
        memcpy(info, &all, all.size);
    }
    snapshot_put(snapshot);
    return result;
}
