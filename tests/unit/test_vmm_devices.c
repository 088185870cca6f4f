/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices behind their registers, driven as a guest would: console over pipes,
 * disk over a file, and what happens to those who break the rules.
 */
/* links: tests/unit/vmm_devices.c vmm/mem/guest_mem.c vmm/dev/virtio/queue.c
 * vmm/dev/virtio/device.c vmm/dev/virtio/mmio.c
 */
/* links: vmm/dev/virtio/console.c vmm/dev/virtio/blk.c vmm/dev/virtio/rng.c vmm/config.c
 * vmm/config_functions.c
 * vmm/config_reports.c */
/* links: vmm/backend/stream.c vmm/backend/event_loop.c vmm/backend/disk.c vmm/backend/entropy.c */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vmm_devices.h"
#include "vmm/backend/entropy.h"

static void registers_say_who_is_there(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_VERSION), 2);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_DEVICE_ID), 3);
    devices_set(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_DEVICE_FEATURES), 1);
    devices_set(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 7);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_DEVICE_FEATURES), 0);
    devices_set(m, VIRTIO_MMIO_QUEUE_SEL, 2);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
    console_set_size(&m->console, 25, 81);
    assert_int_equal(virtio_mmio_bus_ops.read(&m->mmio, VIRTIO_MMIO_CONFIG, 2), 81);
    assert_int_equal(virtio_mmio_bus_ops.read(&m->mmio, VIRTIO_MMIO_CONFIG + 2, 2), 25);
    assert_int_equal(virtio_mmio_bus_ops.read(&m->mmio, VIRTIO_MMIO_CONFIG + 4000, 8), 0);
    console_destroy(&m->console);
}

static void features_are_negotiated_or_refused(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    devices_set(m, VIRTIO_MMIO_STATUS, 3);
    devices_set(m, VIRTIO_MMIO_STATUS, 11); /* no VERSION_1 */
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 3);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES, 1u << 5); /* not offered */
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES, 1);
    devices_set(m, VIRTIO_MMIO_STATUS, 11);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 3);
    devices_start(m, 2);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 15);
    console_destroy(&m->console);
}

