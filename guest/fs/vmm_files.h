/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/vmm: function calls by the monitor and the like as files, vmm-call(7).
 *
 *   call        a read takes a request, a write answers it
 *   host        a write calls a function of the embedder's, a read takes its answer
 *   ready       a write says that the program is initialised
 *   generation  the VM generation ID, a line; readable once more when it has changed
 *
 * At most one request is outstanding.  Between reply and next request the VM stands still:
 * a reader that nobody else is keeping company does so in read(2) itself, others (poll, threads)
 * sleep, and the last CPU that becomes idle stands still for all.
 */
#ifndef FS_VMM_FILES_H
#define FS_VMM_FILES_H

#include "fs/device.h"
#include "iface/call_port.h"

/* Boot: where the calls come from. */
void vmm_files_init(struct call_port *port);
/* The machine ends: the monitor will hear why, so nobody replies to a call that is left. */
void vmm_files_end(void);

#endif
