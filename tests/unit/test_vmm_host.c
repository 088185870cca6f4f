/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/vmm/host: calls of the embedder's functions, their turns, malformed ones. */
/* links: guest/fs/vmm_host.c guest/mm/iobuf.c tests/unit/driver_fakes.c tests/unit/vmm_monitor.c */
#include "unit/vmm_monitor.h"

#include <stdlib.h>
#include <string.h>

static char text[256];

static int setup(void **state)
{
    (void)state;
    monitor_reset();
    return 0;
}

static void host_functions_answer(void **state)
{
    struct file *file = open_file(vmm_host_open);
    const size_t size = 300000;
    char *data = pattern(size), *got = malloc(size + 1);

    (void)state;
    assert_int_equal(file_read(file, text, 10), 0); /* no call */
    monitor.answer = "0\0four";
    monitor.answer_size = 6;
    assert_int_equal(file_write(file, "f\0two", 5), 5);
    assert_memory_equal(monitor.call, "f\0two", 5);
    assert_true(file->ops->poll(file, NULL) & POLL_IN);
    assert_int_equal(file_read(file, text, 4), 4);
    assert_int_equal(file_read(file, text + 4, 100), 2);
    assert_memory_equal(text, "0\0four", 6);
    assert_int_equal(file_read(file, text, 10), 0);
    assert_false(file->ops->poll(file, NULL) & POLL_IN);

    monitor.answer = data;
    monitor.answer_size = size;
    memcpy(got, data, size);
    memcpy(got, "f\0", 2);
    assert_int_equal(file_write(file, got, size), (int)size);
    assert_int_equal(monitor.call_size, size);
    assert_memory_equal(monitor.call, got, size);
    assert_int_equal(file_read(file, got, size), (int)size);
    assert_memory_equal(got, data, size);
    assert_int_equal(file_read(file, got, size), 0);
    close_file(file);
    free(data);
    free(got);
}

static void host_calls_take_turns(void **state)
{
    struct file *first = open_file(vmm_host_open), *second = open_file(vmm_host_open);

    (void)state;
    atomic_store(&second->flags, O_NONBLOCK);
    monitor.answer = "0\0yes";
    monitor.answer_size = 5;
    assert_int_equal(file_write(first, "f\0", 2), 2);
    assert_int_equal(file_write(second, "f\0", 2), -EAGAIN);
    assert_false(second->ops->poll(second, NULL) & POLL_OUT);
    atomic_store(&second->flags, 0);
    assert_int_equal(file_write(second, "f\0", 2), -ERESTARTSYS);
    assert_int_equal(file_write(first, "g\0", 2), 2); /* gives the answer before up */
    assert_int_equal(file_read(second, text, 10), 0);
    assert_int_equal(file_read(first, text, 5), 5); /* all of it: the next one's turn */
    assert_int_equal(file_write(second, "f\0", 2), 2);
    close_file(second);
    assert_int_equal(file_write(first, "f\0", 2), 2);
    close_file(first);
    assert_int_equal(monitor.hosts, 4);
}

static void malformed_host_calls_are_refused(void **state)
{
    struct file *file = open_file(vmm_host_open);
    char *data = calloc(1, GUEST_CALL_RECORD_MAX + 1);

    (void)state;
    monitor.answer = "0\0";
    monitor.answer_size = 2;
    memset(data, 'n', 300);
    assert_int_equal(file_write(file, "name", 4), -EINVAL);
    assert_int_equal(file_write(file, "\0in", 3), -EINVAL);
    assert_int_equal(file_write(file, "", 0), -EINVAL);
    assert_int_equal(file_write(file, data, 400), -EINVAL);
    data[GUEST_CALL_NAME_MAX] = 0;
    assert_int_equal(file_write(file, data, GUEST_CALL_RECORD_MAX + 1), -EMSGSIZE);
    assert_int_equal(monitor.hosts, 0);
    assert_int_equal(file_write(file, data, GUEST_CALL_RECORD_MAX), GUEST_CALL_RECORD_MAX);
    assert_int_equal(monitor.hosts, 1);
    fault_from = data + 150000;
    fault_to = data + GUEST_CALL_RECORD_MAX;
    assert_int_equal(file_write(file, data, 200000), -EFAULT);
    assert_true(monitor.void_call);
    assert_int_equal(file_read(file, text, 10), 0);
    fault_from = NULL;
    assert_int_equal(file_write(file, "f\0", 2), 2);
    assert_false(monitor.void_call);
    close_file(file);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(host_functions_answer, setup),
        cmocka_unit_test_setup(host_calls_take_turns, setup),
        cmocka_unit_test_setup(malformed_host_calls_are_refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
