/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtual CPU and its run loop: exits go to the buses; knows no device.
 *
 * Kicking: any thread may make a vCPU leave guest mode with vcpu_kick(), from
 * signal handlers too.  It uses the signal VCPU_KICK_SIGNAL, which the thread
 * keeps blocked; KVM unblocks it while the guest runs (KVM_SET_SIGNAL_MASK),
 * so it ends KVM_RUN with EINTR, stays pending, and is taken back by
 * sigtimedwait(): no handler is installed, the embedder's are not disturbed.
 */
#ifndef VMM_KVM_VCPU_H
#define VMM_KVM_VCPU_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus/bus.h"
#include "vmm/kvm/cpuid.h"
#include "vmm/kvm/vm.h"

#define VCPU_KICK_SIGNAL SIGRTMAX

enum vcpu_end {
    VCPU_ENDED, /* the owner said so */
    VCPU_HELD, /* the machine is to stand still, and held() said to leave */
    VCPU_SHUTDOWN, /* triple fault */
    VCPU_FAIL_ENTRY, /* detail: hardware reason */
    VCPU_INTERNAL_ERROR, /* detail: KVM's suberror */
    VCPU_BAD_ADDRESS, /* memory behind the guest is gone or not writable */
    VCPU_UNKNOWN_EXIT, /* detail: exit reason */
    VCPU_SYSTEM_ERROR, /* detail: errno of KVM_RUN */
};

/* What the loop asks of its owner; every function is called in the vCPU's thread. */
struct vcpu_events {
    void *arg;
    const struct bus *ports;
    const struct bus *mmio;
    /* True once the VM is to end; looked at after every exit. */
    const atomic_bool *ended;
    /*
     * True while the machine is to stand still; looked at after every exit.  held() then waits
     * until it goes on and returns true, or makes vcpu_run() return.
     */
    const atomic_bool *hold;
    bool (*held)(void *arg, unsigned int index);
    void (*interrupted)(void *arg, unsigned int index);
    void (*unclaimed)(void *arg, bool port, bool write, uint64_t address, unsigned int size,
                      uint64_t value);
};

struct vcpu {
    int fd; /* -1: not created */
    unsigned int index;
    struct kvm_vm *vm;
    const struct vcpu_events *events; /* for its owner's threads */
    struct kvm_run *run;
    size_t run_size;
    _Atomic(int) thread_id; /* of the thread inside vcpu_run(), else 0 */
    _Atomic(int) kickers; /* threads inside vcpu_kick() */
    atomic_bool kicked; /* a signal may be pending */
    bool has_mask; /* mask is what KVM was told */
    sigset_t mask;
    uint64_t exits[VMM_EXIT_KINDS]; /* written by the vCPU's thread only */
    uint64_t detail; /* valid after vcpu_run(), see enum vcpu_end */
};

/* Initial registers for entry points of loaded kernels. */
enum vcpu_entry_mode {
    VCPU_PROTECTED_32, /* PVH: flat segments, paging off; ebx = arg */
    VCPU_LONG_64, /* 64-bit boot protocol: identity map at cr3, GDT; rsi = arg */
};

struct vcpu_entry {
    enum vcpu_entry_mode mode;
    uint64_t rip, arg, cr3, gdt_gpa;
    bool x2apic; /* the local APIC is in x2APIC mode; CPUID must offer it */
};

int vcpu_create(struct vcpu *vcpu, struct kvm_vm *vm, unsigned int index,
                const struct cpuid_table *cpuid, struct vmm_error *error);
/* Fills in what a kernel needs to tell the time: tsc_khz, wall_*; 0 where KVM does not say. */
void vcpu_tell_time(const struct vcpu *vcpu, struct guest_cpu *cpu);
/* Ticks per millisecond of the time stamp counter; 0: KVM does not say. */
uint32_t vcpu_tsc_khz(const struct vcpu *vcpu);
/* Before the CPU's first instruction; needs a processor that can scale.  Negative errno. */
int vcpu_set_tsc_khz(const struct vcpu *vcpu, uint32_t khz);
/* The guest's writes to coalesced registers are carried out; its CPUs stand still. */
void vcpu_carry_out(struct vcpu *vcpu, const struct vcpu_events *events);
/*
 * An exit's access is complete only after KVM_RUN has been called again; this does it without
 * running the guest.  Negative errno.
 */
int vcpu_complete_exit(struct vcpu *vcpu);
/*
 * The exit of a watched MSR access (kvm_vm_watch_msrs()): the watch ends and the instruction is
 * repeated; false: *end tells why that failed.
 */
bool vcpu_repeat_msr_access(struct vcpu *vcpu, enum vcpu_end *end);
/* Coalesced writes are forgotten. */
void vcpu_drop_coalesced(struct vcpu *vcpu);
/* The first vCPU's registers; the others wait for the guest's SIPI. */
int vcpu_set_entry(struct vcpu *vcpu, const struct kvm_vm *vm, const struct vcpu_entry *entry,
                   struct vmm_error *error);
/*
 * Before vcpu_run(), in its thread, which has VCPU_KICK_SIGNAL and SIGPIPE
 * blocked: lets kicks through while the guest runs.  Negative errno.
 */
int vcpu_prepare(struct vcpu *vcpu);
/* Runs until the VM ends or stands still. */
enum vcpu_end vcpu_run(struct vcpu *vcpu, const struct vcpu_events *events);
/* Any thread, async-signal-safe. */
void vcpu_kick(struct vcpu *vcpu);
/* After vcpu_run(): no kick is on its way, none is left pending. */
void vcpu_settle(struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);

#endif
