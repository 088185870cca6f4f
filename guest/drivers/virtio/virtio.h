/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices: finding them and the steps of bringing one up (virtio 1.2,
 * section 3.1), over a table of transport operations.  Every register access
 * may be an exit to the monitor: nothing is read twice, nothing before it is
 * needed.
 *
 * Locking: discovery has its own spinlock; a device belongs to the driver that
 * claimed it with virtio_claim(), and is guarded by that driver's lock.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_H
#define DRIVERS_VIRTIO_VIRTIO_H

#include "drivers/virtio/virtqueue.h"

struct virtio_device;

struct virtio_transport {
    /* The first look at a device: its kind; VIRTIO_KIND_NONE: not usable (it is said why). */
    uint32_t (*probe)(struct virtio_device *dev);
    bool moves; /* a probe may change where in memory devices are */
    void (*set_status)(struct virtio_device *dev, uint32_t status); /* 0 resets */
    uint32_t (*get_status)(struct virtio_device *dev);
    uint32_t (*get_features)(struct virtio_device *dev, unsigned int word);
    void (*set_features)(struct virtio_device *dev, unsigned int word, uint32_t value);
    /* Selects a queue; the largest size it may have, 0: there is none. */
    uint32_t (*queue_select)(struct virtio_device *dev, unsigned int index);
    void (*queue_activate)(struct virtio_device *dev, const struct virtqueue *queue);
    void (*notify)(struct virtio_device *dev, const struct virtqueue *queue);
    /* size 1, 2 or 4: one access; 8 by two, made consistent by the generation. */
    uint64_t (*config_read)(struct virtio_device *dev, unsigned int offset, unsigned int size);
    /* Acknowledges everything; a mask of VIRTIO_INTERRUPT_* that may have happened. */
    uint32_t (*interrupt)(struct virtio_device *dev);
    /* Has dev->handler called from now on: 0 or negative errno. */
    int (*route)(struct virtio_device *dev);
};

struct virtio_device {
    const struct virtio_transport *transport;
    volatile uint8_t *registers;
    uint64_t address; /* guest-physical, of the registers; of a PCI function: bus, slot, function */
    void *bus; /* the transport's own */
    uint32_t gsi;
    uint32_t kind; /* enum virtio_kind, known when probed, or told by the monitor */
    bool resets_to_zero; /* told by the monitor: so do selectors and queue addresses */
    bool probed;
    bool claimed;
    bool wants_config; /* set before enabling interrupts: CONFIG is told apart */
    uint32_t config_generation; /* last seen */
    uint64_t features; /* negotiated */
    void (*handler)(void *arg, uint32_t what);
    void *handler_arg;
};

#define VIRTIO_DEVICES_MAX 32u

/*
 * The index-th device of a kind in the order of their announcement, or NULL.
 * The first call for a device maps it and reads its identity, unless that was told.
 */
struct virtio_device *virtio_find(enum virtio_kind kind, unsigned int index);
/*
 * For smp_set_source(): reads which CPUs there are, and if they are several, does before they
 * run whatever may move devices in memory.  QEMU before 8.2 confuses devices when one CPU
 * moves some while another uses one.
 */
void virtio_settle(void);
/* True: the caller is the first, and the device is its own. */
bool virtio_claim(struct virtio_device *dev);

/*
 * Reset, acknowledge, and take those of the wanted features that the device
 * offers, and VIRTIO_F_VERSION_1 in any case.  0 or -ENODEV.
 */
int virtio_negotiate(struct virtio_device *dev, uint64_t wanted);
static inline bool virtio_has(const struct virtio_device *dev, uint64_t feature)
{
    return (dev->features & feature) != 0;
}
/*
 * Puts queue number index, of at most size entries (a power of two; fewer if
 * the device says so), into memory of virtqueue_bytes(size).  0 or -ENODEV.
 */
int virtio_queue_setup(struct virtio_device *dev, struct virtqueue *queue, unsigned int index,
                       uint16_t size, void *memory);
void virtio_driver_ok(struct virtio_device *dev);
/* Asks the device: false when it has gone, or wants to be reset, and will not answer any more. */
bool virtio_alive(struct virtio_device *dev);
void virtio_fail(struct virtio_device *dev); /* gives up: the device is not used again */
void virtio_reset(struct virtio_device *dev); /* it touches memory no more */

/* For transports: the device's interrupt has come in (arg: the device). */
void virtio_interrupt(void *arg);

/* Publishes what was added and notifies the device if it wants that. */
void virtio_kick(struct virtio_device *dev, struct virtqueue *queue);
/*
 * Routes the device's interrupt, once: handler runs in interrupt context, the
 * interrupt is acknowledged.  0 or negative errno (no interrupt controller).
 */
int virtio_enable_interrupts(struct virtio_device *dev, void (*handler)(void *, uint32_t),
                             void *arg);

#endif
