/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine of the KVM engine: the list of its devices with addresses and
 * interrupts, built in order, and taken apart again.
 *
 *   port 0x3f8  GSI 4    8250 serial port        (kernel messages)
 *   port 0x5f0  GSI 9    control port            (exit status, signals)
 *   port 0x600           power control           (foreign kernels)
 *   0xd0000000  GSI 5    virtio console          (stdin and stdout)
 *   next page   GSI 6    virtio console          (stderr; not with a terminal)
 *   next page            virtio rng
 *   next pages           virtio blk, one per disk
 *   0xfec00000           IOAPIC
 *   0xfee00000           local APICs, inside KVM
 */
#include "vmm/machine.h"

#include <errno.h>
#include <linux/virtio_mmio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/backend/entropy.h"

static void send_msi(void *arg, uint64_t address, uint32_t data)
{
    kvm_vm_signal_msi(arg, address, data);
}

static struct irq_line line_of(struct machine *machine, unsigned int pin)
{
    return (struct irq_line){.set = ioapic_set_line, .controller = &machine->ioapic, .pin = pin};
}

static int add_virtio(struct machine *machine, struct virtio_device *device)
{
    unsigned int index = machine->slot_count;
    struct machine_slot *slot = &machine->slots[index];
    struct irq_line line = line_of(machine, GUEST_VIRTIO_GSI_BASE + index);
    uint64_t base = GUEST_VIRTIO_MMIO_BASE + index * GUEST_VIRTIO_MMIO_STRIDE;

    if (index == GUEST_VIRTIO_SLOTS_MAX) {
        return -ENOSPC;
    }
    for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        slot->kicks[i].source.fd = -1;
    }
    virtio_mmio_init(&slot->mmio, device, &line);
    slot->mmio.busy = machine_queue_busy;
    slot->mmio.arg = machine;
    machine->slot_count++;
    return bus_add(&machine->mmio, base, VIRTIO_MMIO_SIZE, &virtio_mmio_bus_ops, &slot->mmio);
}

static int add_consoles(struct machine *machine)
{
    const struct vmm_config *config = machine->config;
    struct console *stdio = &machine->stdio;
    int result;

    stdio->loop = &machine->loop;
    stdio->output_failed = machine_output_failed;
    stdio->arg = machine;
    stdio->config.rows = (__virtio16)config->rows;
    stdio->config.cols = (__virtio16)config->columns;
    console_init(stdio, &machine->mem, &machine->ended, config->in_fd, config->out_fd,
                 config->terminal);
    result = add_virtio(machine, &stdio->device);
    machine->has_error_output = !config->terminal;
    if (result == 0 && machine->has_error_output) {
        machine->error_output.loop = &machine->loop;
        console_init(&machine->error_output, &machine->mem, &machine->ended, -1, config->err_fd,
                     false);
        result = add_virtio(machine, &machine->error_output.device);
    }
    return result;
}

