/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of a machine report to it: the guest's last word, accesses
 * to nowhere, output, failures.  Everything here may be called by any vCPU's
 * thread, the I/O thread too where a device says so.
 */
#include <errno.h>
#include <linux/virtio_mmio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/machine.h"

#define UART_WAIT_MS 50
#define KILLED_SIGNAL_MASK 0x7fu
#define KILLED_CORE_BIT 0x80u

static void take_stats(struct machine *machine, uint32_t frame)
{
    struct guest_stats stats;

    if (guest_mem_read(&machine->mem, (uint64_t)frame * 4096, &stats, sizeof(stats)) != 0 ||
        stats.version != GUEST_STATS_VERSION || stats.size != sizeof(stats)) {
        vmm_log(machine->config, VMM_LOG_DEBUG, "the guest reported damaged statistics");
        return;
    }
    machine->guest_stats = stats;
    machine->has_guest_stats = true;
}

void machine_ctl_report(void *arg, uint32_t kind, uint8_t value, uint32_t stats_frame)
{
    struct machine *machine = arg;

    switch (kind) {
    case GUEST_CTL_EXIT:
        machine_end(machine, VMM_EXITED, value, false, NULL);
        break;
    case GUEST_CTL_KILLED:
        machine_end(machine, VMM_KILLED, value & KILLED_SIGNAL_MASK, (value & KILLED_CORE_BIT) != 0,
                    NULL);
        break;
    case GUEST_CTL_PANIC:
        machine_end(machine, VMM_PANICKED, value, false, "the guest kernel panicked");
        break;
    case GUEST_CTL_START_ERROR:
        machine_end(machine, VMM_START_FAILED, value, false, NULL);
        break;
    case GUEST_CTL_NO_MEMORY:
        machine_end(machine, VMM_START_FAILED, ENOMEM, false, NULL);
        break;
    case GUEST_CTL_REBOOT:
        machine_end(machine, VMM_POWERED_OFF, 0, false, NULL);
        break;
    case GUEST_CTL_UNSUPPORTED:
        machine_end(machine, VMM_UNSUPPORTED, 0, false, NULL);
        break;
    case GUEST_CTL_STATS:
        take_stats(machine, stats_frame);
        break;
    case GUEST_CTL_READY:
        vmm_log(machine->config, VMM_LOG_DEBUG, "the program says it is ready");
        machine_ready(machine);
        break;
    case GUEST_CTL_CALL:
        machine_calls_operation(machine, value);
        break;
    case GUEST_CTL_CRASH:
        machine_calls_crash(machine);
        break;
    default:
        vmm_log(machine->config, VMM_LOG_DEBUG, "unknown message %u on the control port", kind);
        break;
    }
}

/* True the first time an address is met; a guest cannot fill a log with its accesses. */
static bool first_time(struct machine *machine, uint64_t key)
{
    bool first = true;

    pthread_mutex_lock(&machine->log_lock);
    for (unsigned int i = 0; i < machine->unclaimed_count; i++) {
        if (machine->unclaimed[i] == key) {
            first = false;
        }
    }
    if (first && machine->unclaimed_count < MACHINE_UNCLAIMED_LOGGED) {
        machine->unclaimed[machine->unclaimed_count++] = key;
    } else {
        first = false;
    }
    pthread_mutex_unlock(&machine->log_lock);
    return first;
}

void machine_unclaimed(void *arg, bool port, bool write, uint64_t address, unsigned int size,
                       uint64_t value)
{
    struct machine *machine = arg;

    if (!port && write && guest_mem_is_read_only(&machine->mem, address)) {
        machine_end(machine, VMM_BROKEN, 0, false,
                    "the guest wrote to memory that it must not change");
        return;
    }
    if (machine->config->log == NULL || !first_time(machine, address << 1 | (port ? 1 : 0))) {
        return;
    }
    if (write) {
        vmm_log(machine->config, VMM_LOG_DEBUG, "guest writes 0x%llx (%u bytes) to %s 0x%llx: %s",
                (unsigned long long)value, size, port ? "port" : "address",
                (unsigned long long)address, "nothing is there");
    } else {
        vmm_log(machine->config, VMM_LOG_DEBUG, "guest reads %u bytes from %s 0x%llx: %s", size,
                port ? "port" : "address", (unsigned long long)address, "nothing is there");
    }
}

