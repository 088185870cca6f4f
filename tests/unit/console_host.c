/* SPDX-License-Identifier: BSD-2-Clause */
/* A device does what it is told when the driver notifies it; a test looks at struct device. */
#include "unit/console_host.h"

#include <string.h>

#include "arch/apic.h"
#include "boot/guest_abi.h"
#include "drivers/acpi.h"
#include "drivers/irq.h"
#include "drivers/text.h"
#include "drivers/virtio/mmio.h"
#include "drivers/virtio/pci.h"
#include "unit/driver_fakes.h"

static struct guest_mem mem;
static size_t page_at;
struct device devices[2];
static unsigned int device_count;
static irq_handler *handlers[8];
static void *handler_args[8];
static bool pending[8];

/* ---- fakes of what lies around -------------------------------------------- */

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((const uint8_t *)ptr - mem.regions[0].host);
}

void *page_alloc_virt(unsigned int flags)
{
    uint8_t *page = mem.regions[0].host + page_at;
    (void)flags;
    page_at += 4096;
    assert_true(page_at <= mem.regions[0].ram_size);
    memset(page, 0xcc, 4096);
    return page;
}

void page_free_virt(void *page)
{
    (void)page;
}

int cmdline_get(const char *key, char *buf, size_t size, const char **position)
{
    (void)size;
    static const char words[] = "ab";
    if (strcmp(key, "virtio_mmio.device") != 0)
        return -1; /* devices are asked what they are */
    const char *at = *position == NULL ? words : *position;
    if (at == words + device_count)
        return -1;
    buf[0] = *at;
    buf[1] = '\0';
    *position = at + 1;
    return 1;
}

uint64_t parse_u64(const char *s, const char **end)
{
    (void)s;
    (void)end;
    fail_msg("no numbers are on the command line");
    return 0;
}

unsigned int acpi_virtio_mmio(struct acpi_virtio_mmio *found, unsigned int max)
{
    (void)found;
    (void)max;
    return 0;
}

struct apic_config apic_config;

void acpi_load_apic_config(void) {}

int irq_register(unsigned int gsi, irq_handler *handler, void *arg)
{
    assert_null(handlers[gsi]);
    handlers[gsi] = handler;
    handler_args[gsi] = arg;
    return 0;
}

char uart_text[100];

void text_write(const char *text, size_t length)
{
    strncat(uart_text, text, length);
}

/* ---- the devices ---------------------------------------------------------- */

static struct device *device_of(struct virtio_device *dev)
{
    return &devices[dev->gsi];
}

static void set_status(struct virtio_device *dev, uint32_t status)
{
    struct device *device = device_of(dev);
    device->status = status;
    for (unsigned int i = 0; status == 0 && i < QUEUES; i++) {
        device->queues[i].size_max = 128;
        virtq_reset(&device->queues[i]);
    }
}

static uint32_t get_status(struct virtio_device *dev)
{
    return device_of(dev)->status;
}

static uint32_t get_features(struct virtio_device *dev, unsigned int word)
{
    return (uint32_t)(device_of(dev)->offered >> 32 * word);
}

static void set_features(struct virtio_device *dev, unsigned int word, uint32_t value)
{
    struct device *device = device_of(dev);
    device->features |= (uint64_t)value << 32 * word;
    assert_int_equal(device->features & ~device->offered, 0);
}

static uint32_t queue_select(struct virtio_device *dev, unsigned int index)
{
    struct device *device = device_of(dev);
    device->selected = index;
    return index < QUEUES ? device->queues[index].size_max : 0;
}

static void queue_activate(struct virtio_device *dev, const struct virtqueue *queue)
{
    struct device *device = device_of(dev);
    struct virtq *mine = &device->queues[device->selected];
    assert_false(device->status & VIRTIO_STATUS_DRIVER_OK);
    mine->size = queue->size;
    mine->desc_gpa = virt_to_phys(queue->desc).raw;
    mine->avail_gpa = virt_to_phys(queue->avail).raw;
    mine->used_gpa = virt_to_phys(queue->used).raw;
    assert_int_equal(virtq_enable(mine, &mem, (device->features & VIRTIO_F_EVENT_IDX) != 0, false),
                     0);
}