static void output_arrives(void **state)
{
    struct machine *m = *state;
    char bytes[8];

    devices_add_console(m);
    devices_start(m, 2);
    memcpy(driver_at(&m->driver[1], DRIVER_DATA), "hello", 5);
    devices_offer(m, 1, m->driver[1].base + DRIVER_DATA, 5, 0);
    assert_int_equal(devices_taken(m, 1), 0);
    assert_int_equal(read(m->out[0], bytes, sizeof(bytes)), 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
    devices_set(m, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    console_destroy(&m->console);
}

static void a_full_pipe_does_not_block_the_guest(void **state)
{
    struct machine *m = *state;
    size_t sent = 0, got = 0;
    static char bytes[1 << 16];

    devices_add_console(m);
    devices_start(m, 2);
    memset(driver_at(&m->driver[1], DRIVER_DATA), 'x', 1 << 16);
    for (unsigned int i = 0; i < 8; i++) { /* 512 KiB into a pipe of 64 */
        devices_offer(m, 1, m->driver[1].base + DRIVER_DATA, 1 << 16, 0);
        sent += 1 << 16;
    }
    while (got < sent) {
        struct pollfd wait = {.fd = m->out[0], .events = POLLIN};

        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        got += (size_t)read(m->out[0], bytes, sizeof(bytes));
    }
    for (unsigned int i = 0; i < 8; i++) {
        devices_taken(m, 1);
    }
    event_loop_stop(&m->loop);
    console_destroy(&m->console);
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

static void what_was_given_before_the_end_is_written(void **state)
{
    struct machine *m = *state;
    static char bytes[1 << 16];

    devices_add_console(m);
    devices_start(m, 2);
    memset(driver_at(&m->driver[1], DRIVER_DATA), 'y', 4000);
    atomic_store(&m->ended, true);
    for (unsigned int i = 0; i < 10; i++) {
        devices_offer(m, 1, m->driver[1].base + DRIVER_DATA, 4000, 0);
    }
    event_loop_stop(&m->loop);
    console_drain(&m->console, never, NULL);
    assert_int_equal(read(m->out[0], bytes, sizeof(bytes)), 40000);
    console_destroy(&m->console);
}

static void a_reader_that_goes_is_noticed_once(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    devices_start(m, 2);
    close(m->out[0]);
    devices_offer(m, 1, DRIVER_DATA, 5, 0);
    devices_taken(m, 1);
    assert_int_equal(atomic_load(&m->output_error), EPIPE);
    atomic_store(&m->output_error, 0);
    devices_offer(m, 1, DRIVER_DATA, 5, 0);
    devices_taken(m, 1);
    assert_int_equal(atomic_load(&m->output_error), 0);
    m->out[0] = dup(m->out[1]);
    console_destroy(&m->console);
}

static void input_arrives_late_and_ends(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    devices_start(m, 2);
    devices_offer(m, 0, DRIVER_DATA, 100, VRING_DESC_F_WRITE);
    devices_offer(m, 0, DRIVER_DATA + 100, 100, VRING_DESC_F_WRITE);
    usleep(20000);
    assert_int_equal(write(m->in[1], "late", 4), 4);
    assert_int_equal(devices_taken(m, 0), 4);
    assert_memory_equal(driver_at(&m->driver[0], DRIVER_DATA), "late", 4);
    close(m->in[1]);
    assert_int_equal(devices_taken(m, 0), 0); /* the end */
    assert_true(atomic_load(&m->interrupts) >= 2);
    m->in[1] = dup(m->in[0]);
    event_loop_stop(&m->loop);
    console_destroy(&m->console);
}

static void bad_buffers_break_the_device_until_reset(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    devices_start(m, 2);
    devices_offer(m, 1, DRIVER_RAM, 5, 0);
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    assert_true(devices_get(m, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG);
    devices_set(m, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
    devices_set(m, VIRTIO_MMIO_STATUS, 15);
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    devices_start(m, 2);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 15);
    devices_offer(m, 0, DRIVER_DATA, 10, 0); /* to receive into a buffer that may only be read */
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    console_destroy(&m->console);
}

static void a_bad_ring_address_breaks_the_device(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    devices_start(m, 0);
    devices_set(m, VIRTIO_MMIO_QUEUE_SEL, 0);
    devices_set(m, VIRTIO_MMIO_QUEUE_NUM, DRIVER_SIZE);
    devices_set(m, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0xffffffff);
    devices_set(m, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    console_destroy(&m->console);
}

/* ---- Disk ---------------------------------------------------------------- */

#define DISK_SECTORS 8u

static void add_disk(struct machine *m, bool read_only)
{
    char name[] = "/tmp/test_vmm_disk_XXXXXX";
    struct vmm_error error;
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, DISK_SECTORS * 512), 0);
    assert_int_equal(pwrite(fd, "sector three", 12, 3 * 512), 12);
    assert_int_equal(disk_open(&m->disk, name, read_only, &error), 0);
    unlink(name);
    close(fd);
    blk_init(&m->blk, &m->mem, &m->ended, &m->disk, 0);
    devices_attach(m, &m->blk.device);
    devices_start(m, 1);
}

static void remove_disk(struct machine *m)
{
    blk_destroy(&m->blk);
    disk_close(&m->disk);
}

/* A request of three segments; the status byte that came back, or -1 when the device broke. */
static int request(struct machine *m, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t length)
{
    struct driver *driver = &m->driver[0];
    struct virtio_blk_outhdr header = {.type = type, .sector = sector};
    uint8_t *status = driver_at(driver, DRIVER_TABLE + 64);
    uint32_t id, written;

    memcpy(driver_at(driver, DRIVER_TABLE), &header, sizeof(header));
    *status = 0xee;
    driver_desc(driver, 0, DRIVER_TABLE, sizeof(header), VRING_DESC_F_NEXT, 1);
    driver_desc(driver, 1, gpa, length,
                VRING_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VRING_DESC_F_WRITE), 2);
    driver_desc(driver, 2, DRIVER_TABLE + 64, 1, VRING_DESC_F_WRITE, 0);
    driver_offer(driver, 0);
    devices_set(m, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    if ((devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
        return -1;
    }
    assert_int_equal(driver_take(driver, &id, &written), 1);
    return *status;
}

static void sectors_are_read_and_written(void **state)
{
    struct machine *m = *state;
    char id[VIRTIO_BLK_ID_BYTES];

    add_disk(m, false);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 3, DRIVER_DATA, 512), VIRTIO_BLK_S_OK);
    assert_memory_equal(driver_at(&m->driver[0], DRIVER_DATA), "sector three", 12);
    memcpy(driver_at(&m->driver[0], DRIVER_DATA), "changed", 7);
    assert_int_equal(request(m, VIRTIO_BLK_T_OUT, 7, DRIVER_DATA, 512), VIRTIO_BLK_S_OK);
    assert_int_equal(pread(m->disk.fd, id, 7, 7 * 512), 7);
    assert_memory_equal(id, "changed", 7);
    assert_int_equal(request(m, VIRTIO_BLK_T_FLUSH, 0, DRIVER_DATA, 0), VIRTIO_BLK_S_OK);
    assert_int_equal(request(m, VIRTIO_BLK_T_GET_ID, 0, DRIVER_DATA, 20), VIRTIO_BLK_S_OK);
    assert_string_equal(driver_at(&m->driver[0], DRIVER_DATA), "vmm-disk-0");
    assert_int_equal(request(m, 77, 0, DRIVER_DATA, 512), VIRTIO_BLK_S_UNSUPP);
    remove_disk(m);
}

static void requests_beyond_the_disk_fail(void **state)
{
    struct machine *m = *state;

    add_disk(m, false);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 8, DRIVER_DATA, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 7, DRIVER_DATA, 1024), VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_OUT, UINT64_MAX, DRIVER_DATA, 512),
                     VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_OUT, UINT64_MAX / 512, DRIVER_DATA, 512),
                     VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 0, DRIVER_DATA, 511), VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 0, DRIVER_RAM - 1, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(request(m, VIRTIO_BLK_T_GET_ID, 0, DRIVER_DATA, 19), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ftruncate(m->disk.fd, 512), 0);
    assert_int_equal(request(m, VIRTIO_BLK_T_IN, 3, DRIVER_DATA, 512), VIRTIO_BLK_S_IOERR);
    remove_disk(m);
}

