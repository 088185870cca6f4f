/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's console driver against devices made of the VMM's queues: one port and several. */
/* links: guest/drivers/virtio/virtqueue.c guest/drivers/virtio/virtio.c
 * guest/drivers/virtio/console.c guest/drivers/virtio/console_port.c
 * guest/drivers/virtio/console_device.c vmm/dev/virtio/queue.c vmm/mem/guest_mem.c
 * tests/unit/driver_fakes.c */
#include "unit/driver_fakes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/guest_abi.h"
#include "drivers/acpi.h"
#include "drivers/irq.h"
#include "drivers/uart.h"
#include "drivers/virtio/console.h"
#include "drivers/virtio/mmio.h"
#include "lib/errno.h"
#include "vmm/dev/virtio/queue.h"

/* Clearer than in the sources: the queues of a device with ports 0 to 3. */
#define QUEUES 10u
#define RX(port) ((port) == 0 ? 0u : 2u * (port) + 2u)
#define TX(port) (RX(port) + 1u)

static struct guest_mem mem;
static size_t page_at;

/* One device: what the driver has set, what the host does with it. */
static struct device {
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
} devices[2];
static unsigned int device_count;
static irq_handler *handlers[8];
static void *handler_args[8];
static bool pending[8]; /* interrupts: the kernel runs with them disabled */

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
    (void)key;
    (void)size;
    static const char words[] = "ab";
    const char *at = *position == NULL ? words : *position;
    if (at == words + device_count)
        return -1;
    buf[0] = *at;
    buf[1] = '\0';
    *position = at + 1;
    return 1;
}

unsigned int acpi_virtio_mmio(struct acpi_virtio_mmio *found, unsigned int max)
{
    (void)found;
    (void)max;
    return 0;
}

int irq_register(unsigned int gsi, irq_handler *handler, void *arg)
{
    assert_null(handlers[gsi]);
    handlers[gsi] = handler;
    handler_args[gsi] = arg;
    return 0;
}

static char uart_text[100];

void uart_write(const char *text, size_t length)
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
static void enable_notify(struct device *device)
{
    for (unsigned int i = 0; i < QUEUES; i++)
        if (device->queues[i].ready)
            (void)virtq_enable_notify(&device->queues[i]);
}

static void deliver_interrupts(void)
{
    for (unsigned int i = 0; i < 8; i++) {
        bool due = pending[i] && handlers[i] != NULL;
        pending[i] = false;
        if (due)
            handlers[i](handler_args[i]);
    }
}

static void take_output(struct device *device, unsigned int port)
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

static void give_input(struct device *device)
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

