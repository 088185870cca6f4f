/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One machine of the KVM engine: all its parts, in one structure.  Internal to
 * vmm/machine*.c; parts know nothing of each other but by the callbacks that
 * machine.c gives them.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "boot/guest_abi.h"
#include "vmm/backend/disk.h"
#include "vmm/backend/event_loop.h"
#include "vmm/bus/bus.h"
#include "vmm/dev/ctl_port.h"
#include "vmm/dev/ioapic.h"
#include "vmm/dev/legacy.h"
#include "vmm/dev/uart.h"
#include "vmm/dev/virtio/blk.h"
#include "vmm/dev/virtio/console.h"
#include "vmm/dev/virtio/mmio.h"
#include "vmm/dev/virtio/rng.h"
#include "vmm/engine.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/load/archive.h"
#include "vmm/machine_calls.h"
#include "vmm/machine_reset.h"
#include "vmm/mem/guest_mem.h"
#include "vmm/snapshot/snapshot.h"

#define MACHINE_UNCLAIMED_LOGGED 16u

struct machine_timer {
    bool armed;
    timer_t id;
};

/* A busy queue: notified through an eventfd that the I/O thread reads. */
struct machine_kick {
    struct event_source source; /* fd -1: not busy */
    struct virtio_device *device;
    unsigned int queue;
};

struct machine_slot {
    struct virtio_mmio mmio;
    struct machine_kick kicks[VIRTIO_QUEUES_MAX];
};

struct machine {
    const struct vmm_config *config;
    struct archive *archive; /* NULL: none */
    struct kvm_vm vm;
    struct guest_mem mem;
    struct vcpu_entry entry;
    uint64_t cpu_info_gpa; /* struct guest_cpu to fill; 0: none */
    uint64_t generation_gpa; /* struct guest_generation; 0: none */
    struct vcpu_events events;

    struct bus ports, mmio;
    struct ioapic ioapic;
    struct ctl_port ctl;
    struct legacy legacy;
    struct uart uart;
    struct stream uart_out; /* fd -1: none */
    struct event_loop loop;
    struct console stdio, error_output;
    bool has_error_output;
    struct rng rng;
    size_t disk_count;
    struct disk *disks;
    struct blk *blks;
    unsigned int slot_count;
    struct machine_slot slots[GUEST_VIRTIO_SLOTS_MAX];

    struct machine_calls calls;

    /* Standing still, see machine_stand.c; parked is guarded by stand_lock. */
    atomic_bool hold;
    bool calling; /* the first CPU leaves its loop instead of waiting; changed while it is out */
    pthread_mutex_t stand_lock;
    pthread_cond_t stand_changed;
    unsigned int parked;

    /* The call that runs: its caller's thread is the first CPU's. */
    pthread_mutex_t call_lock; /* one call at a time */
    _Atomic(bool) cancel;
    bool threads_run;
    bool runs; /* vmm_run() has not returned; guarded by call_lock */
    /* The thread that runs the first CPU, see machine_runner.c; guarded by call_lock. */
    bool has_runner, has_caller;
    pthread_t runner, caller; /* caller: of the last call that ran in its caller's thread */
    sem_t job, job_done;
    bool job_quit;
    uint64_t job_timeout_ns, job_cpu_ns;
    int job_result;
    pid_t owner; /* after fork() nobody but this process has the threads */
    bool spoiled; /* good for a reset or the end only */
    uint64_t call_deadline_ns; /* of CLOCK_MONOTONIC; 0: none */
    uint64_t call_cpu_ns; /* 0: none */
    struct machine_timer call_timer;
    uint64_t *call_cpu_start_ns; /* of each CPU's thread */

    /* What vmm_reset() returns to; NULL: nothing. */
    struct vmm_snapshot *snapshot;
    struct memory_reset memory_reset;
    uint32_t generation; /* times this VM has gone on from a snapshot */

    /* The end: the first who claims it writes the result, then sets ended. */
    atomic_bool end_claimed;
    atomic_bool ended;
    atomic_bool stop; /* vmm_stop(): do not wait for anything */
    struct vmm_result result;
    char end_text[sizeof(((struct vmm_error *)NULL)->text)];
    _Atomic(uint32_t) new_size; /* rows << 16 | columns, 0: no change */
    struct timespec deadline; /* of the timeout */
    sigset_t signals_before;

    uint64_t created_ns, opened_ns, started_ns, ended_ns;
    bool has_guest_stats;
    struct guest_stats guest_stats;
    /* Accesses to nowhere that were logged; guarded by the lock. */
    pthread_mutex_t log_lock;
    unsigned int unclaimed_count;
    uint64_t unclaimed[MACHINE_UNCLAIMED_LOGGED];

    unsigned int cpu_count;
    unsigned int threads_started; /* of CPUs 1 and on; each starts the next */
    pthread_t *threads;
    struct vcpu *vcpus;
};

/* ---- machine_boot.c ------------------------------------------------------ */

/* Creates guest memory and fills it: archive, kernel, boot information. */
int machine_load(struct machine *machine, struct vmm_error *error);

/* ---- machine_run.c ------------------------------------------------------- */

int machine_run(void *machine, struct vmm_result *result, struct vmm_error *error);
/* Ends the VM unless it has ended already; any thread, async-signal-safe if text is NULL. */
void machine_end(struct machine *machine, enum vmm_outcome outcome, int value, bool core_dumped,
                 const char *text);
