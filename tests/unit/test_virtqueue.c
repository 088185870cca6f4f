/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's virtqueue coupled to the VMM's over plain memory, and to devices that lie. */
/* links: guest/drivers/virtio/virtqueue.c vmm/dev/virtio/queue.c vmm/mem/guest_mem.c
 * tests/unit/driver_fakes.c */
#include "unit/driver_fakes.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/virtqueue.h"
#include "lib/errno.h"
#include "vmm/dev/virtio/queue.h"

#define MEM_SIZE (1u << 20)
#define BUFFER_AREA (MEM_SIZE / 2)
#define QUEUE_SIZE 16u
#define BUFFER_SIZE 64u

static struct guest_mem mem;
static struct virtqueue driver;
static struct virtq device;

/* One chain that a test has handed over. */
static struct request {
    bool busy;
    uint8_t *readable, *writable;
    uint32_t readable_length, writable_length, written;
    struct virtq_desc *table;
} requests[QUEUE_SIZE];

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((const uint8_t *)ptr - mem.regions[0].host + (ptrdiff_t)mem.regions[0].gpa);
}

static void couple(uint64_t features)
{
    void *memory = mem.regions[0].host + 4096;
    assert_true(virtqueue_bytes(QUEUE_SIZE) <= 4096);
    memset(memory, 0xa5, 4096); /* contents do not matter */
    virtqueue_init(&driver, 0, QUEUE_SIZE, memory, features);
    memset(&device, 0, sizeof(device));
    device.size_max = device.size = QUEUE_SIZE;
    device.desc_gpa = virt_to_phys(driver.desc).raw;
    device.avail_gpa = virt_to_phys(driver.avail).raw;
    device.used_gpa = virt_to_phys(driver.used).raw;
    assert_int_equal(virtq_enable(&device, &mem, features & VIRTIO_F_EVENT_IDX,
                                  features & VIRTIO_F_INDIRECT_DESC),
                     0);
    memset(requests, 0, sizeof(requests));
    for (unsigned int i = 0; i < QUEUE_SIZE; i++) {
        uint8_t *area = mem.regions[0].host + BUFFER_AREA + i * 4 * BUFFER_SIZE;
        requests[i].readable = area;
        requests[i].writable = area + BUFFER_SIZE;
        requests[i].table = (void *)(area + 2 * BUFFER_SIZE);
    }
}

static int set_up(void **state)
{
    (void)state;
    return guest_mem_create(&mem, MEM_SIZE, 0);
}

static int tear_down(void **state)
{
    (void)state;
    guest_mem_destroy(&mem);
    return 0;
}

/* ---- both sides honest ---------------------------------------------------- */

static int submit(struct request *request)
{
    struct virtq_part parts[2];
    unsigned int count = 0;
    request->readable_length = (uint32_t)random() % BUFFER_SIZE;
    request->writable_length = (uint32_t)random() % BUFFER_SIZE;
    if (request->readable_length == 0 && request->writable_length == 0)
        request->writable_length = 1;
    for (uint32_t i = 0; i < request->readable_length; i++)
        request->readable[i] = (uint8_t)random();
    if (request->readable_length != 0)
        parts[count++] =
            (struct virtq_part){.data = request->readable, .length = request->readable_length};
    if (request->writable_length != 0)
        parts[count++] = (struct virtq_part){
            .data = request->writable, .length = request->writable_length, .device_writes = true};
    int error = driver.indirect && random() % 2
                    ? virtqueue_add_indirect(&driver, parts, count, request->table, request)
                    : virtqueue_add(&driver, parts, count, request);
    request->busy = error == 0;
    return error;
}

/* The device answers one chain: the writable bytes become the readable ones, plus one. */
static bool device_step(void)
{
    struct virtq_chain chain;
    uint8_t in[BUFFER_SIZE], out[BUFFER_SIZE] = {0};
    int result = virtq_pop(&device, &chain);
    assert_true(result >= 0);
    if (result == 0)
        return false;
    assert_int_equal(virtq_copy_in(&device, &chain, 0, in, chain.readable_bytes), 0);
    uint32_t written = chain.writable_bytes == 0 ? 0 : (uint32_t)random() % chain.writable_bytes;
    for (uint32_t i = 0; i < written && i < chain.readable_bytes; i++)
        out[i] = (uint8_t)(in[i] + 1);
    assert_int_equal(virtq_copy_out(&device, &chain, 0, out, written), 0);
    virtq_push(&device, &chain, written);
    return true;
}

static bool driver_step(void)
{
    uint32_t written;
    struct request *request = virtqueue_take(&driver, &written);
    if (request == NULL)
        return false;
    assert_true(request->busy);
    assert_true(written <= request->writable_length);
    for (uint32_t i = 0; i < written && i < request->readable_length; i++)
        assert_int_equal(request->writable[i], (uint8_t)(request->readable[i] + 1));
    request->busy = false;
    return true;
}

/*
 * Both sides sleep and are woken only by what the queue says; if a wake were lost,
 * both would sleep with work left.  Enough rounds that the indices wrap.
 */
