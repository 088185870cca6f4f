/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The streams: which port of which device is standard input and output, standard
 * error, and the control channel.  Data: console_port.c.
 */
#include "drivers/virtio/console.h"

#include "arch/clock.h"
#include "boot/guest_abi.h"
#include "drivers/text.h"
#include "drivers/virtio/console_internal.h"
#include "lib/errno.h"
#include "lib/printf.h"

#define DRAIN_SLICE_NS 1000000000ull
#define DRAIN_STALLED_SLICES 3600u /* a reader may pause this long, then output is given up */
#define DRAIN_SPOKEN_SLICES 10u /* so long that it is said what the end waits for */

enum stream_state { STREAM_COLD, STREAM_PORT, STREAM_UART, STREAM_FAILED };

struct stream {
    struct chardev dev;
    struct console_port *port; /* in STREAM_PORT; constant then */
    _Atomic(enum stream_state) state;
};

static const struct chardev_ops stream_ops;
static struct stream streams[CONSOLE_ROLES] = {
    [CONSOLE_STDIO] = {.dev = {.ops = &stream_ops}},
    [CONSOLE_STDERR] = {.dev = {.ops = &stream_ops}},
    [CONSOLE_CTL] = {.dev = {.ops = &stream_ops}},
};
static const char *const port_names[CONSOLE_ROLES] = {
    [CONSOLE_STDIO] = GUEST_STDIO_PORT_NAME,
    [CONSOLE_STDERR] = GUEST_STDERR_PORT_NAME,
    [CONSOLE_CTL] = GUEST_CTL_PORT_NAME,
};

/* Bring-up, one at a time: devices[] and the bindings. */
static struct spinlock open_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct console_device devices[CONSOLE_DEVICES_MAX];
static bool input_expected;

static struct stream *stream_of(struct chardev *dev)
{
    return CONTAINER_OF(dev, struct stream, dev);
}

struct chardev *console_stdio(void)
{
    return &streams[CONSOLE_STDIO].dev;
}

struct chardev *console_stderr(void)
{
    return &streams[CONSOLE_STDERR].dev;
}

struct chardev *console_control(void)
{
    return &streams[CONSOLE_CTL].dev;
}

/* ---- binding -------------------------------------------------------------- */

void console_expect_input(void)
{
    input_expected = true;
}

/* The index-th console, brought up; NULL: there is none that works. */
static struct console_device *device_get(unsigned int index)
{
    struct console_device *device = &devices[index];
    if (device->virtio != NULL)
        return device->port_count != 0 ? device : NULL;
    struct virtio_device *virtio = virtio_find(VIRTIO_KIND_CONSOLE, index);
    if (virtio == NULL || !virtio_claim(virtio))
        return NULL;
    if (console_device_open(device, virtio, input_expected && index == 0) != 0) {
        device->port_count = 0;
        return NULL;
    }
    return device;
}

static struct console_port *find_port(enum console_role role)
{
    struct console_device *first = device_get(0);
    if (first == NULL)
        return NULL;
    if (first->multiport) {
        struct console_port *port = console_device_find(first, port_names[role]);
        if (port == NULL && role != CONSOLE_CTL) /* a stranger's device: names mean nothing */
            port = console_device_find(first, NULL);
        if (port == NULL)
            klog(LOG_WARNING, "console: the device has no port %s", port_names[role]);
        return port;
    }
    if (role == CONSOLE_CTL)
        return NULL;
    struct console_device *second = role == CONSOLE_STDERR ? device_get(1) : NULL;
    if (second != NULL && !second->multiport)
        return second->ports[0];
    return first->ports[0];
}

static int stream_start(struct chardev *dev)
{
    struct stream *stream = stream_of(dev);
    enum console_role role = (enum console_role)(stream - streams);
    spin_lock(&open_lock);
    if (atomic_load_explicit(&stream->state, memory_order_relaxed) == STREAM_COLD) {
        enum stream_state state = role == CONSOLE_CTL ? STREAM_FAILED : STREAM_UART;
        struct console_port *port = find_port(role);
        if (port != NULL) {
            console_device_open_port(port);
            stream->port = port;
            state = STREAM_PORT;
        }
        atomic_store_explicit(&stream->state, state, memory_order_release);
    }
    spin_unlock(&open_lock);
    return atomic_load_explicit(&stream->state, memory_order_relaxed) == STREAM_FAILED ? -ENODEV
                                                                                       : 0;
}

/* The port, locked; NULL: not on a port. */
static struct console_port *lock_port(struct stream *stream)
{
    enum stream_state state = atomic_load_explicit(&stream->state, memory_order_acquire);
    if (state == STREAM_COLD) {
        stream_start(&stream->dev);
        state = atomic_load_explicit(&stream->state, memory_order_acquire);
    }
    if (state != STREAM_PORT)
        return NULL;
    spin_lock(&stream->port->device->lock);
    return stream->port;
}

static void unlock_port(struct console_port *port)
{
    spin_unlock(&port->device->lock);
}

