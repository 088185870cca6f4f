/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop of a virtual CPU.  Whatever the guest does ends in one of the
 * results of vcpu_run(); there is no exit that is ignored silently.
 */
#include "vmm/kvm/vcpu.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/config.h"

#define KERNEL_SIGSET_BYTES 8u
#define MSR_TSC 0x10u
/* Entries in the page of the ring (Documentation/virt/kvm/api.rst, 4.116). */
#define COALESCED_MAX \
    ((4096u - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

int vcpu_prepare(struct vcpu *vcpu)
{
    struct { /* struct kvm_signal_mask with its set */
        uint32_t length;
        uint8_t set[KERNEL_SIGSET_BYTES];
    } mask = {.length = KERNEL_SIGSET_BYTES};
    sigset_t blocked;

    /* In guest mode: what the thread blocks anyway, but for the kick. */
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    sigdelset(&blocked, VCPU_KICK_SIGNAL);
    if (vcpu->has_mask && memcmp(&vcpu->mask, &blocked, KERNEL_SIGSET_BYTES) == 0) {
        return 0;
    }
    memcpy(mask.set, &blocked, KERNEL_SIGSET_BYTES);
    if (ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &mask) != 0) {
        return -errno;
    }
    vcpu->mask = blocked;
    vcpu->has_mask = true;
    return 0;
}

/*
 * XCR0 starts as a guest that uses SSE and AVX sets it.  It then has nothing to
 * set, which saves an exit; and hosts that are themselves emulated do not always
 * see the guest's XSETBV.
 */
static int set_xcr0(struct vcpu *vcpu, const struct cpuid_table *cpuid, struct vmm_error *error)
{
    struct kvm_xcrs xcrs = {.nr_xcrs = 1};

    xcrs.xcrs[0].value = cpuid_initial_xcr0(cpuid);
    if (xcrs.xcrs[0].value != 0 && ioctl(vcpu->fd, KVM_SET_XCRS, &xcrs) != 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses XCR0 for CPU %u: %s",
                        vcpu->index, strerror(errno));
    }
    return 0;
}

/*
 * KVM finds the local APIC that an interrupt is for in a map, which it makes anew when an
 * APIC's state changes; while it creates a CPU, that CPU is not yet among those it looks
 * at.  So a CPU that comes up beside a running guest would never hear an INIT: its
 * unchanged state is set once more.
 */
static int enter_apic_map(struct vcpu *vcpu, struct vmm_error *error)
{
    struct kvm_lapic_state state;

    if (ioctl(vcpu->fd, KVM_GET_LAPIC, &state) != 0 ||
        ioctl(vcpu->fd, KVM_SET_LAPIC, &state) != 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses the local APIC of CPU %u: %s",
                        vcpu->index, strerror(errno));
    }
    return 0;
}

int vcpu_create(struct vcpu *vcpu, struct kvm_vm *vm, unsigned int index,
                const struct cpuid_table *cpuid, struct vmm_error *error)
{
    void *run;

    vcpu->index = index;
    vcpu->vm = vm;
    vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
    if (vcpu->fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM does not create CPU %u: %s", index,
                        strerror(errno));
    }
    run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (run == MAP_FAILED) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "cannot map the state of CPU %u: %s", index,
                        strerror(errno));
    }
    vcpu->run = run;
    vcpu->run_size = vm->run_size;
    if (ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) != 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses CPUID for CPU %u: %s", index,
                        strerror(errno));
    }
    if (index > 0 && enter_apic_map(vcpu, error) != 0) {
        return -EIO;
    }
    return set_xcr0(vcpu, cpuid, error);
}

void vcpu_tell_time(const struct vcpu *vcpu, struct guest_cpu *cpu)
{
    struct { /* struct kvm_msrs with its entry */
        uint32_t count, padding;
        struct kvm_msr_entry tsc;
    } msrs = {.count = 1, .tsc = {.index = MSR_TSC}};
    int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);
    struct timespec now;

    /* Not clock_gettime(): finding the vDSO would cost more than the call. */
    if (khz <= 0 || syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) != 0 ||
        ioctl(vcpu->fd, KVM_GET_MSRS, &msrs) != 1) {
        return;
    }
    cpu->tsc_khz = (uint32_t)khz;
    cpu->wall_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    cpu->wall_tsc = msrs.tsc.data;
}

