/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reset does to the registers of a virtio-mmio device. */
/* links: tests/unit/vmm_devices.c vmm/mem/guest_mem.c vmm/dev/virtio/queue.c
 * vmm/dev/virtio/device.c vmm/dev/virtio/mmio.c
 */
/* links: vmm/dev/virtio/console.c vmm/dev/virtio/blk.c vmm/dev/virtio/rng.c vmm/config.c
 * vmm/config_functions.c
 * vmm/config_reports.c */
/* links: vmm/backend/stream.c vmm/backend/event_loop.c vmm/backend/disk.c vmm/backend/entropy.c */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vmm_devices.h"

/* Our kernel relies on it: "virtio.kinds" in boot/guest_abi.h. */
static void a_reset_clears_selectors_and_addresses(void **state)
{
    struct machine *m = *state;

    devices_add_console(m);
    uint32_t low = devices_get(m, VIRTIO_MMIO_DEVICE_FEATURES);
    devices_set(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    devices_set(m, VIRTIO_MMIO_QUEUE_SEL, 1);
    devices_set(m, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x1234);
    devices_set(m, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0x1234);
    devices_set(m, VIRTIO_MMIO_QUEUE_USED_HIGH, 0x1234);
    devices_set(m, VIRTIO_MMIO_STATUS, 0);
    devices_set(m, VIRTIO_MMIO_STATUS, 1);
    devices_set(m, VIRTIO_MMIO_STATUS, 3);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_DEVICE_FEATURES), low);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES, 1u << VIRTIO_RING_F_EVENT_IDX);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    devices_set(m, VIRTIO_MMIO_DRIVER_FEATURES, 1); /* VERSION_1 */
    devices_set(m, VIRTIO_MMIO_STATUS, 11);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 11);
    assert_true(m->console.device.driver_features & 1u << VIRTIO_RING_F_EVENT_IDX);
    devices_set(m, VIRTIO_MMIO_QUEUE_SEL, 1);
    devices_set(m, VIRTIO_MMIO_QUEUE_NUM, DRIVER_SIZE);
    devices_set(m, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x1000);
    devices_set(m, VIRTIO_MMIO_QUEUE_AVAIL_LOW, 0x2000);
    devices_set(m, VIRTIO_MMIO_QUEUE_USED_LOW, 0x3000);
    devices_set(m, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_QUEUE_READY), 1);
    assert_int_equal(devices_get(m, VIRTIO_MMIO_STATUS), 11);
    console_destroy(&m->console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reset_clears_selectors_and_addresses, devices_setup,
                                        devices_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
