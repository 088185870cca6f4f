/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of virtio devices and the initialisation sequence of virtio 1.2,
 * section 3.1.  Knows transports by their table only, and no device's meaning.
 */
#include "drivers/virtio/virtio.h"

#include "arch/apic.h"
#include "arch/boot_info.h"
#include "arch/spinlock.h"
#include "drivers/acpi.h"
#include "drivers/virtio/mmio.h"
#include "drivers/virtio/pci.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

static struct virtio_device devices[VIRTIO_DEVICES_MAX];
static unsigned int device_count;
static struct spinlock list_lock = SPINLOCK_INIT(LOCK_RANK_DEVICE);

static void list_from_cmdline(void)
{
    char value[64];
    const char *position = NULL;
    while (device_count < VIRTIO_DEVICES_MAX &&
           cmdline_get("virtio_mmio.device", value, sizeof(value), &position) >= 0) {
        if (virtio_mmio_parse(value, &devices[device_count]))
            device_count++;
        else
            klog(LOG_WARNING, "virtio: cannot read virtio_mmio.device=%s", value);
    }
}

/* What our monitor says they are, true if it names them all; others are asked. */
static bool kinds_from_cmdline(void)
{
    char value[4 * VIRTIO_DEVICES_MAX];
    if (cmdline_get("virtio.kinds", value, sizeof(value), NULL) < 0)
        return false;
    const char *at = value;
    for (unsigned int i = 0; i < device_count; i++) {
        const char *end;
        uint64_t kind = parse_u64(at, &end);
        if (end == at || kind > UINT8_MAX)
            return false;
        devices[i].kind = (uint32_t)kind;
        devices[i].resets_to_zero = true;
        if (*end != ',')
            return i + 1 == device_count;
        at = end + 1;
    }
    return true;
}

/* A monitor that does not use the command line describes them in ACPI. */
static void list_from_acpi(void)
{
    struct acpi_virtio_mmio found[VIRTIO_DEVICES_MAX];
    unsigned int count = acpi_virtio_mmio(found, VIRTIO_DEVICES_MAX);
    for (unsigned int i = 0; i < count; i++) {
        if (virtio_mmio_describe(found[i].address, found[i].size, found[i].gsi,
                                 &devices[device_count]))
            device_count++;
    }
}

/*
 * Where devices are announced, the cheapest first; the next place is looked at when a device
 * is wanted that those so far do not have.  What our monitor tells is all there is.
 */
enum place { PLACE_COMMAND_LINE, PLACE_PCI, PLACE_ACPI, PLACES_END };

/* With the lock held; false: there are no more places. */
static bool list_more(void)
{
    static enum place next;
    switch (next) {
    case PLACE_COMMAND_LINE:
        list_from_cmdline();
        next = kinds_from_cmdline() ? PLACES_END : PLACE_PCI;
        return true;
    case PLACE_PCI:
        device_count += virtio_pci_list(devices + device_count, VIRTIO_DEVICES_MAX - device_count);
        /* The DSDT has devices of the command line again. */
        next = device_count == 0 ? PLACE_ACPI : PLACES_END;
        return true;
    case PLACE_ACPI:
        list_from_acpi();
        next = PLACES_END;
        return true;
    case PLACES_END:
        break;
    }
    return false;
}

/* The index-th device of a kind among those from *first on, which moves behind them. */
static struct virtio_device *find_listed(enum virtio_kind kind, unsigned int *first,
                                         unsigned int *index)
{
    for (; *first < device_count; ++*first) {
        struct virtio_device *dev = &devices[*first];
        if (!dev->probed && (dev->kind == VIRTIO_KIND_NONE || dev->kind == (uint32_t)kind)) {
            dev->probed = true;
            dev->kind = dev->transport->probe(dev);
        }
        if (dev->kind == (uint32_t)kind && (*index)-- == 0)
            return dev;
    }
    return NULL;
}

struct virtio_device *virtio_find(enum virtio_kind kind, unsigned int index)
{
    struct virtio_device *found;
    unsigned int first = 0;
    spin_lock(&list_lock);
    do {
        found = find_listed(kind, &first, &index);
    } while (found == NULL && list_more());
    spin_unlock(&list_lock);
    return found;
}

