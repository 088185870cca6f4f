/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/qemu/call_channel.c vmm/calls/record.c vmm/calls/host_call.c vmm/calls/outcome.c */
/* links: vmm/load/symbols.c vmm/config.c vmm/config_reports.c vmm/config_functions.c */
/* links: vmm/qemu/control.c vmm/qemu/relay.c */
/*
 * The control channel takes well-formed messages in any pieces and refuses the
 * rest; a relay carries bytes unchanged, ends with its source and drops what
 * nobody reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/qemu/relay.h"

struct fixture {
    struct qemu qemu;
    int guest; /* the far end of the control channel */
};

static struct fixture *open_fixture(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    int pair[2];
    assert_non_null(fixture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    fixture->qemu.channels[CHANNEL_CTL] = pair[0];
    fixture->guest = pair[1];
    return fixture;
}

static void close_fixture(struct fixture *fixture)
{
    close(fixture->qemu.channels[CHANNEL_CTL]);
    close(fixture->guest);
    free(fixture);
}

static int say(struct fixture *fixture, uint32_t word, uint32_t length)
{
    struct guest_ctl_msg message = {word, length};
    assert_int_equal(write(fixture->guest, &message, sizeof(message)), sizeof(message));
    return control_receive(&fixture->qemu);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        uint32_t kind, value;
        enum vmm_outcome outcome;
        int result;
        bool core;
    } table[] = {
        {GUEST_CTL_EXIT, 0, VMM_EXITED, 0, false},
        {GUEST_CTL_EXIT, 255, VMM_EXITED, 255, false},
        {GUEST_CTL_KILLED, 9, VMM_KILLED, 9, false},
        {GUEST_CTL_KILLED, 0x80 | 11, VMM_KILLED, 11, true},
        {GUEST_CTL_PANIC, 0, VMM_PANICKED, 0, false},
        {GUEST_CTL_START_ERROR, 8, VMM_START_FAILED, 8, false},
        {GUEST_CTL_NO_MEMORY, 0, VMM_START_FAILED, ENOMEM, false},
        {GUEST_CTL_REBOOT, 0, VMM_POWERED_OFF, 0, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct fixture *fixture = open_fixture();
        assert_int_equal(say(fixture, GUEST_CTL_WORD(GUEST_CTL_READY, 0), 0), 0);
        assert_false(fixture->qemu.has_result);
        assert_int_equal(say(fixture, GUEST_CTL_WORD(table[i].kind, table[i].value), 0), 0);
        /* The first word counts. */
        assert_int_equal(say(fixture, GUEST_CTL_WORD(GUEST_CTL_EXIT, 77), 0), 0);
        assert_true(fixture->qemu.has_result);
        assert_int_equal(fixture->qemu.result.outcome, table[i].outcome);
        assert_int_equal(fixture->qemu.result.value, table[i].result);
        assert_int_equal(fixture->qemu.result.core_dumped, table[i].core);
        close_fixture(fixture);
    }
}

static void test_broken_protocol(void **state)
{
    (void)state;
    static const struct guest_ctl_msg table[] = {
        {GUEST_CTL_WORD(GUEST_CTL_KILLED, 0), 0},
        {GUEST_CTL_WORD(GUEST_CTL_KILLED, 65), 0},
        {GUEST_CTL_WORD(GUEST_CTL_EXIT, 0), UINT32_MAX},
        {GUEST_CTL_WORD(GUEST_CTL_STATS, 0), 0},
        {GUEST_CTL_WORD(GUEST_CTL_STATS, 0), UINT32_MAX},
        {GUEST_CTL_WORD(GUEST_CTL_STATS, 0), sizeof(struct guest_stats) + 1},
        {GUEST_CTL_WORD(99, 0), 0},
        {0, 0},
        {UINT32_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct fixture *fixture = open_fixture();
        assert_int_equal(say(fixture, table[i].word, table[i].length), -EPROTO);
        assert_false(fixture->qemu.has_result);
        close_fixture(fixture);
    }
}

static void test_pieces(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    struct guest_stats stats = {
        .version = GUEST_STATS_VERSION, .size = sizeof(stats), .page_faults = 42};
    struct guest_ctl_msg parts[2] = {{GUEST_CTL_WORD(GUEST_CTL_STATS, 0), sizeof(stats)},
                                     {GUEST_CTL_WORD(GUEST_CTL_EXIT, 3), 0}};
    uint8_t bytes[sizeof(parts) + sizeof(stats)];
    memcpy(bytes, &parts[0], sizeof(parts[0]));
    memcpy(bytes + sizeof(parts[0]), &stats, sizeof(stats));
    memcpy(bytes + sizeof(parts[0]) + sizeof(stats), &parts[1], sizeof(parts[1]));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(write(fixture->guest, bytes + i, 1), 1);
        assert_int_equal(control_receive(&fixture->qemu), 0);
    }
    assert_int_equal(fixture->qemu.guest_stats.page_faults, 42);
    assert_int_equal(fixture->qemu.result.value, 3);
    assert_int_equal(control_receive(&fixture->qemu), 0); /* nothing there: no end */
    close(fixture->guest);
    fixture->guest = -1;
    assert_int_equal(control_receive(&fixture->qemu), -EPIPE);
    close_fixture(fixture);
}

static void test_deaf_guest_costs_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = open_fixture();
    for (unsigned int i = 0; i < 100000; i++)
        control_send(&fixture->qemu.control, GUEST_CTL_WORD(GUEST_HOST_SIGNAL, 2), NULL, 0);
    assert_true(fixture->qemu.control.out_length <= sizeof(fixture->qemu.control.out));
    control_flush(&fixture->qemu.control, fixture->qemu.channels[CHANNEL_CTL]);
    assert_int_equal(fixture->qemu.control.out_length, 0);
    struct guest_ctl_msg message;
    assert_int_equal(read(fixture->guest, &message, sizeof(message)), sizeof(message));
    assert_int_equal(message.word, GUEST_CTL_WORD(GUEST_HOST_SIGNAL, 2));
    assert_int_equal(message.length, 0);
    close_fixture(fixture);
}

