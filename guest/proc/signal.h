/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as signal(7) describes them: numbers 1..64, a pending set and a queue
 * per process and per task, handlers per process (shared with CLONE_SIGHAND).
 * Lock: signal_handlers.lock (LOCK_RANK_SIGNAL) of the process guards all of it.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "arch/spinlock.h"
#include "lib/list.h"
#include "lib/refcount.h"

struct process;
struct task;
struct trap_frame;

#define NSIG 64
#define SIGMASK(n) (1ul << ((n)-1))

/* Linux's siginfo_t, 128 bytes; the union is kept raw. */
struct kernel_siginfo {
    int32_t signo, err, code, pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            union {
                uint64_t value;
                struct {
                    int32_t status;
                    int32_t pad2;
                    int64_t utime, stime;
                } child;
            };
        } kill; /* kill, sigqueue, SIGCHLD */
        struct {
            int32_t timer_id, overrun;
            uint64_t value;
        } timer;
        struct {
            uint64_t address;
            int16_t address_lsb;
        } fault;
        struct {
            int64_t band;
            int32_t fd;
        } poll;
        uint8_t raw[112];
    };
};
_Static_assert(sizeof(struct kernel_siginfo) == 128, "siginfo_t");

struct signal_action {
    uint64_t handler; /* user address, 0: SIG_DFL, 1: SIG_IGN */
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

struct signal_handlers {
    struct refcount refs;
    struct spinlock lock;
    struct signal_action action[NSIG];
};

struct signal_state { /* of a process */
    struct signal_handlers *handlers;
    uint64_t pending;
    struct list queue; /* struct signal_queued */
};

struct signal_task { /* of a task */
    uint64_t blocked;
    uint64_t saved_mask; /* of sigsuspend, ppoll: restored after the handler */
    bool restore_saved;
    uint64_t pending;
    struct list queue;
    uint64_t altstack_base, altstack_size;
    uint32_t altstack_flags;
};

/* info NULL: from the kernel.  0, -EAGAIN (queue full), never sleeps. */
int signal_send_process(struct process *process, int signo, const struct kernel_siginfo *info);
int signal_send_task(struct task *task, int signo, const struct kernel_siginfo *info);
int signal_send_group(int pgid, int signo, const struct kernel_siginfo *info);
/* A fault of the current task: cannot be blocked or ignored. */
void signal_force(int signo, int code, uint64_t address);
bool signal_is_pending(void); /* unblocked, for the current task */
/* Host to guest (control port): a signal for the first process. */
void signal_from_host(int signo);

/* On the way to user mode: delivers at most one handler; may end the task. */
void signal_deliver(struct trap_frame *frame);

#endif
