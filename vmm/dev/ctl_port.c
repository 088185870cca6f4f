/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control port.  Signals wait in a set, as pending signals do in a process:
 * raising one twice before the guest takes it raises it once.
 */
#include "vmm/dev/ctl_port.h"

#include <errno.h>

#include "boot/guest_abi.h"

#define OFFSET_CTL 0u
#define OFFSET_STATS (GUEST_CTL_STATS_PORT - GUEST_CTL_PORT)
#define OFFSET_AREA (GUEST_CTL_AREA_PORT - GUEST_CTL_PORT)

int ctl_port_signal(struct ctl_port *ctl, int number)
{
    if (number < 1 || number > CTL_SIGNALS_MAX) {
        return -EINVAL;
    }
    atomic_fetch_or(&ctl->signals, 1ull << (number - 1));
    irq_line_set(&ctl->line, true);
    return 0;
}

void ctl_port_attention(struct ctl_port *ctl)
{
    irq_line_set(&ctl->line, true);
}

static uint32_t take_signal(struct ctl_port *ctl)
{
    uint64_t waiting = atomic_load(&ctl->signals);
    uint64_t lowest;

    do {
        lowest = waiting & (~waiting + 1);
        if (waiting == 0) {
            break;
        }
    } while (!atomic_compare_exchange_weak(&ctl->signals, &waiting, waiting & ~lowest));

    irq_line_set(&ctl->line, false);
    /* A signal that came before the line fell must raise it again. */
    if (atomic_load(&ctl->signals) != 0) {
        irq_line_set(&ctl->line, true);
    }
    return lowest == 0 ? 0 : (uint32_t)__builtin_ctzll(lowest) + 1;
}

static uint64_t ctl_read(void *device, uint64_t offset, unsigned int size)
{
    return offset == OFFSET_CTL && size == 4 ? take_signal(device) : UINT64_MAX;
}

static void ctl_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct ctl_port *ctl = device;

    if (size != 4) {
        return;
    }
    if (offset == OFFSET_STATS) {
        atomic_store(&ctl->stats_frame, (uint32_t)value);
    } else if (offset == OFFSET_AREA && ctl->area != NULL) {
        ctl->area(ctl->arg, (uint32_t)value);
    } else if (offset == OFFSET_CTL) {
        ctl->report(ctl->arg, (uint32_t)value >> 8, (uint8_t)value, atomic_load(&ctl->stats_frame));
    }
}

const struct bus_ops ctl_port_bus_ops = {.read = ctl_read, .write = ctl_write};
