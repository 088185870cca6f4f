/* SPDX-License-Identifier: BSD-2-Clause */
/* A monitor that calls functions, and the kernel around /dev/vmm, for tests on the host. */
#ifndef UNIT_VMM_MONITOR_H
#define UNIT_VMM_MONITOR_H

#include "unit/driver_fakes.h"

#include "arch/percpu.h"
#include "fs/fd_table.h"
#include "fs/vmm_files_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "sched/thread.h"

extern struct thread thread; /* the current one */
extern const char *fault_from, *fault_to; /* program memory that is not there */
extern unsigned int running; /* threads, for the decision who waits where */
extern unsigned int woken; /* calls of wake_one() */
extern bool (*idle_wait)(void);
extern struct fd_table *table_now;
extern bool queue_is_empty;
extern int start_error; /* of the port */
extern struct call_port port;
extern struct guest_call_area area;

struct monitor {
    const char *request; /* to be given at the next WAIT */
    size_t size, given;
    char reply[GUEST_CALL_RECORD_MAX];
    size_t reply_size;
    uint64_t reply_total;
    uint32_t reply_to;
    unsigned int replies, waits, mores, hosts; /* OUTs; replies and host calls: whole ones */
    char call[GUEST_CALL_RECORD_MAX]; /* of a host function */
    size_t call_size;
    const char *answer;
    size_t answer_size, answered;
    bool call_done, void_call;
};
extern struct monitor monitor;

void monitor_reset(void);
void will_request(const void *data, size_t size);
void give_request(void); /* at once, as when a REPLY returns */
void expect_reply(const void *data, size_t size);

struct file *open_file(int (*open)(struct file *file));
void close_file(struct file *file);
ssize_t file_read(struct file *file, void *data, size_t size);
ssize_t file_write(struct file *file, const void *data, size_t size);
char *pattern(size_t size); /* of malloc */

#endif
