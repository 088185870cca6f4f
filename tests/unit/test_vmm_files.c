/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/vmm against a monitor that lives in the test: records, pieces, faults, readers that go. */
/* links: guest/fs/vmm_call.c guest/fs/vmm_host.c guest/mm/iobuf.c tests/unit/driver_fakes.c
 * tests/unit/vmm_monitor.c */
#include "unit/vmm_monitor.h"

#include <stdlib.h>
#include <string.h>

static char text[256];

static int setup(void **state)
{
    monitor_reset();
    vmm_call_init();
    *state = open_file(vmm_call_open);
    return 0;
}

static int teardown(void **state)
{
    if (*state)
        close_file(*state);
    return 0;
}

/* ---- requests and replies ---- */

static void one_exit_per_call(void **state)
{
    struct file *file = *state;

    will_request("echo\0abc", 8);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(file_read(file, text, sizeof(text)), 8);
        assert_memory_equal(text, "echo\0abc", 8);
        assert_int_equal(file_write(file, "0\0cba", 5), 5);
        expect_reply("0\0cba", 5);
        will_request("echo\0abc", 8);
        give_request(); /* as the monitor does before its OUT returns */
    }
    assert_int_equal(monitor.waits, 1);
    assert_int_equal(monitor.replies, 5);
    assert_int_equal(file_read(file, text, sizeof(text)), 8);
    assert_int_equal(file_write(file, "0\0", 2), 2);
}

static void a_filled_buffer_is_continued(void **state)
{
    struct file *file = *state;

    will_request("f\0abcdef", 8);
    assert_int_equal(file_read(file, text, 3), 3);
    assert_memory_equal(text, "f\0a", 3);
    assert_int_equal(file_read(file, text, 3), 3);
    assert_int_equal(file_read(file, text, 3), 2);
    assert_memory_equal(text, "ef", 2);
    assert_int_equal(file_write(file, "0\0", 2), 2);

    will_request("f\0abcdef", 8);
    assert_int_equal(file_read(file, text, 8), 8);
    assert_true(file->ops->poll(file, NULL) & POLL_IN);
    assert_int_equal(file_read(file, text, 8), 0);
    assert_false(file->ops->poll(file, NULL) & POLL_IN);
    assert_int_equal(file_read(file, text, 0), 0);
    assert_int_equal(file_write(file, "0\0", 2), 2);
}

static void a_reply_ends_what_was_not_read(void **state)
{
    struct file *file = *state;
    char *data = pattern(200000);

    data[1] = 0;
    will_request(data, 200000);
    assert_int_equal(file_read(file, text, 100), 100);
    assert_int_equal(file_write(file, "3\0no", 4), 4);
    will_request("g\0", 2);
    assert_int_equal(file_read(file, text, 100), 2);
    assert_int_equal(file_write(file, "0\0", 2), 2);
    free(data);
}

static void large_records_go_in_pieces(void **state)
{
    struct file *file = *state;
    const size_t size = 1000000;
    char *data = pattern(size), *got = malloc(size + 1);

    will_request(data, size);
    assert_int_equal(file_read(file, got, size + 1), (int)size);
    assert_memory_equal(got, data, size);
    assert_int_equal(monitor.mores, (size - 1) / GUEST_CALL_IN_MAX);
    memcpy(data, "0\0", 2);
    assert_int_equal(file_write(file, data, size), (int)size);
    expect_reply(data, size);

    will_request(data, size); /* and in small buffers */
    size_t at = 0;
    ssize_t part;
    while ((part = file_read(file, got + at, 7777)) == 7777)
        at += 7777;
    assert_int_equal(at + (size_t)part, size);
    assert_memory_equal(got, data, size);
    assert_int_equal(file_write(file, "0\0", 2), 2);
    free(data);
    free(got);
}