static void control_in(struct device *device, uint32_t port, uint16_t event, uint16_t value,
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

static const struct virtio_transport transport = {
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

/* ---- tests: the driver keeps its state, so they build on each other -------- */

static unsigned int readable, writable, resized;

static void on_readable(struct chardev *dev)
{
    (void)dev;
    readable++;
}

static void on_writable(struct chardev *dev)
{
    (void)dev;
    writable++;
}

static void on_resize(struct chardev *dev)
{
    (void)dev;
    resized++;
}

static void hear(struct chardev *dev)
{
    dev->on_readable = on_readable;
    dev->on_writable = on_writable;
    dev->on_resize = on_resize;
}

static void feed(struct device *device, unsigned int port, const char *text, size_t size)
{
    device->in = text;
    device->in_size = size;
    device->in_port = port;
    if (device->status & VIRTIO_STATUS_DRIVER_OK)
        give_input(device);
    enable_notify(device);
    deliver_interrupts();
}

static void expect_out(struct device *device, unsigned int port, const char *text)
{
    assert_int_equal(device->out_size[port], strlen(text));
    assert_memory_equal(device->out[port], text, strlen(text));
    device->out_size[port] = 0;
}

static void test_single_port_output(void **state)
{
    struct chardev *out = console_stdio();
    (void)state;
    hear(out);
    assert_int_equal(devices[0].status, 0); /* nothing is touched before the first use */
    assert_int_equal(out->ops->write(out, "hello\n", 6), 6);
    expect_out(&devices[0], 0, "hello\n");
    assert_int_equal(devices[1].status, 0);
    struct chardev *err = console_stderr();
    assert_int_equal(err->ops->write(err, "error\n", 6), 6);
    expect_out(&devices[1], 0, "error\n");
    struct chardev *control = console_control();
    assert_int_equal(control->ops->start(control), -ENODEV);
}

static void test_single_port_full_and_drain(void **state)
{
    struct chardev *out = console_stdio();
    static char text[150000];
    size_t sent = 0, room = 0;
    ssize_t count;
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 23);
    devices[0].blocked = true;
    while ((count = out->ops->write(out, text + sent, sizeof(text) - sent)) > 0)
        sent += (size_t)count;
    assert_int_equal(count, 0);
    assert_in_range(sent, 16 * 4096, 17 * 4096);
    assert_false(out->ops->can_write(out));
    writable = 0;
    devices[0].blocked = false;
    take_output(&devices[0], 0);
    enable_notify(&devices[0]);
    deliver_interrupts();
    assert_int_equal(writable, 1); /* the interrupt was asked for */
    assert_true(out->ops->can_write(out));
    while (sent < sizeof(text)) {
        room = (size_t)out->ops->write(out, text + sent, sizeof(text) - sent);
        assert_true((ssize_t)room > 0);
        sent += room;
    }
    out->ops->drain(out);
    assert_int_equal(devices[0].out_size[0], sizeof(text));
    assert_memory_equal(devices[0].out[0], text, sizeof(text));
    devices[0].out_size[0] = 0;
}

static void test_single_port_input(void **state)
{
    struct chardev *in = console_stdio();
    static char text[60000], back[60000];
    size_t got = 0;
    (void)state;
    assert_int_equal(in->ops->read(in, back, 100), 0);
    readable = 0;
    feed(&devices[0], 0, "line\n", 5);
    assert_int_equal(readable, 1);
    assert_true(in->ops->can_read(in));
    assert_int_equal(in->ops->read(in, back, 3), 3);
    assert_int_equal(in->ops->read(in, back + 3, 100), 2);
    assert_memory_equal(back, "line\n", 5);
    assert_false(in->ops->can_read(in));
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + i / 256);
    feed(&devices[0], 0, text, sizeof(text));
    while (got < sizeof(back)) {
        ssize_t count = in->ops->read(in, back + got, MIN(sizeof(back) - got, (size_t)3000));
        assert_true(count > 0);
        got += (size_t)count;
    }
    assert_memory_equal(text, back, sizeof(text));
    assert_int_equal(in->ops->read(in, back, 10), 0);
    devices[0].in_ended = true;
    feed(&devices[0], 0, "end", 3);
    assert_int_equal(in->ops->read(in, back, 10), 3);
    assert_int_equal(in->ops->read(in, back, 10), -EPIPE);
    assert_true(in->ops->can_read(in));
}

static void test_single_port_size(void **state)
{
    struct chardev *dev = console_stdio();
    uint16_t rows, columns;
    (void)state;
    assert_true(dev->ops->get_size(dev, &rows, &columns));
    assert_int_equal(rows, 25);
    assert_int_equal(columns, 80);
    devices[0].rows = 50;
    resized = 0;
    handlers[0](handler_args[0]);
    assert_int_equal(resized, 1);
    assert_true(dev->ops->get_size(dev, &rows, &columns));
    assert_int_equal(rows, 50);
}

static void test_closed_output(void **state)
{
    struct chardev *out = console_stdio();
    (void)state;
    console_mark_closed(out);
    assert_int_equal(out->ops->write(out, "x", 1), -EPIPE);
    assert_true(out->ops->can_write(out));
    assert_int_equal(devices[0].out_size[0], 0);
}

static void test_lying_device(void **state)
{
    struct chardev *err = console_stderr();
    (void)state;
    /* Returns a chain that was never handed over. */
    struct virtq *queue = &devices[1].queues[TX(0)];
    struct virtq_chain chain = {.head = 31};
    virtq_push(queue, &chain, 0);
    assert_int_equal(err->ops->write(err, "x", 1), -EIO);
    err->ops->drain(err); /* ends */
}