static uint64_t load(const uint8_t *from, unsigned int size)
{
    uint64_t value = 0;

    memcpy(&value, from, size <= 8 ? size : 8);
    return value;
}

/* The guest's earlier writes come first; at most a ring's worth, however fast others add. */
void vcpu_carry_out(struct vcpu *vcpu, const struct vcpu_events *events)
{
    struct kvm_coalesced_mmio_ring *ring =
        (void *)((uint8_t *)vcpu->run + vcpu->vm->coalesced_offset);
    _Atomic(uint32_t) *last = (_Atomic(uint32_t) *)&ring->last;
    _Atomic(uint32_t) *first = (_Atomic(uint32_t) *)&ring->first;

    if (vcpu->vm->coalesced_offset == 0 || atomic_load_explicit(first, memory_order_relaxed) ==
                                               atomic_load_explicit(last, memory_order_acquire)) {
        return;
    }
    pthread_mutex_lock(&vcpu->vm->coalesced_lock);
    for (uint32_t i = 0; i < COALESCED_MAX; i++) {
        uint32_t at = atomic_load_explicit(first, memory_order_relaxed);
        const struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[at % COALESCED_MAX];

        if (at == atomic_load_explicit(last, memory_order_acquire)) {
            break;
        }
        bus_write(events->mmio, entry->phys_addr, entry->len, load(entry->data, entry->len));
        /* Release: KVM may fill the entry again once it sees this. */
        atomic_store_explicit(first, (at + 1) % COALESCED_MAX, memory_order_release);
    }
    pthread_mutex_unlock(&vcpu->vm->coalesced_lock);
}

static void handle_port(struct vcpu *vcpu, const struct vcpu_events *events)
{
    /* Copied once: the mapping is shared with the kernel only, but stays one source. */
    unsigned int size = vcpu->run->io.size;
    uint32_t count = vcpu->run->io.count;
    uint16_t port = vcpu->run->io.port;
    bool write = vcpu->run->io.direction == KVM_EXIT_IO_OUT;
    uint8_t *data = (uint8_t *)vcpu->run + vcpu->run->io.data_offset;

    vcpu->exits[VMM_EXIT_PIO]++;
    vcpu_carry_out(vcpu, events);
    for (uint32_t i = 0; i < count; i++, data += size) {
        uint64_t value = 0;
        bool claimed;

        if (write) {
            value = load(data, size);
            claimed = bus_write(events->ports, port, size, value);
        } else {
            claimed = bus_read(events->ports, port, size, &value);
            memcpy(data, &value, size);
        }
        if (!claimed) {
            events->unclaimed(events->arg, true, write, port, size, value);
        }
    }
}

static void handle_mmio(struct vcpu *vcpu, const struct vcpu_events *events)
{
    uint64_t address = vcpu->run->mmio.phys_addr;
    unsigned int size = vcpu->run->mmio.len <= 8 ? vcpu->run->mmio.len : 8;
    bool write = vcpu->run->mmio.is_write != 0;
    uint64_t value = 0;
    bool claimed;

    vcpu->exits[VMM_EXIT_MMIO]++;
    vcpu_carry_out(vcpu, events);
    if (write) {
        value = load(vcpu->run->mmio.data, size);
        claimed = bus_write(events->mmio, address, size, value);
    } else {
        claimed = bus_read(events->mmio, address, size, &value);
        memcpy(vcpu->run->mmio.data, &value, size);
    }
    if (!claimed) {
        events->unclaimed(events->arg, false, write, address, size, value);
    }
}