/* Polls and steps until nothing moves. */
static void pump(struct relay *relay, struct tail *tail)
{
    struct pollfd poll_fd;
    for (;;) {
        relay_prepare(relay, &poll_fd);
        if (poll_fd.fd < 0 || poll(&poll_fd, 1, 0) <= 0)
            return;
        relay_step(relay, &poll_fd, tail);
    }
}

static void test_relay(void **state)
{
    (void)state;
    uint8_t *buffer = malloc(RELAY_BYTES), data[10000], back[10000];
    int from[2], to[2];
    struct relay relay;
    struct tail tail = {0};
    assert_true(pipe(from) == 0 && pipe(to) == 0);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    relay_init(&relay, from[0], to[1], buffer);
    assert_int_equal(write(from[1], data, sizeof(data)), sizeof(data));
    pump(&relay, &tail);
    assert_int_equal(read(to[0], back, sizeof(back)), sizeof(back));
    assert_memory_equal(data, back, sizeof(data));
    assert_int_equal(relay.taken, sizeof(data));
    assert_int_equal(tail.length, TAIL_BYTES);
    assert_memory_equal(tail.bytes, data + sizeof(data) - TAIL_BYTES, TAIL_BYTES);
    assert_false(relay_finished(&relay));
    /* The reader goes: the writer is not held up. */
    close(to[0]);
    for (unsigned int i = 0; i < 20; i++) {
        assert_int_equal(write(from[1], data, sizeof(data)), sizeof(data));
        pump(&relay, NULL);
    }
    assert_true(relay.to_gone);
    close(from[1]);
    pump(&relay, NULL);
    assert_true(relay_finished(&relay));
    close(from[0]);
    close(to[1]);
    free(buffer);
}

static void test_relay_waits_for_a_slow_reader(void **state)
{
    (void)state;
    uint8_t *buffer = malloc(RELAY_BYTES), data[4096] = {1};
    int from[2], to[2];
    struct relay relay;
    uint64_t written = 0;
    assert_true(pipe2(from, O_NONBLOCK) == 0 && pipe(to) == 0);
    relay_init(&relay, from[0], to[1], buffer);
    ssize_t done;
    do {
        done = write(from[1], data, sizeof(data));
        written += done > 0 ? (uint64_t)done : 0;
        pump(&relay, NULL); /* would hang here if it wrote more than fits */
    } while (done > 0 && written < 10u << 20);
    assert_true(written < 1u << 20);
    close(from[0]);
    close(from[1]);
    close(to[0]);
    close(to[1]);
    free(buffer);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),   cmocka_unit_test(test_broken_protocol),
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_deaf_guest_costs_nothing),
        cmocka_unit_test(test_relay),  cmocka_unit_test(test_relay_waits_for_a_slow_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
