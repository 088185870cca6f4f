/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with one virtio-mmio device, for tests that drive it as a guest would. */
#ifndef TESTS_UNIT_VMM_DEVICES_H
#define TESTS_UNIT_VMM_DEVICES_H

#include "tests/unit/vmm_driver.h"
#include "vmm/dev/virtio/blk.h"
#include "vmm/dev/virtio/console.h"
#include "vmm/dev/virtio/mmio.h"
#include "vmm/dev/virtio/rng.h"

#define WAIT_MS 5000 /* what a test waits for at most */

struct machine {
    struct guest_mem mem;
    struct event_loop loop;
    atomic_bool ended;
    struct virtio_mmio mmio;
    atomic_int interrupts;
    struct driver driver[2];
    struct console console;
    struct blk blk;
    struct disk disk;
    struct rng rng;
    atomic_int output_error;
    int in[2], out[2];
};

uint32_t devices_get(struct machine *m, uint32_t reg);
void devices_set(struct machine *m, uint32_t reg, uint32_t value);
void devices_attach(struct machine *m, struct virtio_device *device);
void devices_start(struct machine *m, unsigned int queues);
int devices_setup(void **state);
int devices_teardown(void **state);
void devices_add_console(struct machine *m);
uint32_t devices_taken(struct machine *m, uint32_t queue);
void devices_offer(struct machine *m, uint32_t queue, uint64_t gpa, uint32_t length,
                   uint16_t flags);

#endif
