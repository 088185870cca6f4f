/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets a device up and talks to it through its registers and rings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vmm_devices.h"

static void set_line(void *controller, unsigned int pin, bool level)
{
    struct machine *m = controller;

    (void)pin;
    if (level) {
        atomic_fetch_add(&m->interrupts, 1);
    }
}

uint32_t devices_get(struct machine *m, uint32_t reg)
{
    return (uint32_t)virtio_mmio_bus_ops.read(&m->mmio, reg, 4);
}

void devices_set(struct machine *m, uint32_t reg, uint32_t value)
{
    virtio_mmio_bus_ops.write(&m->mmio, reg, 4, value);
}

void devices_attach(struct machine *m, struct virtio_device *device)
{
    struct irq_line line = {.set = set_line, .controller = m};

    virtio_mmio_init(&m->mmio, device, &line);
}

static void devices_set_up_queue(struct machine *m, uint32_t index)
{
    uint64_t base = index * DRIVER_QUEUE_BYTES;

    m->driver[index] = (struct driver){.mem = &m->mem, .base = base};
    devices_set(m, VIRTIO_MMIO_QUEUE_SEL, index);
    devices_set(m, VIRTIO_MMIO_QUEUE_NUM, DRIVER_SIZE);
    devices_set(m, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)(base + DRIVER_DESC));
    devices_set(m, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)(base + DRIVER_AVAIL));
    devices_set(m, VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)(base + DRIVER_USED));
    devices_set(m, VIRTIO_MMIO_QUEUE_READY, 1);
}

/* 3.1.1, without event index so that every buffer interrupts. */
void devices_start(struct machine *m, unsigned int queues)
{
    devices_set(m, VIRTIO_MMIO_STATUS, 0);
    devices_set(m, VIRTIO_MMIO_STATUS, 1);
    devices_set(m, VIRTIO_MMIO_STATUS, 3);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES, 1); /* VERSION_1 */
    devices_set(m, VIRTIO_MMIO_STATUS, 11);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 11);
    for (unsigned int i = 0; i < queues; i++) {
        devices_set_up_queue(m, i);
    }
    devices_set(m, VIRTIO_MMIO_STATUS, 15);
}

static void devices_output_failed(void *arg, int error)
{
    struct machine *m = arg;

    atomic_store(&m->output_error, error);
}

int devices_setup(void **state)
{
    struct machine *m = calloc(1, sizeof(*m));

    *state = m;
    signal(SIGPIPE, SIG_IGN);
    event_loop_init(&m->loop);
    return guest_mem_create(&m->mem, DRIVER_RAM, 0) | pipe(m->in) | pipe(m->out);
}

int devices_teardown(void **state)
{
    struct machine *m = *state;

    atomic_store(&m->ended, true);
    event_loop_destroy(&m->loop);
    for (int i = 0; i < 2; i++) {
        close(m->in[i]);
        close(m->out[i]);
    }
    guest_mem_destroy(&m->mem);
    free(m);
    return 0;
}

void devices_add_console(struct machine *m)
{
    m->console.loop = &m->loop;
    m->console.output_failed = devices_output_failed;
    m->console.arg = m;
    console_init(&m->console, &m->mem, &m->ended, m->in[0], m->out[1], true);
    devices_attach(m, &m->console.device);
}

/* Waits for a used element of a queue; its length. */
uint32_t devices_taken(struct machine *m, uint32_t queue)
{
    uint32_t id, length;

    for (int i = 0; i < WAIT_MS; i++) {
        if (driver_take(&m->driver[queue], &id, &length)) {
            return length;
        }
        usleep(1000);
    }
    fail_msg("nothing came back on queue %u", queue);
    return 0;
}

void devices_offer(struct machine *m, uint32_t queue, uint64_t gpa, uint32_t length, uint16_t flags)
{
    struct driver *driver = &m->driver[queue];
    uint16_t index = driver->avail % DRIVER_SIZE;

    driver_desc(driver, index, gpa, length, flags, 0);
    driver_offer(driver, index);
    devices_set(m, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}