static void a_read_only_disk_stays_as_it_is(void **state)
{
    struct machine *m = *state;

    add_disk(m, true);
    devices_set(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    assert_true(devices_get(m, VIRTIO_MMIO_DEVICE_FEATURES) & 1u << VIRTIO_BLK_F_RO);
    assert_int_equal(request(m, VIRTIO_BLK_T_OUT, 0, DRIVER_DATA, 512), VIRTIO_BLK_S_IOERR);
    remove_disk(m);
}

static void a_request_without_room_for_a_status_breaks_the_device(void **state)
{
    struct machine *m = *state;

    add_disk(m, false);
    devices_offer(m, 0, DRIVER_TABLE, 16, 0);
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    devices_start(m, 1);
    devices_offer(m, 0, DRIVER_TABLE, 15, VRING_DESC_F_WRITE);
    assert_true(devices_get(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    remove_disk(m);
}

static void random_bytes_come(void **state)
{
    static const uint8_t nothing[64];
    struct machine *m = *state;

    rng_init(&m->rng, &m->mem, &m->ended, entropy_fill);
    devices_attach(m, &m->rng.device);
    devices_start(m, 1);
    devices_offer(m, 0, DRIVER_DATA, 64, VRING_DESC_F_WRITE);
    assert_int_equal(devices_taken(m, 0), 64);
    assert_memory_not_equal(driver_at(&m->driver[0], DRIVER_DATA), nothing, 64);
    devices_offer(m, 0, DRIVER_DATA, 1 << 20, VRING_DESC_F_WRITE);
    assert_int_equal(devices_taken(m, 0), 4096);
    rng_destroy(&m->rng);
}

/* Registers written at random; sanitizers and the clock watch. */
static void random_registers_do_no_harm(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    srand(2);
    for (unsigned int i = 0; i < 200000; i++) {
        uint32_t reg = (uint32_t)rand() % 0x110u;
        uint32_t value = rand() % 2 != 0 ? (uint32_t)rand() % 16u : (uint32_t)rand() * 3u;

        if (rand() % 64 == 0) {
            devices_start(m, 2);
        } else if (rand() % 4 == 0) {
            devices_get(m, reg & ~3u);
        } else {
            virtio_mmio_bus_ops.write(&m->mmio, reg, 1u << rand() % 4, value);
            devices_set(m, reg & ~3u, value);
        }
        while (i % 1024 == 0 && poll(&(struct pollfd){.fd = m->out[0], .events = POLLIN}, 1, 0)) {
            static char bytes[1 << 16];

            assert_true(read(m->out[0], bytes, sizeof(bytes)) > 0);
        }
    }
    event_loop_stop(&m->loop);
    console_destroy(&m->console);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, devices_setup, devices_teardown)
    const struct CMUnitTest tests[] = {
        TEST(registers_say_who_is_there),
        TEST(features_are_negotiated_or_refused),
        TEST(output_arrives),
        TEST(a_full_pipe_does_not_block_the_guest),
        TEST(what_was_given_before_the_end_is_written),
        TEST(a_reader_that_goes_is_noticed_once),
        TEST(input_arrives_late_and_ends),
        TEST(bad_buffers_break_the_device_until_reset),
        TEST(a_bad_ring_address_breaks_the_device),
        TEST(sectors_are_read_and_written),
        TEST(requests_beyond_the_disk_fail),
        TEST(a_read_only_disk_stays_as_it_is),
        TEST(a_request_without_room_for_a_status_breaks_the_device),
        TEST(random_bytes_come),
        TEST(random_registers_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
