/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console devices: bring-up, control messages of multiport devices (virtio 1.2,
 * 5.3.6.2), interrupts.  Knows ports as data movers; not which stream uses them.
 */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "drivers/virtio/console_internal.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"

/* No control message for so long: all have come.  Generous, as a busy host may let QEMU's
 * thread wait for long, and a port that is given up here is lost with the exit status. */
#define HANDSHAKE_QUIET_NS 1000000000ull
#define CONTROL_SEND_NS 1000000000ull
#define FEATURES_WANTED (VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX)

_Static_assert(sizeof(struct console_control) <= 2400, "messages share a page with their rings");

static struct console_port *port_by_id(struct console_device *device, uint32_t id)
{
    return id < device->port_count ? device->ports[id] : NULL;
}

/* Sends and waits until the device has taken it: these are few, and order matters. */
static void control_send(struct console_device *device, uint32_t port, uint16_t event,
                         uint16_t value)
{
    struct console_control *control = device->control;
    unsigned int slot = control->tx.avail_next % CONSOLE_CONTROL_TX;
    control->out[slot] =
        (struct virtio_console_control){.port = port, .event = event, .value = value};
    struct virtq_part part = {.data = &control->out[slot], .length = sizeof(control->out[slot])};
    if (virtqueue_add(&control->tx, &part, 1, &control->out[slot]) != 0)
        return;
    virtio_kick(device->virtio, &control->tx);
    ns_t deadline = clock_ns() + CONTROL_SEND_NS;
    while (virtqueue_take(&control->tx, NULL) == NULL && !control->tx.broken) {
        if (clock_ns() > deadline) {
            control->tx.broken = true;
            klog(LOG_ERR, "console: the device does not take control messages");
        }
        cpu_pause();
    }
}

static void offer_message(struct console_control *control, uint8_t *message)
{
    struct virtq_part part = {
        .data = message, .length = CONSOLE_CONTROL_MESSAGE, .device_writes = true};
    virtqueue_add(&control->rx, &part, 1, message);
}

/* One message, copied; the events that its port's streams must hear of. */
static unsigned int handle_message(struct console_device *device, const uint8_t *bytes,
                                   uint32_t length)
{
    struct virtio_console_control message;
    if (length < sizeof(message))
        return 0;
    memcpy(&message, bytes, sizeof(message));
    const uint8_t *rest = bytes + sizeof(message);
    uint32_t rest_length = length - (uint32_t)sizeof(message);
    struct console_port *port = port_by_id(device, message.port);
    if (port == NULL) {
        if (message.event == VIRTIO_CONSOLE_PORT_ADD)
            control_send(device, message.port, VIRTIO_CONSOLE_PORT_READY, 0); /* refused */
        return 0;
    }
    switch (message.event) {
    case VIRTIO_CONSOLE_PORT_ADD:
        port->present = true;
        control_send(device, message.port, VIRTIO_CONSOLE_PORT_READY, 1);
        return 0;
    case VIRTIO_CONSOLE_PORT_REMOVE:
        port->present = false;
        port->host_closed = true;
        return CONSOLE_EVENT_READABLE | CONSOLE_EVENT_WRITABLE;
    case VIRTIO_CONSOLE_CONSOLE_PORT:
        port->is_console = true;
        return 0;
    case VIRTIO_CONSOLE_PORT_OPEN:
        port->host_closed = message.value == 0;
        return CONSOLE_EVENT_READABLE | CONSOLE_EVENT_WRITABLE;
    case VIRTIO_CONSOLE_PORT_NAME:
        memset(port->name, 0, sizeof(port->name));
        memcpy(port->name, rest, MIN((size_t)rest_length, sizeof(port->name) - 1));
        port->named = true;
        return 0;
    case VIRTIO_CONSOLE_RESIZE: {
        struct virtio_console_resize size;
        if (rest_length < sizeof(size))
            return 0;
        memcpy(&size, rest, sizeof(size));
        port->rows = size.rows;
        port->columns = size.columns;
        port->size_known = true;
        return CONSOLE_EVENT_RESIZE;
    }
    default:
        return 0;
    }
}

/* All messages that have come; events[] per port.  How many they were. */
static unsigned int handle_messages(struct console_device *device,
                                    unsigned int events[CONSOLE_PORTS_MAX])
{
    struct console_control *control = device->control;
    unsigned int count = 0;
    uint32_t length;
    uint8_t *buffer;
    while ((buffer = virtqueue_take(&control->rx, &length)) != NULL) {
        uint8_t copy[CONSOLE_CONTROL_MESSAGE];
        memcpy(copy, buffer, length);
        uint32_t id;
        memcpy(&id, copy, sizeof(id));
        unsigned int what = handle_message(device, copy, length);
        if (what != 0 && id < CONSOLE_PORTS_MAX)
            events[id] |= what;
        offer_message(control, buffer);
        count++;
    }
    virtio_kick(device->virtio, &control->rx);
    return count;
}

/* ---- interrupts ----------------------------------------------------------- */

static unsigned int port_events(struct console_port *port)
{
    unsigned int events = 0;
    if (port->device->input_wanted) {
        if (console_port_add_input(port) == -EAGAIN)
            return 0;
        port->writer_waits = false;
        return CONSOLE_EVENT_READABLE | CONSOLE_EVENT_WRITABLE;
    }
    if (virtqueue_has_used(&port->rx))
        events |= CONSOLE_EVENT_READABLE;
    if (port->writer_waits && virtqueue_has_used(&port->tx)) {
        console_port_reclaim(port);
        virtqueue_no_interrupt(&port->tx);
        port->writer_waits = false;
        events |= CONSOLE_EVENT_WRITABLE;
    }
    return events;
}