static int add_disks(struct machine *machine, struct vmm_error *error)
{
    const struct vmm_config *config = machine->config;

    if (config->disk_count == 0) {
        return 0;
    }
    machine->disks = calloc(config->disk_count, sizeof(*machine->disks));
    machine->blks = calloc(config->disk_count, sizeof(*machine->blks));
    if (machine->disks == NULL || machine->blks == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    for (size_t i = 0; i < config->disk_count; i++) {
        int result =
            disk_open(&machine->disks[i], config->disks[i].path, config->disks[i].read_only, error);

        if (result != 0) {
            return result;
        }
        blk_init(&machine->blks[i], &machine->mem, &machine->ended, &machine->disks[i],
                 (unsigned int)i);
        machine->disk_count++;
        if (add_virtio(machine, &machine->blks[i].device) != 0) {
            return vmm_fail(error, -ENOSPC, VMM_FAULT_USAGE, "too many disks");
        }
    }
    return 0;
}

int machine_add_devices(struct machine *machine, struct vmm_error *error)
{
    const struct vmm_config *config = machine->config;
    bool foreign = config->kernel != NULL;
    struct irq_line uart_line = line_of(machine, GUEST_UART_GSI);
    int result;

    ioapic_init(&machine->ioapic, send_msi, &machine->vm);
    machine->ctl.line = line_of(machine, GUEST_CTL_GSI);
    machine->ctl.report = machine_ctl_report;
    machine->ctl.area = config->functions ? machine_calls_area : NULL;
    machine->ctl.arg = machine;
    machine->legacy.power_off = machine_power_off;
    machine->legacy.arg = machine;
    /* A kernel without a program has no other output; else that is the program's. */
    stream_open(&machine->uart_out, config->console_fd < 0 && foreign && !config->program
                                        ? config->out_fd
                                        : config->console_fd);
    uart_init(&machine->uart, &uart_line, machine_uart_output, machine);
    rng_init(&machine->rng, &machine->mem, &machine->ended, entropy_fill);

    result =
        bus_add(&machine->ports, GUEST_CTL_PORT, CTL_PORT_SIZE, &ctl_port_bus_ops, &machine->ctl);
    result |= bus_add(&machine->ports, GUEST_UART_PORT, UART_PORTS, &uart_bus_ops, &machine->uart);
    result |= foreign ? legacy_add(&machine->legacy, &machine->ports) : 0;
    result |= add_consoles(machine);
    result |= add_virtio(machine, &machine->rng.device);
    result |= bus_add(&machine->mmio, GUEST_IOAPIC_GPA, IOAPIC_MMIO_SIZE, &ioapic_bus_ops,
                      &machine->ioapic);
    if (result != 0) {
        return vmm_fail(error, -ENOSPC, VMM_FAULT_USAGE, "the machine has no room for its devices");
    }
    return add_disks(machine, error);
}

/*
 * Our kernel sets up its first console before the program's first byte, with
 * some 28 register writes that need no answer; writes to the notify and
 * interrupt registers do, or have to be seen in order.  Measured, exec to first
 * byte: two zones cost 20 k instructions to create and save 28 exits and 53 k.
 */
static void coalesce_console(struct machine *machine)
{
    uint64_t base = GUEST_VIRTIO_MMIO_BASE;

    if (machine->config->kernel == NULL) {
        kvm_vm_coalesce(&machine->vm, base + VIRTIO_MMIO_DEVICE_FEATURES_SEL,
                        VIRTIO_MMIO_QUEUE_NOTIFY - VIRTIO_MMIO_DEVICE_FEATURES_SEL);
        kvm_vm_coalesce(&machine->vm, base + VIRTIO_MMIO_STATUS,
                        VIRTIO_MMIO_QUEUE_USED_HIGH + 4 - VIRTIO_MMIO_STATUS);
    }
}

static int create_cpus(struct machine *machine, struct vmm_error *error)
{
    struct cpuid_table cpuid;
    int result;

    result = cpuid_read_host(&machine->vm, machine->cpu_count, &cpuid);
    if (result != 0) {
        return vmm_fail(error, result, VMM_FAULT_USAGE, "KVM reports no CPUID: %s",
                        strerror(-result));
    }
    cpuid_set_index(&cpuid, 0);
    result = vcpu_create(&machine->vcpus[0], &machine->vm, 0, &cpuid, error);
    if (result == 0 && machine->cpu_info_gpa != 0) {
        struct guest_cpu summary = cpuid_summary(&cpuid);

        machine->entry.x2apic = (summary.flags & GUEST_CPU_X2APIC_ON) != 0;
        vcpu_tell_time(&machine->vcpus[0], &summary);
        guest_mem_write(&machine->mem, machine->cpu_info_gpa, &summary, sizeof(summary));
    }
    return result != 0 ? result
                       : vcpu_set_entry(&machine->vcpus[0], &machine->vm, &machine->entry, error);
}

void machine_destroy(void *arg)
{
    struct machine *machine = arg;

    /* A child of the process that made it has the memory and descriptors, but no threads. */
    if (machine->owner != getpid()) {
        machine->loop.running = false;
    } else {
        if (machine->threads_run) {
            machine_end(machine, VMM_STOPPED, 0, false, NULL);
            machine_finish(machine);
        }
        machine_stop_runner(machine);
    }
    event_loop_destroy(&machine->loop);
    for (unsigned int i = 0; i < machine->cpu_count; i++) {
        vcpu_destroy(&machine->vcpus[i]);
    }
    kvm_vm_destroy(&machine->vm);
    for (unsigned int i = 0; i < machine->slot_count; i++) {
        for (unsigned int queue = 0; queue < VIRTIO_QUEUES_MAX; queue++) {
            if (machine->slots[i].kicks[queue].source.fd >= 0) {
                close(machine->slots[i].kicks[queue].source.fd);
            }
        }
    }
    console_destroy(&machine->stdio);
    console_destroy(&machine->error_output);
    rng_destroy(&machine->rng);
    uart_destroy(&machine->uart);
    for (size_t i = 0; i < machine->disk_count; i++) {
        blk_destroy(&machine->blks[i]);
        disk_close(&machine->disks[i]);
    }
    guest_mem_destroy(&machine->mem);
    memory_reset_free(&machine->memory_reset);
    snapshot_put(machine->snapshot);
    free(machine->disks);
    free(machine->blks);
    free(machine->vcpus);
    free(machine->threads);
    free(machine->call_cpu_start_ns);
    machine_calls_destroy(&machine->calls);
    pthread_mutex_destroy(&machine->call_lock);
    pthread_cond_destroy(&machine->stand_changed);
    pthread_mutex_destroy(&machine->stand_lock);
    free(machine);
}

struct machine *machine_allocate(const struct vmm_config *config, struct archive *archive)
{
    struct machine *machine = calloc(1, sizeof(*machine));

    if (machine == NULL) {
        return NULL;
    }
    machine->config = config;
    machine->archive = archive;
    machine->vm.kvm_fd = -1;
    machine->vm.fd = -1;
    event_loop_init(&machine->loop);
    machine->owner = getpid();
    machine->vcpus = calloc(config->cpus, sizeof(*machine->vcpus));
    machine->threads = calloc(config->cpus, sizeof(*machine->threads));
    machine->call_cpu_start_ns = calloc(config->cpus, sizeof(*machine->call_cpu_start_ns));
    machine_calls_init(&machine->calls);
    pthread_mutex_init(&machine->stand_lock, NULL);
    pthread_cond_init(&machine->stand_changed, NULL);
    pthread_mutex_init(&machine->call_lock, NULL);
    if (machine->vcpus == NULL || machine->threads == NULL || machine->call_cpu_start_ns == NULL) {
        machine_destroy(machine);
        return NULL;
    }
    machine->cpu_count = config->cpus;
    machine->events = (struct vcpu_events){
        .arg = machine,
        .ports = &machine->ports,
        .mmio = &machine->mmio,
        .ended = &machine->ended,
        .hold = &machine->hold,
        .held = machine_held,
        .interrupted = machine_interrupted,
        .unclaimed = machine_unclaimed,
    };
    for (unsigned int i = 0; i < config->cpus; i++) {
        machine->vcpus[i].fd = -1;
        machine->vcpus[i].index = i;
        machine->vcpus[i].events = &machine->events;
    }
    return machine;
}

static int create(const struct vmm_config *config, struct archive *archive, void **out,
                  struct vmm_error *error)
{
    struct machine *machine = machine_allocate(config, archive);
    int result;

    *out = NULL;
    if (machine == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    machine->created_ns = config->stats ? machine_now_ns() : 0;
    result = machine_add_devices(machine, error);
    /* Before there is a VM: KVM looks at each change of a mapping then, 7,000 instructions. */
    if (result == 0) {
        result = machine_load(machine, error);
    }
    if (result == 0) {
        result = kvm_vm_create(&machine->vm, error);
    }
    if (result == 0) {
        result = kvm_vm_set_memory(&machine->vm, &machine->mem, error);
    }
    if (result == 0) {
        coalesce_console(machine);
        result = create_cpus(machine, error);
    }
    if (result != 0) {
        machine_destroy(machine);
        return result;
    }
    machine->opened_ns = config->stats ? machine_now_ns() : 0;
    *out = machine;
    return 0;
}

static int signal_guest(void *arg, int signal_number)
{
    struct machine *machine = arg;

    if (machine->config->program == NULL) {
        return -ENOTSUP; /* a foreign kernel does not look at the control port */
    }
    return ctl_port_signal(&machine->ctl, signal_number);
}

static int resize(void *arg, unsigned int rows, unsigned int columns)
{
    struct machine *machine = arg;

    if (!machine->config->terminal || rows == 0 || rows > UINT16_MAX || columns > UINT16_MAX) {
        return -EINVAL;
    }
    atomic_store(&machine->new_size, rows << 16 | columns);
    vcpu_kick(&machine->vcpus[0]);
    return 0;
}

static int stop(void *arg)
{
    struct machine *machine = arg;

    atomic_store(&machine->stop, true);
    machine_end(machine, VMM_STOPPED, 0, false, NULL);
    return 0;
}

static void get_stats(const void *arg, struct vmm_stats *stats)
{
    const struct machine *machine = arg;
    const struct guest_stats *guest = &machine->guest_stats;
    uint64_t start = machine->created_ns;

    stats->engine = VMM_ENGINE_KVM;
    stats->memory_bytes = machine->config->memory_bytes;
    stats->opened_ns = machine->opened_ns != 0 ? machine->opened_ns - start : 0;
    stats->started_ns = machine->started_ns != 0 ? machine->started_ns - start : 0;
    stats->ended_ns = machine->ended_ns != 0 ? machine->ended_ns - start : 0;
    for (unsigned int cpu = 0; cpu < machine->cpu_count; cpu++) {
        for (unsigned int kind = 0; kind < VMM_EXIT_KINDS; kind++) {
            stats->exits[kind] += machine->vcpus[cpu].exits[kind];
        }
    }
    if (!machine->has_guest_stats) {
        return;
    }
    stats->tsc_khz = guest->tsc_khz;
    stats->boot_tsc = guest->tsc_user > guest->tsc_entry ? guest->tsc_user - guest->tsc_entry : 0;
    if (guest->tsc_khz != 0 && stats->started_ns != 0 && stats->boot_tsc != 0) {
        stats->user_ns =
            stats->started_ns + (uint64_t)((double)stats->boot_tsc * 1e6 / (double)guest->tsc_khz);
    }
    stats->guest_pages_used_max = guest->pages_used_max;
    stats->context_switches = guest->context_switches;
    stats->page_faults = guest->page_faults;
    stats->interrupts = guest->interrupts;
    memcpy(stats->syscalls, guest->syscalls, sizeof(stats->syscalls));
}
_Static_assert(sizeof(((struct vmm_stats *)NULL)->syscalls) ==
                   sizeof(((struct guest_stats *)NULL)->syscalls),
               "the tables of system calls have the same length");

const struct vmm_engine_ops vmm_kvm_engine = {
    .name = "kvm",
    .create = create,
    .run = machine_run,
    .signal = signal_guest,
    .resize = resize,
    .stop = stop,
    .start = machine_start,
    .call = machine_call,
    .cancel = machine_cancel,
    .take_snapshot = machine_take_snapshot,
    .reset = machine_reset,
    .warm = machine_warm,
    .get_stats = get_stats,
    .destroy = machine_destroy,
};
