/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One machine of the KVM engine: all its parts, in one structure.  Internal to
 * vmm/machine*.c; parts know nothing of each other but by the callbacks that
 * machine.c gives them.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

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
#include "vmm/mem/guest_mem.h"

#define MACHINE_UNCLAIMED_LOGGED 16u

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
uint64_t machine_now_ns(void);

/* ---- machine_watch.c ----------------------------------------------------- */

struct machine_timer {
    bool armed;
    timer_t id;
};

/* The run's time limit, if there is one: sets the deadline; this thread is kicked then. */
int machine_start_timeout(struct machine *machine, struct machine_timer *timer);
/* This thread is kicked after each second of CPU time, to look for shrunken files. */
void machine_start_watch(const struct machine *machine, struct machine_timer *timer);
void machine_stop_timer(struct machine_timer *timer);
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