static void interrupt(void *arg, uint32_t what)
{
    struct console_device *device = arg;
    unsigned int events[CONSOLE_PORTS_MAX] = {0};
    spin_lock(&device->lock);
    if (device->multiport) {
        handle_messages(device, events);
        if (virtqueue_want_interrupt(&device->control->rx))
            handle_messages(device, events);
    }
    for (unsigned int i = 0; i < device->port_count; i++)
        events[i] |= port_events(device->ports[i]);
    if ((what & VIRTIO_INTERRUPT_CONFIG) && !device->multiport) {
        device->ports[0]->size_known = false;
        events[0] |= CONSOLE_EVENT_RESIZE;
    }
    spin_unlock(&device->lock);
    for (unsigned int i = 0; i < device->port_count; i++) {
        if (events[i] != 0)
            console_port_event(device->ports[i], events[i]);
    }
}

int console_device_interrupts(struct console_device *device)
{
    if (!device->interrupts_on) {
        device->interrupts_on = true;
        device->interrupt_error = virtio_enable_interrupts(device->virtio, interrupt, device);
        if (device->interrupt_error == 0 && device->multiport)
            virtqueue_want_interrupt(&device->control->rx);
    }
    return device->interrupt_error;
}

/* ---- bring-up ------------------------------------------------------------- */

static int open_control(struct console_device *device)
{
    uint8_t *page = page_alloc_virt(0);
    if (page == NULL)
        return -ENOMEM;
    leaks_keep(page);
    struct console_control *control = (void *)page;
    uint8_t *rings = page + ALIGN_UP(sizeof(*control), (size_t)VIRTQ_DESC_ALIGN);
    if (virtio_queue_setup(device->virtio, &control->rx, VIRTIO_CONSOLE_QUEUE_CONTROL_RX,
                           CONSOLE_CONTROL_RX, rings) != 0 ||
        virtio_queue_setup(device->virtio, &control->tx, VIRTIO_CONSOLE_QUEUE_CONTROL_TX,
                           CONSOLE_CONTROL_TX, rings + virtqueue_bytes(CONSOLE_CONTROL_RX)) != 0) {
        page_free_virt(page);
        return -ENODEV;
    }
    for (unsigned int i = 0; i < control->rx.size; i++)
        offer_message(control, control->in[i]);
    device->control = control;
    return 0;
}

static int open_ports(struct console_device *device)
{
    unsigned int count = 1;
    if (device->multiport) {
        uint64_t max = device->virtio->transport->config_read(
            device->virtio, offsetof(struct virtio_console_config, ports_max), 4);
        count = (unsigned int)MIN(MAX(max, 1ul), (uint64_t)CONSOLE_PORTS_MAX);
    }
    for (unsigned int i = 0; i < count; i++) {
        device->ports[i] = console_port_create(device, i);
        if (device->ports[i] == NULL)
            return -ENODEV;
        device->port_count++;
    }
    return 0;
}

int console_device_add_input(struct console_device *device)
{
    struct console_port *port = device->ports[0];
    device->has_input = true;
    int error = virtio_negotiate(device->virtio, FEATURES_WANTED);
    if (error == 0)
        error = console_port_setup_queues(port);
    if (error != 0) {
        virtio_fail(device->virtio);
        port->rx.broken = port->tx.broken = true;
        return error;
    }
    virtio_driver_ok(device->virtio);
    return 0;
}

int console_device_open(struct console_device *device, struct virtio_device *virtio,
                        bool with_input)
{
    *device = (struct console_device){.virtio = virtio};
    spin_init(&device->lock, LOCK_RANK_DEVICE);
    int error = virtio_negotiate(virtio, FEATURES_WANTED);
    if (error != 0)
        return error;
    device->multiport = virtio_has(virtio, VIRTIO_CONSOLE_F_MULTIPORT);
    device->has_input = device->multiport || with_input;
    virtio->wants_config = !device->multiport && virtio_has(virtio, VIRTIO_CONSOLE_F_SIZE);
    error = open_ports(device);
    if (error == 0 && device->multiport)
        error = open_control(device);
    if (error != 0) {
        virtio_fail(virtio);
        return error;
    }
    virtio_driver_ok(virtio);
    if (device->multiport) {
        virtio_kick(virtio, &device->control->rx);
        control_send(device, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    } else {
        device->ports[0]->present = true;
    }
    return 0;
}

static struct console_port *search_ports(struct console_device *device, const char *name)
{
    struct console_port *first = NULL;
    for (unsigned int i = 0; i < device->port_count; i++) {
        struct console_port *port = device->ports[i];
        if (!port->present)
            continue;
        if (name != NULL && port->named && strcmp(port->name, name) == 0)
            return port;
        if (first == NULL || (port->is_console && !first->is_console))
            first = port;
    }
    return name == NULL ? first : NULL;
}

struct console_port *console_device_find(struct console_device *device, const char *name)
{
    if (!device->multiport)
        return device->ports[0];
    unsigned int events[CONSOLE_PORTS_MAX]; /* nobody is bound to a port that is not found */
    ns_t deadline = clock_ns() + HANDSHAKE_QUIET_NS;
    struct console_port *port;
    spin_lock(&device->lock);
    while ((port = search_ports(device, name)) == NULL && clock_ns() < deadline) {
        memset(events, 0, sizeof(events));
        if (handle_messages(device, events) != 0)
            deadline = clock_ns() + HANDSHAKE_QUIET_NS;
        cpu_pause();
    }
    spin_unlock(&device->lock);
    return port;
}

void console_device_open_port(struct console_port *port)
{
    struct console_device *device = port->device;
    spin_lock(&device->lock);
    if (device->multiport && !port->guest_open) {
        port->guest_open = true;
        control_send(device, port->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
    }
    spin_unlock(&device->lock);
}
