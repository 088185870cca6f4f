/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local APICs and the IOAPIC.  Nothing is touched before somebody needs an
 * interrupt: a program that neither waits nor shares its CPU never pays for it.
 * x2APIC where offered: an MSR write costs less to emulate than MMIO.
 */
#include "arch/apic.h"

#include "arch/apic_internal.h"
#include "arch/boot_info.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/msr.h"
#include "arch/percpu.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/panic.h"

/* Register offsets, Intel SDM 3A, table 11-1; in x2APIC mode MSR 800h + offset / 16. */
#define LAPIC_ID 0x020u
#define LAPIC_EOI 0x0b0u
#define LAPIC_SPURIOUS 0x0f0u
#define LAPIC_ICR_LOW 0x300u
#define LAPIC_ICR_HIGH 0x310u
#define LAPIC_LVT_TIMER 0x320u
#define LAPIC_LVT_LINT0 0x350u
#define LAPIC_TIMER_INITIAL 0x380u
#define LAPIC_TIMER_CURRENT 0x390u
#define LAPIC_TIMER_DIVIDE 0x3e0u

#define SPURIOUS_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_TIMER_DEADLINE 0x40000u
#define TIMER_DIVIDE_BY_1 0xbu
#define ICR_PENDING 0x1000u
#define ICR_NMI 0x400u
#define ICR_INIT 0x4500u /* level assert */
#define ICR_STARTUP 0x4600u
#define ICR_ALL_OTHERS 0xc0000u
#define ICR_SPINS_MAX 100000u

/* 82093AA datasheet, section 3. */
#define IOAPIC_INDEX 0x00u
#define IOAPIC_WINDOW 0x10u
#define IOAPIC_REDIRECT(n) (0x10u + 2u * (n))
#define IOAPIC_PINS_MAX 120u /* 240 registers; QEMU and KVM have 24 pins */
#define REDIRECT_ACTIVE_LOW 0x2000u
#define REDIRECT_LEVEL 0x8000u

/* Interrupt masks of a PC's two 8259A. */
#define PIC_FIRST_MASK 0x21u
#define PIC_SECOND_MASK 0xa1u

/* Message-signalled interrupts: SDM 3A, 11.11. */
#define MESSAGE_ADDRESS 0xfee00000u
#define MESSAGE_ID_SHIFT 12
#define MESSAGE_ID_MAX 254u

#define NANOSECOND_KHZ 1000000u /* KVM's and QEMU's LAPIC timers count nanoseconds */
#define CALIBRATE_NS 200000u

struct apic_config apic_config __attribute__((section(".data.hot.apic"))) = {
    .lapic_address = GUEST_LAPIC_GPA,
    .ioapic_count = 1,
    .ioapics = {{.address = GUEST_IOAPIC_GPA}},
    .cpu_count = 1,
};

static uint64_t ready_cpus; /* bit per CPU: its LAPIC is set up; own CPU writes */
static volatile uint32_t *lapic; /* NULL in x2APIC mode */
static volatile uint32_t *ioapic_registers[IOAPICS_MAX]; /* NULL: not mapped yet */
static uint64_t timer_khz; /* LAPIC count mode */
static void *(*map_device)(paddr_t pa, uint64_t size);

void apic_set_mapper(void *(*map)(paddr_t pa, uint64_t size))
{
    map_device = map;
}

static uint32_t lapic_read(uint32_t reg)
{
    return lapic ? lapic[reg / 4] : (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
}

static void lapic_write(uint32_t reg, uint32_t value)
{
    if (lapic)
        lapic[reg / 4] = value;
    else
        wrmsr(MSR_X2APIC + reg / 16, value);
}

static volatile uint32_t *map_registers(uint64_t address)
{
    volatile uint32_t *registers = map_device(PADDR(address), PAGE_SIZE);

    if (!registers)
        panic("no memory to map the interrupt controller at %#lx", address);
    return registers;
}

/* The timer's rate against the TSC, where the hypervisor is not known. */
static uint64_t measure_timer_khz(void)
{
    uint64_t ticks = clock_params.tsc_khz * CALIBRATE_NS / 1000000;
    uint64_t begin = rdtsc(), end;

    lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
    do {
        end = rdtsc();
    } while (end - begin < ticks);
    uint64_t counted = UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    return counted * clock_params.tsc_khz / (end - begin);
}

static bool counts_nanoseconds(void)
{
    uint32_t r[4];

    if (cpu_features.kvm)
        return true;
    if (!cpu_features.hypervisor_base)
        return false;
    cpuid(cpu_features.hypervisor_base, 0, r);
    return r[1] == 0x54474354 && r[2] == 0x43544743 && r[3] == 0x47435447; /* "TCGTCGTCGTCG" */
}

static void init_timer(void)
{
    if (cpu_features.tsc_deadline) {
        lapic_write(LAPIC_LVT_TIMER, TRAP_VECTOR_TIMER | LVT_TIMER_DEADLINE);
        /* SDM 11.5.4.1: the mode must be set before the first deadline is. */
        __asm__ volatile("mfence" : : : "memory");
        return;
    }
    lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
    if (!timer_khz) {
        lapic_write(LAPIC_LVT_TIMER, TRAP_VECTOR_TIMER | LVT_MASKED);
        timer_khz = counts_nanoseconds() ? NANOSECOND_KHZ : measure_timer_khz();
        if (!timer_khz)
            panic("the local APIC's timer does not count");
    }
    lapic_write(LAPIC_LVT_TIMER, TRAP_VECTOR_TIMER);
}

void apic_silence_pic(void)
{
    if (boot_info.cpu.flags & GUEST_CPU_X2APIC_ON)
        return; /* our monitor: there is none */
    outb(PIC_SECOND_MASK, 0xff);
    outb(PIC_FIRST_MASK, 0xff);
}

void apic_init_this_cpu(void)
{
    uint64_t bit = 1ul << this_cpu()->cpu;

    if (LIKELY(ready_cpus & bit))
        return;
    bool prepared = bit == 1 && (boot_info.cpu.flags & GUEST_CPU_X2APIC_ON);
    if (prepared) {
        ASSERT(cpu_features.x2apic);
    } else if (cpu_features.x2apic) {
        uint64_t base = rdmsr(MSR_APIC_BASE);
        if ((base & (APIC_BASE_X2APIC | APIC_BASE_ENABLE)) != (APIC_BASE_X2APIC | APIC_BASE_ENABLE))
            wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC | APIC_BASE_ENABLE);
    } else if (!lapic) {
        lapic = map_registers(apic_config.lapic_address);
    }
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | TRAP_VECTOR_SPURIOUS);
    /* Some hypervisors leave the old PIC connected here. */
    if (!prepared)
        lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    __atomic_fetch_or(&ready_cpus, bit, __ATOMIC_SEQ_CST);
    init_timer();
}

