/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm run --name": a socket in $XDG_RUNTIME_DIR/vmm at which the same user may ask for a snapshot
 * of the VM while it runs, and the asking side.  A thread of its own, closed but for that
 * directory and the store of snapshots, answers.
 */
#ifndef VMM_CLI_CONTROL_H
#define VMM_CLI_CONTROL_H

#include "vmm/cli/cli.h"

struct control; /* one per process at most */

/* Makes the socket; 0 or an exit status, the error has been printed. */
int control_open(const char *name, struct control **control);
/* Answers from now on; the same. */
int control_start(struct control *control, struct vmm *vm);
/* Removes the socket; works in a thread that vmm_run() has closed.  NULL is allowed. */
void control_stop(struct control *control);

/* Asks the VM of that name to save itself in the store; an exit status. */
int control_ask(const char *name, const char *snapshot);

#endif