void console_port_event(struct console_port *port, unsigned int events)
{
    for (unsigned int i = 0; i < CONSOLE_ROLES; i++) {
        struct stream *stream = &streams[i];
        if (atomic_load_explicit(&stream->state, memory_order_acquire) != STREAM_PORT ||
            stream->port != port)
            continue;
        if ((events & CONSOLE_EVENT_READABLE) && stream->dev.on_readable != NULL)
            stream->dev.on_readable(&stream->dev);
        if ((events & CONSOLE_EVENT_WRITABLE) && stream->dev.on_writable != NULL)
            stream->dev.on_writable(&stream->dev);
        if ((events & CONSOLE_EVENT_RESIZE) && stream->dev.on_resize != NULL)
            stream->dev.on_resize(&stream->dev);
    }
    if (events & CONSOLE_EVENT_WRITABLE)
        wake_all(&port->drained, 0);
}

/* ---- operations ----------------------------------------------------------- */

static ssize_t stream_write(struct chardev *dev, const void *data, size_t size)
{
    struct stream *stream = stream_of(dev);
    struct console_port *port = lock_port(stream);
    if (port == NULL) {
        if (atomic_load_explicit(&stream->state, memory_order_relaxed) != STREAM_UART)
            return -ENODEV;
        text_write(data, size);
        return (ssize_t)size;
    }
    ssize_t result = console_port_write(port, data, size);
    unlock_port(port);
    return result;
}

static ssize_t stream_read(struct chardev *dev, void *data, size_t size)
{
    console_expect_input();
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return -EPIPE;
    ssize_t result = console_port_read(port, data, size);
    unlock_port(port);
    return result;
}

static bool stream_can_write(struct chardev *dev)
{
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return true;
    bool result = console_port_can_write(port);
    unlock_port(port);
    return result;
}

static bool stream_can_read(struct chardev *dev)
{
    console_expect_input();
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return true;
    bool result = console_port_can_read(port);
    unlock_port(port);
    return result;
}

static size_t stream_readable(struct chardev *dev)
{
    console_expect_input();
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return 0;
    size_t result = console_port_readable(port);
    unlock_port(port);
    return result;
}

/* One look, under the lock: is all out?  If not, the interrupt is asked for. */
static bool drained(struct console_port *port, unsigned int *in_flight)
{
    spin_lock(&port->device->lock);
    bool done = console_port_flushed(port);
    if (!done && console_device_interrupts(port->device) == 0) {
        port->writer_waits = true;
        if (virtqueue_want_interrupt(&port->tx))
            done = console_port_flushed(port);
    }
    *in_flight = port->tx.size - virtqueue_free(&port->tx);
    spin_unlock(&port->device->lock);
    return done;
}

static void stream_drain(struct chardev *dev)
{
    struct stream *stream = stream_of(dev);
    if (atomic_load_explicit(&stream->state, memory_order_acquire) != STREAM_PORT)
        return; /* nothing was ever written */
    struct console_port *port = stream->port;
    struct wait_entry entry;
    unsigned int in_flight, before = 0, stalled = 0;
    wait_begin(&port->drained, &entry);
    while (!drained(port, &in_flight) && stalled < DRAIN_STALLED_SLICES) {
        stalled = in_flight == before ? stalled + 1 : 0;
        before = in_flight;
        if (stalled == DRAIN_SPOKEN_SLICES)
            klog(LOG_WARNING, "console: the end waits for the host to take the program's output");
        if (stalled != 0 && !virtio_alive(port->device->virtio)) {
            klog(LOG_ERR, "console: the device has gone, or is out of order; output is lost");
            break;
        }
        wait_sleep_uninterruptible(clock_ns() + DRAIN_SLICE_NS);
        wait_again(&port->drained, &entry);
    }
    wait_end(&port->drained, &entry);
}

static bool stream_get_size(struct chardev *dev, uint16_t *rows, uint16_t *columns)
{
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return false;
    struct virtio_device *virtio = port->device->virtio;
    if (!port->size_known && virtio->wants_config) {
        port->columns = (uint16_t)virtio->transport->config_read(
            virtio, offsetof(struct virtio_console_config, columns), 2);
        port->rows = (uint16_t)virtio->transport->config_read(
            virtio, offsetof(struct virtio_console_config, rows), 2);
        port->size_known = true;
    }
    bool known = port->size_known;
    *rows = port->rows;
    *columns = port->columns;
    unlock_port(port);
    return known;
}

static const struct chardev_ops stream_ops = {
    .start = stream_start,
    .write = stream_write,
    .read = stream_read,
    .can_write = stream_can_write,
    .readable = stream_readable,
    .can_read = stream_can_read,
    .drain = stream_drain,
    .get_size = stream_get_size,
};

/* ---- what the control channel says ---------------------------------------- */

void console_mark_closed(struct chardev *dev)
{
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return;
    port->output_closed = true;
    unlock_port(port);
    console_port_event(port, CONSOLE_EVENT_WRITABLE);
}

void console_set_input_end(struct chardev *dev, uint64_t total_bytes)
{
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return;
    port->rx_end = total_bytes;
    unlock_port(port);
    console_port_event(port, CONSOLE_EVENT_READABLE);
}

void console_set_size(struct chardev *dev, uint16_t rows, uint16_t columns)
{
    struct console_port *port = lock_port(stream_of(dev));
    if (port == NULL)
        return;
    port->rows = rows;
    port->columns = columns;
    port->size_known = true;
    unlock_port(port);
    console_port_event(port, CONSOLE_EVENT_RESIZE);
}
