/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as configuration spaces: looking for virtio devices ends, and maps nothing but BARs. */
/* links: guest/drivers/pci.c guest/drivers/virtio/pci.c guest/drivers/virtio/pci_msix.c
 * tests/unit/pci_host.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/pci.h"
#include "drivers/virtio/pci_msix.h"
#include "unit/pci_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUNCTION_BYTES (2u + PCI_BARS + 256u) /* address, logarithms of BAR sizes, config space */
#define READS_MAX 100000u

static void use(struct virtio_device *dev)
{
    struct virtqueue queue = {.size = 8};
    if (dev->transport->probe(dev) == VIRTIO_KIND_NONE)
        return;
    if (dev->transport->queue_select(dev, 0) != 0) {
        dev->transport->queue_activate(dev, &queue);
        dev->transport->notify(dev, &queue);
    }
    for (unsigned int at = 0; at < 64; at += 4)
        (void)dev->transport->config_read(dev, at, 4);
    if (((struct virtio_pci *)dev->bus)->msix.count != 0) /* who is on a pin stays known */
        (void)dev->transport->route(dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtio_device devices[4] = {{0}};
    for (; size >= FUNCTION_BYTES && host_function_count < HOST_FUNCTIONS_MAX;
         data += FUNCTION_BYTES, size -= FUNCTION_BYTES) {
        struct host_function *function =
            host_add((pci_address)((data[0] & 3u) << 8 | data[1]), 0x10421af4);
        memcpy(function->config, data + 2 + PCI_BARS, 256);
        for (unsigned int i = 0; i < PCI_BARS; i++)
            function->bar_size[i] = 1ull << (4 + data[2 + i] % 40);
    }
    unsigned int count = virtio_pci_list(devices, 4);
    for (unsigned int i = 0; i < count; i++)
        use(&devices[i]);
    if (host_reads > READS_MAX)
        abort();
    for (unsigned int i = 0; i < count; i++)
        free(devices[i].bus);
    host_reset();
    return 0;
}