static void malformed_replies_leave_the_request(void **state)
{
    static const char *const bad[] = {"",   "x",   "-1", " 0", "0x1",        "+1",
                                      "1 ", "0\n", "١",  "1.", "1234567890", "4294967296"};
    struct file *file = *state;
    char *large = calloc(1, GUEST_CALL_RECORD_MAX + 1);

    assert_int_equal(file_write(file, "0\0", 2), -ESRCH);
    will_request("f\0", 2);
    assert_int_equal(file_read(file, text, 100), 2);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(file_write(file, bad[i], strlen(bad[i]) + 1), -EINVAL);
    assert_int_equal(file_write(file, "0", 1), -EINVAL); /* no NUL */
    assert_int_equal(file_write(file, "", 0), -EINVAL);
    large[0] = '0';
    assert_int_equal(file_write(file, large, GUEST_CALL_RECORD_MAX + 1), -EMSGSIZE);
    fault_from = text;
    fault_to = text + sizeof(text);
    assert_int_equal(file_write(file, text, 10), -EFAULT);
    assert_int_equal(monitor.replies, 0);
    assert_int_equal(file_write(file, large, GUEST_CALL_RECORD_MAX), GUEST_CALL_RECORD_MAX);
    expect_reply(large, GUEST_CALL_RECORD_MAX);
    assert_int_equal(file_write(file, "0\0", 2), -ESRCH);
    assert_int_equal(monitor.replies, 1);
    will_request("f\0", 2);
    assert_int_equal(file_read(file, text + 200, 0), 0);
    fault_from = NULL;
    assert_int_equal(file_read(file, text, 100), 2);
    assert_int_equal(file_write(file, "999999999\0", 10), 10);
    expect_reply("999999999\0", 10);
    free(large);
}

static void a_late_fault_makes_the_reply_void(void **state)
{
    struct file *file = *state;
    char *data = calloc(1, 200000);

    data[0] = '0';
    will_request("f\0", 2);
    assert_int_equal(file_read(file, text, 100), 2);
    fault_from = data + 150000;
    fault_to = data + 200000;
    assert_int_equal(file_write(file, data, 200000), -EFAULT);
    assert_int_equal(monitor.replies, 1);
    assert_int_equal(monitor.reply_total, 200000);
    assert_int_equal(monitor.reply_size, 150000);
    assert_int_equal(file_write(file, "0\0", 2), -ESRCH);
    free(data);
}

static void a_fault_in_reading_may_be_tried_again(void **state)
{
    struct file *file = *state;

    will_request("f\0abcdef", 8);
    fault_from = text;
    fault_to = text + sizeof(text);
    assert_int_equal(file_read(file, text, 100), -EFAULT);
    fault_from = text + 3;
    assert_int_equal(file_read(file, text, 100), 3);
    assert_memory_equal(text, "f\0a", 3);
    fault_from = NULL;
    assert_int_equal(file_read(file, text, 100), 5);
    assert_memory_equal(text, "bcdef", 5);
    assert_int_equal(file_write(file, "0\0", 2), 2);
}

/* ---- waiting ---- */

static void nonblocking_readers_do_not_wait(void **state)
{
    struct file *file = *state;

    atomic_store(&file->flags, O_NONBLOCK);
    assert_int_equal(file_read(file, text, 10), -EAGAIN);
    assert_int_equal(monitor.waits, 0);
    assert_int_equal(file->ops->poll(file, NULL), POLL_OUT | POLL_WRNORM);
    will_request("f\0", 2);
    give_request();
    assert_true(file->ops->poll(file, NULL) & POLL_IN);
    assert_int_equal(file_read(file, text, 10), 2);
    assert_int_equal(file_read(file, text, 10), -EAGAIN);
    assert_int_equal(file_write(file, "0\0", 2), 2);
}

static void signals_end_waits(void **state)
{
    struct file *file = *state;

    atomic_store(&thread.signal_pending, true);
    assert_int_equal(file_read(file, text, 10), -ERESTARTSYS);
    running = 2; /* somebody else has work: it sleeps, and driver_fakes.c says "a signal" */
    assert_int_equal(file_read(file, text, 10), -ERESTARTSYS);
    assert_int_equal(monitor.waits, 0);
}