static void interrupt_if_wanted(struct device *device, struct virtq *queue)
{
    pending[device->driver->gsi] |= virtq_wants_interrupt(queue);
}

/* What came meanwhile has been seen, as there is one thread. */
void enable_notify(struct device *device)
{
    for (unsigned int i = 0; i < QUEUES; i++)
        if (device->queues[i].ready)
            (void)virtq_enable_notify(&device->queues[i]);
}

void deliver_interrupts(void)
{
    for (unsigned int i = 0; i < 8; i++) {
        bool due = pending[i] && handlers[i] != NULL;
        pending[i] = false;
        if (due)
            handlers[i](handler_args[i]);
    }
}

void take_output(struct device *device, unsigned int port)
{
    struct virtq *queue = &device->queues[TX(port)];
    struct virtq_chain chain;
    bool any = false;
    while (queue->ready && !device->blocked && virtq_pop(queue, &chain) == 1) {
        assert_true(device->out_size[port] + chain.readable_bytes <= sizeof(device->out[port]));
        assert_int_equal(virtq_copy_in(queue, &chain, 0, device->out[port] + device->out_size[port],
                                       chain.readable_bytes),
                         0);
        device->out_size[port] += chain.readable_bytes;
        virtq_push(queue, &chain, 0);
        any = true;
    }
    if (any)
        interrupt_if_wanted(device, queue);
}

static bool push_input(struct device *device, unsigned int index, const void *data, size_t size)
{
    struct virtq *queue = &device->queues[index];
    struct virtq_chain chain;
    if (!queue->ready || virtq_pop(queue, &chain) != 1)
        return false;
    assert_true(size <= chain.writable_bytes);
    assert_int_equal(virtq_copy_out(queue, &chain, 0, data, (uint32_t)size), 0);
    virtq_push(queue, &chain, (uint32_t)size);
    interrupt_if_wanted(device, queue);
    return true;
}

void give_input(struct device *device)
{
    while (device->in_size != 0) {
        size_t part = MIN(device->in_size, (size_t)4096);
        const char *data = device->in;
        device->in += part;
        device->in_size -= part;
        if (push_input(device, RX(device->in_port), data, part))
            continue;
        device->in -= part;
        device->in_size += part;
        return;
    }
    if (device->in_ended && push_input(device, RX(device->in_port), "", 0))
        device->in_ended = false;
}

void control_in(struct device *device, uint32_t port, uint16_t event, uint16_t value,
                const void *rest, size_t rest_size)
{
    uint8_t bytes[64];
    struct virtio_console_control message = {.port = port, .event = event, .value = value};
    memcpy(bytes, &message, sizeof(message));
    memcpy(bytes + sizeof(message), rest, rest_size);
    assert_true(
        push_input(device, VIRTIO_CONSOLE_QUEUE_CONTROL_RX, bytes, sizeof(message) + rest_size));
}