static void run_coupled(uint64_t features)
{
    bool device_asleep = false, driver_asleep = false;
    unsigned int completed = 0, notified = 0, interrupted = 0;
    srandom(1);
    couple(features);
    virtq_disable_notify(&device);
    for (unsigned int step = 0; completed < 70000; step++) {
        assert_true(step < 2000000);
        if (device_asleep && driver_asleep)
            fail_msg("a wake was lost after %u chains", completed);
        if (random() % 2 && !driver_asleep) {
            for (long n = random() % 4; n > 0; n--) {
                unsigned int i = (unsigned int)random() % QUEUE_SIZE;
                if (!requests[i].busy)
                    (void)submit(&requests[i]);
            }
            if (virtqueue_publish(&driver)) {
                notified++;
                if (device_asleep)
                    virtq_disable_notify(&device);
                device_asleep = false;
            }
            while (driver_step())
                completed++;
            if (!virtqueue_idle(&driver) && random() % 3 == 0)
                driver_asleep = !virtqueue_want_interrupt(&driver);
        } else if (!device_asleep) {
            bool any = device_step();
            if (any && random() % 2)
                any = device_step();
            if (virtq_wants_interrupt(&device)) {
                interrupted++;
                driver_asleep = false;
                virtqueue_no_interrupt(&driver);
            }
            if (!any && random() % 3 == 0)
                device_asleep = !virtq_enable_notify(&device);
        }
        if (device_asleep && virtqueue_idle(&driver))
            driver_asleep = false; /* nothing to wait for: the driver brings more */
    }
    assert_true(notified != 0 && interrupted != 0);
    assert_true(notified < completed && interrupted < completed);
}

static void test_coupled_plain(void **state)
{
    (void)state;
    run_coupled(0);
}

static void test_coupled_event_idx(void **state)
{
    (void)state;
    run_coupled(VIRTIO_F_EVENT_IDX);
}

static void test_coupled_event_idx_indirect(void **state)
{
    (void)state;
    run_coupled(VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC);
}

static void test_full_queue_refuses_and_recovers(void **state)
{
    (void)state;
    couple(VIRTIO_F_EVENT_IDX);
    struct virtq_part part = {.data = requests[0].readable, .length = 1};
    struct virtq_part three[3] = {part, part, part};
    for (unsigned int i = 0; i < QUEUE_SIZE - 1; i++)
        assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[i]), 0);
    assert_int_equal(virtqueue_add(&driver, three, 3, &requests[15]), -ENOSPC);
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[15]), 0);
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[15]), -ENOSPC);
    assert_int_equal(virtqueue_free(&driver), 0);
    (void)virtqueue_publish(&driver);
    while (device_step())
        ;
    unsigned int back = 0;
    while (virtqueue_take(&driver, NULL) != NULL)
        back++;
    assert_int_equal(back, QUEUE_SIZE);
    assert_true(virtqueue_idle(&driver));
    assert_int_equal(virtqueue_add(&driver, three, 3, &requests[0]), 0);
}

static void test_unpublished_chains_are_not_seen(void **state)
{
    (void)state;
    couple(0);
    struct virtq_part part = {.data = requests[0].readable, .length = 1};
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[0]), 0);
    assert_false(device_step());
    assert_true(virtqueue_publish(&driver));
    assert_true(device_step());
}

/* ---- devices that lie ----------------------------------------------------- */

static void publish_one(void)
{
    struct virtq_part part = {.data = requests[0].writable, .length = 8, .device_writes = true};
    couple(0);
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[0]), 0);
    (void)virtqueue_publish(&driver);
}

static void use(uint32_t id, uint32_t length, uint16_t index)
{
    driver.used->ring[(uint16_t)(index - 1) % QUEUE_SIZE] =
        (struct virtq_used_element){.id = id, .length = length};
    atomic_store(&driver.used->index, index);
}

static void assert_broken(void)
{
    struct virtq_part part = {.data = requests[0].readable, .length = 1};
    assert_null(virtqueue_take(&driver, NULL));
    assert_true(driver.broken);
    assert_null(virtqueue_take(&driver, NULL));
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[0]), -EIO);
    assert_false(virtqueue_publish(&driver));
    assert_int_equal(virtqueue_free(&driver), 0);
}

static void test_id_beyond_the_table(void **state)
{
    (void)state;
    publish_one();
    use(QUEUE_SIZE, 1, 1);
    assert_broken();
    publish_one();
    use(UINT32_MAX, 1, 1);
    assert_broken();
}

static void test_id_not_in_flight(void **state)
{
    (void)state;
    publish_one();
    use(5, 1, 1);
    assert_broken();
}

static void test_more_written_than_room(void **state)
{
    (void)state;
    publish_one();
    use(0, 9, 1);
    assert_broken();
}

static void test_index_runs_ahead(void **state)
{
    (void)state;
    publish_one();
    use(0, 1, 3);
    assert_broken();
    publish_one();
    use(0, 1, UINT16_MAX);
    assert_broken();
}

static void test_chain_returned_twice(void **state)
{
    (void)state;
    couple(0);
    struct virtq_part part = {.data = requests[0].writable, .length = 8, .device_writes = true};
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[0]), 0);
    assert_int_equal(virtqueue_add(&driver, &part, 1, &requests[1]), 0);
    (void)virtqueue_publish(&driver);
    use(0, 1, 1);
    use(0, 1, 2);
    assert_ptr_equal(virtqueue_take(&driver, NULL), &requests[0]);
    assert_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coupled_plain),
        cmocka_unit_test(test_coupled_event_idx),
        cmocka_unit_test(test_coupled_event_idx_indirect),
        cmocka_unit_test(test_full_queue_refuses_and_recovers),
        cmocka_unit_test(test_unpublished_chains_are_not_seen),
        cmocka_unit_test(test_id_beyond_the_table),
        cmocka_unit_test(test_id_not_in_flight),
        cmocka_unit_test(test_more_written_than_room),
        cmocka_unit_test(test_index_runs_ahead),
        cmocka_unit_test(test_chain_returned_twice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
