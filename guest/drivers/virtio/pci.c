/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio-pci transport: structures of virtio 1.2, section 4.1.4, in a device's BARs.  It knows
 * no queue contents and no device.  Nothing that a device says of itself is believed
 * before it has been checked: places outside BARs, lists without end, registers that do not
 * answer make it unusable, with a message, and everything else goes on.
 */
#include "drivers/virtio/pci.h"

#include "arch/cpu.h"
#include "drivers/pci.h"
#include "drivers/virtio/pci_msix.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/slab.h"

#define GENERATION_TRIES 4
#define RESET_POLLS 1000000u
#define NOTIFY_BYTES_MAX 65536u /* what is mapped at most */
#define CONFIG_BYTES_MAX PAGE_SIZE

static struct virtio_pci *pci_of(const struct virtio_device *dev)
{
    return dev->bus;
}

static volatile struct virtio_pci_common *common_of(const struct virtio_device *dev)
{
    return pci_of(dev)->common;
}

/* ---- operations ----------------------------------------------------------- */

static void pci_set_status(struct virtio_device *dev, uint32_t status)
{
    common_of(dev)->device_status = (uint8_t)status;
    /* 4.1.4.3.2: a reset has happened when the status reads as 0. */
    for (uint32_t i = 0; status == 0 && common_of(dev)->device_status != 0; i++) {
        if (i == RESET_POLLS) {
            klog(LOG_ERR, "virtio: PCI device %04lx does not end its reset", dev->address);
            return;
        }
        cpu_pause();
    }
}

static uint32_t pci_get_status(struct virtio_device *dev)
{
    return common_of(dev)->device_status;
}

static uint32_t pci_get_features(struct virtio_device *dev, unsigned int word)
{
    common_of(dev)->device_feature_select = word;
    return common_of(dev)->device_feature;
}

static void pci_set_features(struct virtio_device *dev, unsigned int word, uint32_t value)
{
    common_of(dev)->driver_feature_select = word;
    common_of(dev)->driver_feature = value;
}

static uint32_t pci_queue_select(struct virtio_device *dev, unsigned int index)
{
    volatile struct virtio_pci_common *common = common_of(dev);
    struct virtio_pci *pci = pci_of(dev);

    if (index >= VIRTIO_PCI_QUEUES_MAX)
        return 0;
    common->queue_select = (uint16_t)index;
    uint32_t size = common->queue_size;
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX)
        return 0;
    uint64_t at = (uint64_t)common->queue_notify_off * pci->notify_multiplier;
    if (at + sizeof(uint16_t) > pci->notify_bytes) {
        klog(LOG_ERR, "virtio: PCI device %04lx: queue %u is notified outside of its BAR",
             dev->address, index);
        return 0;
    }
    pci->notify_at[index] = (uint32_t)at;
    return size;
}

static void pci_queue_activate(struct virtio_device *dev, const struct virtqueue *queue)
{
    volatile struct virtio_pci_common *common = common_of(dev);
    uint64_t desc = virt_to_phys(queue->desc).raw, driver = virt_to_phys(queue->avail).raw;
    uint64_t device = virt_to_phys(queue->used).raw;

    common->queue_size = queue->size;
    common->queue_desc_low = (uint32_t)desc;
    common->queue_desc_high = (uint32_t)(desc >> 32);
    common->queue_driver_low = (uint32_t)driver;
    common->queue_driver_high = (uint32_t)(driver >> 32);
    common->queue_device_low = (uint32_t)device;
    common->queue_device_high = (uint32_t)(device >> 32);
    if (pci_of(dev)->msix.count != 0) {
        common->queue_msix_vector = msix_vector_of_queue(&pci_of(dev)->msix, queue->index);
        if (common->queue_msix_vector == VIRTIO_PCI_NO_VECTOR) /* 4.1.5.1.2.2 */
            klog(LOG_ERR, "virtio: PCI device %04lx has no interrupt for queue %u", dev->address,
                 queue->index);
    }
    common->queue_enable = 1;
}