static void arrive(void)
{
    will_request("f\0", 2);
    give_request();
}

static void the_last_idle_cpu_stands_still(void **state)
{
    struct file *file = *state;

    running = 0;
    assert_false(idle_wait()); /* nobody waits for a request */
    queue_is_empty = false;
    running = 1;
    assert_false(idle_wait());
    running = 0;
    will_request("f\0", 2);
    assert_true(idle_wait());
    assert_int_equal(monitor.waits, 1);
    assert_int_equal(woken, 1);
    assert_false(idle_wait()); /* it has not been taken yet */
    running = 2;
    assert_int_equal(file_read(file, text, 10), 2);
    running = 0;
    assert_false(idle_wait()); /* it has not been answered yet */
    assert_int_equal(file_write(file, "0\0", 2), 2);
    assert_true(idle_wait()); /* nothing came */
    assert_int_equal(woken, 1);
    running = 2;
    fake_sleep = arrive;
    assert_int_equal(file_read(file, text, 10), 2);
    port.on_request(); /* late */
    assert_int_equal(woken, 1);
    assert_int_equal(file_write(file, "0\0", 2), 2);
    arrive();
    port.on_request();
    assert_int_equal(woken, 2);
    assert_int_equal(file_read(file, text, 10), 2);
    assert_int_equal(file_write(file, "0\0", 2), 2);
}

/* ---- readers that go ---- */

static void a_reader_that_goes_is_answered_for(void **state)
{
    struct file *file = *state, *other = open_file(vmm_call_open);

    will_request("f\0", 2);
    assert_int_equal(file_read(other, text, 10), 2);
    file->ops->flush(file, table_now); /* a duplicate is closed */
    assert_int_equal(monitor.replies, 0);
    close_file(other);
    assert_int_equal(monitor.replies, 1);
    assert_string_equal(monitor.reply, "65537");
    assert_int_equal(file_write(file, "0\0", 2), -ESRCH);

    arrive();
    assert_int_equal(file_read(file, text, 10), 2);
    struct fd_table *mine = table_now;
    table_now = NULL; /* the process ends; another one shares the open file */
    file->ops->flush(file, (const struct fd_table *)0x2000);
    assert_int_equal(monitor.replies, 1);
    file->ops->flush(file, mine);
    assert_int_equal(monitor.replies, 2);
    assert_int_equal(monitor.reply_to, area.request);
    close_file(file);
    assert_int_equal(monitor.replies, 2);
    *state = NULL;
}

static void another_file_may_answer(void **state)
{
    struct file *file = *state, *other = open_file(vmm_call_open);

    will_request("f\0", 2);
    assert_int_equal(file_read(file, text, 10), 2);
    assert_int_equal(file_write(other, "0\0", 2), 2);
    close_file(other);
    assert_int_equal(monitor.replies, 1);
}

static void no_calls_no_file(void **state)
{
    struct file file = {0};

    (void)state;
    start_error = -ENXIO;
    assert_int_equal(vmm_call_open(&file), -ENXIO);
    assert_int_equal(vmm_host_open(&file), -ENXIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_exit_per_call),
        TEST(a_filled_buffer_is_continued),
        TEST(a_reply_ends_what_was_not_read),
        TEST(large_records_go_in_pieces),
        TEST(malformed_replies_leave_the_request),
        TEST(a_late_fault_makes_the_reply_void),
        TEST(a_fault_in_reading_may_be_tried_again),
        TEST(nonblocking_readers_do_not_wait),
        TEST(signals_end_waits),
        TEST(the_last_idle_cpu_stands_still),
        TEST(a_reader_that_goes_is_answered_for),
        TEST(another_file_may_answer),
        TEST(no_calls_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
