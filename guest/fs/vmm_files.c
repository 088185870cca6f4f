/* SPDX-License-Identifier: BSD-2-Clause */
/* Which file of /dev/vmm is which, and the one that says ready. */
#include "arch/generation.h"
#include "fs/inode.h"
#include "fs/vmm_files_internal.h"
#include "lib/errno.h"

struct call_port *vmm_port __attribute__((section(".bss.hot.calls")));

static ssize_t ready_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    size_t size = buf->remaining;

    (void)file;
    (void)pos;
    buf->remaining = 0;
    vmm_port->say_ready();
    return (ssize_t)size;
}

static const struct file_ops ready_ops = {.write = ready_write};

static int open_minor(struct inode *inode, struct file *file)
{
    switch (DEVICE_MINOR(inode->attr.rdev)) {
    case VMM_MINOR_CALL:
        return vmm_call_open(file);
    case VMM_MINOR_HOST:
        return vmm_host_open(file);
    case VMM_MINOR_READY:
        file->ops = &ready_ops;
        return 0;
    case VMM_MINOR_GENERATION:
        return vmm_generation_open(file);
    default:
        return -ENXIO;
    }
}

void vmm_files_init(struct call_port *port)
{
    vmm_port = port;
    vmm_call_init();
    generation_set_hook(vmm_generation_changed);
    device_register(DEVICE_MAJOR_VMM, open_minor);
}