static void pci_notify(struct virtio_device *dev, const struct virtqueue *queue)
{
    struct virtio_pci *pci = pci_of(dev);

    *(volatile uint16_t *)(pci->notify + pci->notify_at[queue->index]) = queue->index;
}

static uint64_t config_access(const struct virtio_pci *pci, unsigned int offset, unsigned int size)
{
    const volatile uint8_t *field = pci->config + offset;

    if (offset + size > pci->config_bytes)
        return 0; /* as if the device had set nothing there */
    switch (size) {
    case 1:
        return *field;
    case 2:
        return *(const volatile uint16_t *)field;
    default:
        return *(const volatile uint32_t *)field;
    }
}

static uint64_t pci_config_read(struct virtio_device *dev, unsigned int offset, unsigned int size)
{
    const struct virtio_pci *pci = pci_of(dev);
    uint64_t value = 0;

    if (size != 8)
        return config_access(pci, offset, size);
    /* Two halves of one value: repeat if the device changed it in between (2.5.3). */
    uint8_t generation = pci->common->config_generation;
    for (int i = 0; i < GENERATION_TRIES; i++) {
        uint8_t before = generation;
        value = config_access(pci, offset, 4) | config_access(pci, offset + 4, 4) << 32;
        generation = pci->common->config_generation;
        if (generation == before)
            break;
    }
    return value;
}

