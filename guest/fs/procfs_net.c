/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID/net: what sockets there are, as net/ tells. */
#include "fs/procfs_internal.h"

#define SO_ACCEPTCON_FLAG 0x10000u /* Linux's flag of a listener */

static void (*unix_source)(void (*emit)(void *context, const struct procfs_unix_socket *row),
                           void *context);

void procfs_set_unix_source(void (*for_each)(void (*emit)(void *context,
                                                          const struct procfs_unix_socket *row),
                                             void *context))
{
    unix_source = for_each;
}

/* Runs under a spinlock: proc_print() allocates nothing. */
static void emit_unix(void *context, const struct procfs_unix_socket *row)
{
    struct proc_text *text = context;

    /* The first column is an address on Linux, which hides it from most readers. */
    proc_print(text, "%016x: %08X %08X %08X %04X %02X %5lu", 0, row->references, 0,
               row->listening ? SO_ACCEPTCON_FLAG : 0, row->type, row->state, row->ino);
    if (row->name_length)
        proc_print(text, " ");
    for (uint32_t i = 0; i < row->name_length; i++)
        proc_append(text, row->name[i] ? (const char *)&row->name[i] : "@", 1);
    proc_print(text, "\n");
}

static int unix_text(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    if (unix_source)
        unix_source(emit_unix, text);
    return 0;
}

const struct proc_entry proc_net_entries[] = {
    {.name = "unix", .mode = S_IFREG | 0444, .text = unix_text},
    {0},
};
