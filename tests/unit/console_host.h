/* SPDX-License-Identifier: BSD-2-Clause */
/* Console devices made of the VMM's queues, and the kernel around the guest's console driver. */
#ifndef UNIT_CONSOLE_HOST_H
#define UNIT_CONSOLE_HOST_H

#include "drivers/virtio/virtio.h"
#include "vmm/dev/virtio/queue.h"

/* The queues of a device with ports 0 to 3. */
#define QUEUES 10u
#define RX(port) ((port) == 0 ? 0u : 2u * (port) + 2u)
#define TX(port) (RX(port) + 1u)

/* One device: what the driver has set, what the host does with it. */
struct device {
    uint32_t status;
    uint64_t offered, features;
    struct virtq queues[QUEUES];
    unsigned int selected;
    uint32_t ports_max;
    bool blocked; /* output is not taken */
    char out[4][200000]; /* per port */
    size_t out_size[4];
    const char *in; /* for port in_port, what was not delivered yet */
    size_t in_size;
    unsigned int in_port;
    bool in_ended; /* single port: a buffer of length 0 follows */
    struct virtio_device *driver;
    uint16_t rows, columns;
    const char *names[4]; /* of ports that exist */
    bool opened[4];
};
extern struct device devices[2];
extern char uart_text[100];

/* count devices with these features; the driver sees them on its command line. */
void make_devices(unsigned int count, uint64_t features);
/* Work of a device that the driver's notification would start, too. */
void take_output(struct device *device, unsigned int port);
void give_input(struct device *device);
void enable_notify(struct device *device); /* afterwards */
void control_in(struct device *device, uint32_t port, uint16_t event, uint16_t value,
                const void *rest, size_t rest_size);
/* The kernel runs with interrupts disabled: a test says when they come. */
void deliver_interrupts(void);
void raise_interrupt(unsigned int gsi);

#endif