static void test_multiport_names(void **state)
{
    struct chardev *out = console_stdio(), *err = console_stderr(), *control = console_control();
    char back[20];
    (void)state;
    hear(control);
    assert_int_equal(control->ops->start(control), 0);
    assert_true(devices[0].opened[3]);
    assert_false(devices[0].opened[1]);
    assert_int_equal(out->ops->write(out, "one", 3), 3);
    assert_int_equal(err->ops->write(err, "two", 3), 3);
    assert_int_equal(control->ops->write(control, "six", 3), 3);
    expect_out(&devices[0], 1, "one");
    expect_out(&devices[0], 2, "two");
    expect_out(&devices[0], 3, "six");
    assert_int_equal(control->ops->read(control, back, 20), 0);
    readable = 0;
    feed(&devices[0], 3, "signal", 6);
    assert_int_equal(readable, 1);
    assert_int_equal(control->ops->read(control, back, 20), 6);
}

static void test_multiport_input_end(void **state)
{
    struct chardev *in = console_stdio();
    char back[20];
    (void)state;
    hear(in);
    assert_int_equal(in->ops->read(in, back, 20), 0);
    console_set_input_end(in, 10);
    feed(&devices[0], 1, "12345678", 8);
    assert_int_equal(in->ops->read(in, back, 20), 8);
    assert_int_equal(in->ops->read(in, back, 20), 0); /* two more are on their way */
    readable = 0;
    feed(&devices[0], 1, "90", 2);
    assert_int_equal(readable, 1);
    assert_int_equal(in->ops->read(in, back, 20), 2);
    assert_int_equal(in->ops->read(in, back, 20), -EPIPE);
}

static void test_multiport_resize_and_close(void **state)
{
    struct chardev *dev = console_stdio();
    struct virtio_console_resize size = {.columns = 90, .rows = 33};
    uint16_t rows, columns;
    (void)state;
    assert_false(dev->ops->get_size(dev, &rows, &columns));
    resized = 0;
    control_in(&devices[0], 1, VIRTIO_CONSOLE_RESIZE, 0, &size, sizeof(size));
    deliver_interrupts();
    assert_int_equal(resized, 1);
    assert_true(dev->ops->get_size(dev, &rows, &columns));
    assert_int_equal(rows, 33);
    console_set_size(dev, 44, 100);
    assert_int_equal(resized, 2);
    assert_true(dev->ops->get_size(dev, &rows, &columns));
    assert_int_equal(columns, 100);
    writable = 0;
    control_in(&devices[0], 1, VIRTIO_CONSOLE_PORT_OPEN, 0, "", 0);
    deliver_interrupts();
    assert_int_equal(writable, 1);
    assert_int_equal(dev->ops->write(dev, "x", 1), -EPIPE);
}

static void test_without_a_console(void **state)
{
    struct chardev *dev = console_stdio();
    char back[4];
    (void)state;
    assert_int_equal(dev->ops->write(dev, "text", 4), 4);
    assert_string_equal(uart_text, "text");
    assert_int_equal(dev->ops->read(dev, back, 4), -EPIPE);
    dev->ops->drain(dev);
}

static void make_devices(unsigned int count, uint64_t features)
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
    virtio_init();
}

/* One machine per process, as the driver has one state: the argument chooses it. */
static int run_machine(int machine)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_single_port_output),
        cmocka_unit_test(test_single_port_full_and_drain),
        cmocka_unit_test(test_single_port_input),
        cmocka_unit_test(test_single_port_size),
        cmocka_unit_test(test_closed_output),
        cmocka_unit_test(test_lying_device),
    };
    static const struct CMUnitTest multi[] = {
        cmocka_unit_test(test_multiport_names),
        cmocka_unit_test(test_multiport_input_end),
        cmocka_unit_test(test_multiport_resize_and_close),
    };
    static const struct CMUnitTest none[] = {cmocka_unit_test(test_without_a_console)};
    switch (machine) {
    case 0:
        make_devices(2, VIRTIO_CONSOLE_F_SIZE);
        return cmocka_run_group_tests(single, NULL, NULL);
    case 1:
        make_devices(1, VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT);
        return cmocka_run_group_tests(multi, NULL, NULL);
    default:
        make_devices(0, 0);
        return cmocka_run_group_tests(none, NULL, NULL);
    }
}

int main(void)
{
    int failed = 0;
    for (int machine = 0; machine < 3; machine++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            exit(run_machine(machine));
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
            failed = 1;
    }
    return failed;
}
