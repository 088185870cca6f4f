/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as signal(7) describes them: numbers 1..64, a pending set and a queue
 * per process and per task, handlers per process (shared with CLONE_SIGHAND).
 * Lock: signal_handlers.lock (LOCK_RANK_SIGNAL) of the process guards all of it;
 * senders hold process_table_lock around it, which keeps the receiver there.
 * So nobody may send while holding a spinlock of rank PROCESS_TABLE or above.
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

/* One signal waiting with its siginfo. */
struct signal_queued {
    struct list link;
    struct kernel_siginfo info;
};
#define SIGNAL_QUEUE_MAX 16384u /* per process, whatever RLIMIT_SIGPENDING says */

struct signal_handlers {
    struct refcount refs;
    struct spinlock lock;
    uint64_t ignored, caught; /* sets, by the actions' handlers; the rest are default */
    struct signal_action action[NSIG];
};

struct signal_state { /* of a process */
    struct signal_handlers *handlers;
    uint64_t pending;
    struct list queue; /* struct signal_queued */
    uint32_t queued_count; /* in this queue and in those of the tasks */
    struct signal_queued *spare; /* the last one that was delivered, for the next; or NULL */
};

struct signal_task { /* of a task */
    uint64_t blocked;
    uint64_t real_blocked; /* during sigtimedwait: what blocked was */
    uint64_t saved_mask; /* of sigsuspend, ppoll: restored after the handler */
    bool restore_saved;
    uint64_t pending;
    struct list queue;
    uint64_t altstack_base, altstack_size;
    uint32_t altstack_flags;
    bool stop_taken; /* a stop signal is about to take effect; SIGCONT takes it back */
};

/* Signals whose default action is to be ignored, to stop, to dump core; the rest end the process.
 */
bool signal_default_ignored(int signo);
bool signal_default_stops(int signo);
bool signal_default_dumps(int signo);

struct signal_handlers *signal_handlers_create(void); /* all default; NULL: out of memory */
struct signal_handlers *signal_handlers_copy(struct signal_handlers *handlers);
void signal_handlers_put(struct signal_handlers *handlers);
void signal_task_init(struct signal_task *signals, uint64_t blocked);
void signal_queue_free(struct list *queue); /* all entries; no lock needed any more */
/* An entry that is off its queue (or NULL) is done with; handlers->lock held. */
void signal_entry_done_locked(struct process *process, struct signal_queued *queued);

/* info NULL: from the kernel.  0, -EAGAIN (queue full), never sleeps. */
/* Set at boot or NULL: called for each signal that a task takes, under a lock. */
extern void (*signal_trace)(int signo);
int signal_send_process(struct process *process, int signo, const struct kernel_siginfo *info);
int signal_send_task(struct task *task, int signo, const struct kernel_siginfo *info);
int signal_send_group(int pgid, int signo, const struct kernel_siginfo *info);
/* The same with process_table_lock held; task NULL: for the process as a whole. */
int signal_send_locked(struct process *process, struct task *task, int signo,
                       const struct kernel_siginfo *info);
/*
 * The same for a timer, which has no second signal on its way: this one queues even where the
 * number is pending already or the queue is full, unless memory is.
 */
void signal_send_timer_locked(struct process *process, struct task *task,
                              const struct kernel_siginfo *info);
/* SIGCHLD with the state of child, process_table_lock held: CLD_* in code. */
void signal_tell_parent_locked(struct process *child, int code, int status);
/* All tasks of the process end with status; process_table_lock held. */
void signal_begin_group_exit_locked(struct process *process, int status);
/* A fault of the current task: cannot be blocked or ignored. */
void signal_force(int signo, int code, uint64_t address);
bool signal_is_pending(void); /* unblocked, for the current task */
/* Replaces the current task's mask (without SIGKILL, SIGSTOP). */
void signal_set_blocked(uint64_t blocked);
/*
 * For sigsuspend, ppoll, pselect, epoll_pwait: blocked until the call returns; if it is
 * interrupted, the old mask comes back after the handler has been set up.
 */
void signal_set_temporary_mask(uint64_t blocked);
void signal_restore_mask(void); /* the call ended without a signal */
/* Takes a pending signal of the set off; its number, or 0. */
int signal_take(uint64_t set, struct kernel_siginfo *info);
uint64_t signal_pending_set(void); /* of the current task and its process */
/* sigaction(2); old and action may be NULL.  0 or -EINVAL. */
int signal_set_action(int signo, const struct signal_action *action, struct signal_action *old);
void signal_handler_changed_locked(struct signal_handlers *handlers,
                                   int signo); /* handlers->lock */
/* exec: handlers back to default, the ignored ones stay. */
void signal_flush_handlers(struct signal_handlers *handlers);
/* Host to guest (control port): a signal for the first process. */
void signal_from_host(int signo);

/* On the way to user mode: delivers at most one handler; may end the task. */
void signal_deliver(struct trap_frame *frame);

/* The frame of a handler on the program's stack; false: it does not fit there. */
bool signal_frame_push(struct trap_frame *frame, int signo, const struct kernel_siginfo *info,
                       const struct signal_action *action, uint64_t mask);
/* rt_sigreturn(2): the registers of before; false: the frame was not ours (SIGSEGV). */
bool signal_frame_pop(struct trap_frame *frame);
/* Smallest alternate stack that holds a frame, for AT_MINSIGSTKSZ. */
uint64_t signal_frame_size_max(void);

#endif