void apic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

static void send(uint32_t destination, uint32_t command)
{
    apic_init_this_cpu();
    if (!lapic) {
        /* x2APIC register writes do not wait for earlier stores (SDM 11.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        wrmsr(MSR_X2APIC + LAPIC_ICR_LOW / 16, (uint64_t)destination << 32 | command);
        return;
    }
    for (uint32_t i = 0; i < ICR_SPINS_MAX && (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING); i++)
        cpu_pause();
    lapic_write(LAPIC_ICR_HIGH, destination << 24);
    lapic_write(LAPIC_ICR_LOW, command);
}

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
    send(percpu_of[cpu]->apic_id, vector);
}

uint32_t apic_own_id(void)
{
    apic_init_this_cpu();
    return lapic ? lapic_read(LAPIC_ID) >> 24 : lapic_read(LAPIC_ID);
}

void apic_send_init(uint32_t apic_id)
{
    send(apic_id, ICR_INIT);
}

void apic_send_startup(uint32_t apic_id, uint32_t page)
{
    send(apic_id, ICR_STARTUP | page);
}

void apic_send_nmi_to_others(void)
{
    send(0, ICR_NMI | ICR_ALL_OTHERS);
}

void apic_timer_arm(uint64_t tsc)
{
    apic_init_this_cpu();
    if (cpu_features.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, tsc);
        return;
    }
    uint64_t now = rdtsc(), count = 1;
    if (tsc > now) {
        uint64_t exact = mul_div(tsc - now, timer_khz, clock_params.tsc_khz);
        /* A count too small for the time interrupts early, and is armed again then. */
        count = MIN(exact, UINT32_MAX - 1) + 1;
    }
    lapic_write(LAPIC_TIMER_INITIAL, (uint32_t)count);
}

void apic_timer_disarm(void)
{
    if (!(ready_cpus >> this_cpu()->cpu & 1))
        return;
    if (cpu_features.tsc_deadline)
        wrmsr(MSR_TSC_DEADLINE, 0);
    else
        lapic_write(LAPIC_TIMER_INITIAL, 0);
}

int apic_message(unsigned int vector, uint64_t *address, uint32_t *data)
{
    uint32_t id = apic_own_id();

    if (id > MESSAGE_ID_MAX)
        return -EINVAL;
    *address = MESSAGE_ADDRESS | (uint64_t)id << MESSAGE_ID_SHIFT;
    *data = vector; /* fixed delivery, edge */
    return 0;
}

static void ioapic_write(volatile uint32_t *ioapic, uint32_t reg, uint32_t value)
{
    ioapic[IOAPIC_INDEX / 4] = reg;
    ioapic[IOAPIC_WINDOW / 4] = value;
}

/* The IOAPIC that has the GSI: the one with the largest base up to it; -1: none. */
static int ioapic_of(unsigned int gsi)
{
    int best = -1;
    for (unsigned int i = 0; i < apic_config.ioapic_count; i++) {
        uint32_t base = apic_config.ioapics[i].gsi_base;
        if (base <= gsi && (best < 0 || base > apic_config.ioapics[best].gsi_base))
            best = (int)i;
    }
    return best;
}

int ioapic_enable(unsigned int gsi, bool level, bool active_low)
{
    int index = ioapic_of(gsi);
    if (index < 0)
        return -ENODEV;
    apic_init_this_cpu();
    if (!ioapic_registers[index])
        ioapic_registers[index] = map_registers(apic_config.ioapics[index].address);
    volatile uint32_t *ioapic = ioapic_registers[index];
    unsigned int pin = gsi - apic_config.ioapics[index].gsi_base;
    if (pin >= IOAPIC_PINS_MAX || TRAP_VECTOR_IRQ_BASE + gsi >= TRAP_VECTOR_TIMER)
        return -EINVAL;
    uint32_t low = TRAP_VECTOR_IRQ_BASE + gsi;
    if (level)
        low |= REDIRECT_LEVEL;
    if (active_low)
        low |= REDIRECT_ACTIVE_LOW;
    /* Our monitor's first CPU is 0, and so is the destination after a reset: saves exits. */
    bool told = boot_info.cpu.flags & GUEST_CPU_X2APIC_ON;
    uint32_t id = told ? this_cpu()->apic_id : apic_own_id();
    if (id > MESSAGE_ID_MAX)
        return -EINVAL;
    if (id != 0 || !told)
        ioapic_write(ioapic, IOAPIC_REDIRECT(pin) + 1, id << 24);
    ioapic_write(ioapic, IOAPIC_REDIRECT(pin), low);
    return 0;
}