static void answer_control(struct device *device)
{
    struct virtq *queue = &device->queues[VIRTIO_CONSOLE_QUEUE_CONTROL_TX];
    struct virtq_chain chain;
    while (queue->ready && virtq_pop(queue, &chain) == 1) {
        struct virtio_console_control message;
        assert_int_equal(chain.readable_bytes, sizeof(message));
        assert_int_equal(virtq_copy_in(queue, &chain, 0, &message, sizeof(message)), 0);
        virtq_push(queue, &chain, 0);
        switch (message.event) {
        case VIRTIO_CONSOLE_DEVICE_READY:
            for (uint32_t i = 0; i < 4; i++)
                if (device->names[i] != NULL)
                    control_in(device, i, VIRTIO_CONSOLE_PORT_ADD, 0, "", 0);
            control_in(device, 77, VIRTIO_CONSOLE_PORT_ADD, 0, "", 0);
            break;
        case VIRTIO_CONSOLE_PORT_READY:
            if (message.port == 77) {
                assert_int_equal(message.value, 0);
                break;
            }
            control_in(device, message.port, VIRTIO_CONSOLE_PORT_NAME, 1,
                       device->names[message.port], strlen(device->names[message.port]));
            control_in(device, message.port, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
            break;
        case VIRTIO_CONSOLE_PORT_OPEN:
            device->opened[message.port] = message.value != 0;
            break;
        default:
            fail_msg("control event %u", message.event);
        }
    }
}

static void notify(struct virtio_device *dev, const struct virtqueue *queue)
{
    struct device *device = device_of(dev);
    (void)queue;
    assert_true(device->status & VIRTIO_STATUS_DRIVER_OK);
    if (device->features & VIRTIO_CONSOLE_F_MULTIPORT)
        answer_control(device);
    for (unsigned int port = 0; port < 4; port++)
        take_output(device, port);
    give_input(device);
    enable_notify(device);
}

static uint64_t config_read(struct virtio_device *dev, unsigned int offset, unsigned int size)
{
    struct device *device = device_of(dev);
    switch (offset) {
    case offsetof(struct virtio_console_config, columns):
        assert_int_equal(size, 2);
        return device->columns;
    case offsetof(struct virtio_console_config, rows):
        assert_int_equal(size, 2);
        return device->rows;
    default:
        return device->ports_max;
    }
}

static uint32_t interrupt(struct virtio_device *dev)
{
    return VIRTIO_INTERRUPT_USED | (dev->wants_config ? VIRTIO_INTERRUPT_CONFIG : 0);
}

static int route(struct virtio_device *dev)
{
    return irq_register(dev->gsi, virtio_interrupt, dev);
}

static const struct virtio_transport transport = {
    .probe = virtio_mmio_probe,
    .route = route,
    .set_status = set_status,
    .get_status = get_status,
    .get_features = get_features,
    .set_features = set_features,
    .queue_select = queue_select,
    .queue_activate = queue_activate,
    .notify = notify,
    .config_read = config_read,
    .interrupt = interrupt,
};

bool virtio_mmio_parse(const char *text, struct virtio_device *dev)
{
    *dev = (struct virtio_device){.transport = &transport, .gsi = (uint32_t)(text[0] - 'a')};
    devices[dev->gsi].driver = dev;
    return true;
}

bool virtio_mmio_describe(uint64_t address, uint64_t size, uint64_t gsi, struct virtio_device *dev)
{
    (void)address;
    (void)size;
    (void)gsi;
    (void)dev;
    return false;
}

uint32_t virtio_mmio_probe(struct virtio_device *dev)
{
    (void)dev;
    return VIRTIO_KIND_CONSOLE;
}

unsigned int virtio_pci_list(struct virtio_device *found, unsigned int max)
{
    (void)found;
    (void)max;
    return 0;
}

void raise_interrupt(unsigned int gsi)
{
    pending[gsi] = true;
    deliver_interrupts();
}

void make_devices(unsigned int count, uint64_t features)
{
    assert_int_equal(guest_mem_create(&mem, 4u << 20, 0), 0);
    page_at = 4096;
    device_count = count;
    for (unsigned int i = 0; i < count; i++) {
        devices[i].offered = features | VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX;
        devices[i].rows = 25;
        devices[i].columns = 80;
        devices[i].ports_max = 4;
        devices[i].names[1] = GUEST_STDIO_PORT_NAME;
        devices[i].names[2] = GUEST_STDERR_PORT_NAME;
        devices[i].names[3] = GUEST_CTL_PORT_NAME;
    }
    fake_sleep = deliver_interrupts;
}
