/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data of one console port: output is copied into buffers that are reclaimed
 * when the next output needs them; input buffers are handed to the device by the
 * first read, and more of them when they come back full.  Locking: the caller
 * holds the device's lock.
 */
#include "drivers/virtio/console_internal.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"

static unsigned int queue_number(uint32_t id, bool transmit)
{
    return (id == 0 ? 0 : 2 * id + 2) + (transmit ? 1 : 0); /* virtio 5.3.2 */
}

static uint8_t *rx_ring(struct console_port *port)
{
    return (uint8_t *)port + ALIGN_UP(sizeof(*port), (size_t)VIRTQ_DESC_ALIGN);
}

static uint8_t *tx_ring(struct console_port *port)
{
    return rx_ring(port) + virtqueue_bytes(CONSOLE_RX_RING);
}

int console_port_setup_queues(struct console_port *port)
{
    struct virtio_device *virtio = port->device->virtio;
    unsigned int rx = queue_number(port->id, false), tx = queue_number(port->id, true);
    int error = 0;
    if (port->device->has_input)
        error = virtio_queue_setup(virtio, &port->rx, rx, CONSOLE_RX_RING, rx_ring(port));
    else /* a ring that the device does not know of stays empty */
        virtqueue_init(&port->rx, (uint16_t)rx, CONSOLE_RX_RING, rx_ring(port), virtio->features);
    return error != 0 ? error
                      : virtio_queue_setup(virtio, &port->tx, tx, CONSOLE_TX_RING, tx_ring(port));
}

struct console_port *console_port_create(struct console_device *device, uint32_t id)
{
    struct console_port *port = page_alloc_virt(0);
    if (port == NULL)
        return NULL;
    leaks_keep(port);
    *port = (struct console_port){.device = device, .id = id, .rx_end = UINT64_MAX};
    wait_queue_init(&port->drained);
    if (console_port_setup_queues(port) != 0) {
        page_free_virt(port);
        return NULL;
    }
    uint8_t *rest = tx_ring(port) + virtqueue_bytes(CONSOLE_TX_RING);
    /* The buffer in this page is taken first: it lies on top of the stack. */
    port->tx_buffers[0] = (struct console_buffer){
        .data = rest, .size = (uint32_t)((uint8_t *)port + PAGE_SIZE - rest)};
    port->tx_free_count = CONSOLE_TX_BUFFERS;
    for (unsigned int i = 0; i < CONSOLE_TX_BUFFERS; i++)
        port->tx_free[i] = (uint8_t)(CONSOLE_TX_BUFFERS - 1 - i);
    return port;
}

/* Three times so large would fit; it must hold a line of output. */
_Static_assert(sizeof(struct console_port) < 1280, "a port is one page");

/* ---- output --------------------------------------------------------------- */

void console_port_reclaim(struct console_port *port)
{
    struct console_buffer *buffer;
    while ((buffer = virtqueue_take(&port->tx, NULL)) != NULL)
        port->tx_free[port->tx_free_count++] = (uint8_t)(buffer - port->tx_buffers);
}

/* A free buffer with memory behind it, for size bytes if possible; NULL: there is none. */
static struct console_buffer *take_buffer(struct console_port *port, size_t size)
{
    if (port->tx_free_count == 0 || virtqueue_free(&port->tx) == 0)
        return NULL;
    /* A large piece into the small buffer would be cut: take another if there is one. */
    unsigned int top = port->tx_free_count - 1;
    if (port->tx_free[top] == 0 && size > port->tx_buffers[0].size && top != 0) {
        port->tx_free[top] = port->tx_free[top - 1];
        port->tx_free[top - 1] = 0;
    }
    struct console_buffer *buffer = &port->tx_buffers[port->tx_free[top]];
    if (buffer->data == NULL) {
        buffer->data = page_alloc_virt(0);
        leaks_keep(buffer->data);
        buffer->size = PAGE_SIZE;
    }
    if (buffer->data == NULL) {
        /* Out of memory: the small one always has its own. */
        for (unsigned int i = 0; i < top; i++) {
            if (port->tx_buffers[port->tx_free[i]].data != NULL) {
                uint8_t other = port->tx_free[i];
                port->tx_free[i] = port->tx_free[top];
                port->tx_free[top] = other;
                port->tx_free_count--;
                return &port->tx_buffers[other];
            }
        }
        return NULL;
    }
    port->tx_free_count--;
    return buffer;
}

static size_t queue_output(struct console_port *port, const uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct console_buffer *buffer = take_buffer(port, size - done);
        if (buffer == NULL)
            break;
        uint32_t part = (uint32_t)MIN(size - done, (size_t)buffer->size);
        memcpy(buffer->data, data + done, part);
        struct virtq_part out = {.data = buffer->data, .length = part};
        if (virtqueue_add(&port->tx, &out, 1, buffer) != 0)
            break;
        done += part;
    }
    if (done != 0)
        virtio_kick(port->device->virtio, &port->tx);
    return done;
}

static bool output_refused(const struct console_port *port)
{
    return port->output_closed || port->host_closed;
}

/* There is no room: asks to be told.  True: there is some already. */
static bool wait_for_room(struct console_port *port)
{
    port->writer_waits = true;
    if (console_device_interrupts(port->device) != 0)
        return false;
    if (!virtqueue_want_interrupt(&port->tx))
        return false;
    console_port_reclaim(port);
    return true;
}

ssize_t console_port_write(struct console_port *port, const uint8_t *data, size_t size)
{
    if (output_refused(port))
        return -EPIPE;
    if (port->device->input_wanted) {
        port->writer_waits = true;
        return 0;
    }
    console_port_reclaim(port);
    size_t done = queue_output(port, data, size);
    if (port->tx.broken)
        return -EIO;
    if (done == 0 && size != 0 && wait_for_room(port))
        done = queue_output(port, data, size);
    return (ssize_t)done;
}

