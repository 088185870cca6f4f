/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/dev/ioapic.c vmm/dev/ctl_port.c vmm/dev/uart.c vmm/bus/bus.c */
/* Interrupts are sent when they should be and never lost; ports answer as the contract says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/guest_abi.h"
#include "vmm/bus/bus.h"
#include "vmm/dev/ctl_port.h"
#include "vmm/dev/ioapic.h"
#include "vmm/dev/uart.h"

struct board {
    struct ioapic ioapic;
    struct ctl_port ctl;
    unsigned int sent;
    uint64_t address;
    uint32_t data;
    uint32_t kind, value;
    char output[4096];
    size_t output_length;
};

static void send(void *arg, uint64_t address, uint32_t data)
{
    struct board *board = arg;

    board->sent++;
    board->address = address;
    board->data = data;
}

static void report(void *arg, uint32_t kind, uint8_t value, uint32_t frame)
{
    struct board *board = arg;

    (void)frame;
    board->kind = kind;
    board->value = value;
}

static int setup(void **state)
{
    struct board *board = calloc(1, sizeof(*board));

    ioapic_init(&board->ioapic, send, board);
    board->ctl = (struct ctl_port){
        .line = {.set = ioapic_set_line, .controller = &board->ioapic, .pin = GUEST_CTL_GSI},
        .report = report,
        .arg = board};
    *state = board;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void redirect(struct board *board, unsigned int pin, uint32_t low, uint32_t high)
{
    ioapic_bus_ops.write(&board->ioapic, 0, 4, 0x11 + 2 * pin);
    ioapic_bus_ops.write(&board->ioapic, 0x10, 4, high);
    ioapic_bus_ops.write(&board->ioapic, 0, 4, 0x10 + 2 * pin);
    ioapic_bus_ops.write(&board->ioapic, 0x10, 4, low);
}

static void edges_are_sent_once(void **state)
{
    struct board *board = *state;

    redirect(board, 5, 0x841, 3u << 24);
    ioapic_set_line(&board->ioapic, 5, true);
    assert_int_equal(board->sent, 1);
    assert_int_equal(board->address, 0xfee03004);
    assert_int_equal(board->data, 0x41);
    ioapic_set_line(&board->ioapic, 5, true);
    assert_int_equal(board->sent, 1);
    ioapic_set_line(&board->ioapic, 5, false);
    ioapic_set_line(&board->ioapic, 5, true);
    assert_int_equal(board->sent, 2);
    ioapic_set_line(&board->ioapic, 24, true);
    ioapic_set_line(&board->ioapic, 4000000000u, true);
    assert_int_equal(board->sent, 2);
}

static void what_comes_while_masked_is_sent_later(void **state)
{
    struct board *board = *state;

    ioapic_set_line(&board->ioapic, 7, true);
    ioapic_set_line(&board->ioapic, 7, false);
    assert_int_equal(board->sent, 0);
    redirect(board, 7, 0x10033, 0);
    assert_int_equal(board->sent, 0);
    redirect(board, 7, 0x33, 0);
    assert_int_equal(board->sent, 1);
    redirect(board, 7, 0x33, 0);
    assert_int_equal(board->sent, 1);
}

static void registers_read_back(void **state)
{
    struct board *board = *state;

    redirect(board, 23, 0xffffffff, 0xab000000);
    ioapic_bus_ops.write(&board->ioapic, 0, 4, 0x3e);
    assert_int_equal(ioapic_bus_ops.read(&board->ioapic, 0x10, 4), 0xffffffff & ~0x5000u);
    ioapic_bus_ops.write(&board->ioapic, 0, 4, 1);
    assert_int_equal(ioapic_bus_ops.read(&board->ioapic, 0x10, 4), 0x170011);
    ioapic_bus_ops.write(&board->ioapic, 0, 4, 0x40);
    assert_int_equal(ioapic_bus_ops.read(&board->ioapic, 0x10, 4), 0xffffffff);
    ioapic_bus_ops.write(&board->ioapic, 0x10, 4, 1);
    for (uint32_t i = 0; i < 0x100; i++) {
        ioapic_bus_ops.write(&board->ioapic, i, 1u << i % 4, i * 0x01010101u);
        ioapic_bus_ops.read(&board->ioapic, i, 1u << i % 4);
    }
}

static void signals_wait_until_taken(void **state)
{
    struct board *board = *state;

    redirect(board, GUEST_CTL_GSI, 0x30, 0);
    assert_int_equal(ctl_port_signal(&board->ctl, 0), -EINVAL);
    assert_int_equal(ctl_port_signal(&board->ctl, 65), -EINVAL);
    assert_int_equal(ctl_port_signal(&board->ctl, -1), -EINVAL);
    assert_int_equal(ctl_port_bus_ops.read(&board->ctl, 0, 4), 0);
    assert_int_equal(ctl_port_signal(&board->ctl, 15), 0);
    assert_int_equal(ctl_port_signal(&board->ctl, 2), 0);
    assert_int_equal(ctl_port_signal(&board->ctl, 2), 0);
    assert_int_equal(ctl_port_signal(&board->ctl, 64), 0);
    assert_int_equal(board->sent, 1);
    assert_int_equal(ctl_port_bus_ops.read(&board->ctl, 0, 4), 2);
    assert_int_equal(board->sent, 2); /* more are there */
    assert_int_equal(ctl_port_bus_ops.read(&board->ctl, 0, 4), 15);
    assert_int_equal(ctl_port_bus_ops.read(&board->ctl, 0, 4), 64);
    assert_int_equal(ctl_port_bus_ops.read(&board->ctl, 0, 4), 0);
    assert_int_equal(board->sent, 3);
}

