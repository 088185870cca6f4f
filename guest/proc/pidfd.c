/* SPDX-License-Identifier: BSD-2-Clause */
/* A process as a file: it can be polled for the process's end. */
#include "proc/pidfd.h"

#include "fs/inode.h"
#include "iface/open_flags.h"

static uint32_t pidfd_poll(struct file *file, struct poll_table *table)
{
    struct process *process = file->private_data;

    if (table)
        table->add(table, &process->exit_wait);
    return process->zombie ? POLL_IN | POLL_RDNORM : 0;
}

static void pidfd_release(struct file *file)
{
    process_put(file->private_data);
}

static const struct file_ops pidfd_ops = {.poll = pidfd_poll, .release = pidfd_release};

struct file *pidfd_create(struct process *process, uint32_t flags)
{
    struct file *file = file_create(&pidfd_ops, FMODE_READ | FMODE_WRITE, flags | O_RDWR, process);

    if (!file)
        return NULL;
    process_get(process);
    file->inode = inode_create_anonymous(0600);
    if (!file->inode) {
        file_put(file);
        return NULL;
    }
    return file;
}

struct process *pidfd_process(struct file *file)
{
    return file->ops == &pidfd_ops ? file->private_data : NULL;
}