bool console_port_can_write(struct console_port *port)
{
    console_port_reclaim(port);
    if (port->tx.broken || output_refused(port))
        return true;
    if (port->device->input_wanted) {
        port->writer_waits = true;
        return false;
    }
    if (port->tx_free_count != 0)
        return true;
    return wait_for_room(port) && port->tx_free_count != 0;
}

bool console_port_flushed(struct console_port *port)
{
    console_port_reclaim(port);
    return virtqueue_idle(&port->tx) || port->tx.broken || output_refused(port);
}

/* ---- input ---------------------------------------------------------------- */

static void offer_buffer(struct console_port *port, struct console_buffer *buffer)
{
    struct virtq_part in = {.data = buffer->data, .length = buffer->size, .device_writes = true};
    buffer->filled = buffer->taken = 0;
    virtqueue_add(&port->rx, &in, 1, buffer); /* a buffer per slot: only a broken queue refuses */
}

/* One more input buffer for the device; false: enough, or out of memory. */
static bool grow_input(struct console_port *port)
{
    if (port->rx_count >= port->rx.size)
        return false;
    struct console_buffer *buffer = &port->rx_buffers[port->rx_count];
    buffer->data = page_alloc_virt(0);
    if (buffer->data == NULL)
        return false;
    leaks_keep(buffer->data);
    buffer->size = PAGE_SIZE;
    port->rx_count++;
    offer_buffer(port, buffer);
    return true;
}

int console_port_add_input(struct console_port *port)
{
    struct console_device *device = port->device;
    console_port_reclaim(port);
    while (!virtqueue_idle(&port->tx) && !port->tx.broken) {
        device->input_wanted = true;
        if (console_device_interrupts(device) != 0)
            return -EIO;
        if (!virtqueue_want_interrupt(&port->tx))
            return -EAGAIN;
        console_port_reclaim(port);
    }
    device->input_wanted = false;
    return port->tx.broken ? -EIO : console_device_add_input(device);
}

/* 0: input may come; -EAGAIN: not yet, somebody will be told. */
static int begin_input(struct console_port *port)
{
    if (port->rx_count != 0)
        return 0;
    int error = port->device->has_input ? 0 : console_port_add_input(port);
    if (error != 0)
        return error;
    if (!grow_input(port))
        return -ENOMEM;
    virtio_kick(port->device->virtio, &port->rx);
    return 0;
}

/* Moves what has arrived to the ring of filled buffers. */
static void collect_input(struct console_port *port)
{
    struct console_buffer *buffer;
    uint32_t length;
    while ((buffer = virtqueue_take(&port->rx, &length)) != NULL) {
        /* A single port has no other way to say that input has ended. */
        if (length == 0 && !port->device->multiport)
            port->input_ended = true;
        else if (length == 0)
            offer_buffer(port, buffer);
        if (length == 0)
            continue;
        buffer->filled = length;
        unsigned int at = (port->rx_first + port->rx_filled++) % CONSOLE_RX_RING;
        port->rx_order[at] = (uint8_t)(buffer - port->rx_buffers);
    }
}

static size_t copy_input(struct console_port *port, uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size && port->rx_filled != 0) {
        struct console_buffer *buffer = &port->rx_buffers[port->rx_order[port->rx_first]];
        size_t part = MIN(size - done, (size_t)(buffer->filled - buffer->taken));
        memcpy(data + done, buffer->data + buffer->taken, part);
        buffer->taken += (uint32_t)part;
        done += part;
        if (buffer->taken < buffer->filled)
            break;
        port->rx_first = (port->rx_first + 1) % CONSOLE_RX_RING;
        port->rx_filled--;
        bool full = buffer->filled == buffer->size;
        offer_buffer(port, buffer);
        if (full)
            grow_input(port);
    }
    port->rx_taken += done;
    return done;
}

static bool at_end(const struct console_port *port)
{
    return port->rx_filled == 0 && (port->input_ended || port->host_closed || port->rx.broken ||
                                    port->rx_taken >= port->rx_end);
}

/* Nothing is there: asks to be told.  True: something has come meanwhile. */
static bool wait_for_input(struct console_port *port)
{
    if (console_device_interrupts(port->device) != 0)
        return false;
    return virtqueue_want_interrupt(&port->rx);
}

ssize_t console_port_read(struct console_port *port, uint8_t *data, size_t size)
{
    int error = begin_input(port);
    if (error != 0)
        return error == -EAGAIN ? 0 : error;
    collect_input(port);
    size_t done = copy_input(port, data, size);
    if (done == 0 && size != 0 && !at_end(port) && wait_for_input(port)) {
        collect_input(port);
        done = copy_input(port, data, size);
    }
    if (done != 0)
        virtio_kick(port->device->virtio, &port->rx);
    return done == 0 && size != 0 && at_end(port) ? -EPIPE : (ssize_t)done;
}

size_t console_port_readable(struct console_port *port)
{
    size_t count = 0;
    if (!console_port_can_read(port))
        return 0;
    for (unsigned int i = 0; i < port->rx_filled; i++) {
        const struct console_buffer *buffer =
            &port->rx_buffers[port->rx_order[(port->rx_first + i) % CONSOLE_RX_RING]];
        count += buffer->filled - buffer->taken;
    }
    return count;
}

bool console_port_can_read(struct console_port *port)
{
    int error = begin_input(port);
    if (error != 0)
        return error != -EAGAIN; /* the read will say what is wrong */
    collect_input(port);
    if (port->rx_filled != 0 || at_end(port))
        return true;
    if (wait_for_input(port))
        collect_input(port);
    return port->rx_filled != 0 || at_end(port);
}
