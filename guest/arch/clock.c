/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSC as clock: its frequency, the wall clock, conversions.  The cheapest
 * source wins, as each CPUID, MSR or port costs an exit: what our monitor says; kvmclock,
 * for three questions; calibration, for a millisecond.
 */
#include "arch/clock.h"

#include "arch/apic_internal.h"
#include "arch/boot_info.h"
#include "arch/calibrate.h"
#include "arch/cpu.h"
#include "arch/rtc.h"
#include "arch/vdso.h"
#include "boot/guest_abi.h"
#include "lib/printf.h"

#define NS_PER_S 1000000000ul
#define HOT __attribute__((section(".bss.hot.calls"))) /* a new generation writes it */

HOT struct clock_params clock_params;

/* ---- kvmclock: Linux Documentation/virt/kvm/x86/msr.rst ------------------- */

#define KVM_LEAF_FEATURES 1u /* from the hypervisor's CPUID base */
#define KVM_FEATURE_CLOCKSOURCE2 (1u << 3)
#define KVM_FEATURE_CLOCK_STABLE (1u << 24)
#define MSR_KVM_WALL_CLOCK_NEW 0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u

struct kvm_wall_clock {
    uint32_t version, seconds, ns;
};
struct kvm_system_time {
    uint32_t version, pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time; /* ns at tsc_timestamp */
    uint32_t mult; /* ns = (ticks << shift) * mult >> 32 */
    int8_t shift;
    uint8_t flags, pad[2];
};
_Static_assert(sizeof(struct kvm_system_time) == 32, "kvmclock ABI");

/* KVM writes here; the system time again after a restore.  Within one page. */
static struct {
    struct kvm_system_time system;
    struct kvm_wall_clock wall;
} kvm_clock __attribute__((section(".bss.hot.clock"), aligned(64)));

static uint64_t image_to_phys(const void *ptr)
{
    return (uint64_t)ptr - GUEST_KERNEL_VIRT_BASE;
}

/* ticks * mult >> shift, for any ticks. */
static uint64_t scale(uint64_t ticks, uint32_t mult, uint32_t shift)
{
    return (uint64_t)(((unsigned __int128)ticks * mult) >> shift);
}

/* The nanoseconds from TSC value from to another, which may be the earlier one. */
static uint64_t ns_between(uint64_t from, uint64_t to)
{
    const struct clock_params *p = &clock_params;

    return (int64_t)(to - from) >= 0 ? scale(to - from, p->mult, p->shift)
                                     : -scale(from - to, p->mult, p->shift);
}

static bool init_from_kvm(void)
{
    const struct kvm_system_time *system = &kvm_clock.system;
    const struct kvm_wall_clock *wall = &kvm_clock.wall;
    struct clock_params *p = &clock_params;
    uint32_t r[4] = {boot_info.cpu.kvm_features};

    if (!cpu_features.kvm)
        return false;
    if (!r[0])
        cpuid(cpu_features.hypervisor_base + KVM_LEAF_FEATURES, 0, r);
    if (!(r[0] & KVM_FEATURE_CLOCKSOURCE2) || !(r[0] & KVM_FEATURE_CLOCK_STABLE))
        return false;
    wrmsr(MSR_KVM_SYSTEM_TIME_NEW, image_to_phys(system) | 1);
    wrmsr(MSR_KVM_WALL_CLOCK_NEW, image_to_phys(wall));
    if (system->mult == 0 || (system->version & 1) || (wall->version & 1) || system->shift < -31 ||
        system->shift > 31)
        return false;
    p->mult = system->mult;
    p->shift = (uint32_t)(32 - system->shift);
    p->tsc_khz = mul_div(1000000, 1ul << p->shift, p->mult);
    uint64_t wall_at_vm_start = wall->seconds * NS_PER_S + wall->ns;
    uint64_t vm_age = system->system_time;
    /* The base may lie before or after the moment of the kvmclock's record. */
    p->wall_base_ns = wall_at_vm_start + vm_age + ns_between(system->tsc_timestamp, p->tsc_base);
    p->source = "kvmclock";
    return true;
}

/* ---- CPUID ----------------------------------------------------------------- */

#define CPUID_TSC_CRYSTAL 0x15u /* Intel SDM 2A, CPUID */
#define CPUID_FREQUENCY 0x16u
#define HYPERVISOR_LEAF_TIMING 0x10u /* EAX: TSC kHz; from VMware, KVM and others have it too */