static void reports_come_whole(void **state)
{
    struct board *board = *state;

    ctl_port_bus_ops.write(&board->ctl, 0, 4, GUEST_CTL_WORD(GUEST_CTL_EXIT, 255));
    assert_int_equal(board->kind, GUEST_CTL_EXIT);
    assert_int_equal(board->value, 255);
    board->kind = 0;
    ctl_port_bus_ops.write(&board->ctl, 0, 2, 0x1ff);
    ctl_port_bus_ops.write(&board->ctl, 1, 4, 0x1ff);
    assert_int_equal(board->kind, 0);
}

static void sink(void *arg, const char *bytes, size_t length)
{
    struct board *board = arg;

    assert_true(board->output_length + length <= sizeof(board->output));
    memcpy(board->output + board->output_length, bytes, length);
    board->output_length += length;
}

static void the_serial_port_gives_lines(void **state)
{
    struct board *board = *state;
    struct irq_line line = {.set = ioapic_set_line, .controller = &board->ioapic, .pin = 4};
    struct uart uart = {.scratch = 0};
    const char *text = "one\ntw\033o\n";
    char last[40];

    uart_init(&uart, &line, sink, board);
    for (const char *at = text; *at != '\0'; at++) {
        uart_bus_ops.write(&uart, 0, 1, (uint8_t)*at);
    }
    uart_bus_ops.write(&uart, 0, 1, '3');
    assert_int_equal(board->output_length, 9);
    uart_flush(&uart);
    assert_memory_equal(board->output, "one\ntw\033o\n3", 10);
    uart_last_lines(&uart, last, sizeof(last));
    assert_string_equal(last, "one|tw?o|3");
    uart_last_lines(&uart, last, 4);
    assert_string_equal(last, "o|3");
    redirect(board, 4, 0x44, 0);
    uart_bus_ops.write(&uart, 1, 1, 2);
    assert_int_equal(board->sent, 1);
    assert_int_equal(uart_bus_ops.read(&uart, 2, 1), 2);
    assert_int_equal(uart_bus_ops.read(&uart, 2, 1), 1);
    for (unsigned int i = 0; i < 3000; i++) {
        board->output_length = 0;
        uart_bus_ops.write(&uart, i % 8, 1, i * 7);
        uart_bus_ops.read(&uart, i % 8, 1u << i % 4);
    }
    uart_destroy(&uart);
}

static uint64_t bus_answer(void *device, uint64_t offset, unsigned int size)
{
    (void)device;
    return offset * 10 + size;
}

static void ranges_do_not_overlap_or_leak(void **state)
{
    static const struct bus_ops ops = {.read = bus_answer};
    struct bus bus = {.count = 0};
    uint64_t value;

    (void)state;
    assert_int_equal(bus_add(&bus, 0x100, 8, &ops, NULL), 0);
    assert_int_equal(bus_add(&bus, 0x107, 8, &ops, NULL), -EEXIST);
    assert_int_equal(bus_add(&bus, 0x108, 8, &ops, NULL), 0);
    assert_true(bus_read(&bus, 0x104, 4, &value));
    assert_int_equal(value, 44);
    assert_false(bus_read(&bus, 0x106, 4, &value)); /* straddles two */
    assert_true(value == UINT64_MAX);
    assert_false(bus_read(&bus, UINT64_MAX, 8, &value));
    assert_false(bus_write(&bus, 0x110, 1, 0));
    for (unsigned int i = 0; bus.count < BUS_RANGES_MAX; i++) {
        assert_int_equal(bus_add(&bus, 0x1000 + i, 1, &ops, NULL), 0);
    }
    assert_int_equal(bus_add(&bus, 0x5000, 1, &ops, NULL), -ENOSPC);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(edges_are_sent_once),
        TEST(what_comes_while_masked_is_sent_later),
        TEST(registers_read_back),
        TEST(signals_wait_until_taken),
        TEST(reports_come_whole),
        TEST(the_serial_port_gives_lines),
        TEST(ranges_do_not_overlap_or_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