static bool has_driver(uint32_t kind)
{
    return kind == VIRTIO_KIND_CONSOLE || kind == VIRTIO_KIND_BLOCK || kind == VIRTIO_KIND_RNG;
}

void virtio_settle(void)
{
    acpi_load_apic_config();
    if (apic_config.cpu_count <= 1)
        return;
    spin_lock(&list_lock);
    while (device_count == 0 && list_more()) {
    }
    for (unsigned int i = 0; i < device_count; i++) {
        struct virtio_device *dev = &devices[i];
        if (dev->transport->moves && !dev->probed && has_driver(dev->kind)) {
            dev->probed = true;
            dev->kind = dev->transport->probe(dev);
        }
    }
    spin_unlock(&list_lock);
}

bool virtio_claim(struct virtio_device *dev)
{
    spin_lock(&list_lock);
    bool mine = !dev->claimed;
    dev->claimed = true;
    spin_unlock(&list_lock);
    return mine;
}

int virtio_negotiate(struct virtio_device *dev, uint64_t wanted)
{
    const struct virtio_transport *transport = dev->transport;
    /* One step at a time: some monitors refuse a write that sets two bits. */
    virtio_reset(dev);
    transport->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE);
    transport->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    uint64_t offered = transport->get_features(dev, 0);
    /*
     * The upper word is read only when something is wanted from it: VIRTIO_F_VERSION_1
     * goes with the transports we speak, and a device without it refuses FEATURES_OK.
     */
    if ((wanted & ~VIRTIO_F_VERSION_1) >> 32)
        offered |= (uint64_t)transport->get_features(dev, 1) << 32;
    offered |= VIRTIO_F_VERSION_1;
    dev->features = offered & (wanted | VIRTIO_F_VERSION_1);
    transport->set_features(dev, 0, (uint32_t)dev->features);
    transport->set_features(dev, 1, (uint32_t)(dev->features >> 32));
    transport->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                   VIRTIO_STATUS_FEATURES_OK);
    if (!(transport->get_status(dev) & VIRTIO_STATUS_FEATURES_OK)) {
        klog(LOG_ERR, "virtio: device at %#lx refuses features %#lx", dev->address, dev->features);
        virtio_fail(dev);
        return -ENODEV;
    }
    return 0;
}

int virtio_queue_setup(struct virtio_device *dev, struct virtqueue *queue, unsigned int index,
                       uint16_t size, void *memory)
{
    uint32_t max = dev->transport->queue_select(dev, index);
    if (max == 0) {
        klog(LOG_ERR, "virtio: device at %#lx has no queue %u", dev->address, index);
        return -ENODEV;
    }
    while (size > max)
        size /= 2;
    virtqueue_init(queue, (uint16_t)index, size, memory, dev->features);
    dev->transport->queue_activate(dev, queue);
    return 0;
}

void virtio_driver_ok(struct virtio_device *dev)
{
    dev->transport->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                        VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
}

bool virtio_alive(struct virtio_device *dev)
{
    uint32_t status = dev->transport->get_status(dev);
    /* What is not there any more reads as ones. */
    return (status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET |
                      VIRTIO_STATUS_FAILED)) == VIRTIO_STATUS_DRIVER_OK;
}

void virtio_fail(struct virtio_device *dev)
{
    dev->transport->set_status(dev, VIRTIO_STATUS_FAILED);
}

void virtio_reset(struct virtio_device *dev)
{
    dev->transport->set_status(dev, 0);
}

void virtio_kick(struct virtio_device *dev, struct virtqueue *queue)
{
    if (virtqueue_publish(queue))
        dev->transport->notify(dev, queue);
}

void virtio_interrupt(void *arg)
{
    struct virtio_device *dev = arg;
    /*
     * Acknowledged before the rings are looked at: what happens from here on
     * raises the line again, so an edge-triggered line loses nothing.
     */
    uint32_t what = dev->transport->interrupt(dev);
    if (what != 0)
        dev->handler(dev->handler_arg, what);
}

int virtio_enable_interrupts(struct virtio_device *dev, void (*handler)(void *, uint32_t),
                             void *arg)
{
    dev->handler = handler;
    dev->handler_arg = arg;
    int error = dev->transport->route(dev);
    if (error != 0)
        klog(LOG_ERR, "virtio: no interrupt for the device at %#lx (%d)", dev->address, error);
    return error;
}