/* With messages nobody asks; a pin's reason is read, which releases the pin (4.1.4.5). */
static uint32_t pci_interrupt(struct virtio_device *dev)
{
    return *pci_of(dev)->isr & (VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
}

static uint32_t pci_probe(struct virtio_device *dev);

static const struct virtio_transport pci_transport = {
    .probe = pci_probe,
    .moves = true,
    .set_status = pci_set_status,
    .get_status = pci_get_status,
    .get_features = pci_get_features,
    .set_features = pci_set_features,
    .queue_select = pci_queue_select,
    .queue_activate = pci_queue_activate,
    .notify = pci_notify,
    .config_read = pci_config_read,
    .interrupt = pci_interrupt,
    .route = virtio_pci_route,
};

/* ---- discovery ------------------------------------------------------------ */

struct finding {
    struct virtio_device *devices;
    unsigned int count, max;
};

static void add_function(pci_address address, uint32_t id, void *arg)
{
    struct finding *list = arg;
    uint32_t device = id >> 16;

    if ((id & 0xffffu) != VIRTIO_PCI_VENDOR || device < VIRTIO_PCI_DEVICE_FIRST ||
        device > VIRTIO_PCI_DEVICE_LAST || list->count == list->max)
        return;
    uint32_t kind = device >= VIRTIO_PCI_DEVICE_MODERN ? device - VIRTIO_PCI_DEVICE_MODERN
                                                       : pci_read(address, PCI_SUBSYSTEM) >> 16;
    if (kind == VIRTIO_KIND_NONE || kind > UINT8_MAX)
        return;
    list->devices[list->count++] =
        (struct virtio_device){.transport = &pci_transport, .address = address, .kind = kind};
}

unsigned int virtio_pci_list(struct virtio_device *devices, unsigned int max)
{
    struct finding list = {.devices = devices, .max = max};

    pci_for_each(add_function, &list);
    return list.count;
}

/* ---- probing: the structures' places -------------------------------------- */

/* One structure of 4.1.4: where it is; bytes 0: the device has none. */
struct place {
    uint32_t bytes;
    uint64_t address;
};

static bool read_place(pci_address address, unsigned int at, struct place *place)
{
    struct pci_bar bar;
    unsigned int index = pci_read(address, at + VIRTIO_PCI_CAP_BAR) & 0xffu;
    uint32_t offset = pci_read(address, at + VIRTIO_PCI_CAP_OFFSET);
    uint32_t bytes = pci_read(address, at + VIRTIO_PCI_CAP_LENGTH);

    if (index >= PCI_BARS) /* reserved values are to be ignored (4.1.4.1) */
        return true;
    if (!pci_bar_find(address, index, &bar))
        return false;
    if (bytes == 0 || offset > bar.size || bytes > bar.size - offset || offset % 4 != 0) {
        klog(LOG_ERR, "virtio: PCI device %04x: a structure at %#x of %u bytes is not in BAR %u",
             address, offset, bytes, index);
        return false;
    }
    place->address = bar.address + offset;
    place->bytes = bytes;
    return true;
}

static bool read_places(pci_address address, struct place places[VIRTIO_PCI_CAP_DEVICE + 1],
                        uint32_t *multiplier)
{
    unsigned int budget = PCI_CAPS_MAX;
    uint32_t word = 0;

    for (unsigned int at = 0; (at = pci_next_capability(address, at, &word, &budget)) != 0;) {
        unsigned int type = word >> 24, bytes = (word >> 16) & 0xffu;
        unsigned int need =
            type == VIRTIO_PCI_CAP_NOTIFY ? VIRTIO_PCI_CAP_NOTIFY_BYTES : VIRTIO_PCI_CAP_BYTES;
        /* The first of a type is the one that the device prefers (4.1.4.2). */
        if ((word & 0xffu) != PCI_CAPABILITY_VENDOR || type < VIRTIO_PCI_CAP_COMMON ||
            type > VIRTIO_PCI_CAP_DEVICE || places[type].bytes != 0 || bytes < need ||
            at + need > 256)
            continue;
        if (!read_place(address, at, &places[type]))
            return false;
        if (type == VIRTIO_PCI_CAP_NOTIFY)
            *multiplier = pci_read(address, at + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER);
    }
    if (places[VIRTIO_PCI_CAP_COMMON].bytes >= sizeof(struct virtio_pci_common) &&
        places[VIRTIO_PCI_CAP_NOTIFY].bytes >= sizeof(uint16_t) &&
        places[VIRTIO_PCI_CAP_ISR].bytes != 0 && *multiplier % 2 == 0)
        return true;
    klog(LOG_ERR,
         "virtio: PCI device %04x has not the structures of a modern device and is not used; with "
         "QEMU say disable-modern=off",
         address);
    return false;
}

static volatile uint8_t *map(const struct place *place, uint64_t bytes_max, uint32_t *bytes)
{
    *bytes = (uint32_t)MIN((uint64_t)place->bytes, bytes_max);
    return *bytes == 0 ? NULL : paging_map_device(PADDR(place->address), *bytes);
}

static bool map_places(struct virtio_pci *pci, const struct place places[])
{
    uint32_t bytes;

    pci->common =
        (volatile void *)map(&places[VIRTIO_PCI_CAP_COMMON], sizeof(*pci->common), &bytes);
    pci->notify = map(&places[VIRTIO_PCI_CAP_NOTIFY], NOTIFY_BYTES_MAX, &pci->notify_bytes);
    pci->isr = map(&places[VIRTIO_PCI_CAP_ISR], 1, &bytes);
    pci->config = map(&places[VIRTIO_PCI_CAP_DEVICE], CONFIG_BYTES_MAX, &pci->config_bytes);
    return pci->common != NULL && pci->notify != NULL && pci->isr != NULL &&
           (pci->config != NULL || places[VIRTIO_PCI_CAP_DEVICE].bytes == 0);
}

static uint32_t pci_probe(struct virtio_device *dev)
{
    struct place places[VIRTIO_PCI_CAP_DEVICE + 1] = {{0}};
    pci_address address = (pci_address)dev->address;
    uint32_t multiplier = 0;

    if (!read_places(address, places, &multiplier))
        return VIRTIO_KIND_NONE;
    struct virtio_pci *pci = kzalloc(sizeof(*pci));
    if (pci == NULL)
        return VIRTIO_KIND_NONE;
    pci->address = address;
    pci->notify_multiplier = multiplier;
    if (!map_places(pci, places)) {
        kfree(pci);
        return VIRTIO_KIND_NONE;
    }
    leaks_keep(pci);
    dev->bus = pci;
    pci_enable(address, false);
    uint16_t queues = pci->common->queue_count;
    if (queues == UINT16_MAX) { /* it does not decode, or has gone */
        klog(LOG_ERR, "virtio: PCI device %04x does not answer", address);
        return VIRTIO_KIND_NONE;
    }
    virtio_pci_find_msix(pci, queues);
    return dev->kind;
}