/* True when the loop goes on; otherwise *end tells why it does not. */
static bool handle_exit(struct vcpu *vcpu, const struct vcpu_events *events, enum vcpu_end *end)
{
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_IO:
        handle_port(vcpu, events);
        return true;
    case KVM_EXIT_MMIO:
        handle_mmio(vcpu, events);
        return true;
    case KVM_EXIT_HLT:
        vcpu->exits[VMM_EXIT_HLT]++;
        return true;
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_SET_TPR:
        vcpu->exits[VMM_EXIT_OTHER]++;
        return true;
    case KVM_EXIT_X86_RDMSR:
    case KVM_EXIT_X86_WRMSR:
        vcpu->exits[VMM_EXIT_OTHER]++;
        return vcpu_repeat_msr_access(vcpu, end);
    case KVM_EXIT_SHUTDOWN:
        vcpu->exits[VMM_EXIT_SHUTDOWN]++;
        *end = VCPU_SHUTDOWN;
        return false;
    case KVM_EXIT_FAIL_ENTRY:
        vcpu->detail = vcpu->run->fail_entry.hardware_entry_failure_reason;
        *end = VCPU_FAIL_ENTRY;
        return false;
    case KVM_EXIT_INTERNAL_ERROR:
        vcpu->detail = vcpu->run->internal.suberror;
        *end = VCPU_INTERNAL_ERROR;
        return false;
    default:
        vcpu->exits[VMM_EXIT_OTHER]++;
        vcpu->detail = vcpu->run->exit_reason;
        *end = VCPU_UNKNOWN_EXIT;
        return false;
    }
}

/* A pending kick would end every following KVM_RUN. */
static void take_kick(void)
{
    static const struct timespec at_once;
    sigset_t kick;

    sigemptyset(&kick);
    sigaddset(&kick, VCPU_KICK_SIGNAL);
    while (sigtimedwait(&kick, NULL, &at_once) > 0) {
    }
}

/* KVM_RUN failed: true when that is no reason to stop. */
static bool handle_failure(struct vcpu *vcpu, const struct vcpu_events *events, int error,
                           enum vcpu_end *end)
{
    switch (error) {
    case EINTR:
        /* Cleared before the owner looks at its flags: a later kick counts again. */
        atomic_store((_Atomic(uint8_t) *)&vcpu->run->immediate_exit, 0);
        take_kick();
        vcpu->exits[VMM_EXIT_SIGNAL]++;
        events->interrupted(events->arg, vcpu->index);
        return true;
    case EAGAIN: /* a CPU that waits for its start was woken */
        return true;
    case EFAULT:
        *end = VCPU_BAD_ADDRESS;
        return false;
    default:
        vcpu->detail = (uint64_t)error;
        *end = VCPU_SYSTEM_ERROR;
        return false;
    }
}

enum vcpu_end vcpu_run(struct vcpu *vcpu, const struct vcpu_events *events)
{
    enum vcpu_end end = VCPU_ENDED;

    atomic_store(&vcpu->thread_id, (int)syscall(SYS_gettid));
    /* What was asked for before we could be kicked. */
    events->interrupted(events->arg, vcpu->index);
    while (!atomic_load_explicit(events->ended, memory_order_acquire)) {
        if (atomic_load_explicit(events->hold, memory_order_acquire)) {
            if (!events->held(events->arg, vcpu->index)) {
                return VCPU_HELD;
            }
            continue;
        }
        bool more = ioctl(vcpu->fd, KVM_RUN, 0) == 0 ? handle_exit(vcpu, events, &end)
                                                     : handle_failure(vcpu, events, errno, &end);
        if (!more) {
            break;
        }
    }
    return end;
}

void vcpu_kick(struct vcpu *vcpu)
{
    int thread_id;

    atomic_fetch_add(&vcpu->kickers, 1);
    thread_id = atomic_load(&vcpu->thread_id);
    if (thread_id != 0) {
        atomic_store((_Atomic(uint8_t) *)&vcpu->run->immediate_exit, 1);
        /* In the vCPU's own thread the flag is enough: the guest does not run. */
        if (thread_id != (int)syscall(SYS_gettid)) {
            atomic_store(&vcpu->kicked, true);
            syscall(SYS_tgkill, getpid(), thread_id, VCPU_KICK_SIGNAL);
        }
    }
    atomic_fetch_sub(&vcpu->kickers, 1);
}

void vcpu_settle(struct vcpu *vcpu)
{
    atomic_store(&vcpu->thread_id, 0);
    while (atomic_load(&vcpu->kickers) != 0) {
        sched_yield();
    }
    if (atomic_exchange(&vcpu->kicked, false)) {
        take_kick();
    }
}

void vcpu_destroy(struct vcpu *vcpu)
{
    if (vcpu->run != NULL) {
        munmap(vcpu->run, vcpu->run_size);
        vcpu->run = NULL;
    }
    if (vcpu->fd >= 0) {
        close(vcpu->fd);
        vcpu->fd = -1;
    }
}