static bool deadline_passed(const struct machine *machine)
{
    struct timespec now;

    if (machine->config->timeout_ms == 0) {
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > machine->deadline.tv_sec ||
           (now.tv_sec == machine->deadline.tv_sec && now.tv_nsec >= machine->deadline.tv_nsec);
}

bool machine_gives_up(const void *arg)
{
    const struct machine *machine = arg;

    return atomic_load(&machine->stop) || deadline_passed(machine);
}

void machine_interrupted(void *arg, unsigned int cpu)
{
    struct machine *machine = arg;
    /* Not at the start, when nothing has interrupted yet. */
    bool look = machine->vcpus[cpu].exits[VMM_EXIT_SIGNAL] > 0;
    const char *shrunken = look ? machine_shrunken_file(machine) : NULL;
    uint32_t size;

    if (shrunken != NULL) {
        char text[sizeof(machine->end_text)];

        snprintf(text, sizeof(text), "%.400s was truncated while a VM used it", shrunken);
        machine_end(machine, VMM_BROKEN, 0, false, text);
    }
    if (cpu != 0) {
        return;
    }
    if (machine->calling) {
        machine_check_call(machine);
        return;
    }
    if (deadline_passed(machine)) {
        machine_end(machine, VMM_TIMED_OUT, 0, false, NULL);
        return;
    }
    if (atomic_load(&machine->new_size) == 0) {
        return;
    }
    size = atomic_exchange(&machine->new_size, 0);
    if (size != 0) {
        console_set_size(&machine->stdio, size >> 16, size & 0xffff);
    }
}

void machine_power_off(void *arg, bool reset)
{
    struct machine *machine = arg;

    vmm_log(machine->config, VMM_LOG_DEBUG,
            reset ? "guest resets the machine" : "guest switches the machine off");
    machine_end(machine, VMM_POWERED_OFF, 0, false, NULL);
}

void machine_uart_output(void *arg, const char *bytes, size_t length)
{
    struct machine *machine = arg;

    while (length > 0 && machine->uart_out.fd >= 0) {
        struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
        ssize_t written = stream_write(&machine->uart_out, &iov, 1);

        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (written == -EAGAIN && !machine_gives_up(machine)) {
            stream_wait_writable(&machine->uart_out, UART_WAIT_MS);
        } else {
            machine->uart_out.fd = -1; /* the reader has gone */
        }
    }
}

void machine_output_failed(void *arg, int error)
{
    struct machine *machine = arg;

    vmm_log(machine->config, VMM_LOG_DEBUG, "standard output: %s", strerror(error));
    /* The control port's SIGPIPE means "nobody reads stdout any more" (boot/guest_abi.h). */
    ctl_port_signal(&machine->ctl, SIGPIPE);
}

static void kicked(void *arg, uint32_t events)
{
    struct machine_kick *kick = arg;
    uint64_t count;

    (void)events;
    if (read(kick->source.fd, &count, sizeof(count)) == sizeof(count)) {
        virtio_device_notify(kick->device, kick->queue);
    }
}

void machine_queue_busy(void *arg, struct virtio_mmio *mmio, unsigned int queue)
{
    struct machine *machine = arg;
    struct machine_slot *slot = (struct machine_slot *)mmio; /* its first member */
    struct machine_kick *kick = &slot->kicks[queue];
    uint64_t gpa = GUEST_VIRTIO_MMIO_BASE +
                   (uint64_t)(slot - machine->slots) * GUEST_VIRTIO_MMIO_STRIDE +
                   VIRTIO_MMIO_QUEUE_NOTIFY;
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (event_fd < 0) {
        return; /* stays with exits */
    }
    kick->device = mmio->device;
    kick->queue = queue;
    kick->source = (struct event_source){.fd = event_fd, .ready = kicked, .arg = kick};
    /* Armed first: a notification must never go to an eventfd that nobody reads. */
    if (event_loop_arm(&machine->loop, &kick->source, EPOLLIN) != 0 ||
        kvm_vm_add_ioeventfd(&machine->vm, gpa, queue, event_fd) != 0) {
        vmm_log(machine->config, VMM_LOG_DEBUG, "a busy queue stays without its eventfd");
    }
}
