/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What console.c (streams), console_port.c (data of one port) and
 * console_device.c (bring-up, control messages, interrupts) share.
 *
 *   role (chardev) -> port -> device          two roles may share a port
 *
 * A port is one page: this structure, its two rings, its first output buffer;
 * so that a program's first line of output touches one page here.
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_INTERNAL_H
#define DRIVERS_VIRTIO_CONSOLE_INTERNAL_H

#include "arch/spinlock.h"
#include "drivers/virtio/virtio.h"
#include "iface/chardev.h"
#include "sched/wait_queue.h"

#define CONSOLE_DEVICES_MAX 4u
#define CONSOLE_PORTS_MAX 8u /* of a multiport device; others are refused */
#define CONSOLE_NAME_MAX 32u
#define CONSOLE_RX_RING 8u
#define CONSOLE_TX_RING 32u
#define CONSOLE_TX_BUFFERS 17u /* one in the port's page and 16 pages */
#define CONSOLE_CONTROL_RX 32u /* one message per port can come at once */
#define CONSOLE_CONTROL_TX 8u
#define CONSOLE_CONTROL_MESSAGE 64u /* bytes of a buffer; longer names are cut */

enum console_role { CONSOLE_STDIO, CONSOLE_STDERR, CONSOLE_CTL, CONSOLE_ROLES };

struct console_device;

struct console_buffer {
    uint8_t *data; /* NULL: no memory yet */
    uint32_t size, filled, taken; /* bytes; filled and taken for input */
};

/* Guarded by device->lock, except what is constant after bring-up. */
struct console_port {
    struct console_device *device; /* constant */
    uint32_t id; /* constant */
    bool present; /* single port: always; multiport: PORT_ADD came */
    bool named, is_console, guest_open;
    bool host_closed; /* explicitly: input ends, output is refused */
    bool output_closed; /* console_mark_closed() */
    bool input_ended; /* the device said so */
    bool writer_waits;
    char name[CONSOLE_NAME_MAX];
    bool size_known;
    uint16_t rows, columns;

    struct virtqueue rx, tx;
    unsigned int rx_count; /* input buffers in use, 0: input has not begun */
    unsigned int rx_first, rx_filled; /* filled buffers: a ring of indices */
    uint8_t rx_order[CONSOLE_RX_RING];
    uint64_t rx_taken, rx_end; /* bytes given to the reader; where input ends */
    struct console_buffer rx_buffers[CONSOLE_RX_RING];
    unsigned int tx_free_count;
    uint8_t tx_free[CONSOLE_TX_BUFFERS]; /* a stack of indices */
    struct console_buffer tx_buffers[CONSOLE_TX_BUFFERS];
    struct wait_queue drained;
};

struct console_device {
    struct virtio_device *virtio;
    struct spinlock lock;
    bool multiport, interrupts_on;
    bool has_input; /* the receive queues are set up; always with several ports */
    bool input_wanted; /* as soon as all output is gone; none is taken until then */
    int interrupt_error;
    unsigned int port_count;
    struct console_port *ports[CONSOLE_PORTS_MAX];
    struct console_control *control; /* multiport only */
};

struct console_control {
    struct virtqueue rx, tx;
    struct virtio_console_control out[CONSOLE_CONTROL_TX];
    uint8_t in[CONSOLE_CONTROL_RX][CONSOLE_CONTROL_MESSAGE];
};

/* ---- console_device.c ---- */

/*
 * Brings a device up; the caller serialises.  0 or negative errno.  A single port
 * begins without its receive queue if input is not expected: programs that only
 * write do not pay for it.
 */
int console_device_open(struct console_device *device, struct virtio_device *virtio,
                        bool with_input);
/*
 * Brings a device up again, now with its receive queue: queues cannot be added to a
 * running device (virtio 3.1.1).  With the lock held, and no output in flight.
 */
int console_device_add_input(struct console_device *device);
/* Waits (bounded) until a port of this name has shown up; NULL: the first port there is. */
struct console_port *console_device_find(struct console_device *device, const char *name);
/* Tells the host that the port is in use (multiport). */
void console_device_open_port(struct console_port *port);
/* Routes the interrupt if that has not been done; with the lock held. */
int console_device_interrupts(struct console_device *device);

/* ---- console_port.c: all with the lock held ---- */

/* A port's page, with its rings set up; NULL: no memory or no queues. */
struct console_port *console_port_create(struct console_device *device, uint32_t id);
int console_port_setup_queues(struct console_port *port); /* after a reset; 0 or -ENODEV */
/* Makes input possible: 0, -EAGAIN (when output is gone, by interrupt), or an error. */
int console_port_add_input(struct console_port *port);
ssize_t console_port_write(struct console_port *port, const uint8_t *data, size_t size);
ssize_t console_port_read(struct console_port *port, uint8_t *data, size_t size);
bool console_port_can_write(struct console_port *port);
size_t console_port_readable(struct console_port *port); /* bytes */
bool console_port_can_read(struct console_port *port);
void console_port_reclaim(struct console_port *port); /* finished output buffers */
bool console_port_flushed(struct console_port *port);

/* ---- console.c ---- */

/* Events of a port, for the streams bound to it; without the lock. */
#define CONSOLE_EVENT_READABLE 1u
#define CONSOLE_EVENT_WRITABLE 2u
#define CONSOLE_EVENT_RESIZE 4u
void console_port_event(struct console_port *port, unsigned int events);

#endif