/* The VM is to end without waiting: stopped or out of time. */
bool machine_gives_up(const void *machine);
/* What ended vcpu_run(), in words; VCPU_ENDED and VCPU_HELD need none. */
void machine_end_by_vcpu(struct machine *machine, const struct vcpu *vcpu, enum vcpu_end end);
/* SIGPIPE and kicks are ours in this thread, until the mask is restored from *before. */
void machine_block_signals(sigset_t *before);
/* Threads for the CPUs after the first, if there are any. */
int machine_start_threads(struct machine *machine);
/* After the end: no CPU runs any more, threads have been joined. */
void machine_finish(struct machine *machine);
void machine_report(struct machine *machine, struct vmm_result *result, struct vmm_error *error);
uint64_t machine_now_ns(void);

/* ---- machine_stand.c ----------------------------------------------------- */

/* The machine stands still soon: any thread; from_cpu: a CPU's own. */
void machine_hold(struct machine *machine, bool from_cpu);
/* vcpu_events' held(). */
bool machine_held(void *machine, unsigned int index);
/* Until `count` CPUs wait, or the machine has ended. */
void machine_wait_parked(struct machine *machine, unsigned int count);
void machine_release(struct machine *machine);
/* The program says that it is initialised. */
void machine_ready(struct machine *machine);
/* The machine may be held, and snapshots taken of it. */
bool machine_may_stand_still(const struct machine *machine);

/* ---- machine_snapshot.c -------------------------------------------------- */

/* Of a machine that stands still; also what it is reset to from now on. */
int machine_take_snapshot(void *machine, struct vmm_snapshot **snapshot, struct vmm_error *error);
int machine_reset(void *machine, struct vmm_error *error);
/* For clones too: the snapshot's state of devices and calls. */
int machine_load_devices(struct machine *machine, const struct vmm_snapshot *snapshot);
void machine_load_calls(struct machine *machine, const struct vmm_snapshot *snapshot);
/* The guest is told that it is another one now, before its first instruction. */
int machine_begin_generation(struct machine *machine, const struct vmm_snapshot *snapshot,
                             struct vmm_error *error);

/* ---- machine_clone.c ----------------------------------------------------- */

/* config: machine_clone_config()'s; owned by the caller. */
int machine_clone(struct vmm_snapshot *snapshot, const struct vmm_config *config, void **machine,
                  struct vmm_error *error);
/* What the snapshot's machine was made of, with the streams and such of config (may be NULL). */
struct vmm_config *machine_clone_config(const struct vmm_snapshot *snapshot,
                                        const struct vmm_config *config);

/* ---- machine.c, for clones ----------------------------------------------- */

struct machine *machine_allocate(const struct vmm_config *config, struct archive *archive);
int machine_add_devices(struct machine *machine, struct vmm_error *error);
void machine_destroy(void *machine);

/* ---- machine_functions.c ------------------------------------------------- */

int machine_start(void *machine, struct vmm_error *error);
/* Fills the call's results; what vmm_call() returns. */
int machine_call(void *machine, struct vmm_call *call);
int machine_cancel(void *machine);
int machine_warm(void *machine, struct vmm_error *error);
/* A CPU was interrupted: looks at the call's limits. */
void machine_check_call(struct machine *machine);

/* In the calling thread.  0 or a negative errno: it did not run. */
int machine_run_here(struct machine *machine, uint64_t timeout_ns, uint64_t cpu_ns);

/* ---- machine_runner.c ---------------------------------------------------- */

/* From now on the first CPU runs in a thread of its own; -EAGAIN. */
int machine_start_runner(struct machine *machine);
/* In the calling thread or in the runner, whichever is right. */
int machine_run_somewhere(struct machine *machine, uint64_t timeout_ns, uint64_t cpu_ns);
void machine_stop_runner(struct machine *machine);

/* ---- machine_watch.c ----------------------------------------------------- */

/* The run's time limit, if there is one: sets the deadline; this thread is kicked then. */
int machine_start_timeout(struct machine *machine, struct machine_timer *timer);
/* This thread is kicked after each second of CPU time, to look for shrunken files. */
void machine_start_watch(const struct machine *machine, struct machine_timer *timer);
void machine_stop_timer(struct machine_timer *timer);
/* A timer that kicks this thread once, at a time of CLOCK_MONOTONIC. */
int machine_start_alarm(struct machine_timer *timer, uint64_t at_ns);
/* Path of a mapped host file that is shorter now, or NULL. */
const char *machine_shrunken_file(const struct machine *machine);

/* ---- machine_events.c ---------------------------------------------------- */

/* What devices and vCPUs report; arg is the machine. */
void machine_ctl_report(void *arg, uint32_t kind, uint8_t value, uint32_t stats_frame);
void machine_unclaimed(void *arg, bool port, bool write, uint64_t address, unsigned int size,
                       uint64_t value);
void machine_interrupted(void *arg, unsigned int cpu);
void machine_power_off(void *arg, bool reset);
void machine_uart_output(void *arg, const char *bytes, size_t length);
void machine_output_failed(void *arg, int error);
/* A queue is notified often: from now on the I/O thread serves it. */
void machine_queue_busy(void *arg, struct virtio_mmio *mmio, unsigned int queue);

#endif
