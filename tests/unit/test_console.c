/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's console driver against devices made of the VMM's queues: one port and several. */
/* links: guest/drivers/virtio/virtqueue.c guest/drivers/virtio/virtio.c
 * guest/drivers/virtio/console.c guest/drivers/virtio/console_port.c
 * guest/drivers/virtio/console_device.c vmm/dev/virtio/queue.c vmm/mem/guest_mem.c
 * tests/unit/driver_fakes.c tests/unit/console_host.c */
#include "unit/driver_fakes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/virtio/console.h"
#include "lib/errno.h"
#include "unit/console_host.h"

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

/* The device is brought up again for input, but not before it has all output. */
static void test_input_begins_behind_output(void **state)
{
    struct chardev *dev = console_stdio();
    char back[8];
    (void)state;
    assert_false(devices[0].queues[RX(0)].ready); /* who only writes does not pay for it */
    devices[0].blocked = true;
    assert_int_equal(dev->ops->write(dev, "first", 5), 5);
    assert_int_equal(dev->ops->read(dev, back, 8), 0);
    assert_false(dev->ops->can_read(dev));
    assert_int_equal(dev->ops->write(dev, "second", 6), 0);
    assert_false(dev->ops->can_write(dev));
    readable = writable = 0;
    devices[0].blocked = false;
    take_output(&devices[0], 0);
    deliver_interrupts();
    assert_int_equal(readable, 1);
    assert_int_equal(writable, 1);
    assert_true(devices[0].queues[RX(0)].ready);
    assert_int_equal(dev->ops->write(dev, "second", 6), 6);
    expect_out(&devices[0], 0, "firstsecond");
    assert_int_equal(dev->ops->read(dev, back, 8), 0);
    feed(&devices[0], 0, "in", 2);
    assert_int_equal(dev->ops->read(dev, back, 8), 2);
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
    raise_interrupt(0);
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

/* One machine per process, as the driver has one state: the argument chooses it. */
static int run_machine(int machine)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_single_port_output),
        cmocka_unit_test(test_input_begins_behind_output),
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