static uint64_t khz_from_cpuid(void)
{
    uint32_t r[4];

    if (cpu_features.hypervisor_base) {
        cpuid(cpu_features.hypervisor_base, 0, r);
        if (r[0] >= cpu_features.hypervisor_base + HYPERVISOR_LEAF_TIMING) {
            cpuid(cpu_features.hypervisor_base + HYPERVISOR_LEAF_TIMING, 0, r);
            if (r[0])
                return r[0];
        }
    }
    cpuid(0, 0, r);
    uint32_t max_leaf = r[0];
    if (max_leaf < CPUID_TSC_CRYSTAL)
        return 0;
    cpuid(CPUID_TSC_CRYSTAL, 0, r); /* TSC = crystal Hz (ECX) * EBX / EAX */
    if (!r[0] || !r[1])
        return 0;
    if (r[2])
        return (uint64_t)r[2] * r[1] / r[0] / 1000;
    if (max_leaf < CPUID_FREQUENCY)
        return 0;
    cpuid(CPUID_FREQUENCY, 0, r); /* base MHz: the TSC's rate where the crystal is not told */
    return (uint64_t)r[0] * 1000;
}

/* ---- the clock --------------------------------------------------------------- */

#define FALLBACK_KHZ 1000000u

static void find_frequency(void)
{
    struct clock_params *p = &clock_params;

    p->tsc_khz = khz_from_cpuid();
    p->source = "cpuid";
    if (!p->tsc_khz)
        p->tsc_khz = calibrate_tsc_khz(&p->source);
    if (!p->tsc_khz) {
        p->tsc_khz = FALLBACK_KHZ;
        p->source = "none";
    }
}

/* The largest mult that fits 32 bits. */
static void use_frequency(void)
{
    struct clock_params *p = &clock_params;

    p->shift = 32;
    while (p->shift > 0 && (1000000ul << p->shift) / p->tsc_khz > UINT32_MAX)
        p->shift--;
    p->mult = (uint32_t)((1000000ul << p->shift) / p->tsc_khz);
}

static bool init_from_monitor(void)
{
    const struct guest_cpu *told = &boot_info.cpu;
    struct clock_params *p = &clock_params;

    if (!told->tsc_khz || !told->wall_ns)
        return false;
    p->tsc_khz = told->tsc_khz;
    p->source = "monitor";
    use_frequency();
    clock_rebase(told->wall_ns, told->wall_tsc);
    return true;
}

void clock_init(uint64_t tsc_base)
{
    clock_params.tsc_base = tsc_base ? tsc_base : rdtsc();
    if (init_from_monitor() || init_from_kvm())
        return;
    find_frequency();
    use_frequency();
    klog(LOG_INFO, "clock: TSC at %lu kHz, by %s", clock_params.tsc_khz, clock_params.source);
    /* A hypervisor keeps it steady, whatever it says of the CPU. */
    if (!cpu_features.invariant_tsc && !cpu_features.hypervisor_base)
        klog(LOG_WARNING, "clock: this CPU's TSC may change its rate: the time may be wrong");
    const struct guest_cpu *told = &boot_info.cpu;
    clock_params.wall_base_ns =
        told->wall_ns ? told->wall_ns + ns_between(told->wall_tsc, clock_params.tsc_base)
                      : rtc_read_seconds() * NS_PER_S - clock_ns();
}

uint64_t clock_tsc_to_ns(uint64_t tsc)
{
    const struct clock_params *p = &clock_params;
    uint64_t ticks = tsc - p->tsc_base;

    return (int64_t)ticks < 0 ? 0 : scale(ticks, p->mult, p->shift);
}

ns_t clock_ns(void)
{
    return clock_tsc_to_ns(rdtsc());
}

uint64_t clock_ns_to_tsc(ns_t monotonic_ns)
{
    const struct clock_params *p = &clock_params;
    /* Rounded up, by the ratio that clock_ns() uses: a timer must not be early. */
    uint64_t ticks = mul_div(monotonic_ns, 1ul << p->shift, p->mult);

    return ticks >= INT64_MAX ? UINT64_MAX : p->tsc_base + ticks + 1;
}

ns_t clock_wall_ns(void)
{
    return clock_params.wall_base_ns + clock_ns();
}

ns_t clock_wall_to_monotonic(ns_t wall_ns)
{
    uint64_t base = clock_params.wall_base_ns;

    return wall_ns > base ? wall_ns - base : 0;
}

void clock_set_wall(ns_t wall_ns)
{
    clock_params.wall_base_ns = wall_ns - clock_ns();
    vdso_update_clock();
}

void clock_rebase(ns_t wall_ns, uint64_t tsc)
{
    clock_params.wall_base_ns = wall_ns + ns_between(tsc, clock_params.tsc_base);
    vdso_update_clock();
}

void clock_arm(ns_t monotonic_ns)
{
    apic_timer_arm(clock_ns_to_tsc(monotonic_ns));
}

void clock_disarm(void)
{
    apic_timer_disarm();
}
