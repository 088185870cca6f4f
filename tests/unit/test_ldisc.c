/* SPDX-License-Identifier: BSD-2-Clause */
/* The line discipline: editing, echo, signals, lines and bytes, as termios(3) says. */
/* links: guest/fs/ldisc.c guest/fs/ldisc_io.c guest/mm/iobuf.c tests/unit/driver_fakes.c */
#include "unit/driver_fakes.h"

#include <string.h>

#include "fs/ldisc.h"
#include "lib/errno.h"

static struct ldisc ldisc;
static char screen[8192]; /* what the device was given */
static size_t screen_size, device_room;
static int signals[16];
static unsigned int signal_count;

size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t size)
{
    (void)dst;
    (void)src;
    return size;
}

size_t copy_from_user_partial(void *dst, uaddr_t src, size_t size)
{
    (void)dst;
    (void)src;
    return size;
}

size_t clear_user_partial(uaddr_t dst, size_t size)
{
    (void)dst;
    return size;
}

static size_t output(struct ldisc *line, const uint8_t *data, size_t size)
{
    size_t part = MIN(MIN(size, device_room), sizeof(screen) - 1 - screen_size);
    (void)line;
    memcpy(screen + screen_size, data, part);
    screen_size += part;
    device_room -= part;
    return part;
}

static void raise_signal(struct ldisc *line, int signo)
{
    (void)line;
    signals[signal_count++ % ARRAY_SIZE(signals)] = signo;
}

static int set_up(void **state)
{
    static const struct ldisc_ops ops = {.output = output, .signal = raise_signal};
    (void)state;
    ldisc_init(&ldisc, &ops);
    memset(screen, 0, sizeof(screen));
    screen_size = signal_count = 0;
    device_room = SIZE_MAX;
    fake_sleep = NULL;
    return 0;
}

static void type(const char *text)
{
    ldisc_receive(&ldisc, (const uint8_t *)text, strlen(text));
}

static ssize_t read_some(char *data, size_t size, bool nonblock)
{
    struct iov_user segment;
    struct iobuf buf;
    iobuf_kernel(&buf, &segment, data, size);
    return ldisc_read(&ldisc, &buf, nonblock);
}

static ssize_t write_text(const char *text, bool nonblock)
{
    char copy[6000];
    struct iov_user segment;
    struct iobuf buf;
    memcpy(copy, text, strlen(text));
    iobuf_kernel(&buf, &segment, copy, strlen(text));
    return ldisc_write(&ldisc, &buf, nonblock);
}

static void expect_read(size_t size, const char *expected)
{
    char data[5000] = {0};
    ssize_t count = read_some(data, size, true);
    assert_int_equal(count, strlen(expected));
    assert_memory_equal(data, expected, strlen(expected));
}

static void expect_screen(const char *expected)
{
    assert_string_equal(screen, expected);
    memset(screen, 0, sizeof(screen));
    screen_size = 0;
}

static void change(uint32_t lflag_off, uint32_t lflag_on, uint8_t min, uint8_t time)
{
    struct termios termios;
    ldisc_get_termios(&ldisc, &termios);
    termios.lflag = (termios.lflag & ~lflag_off) | lflag_on;
    termios.cc[VMIN] = min;
    termios.cc[VTIME] = time;
    ldisc_set_termios(&ldisc, &termios);
}

static void test_lines_are_read_one_at_a_time(void **state)
{
    (void)state;
    type("one\rtwo\nthr");
    expect_screen("one\r\ntwo\r\nthr");
    expect_read(100, "one\n");
    assert_true(ldisc_can_read(&ldisc));
    expect_read(2, "tw");
    expect_read(100, "o\n");
    assert_false(ldisc_can_read(&ldisc));
    char data[4];
    assert_int_equal(read_some(data, sizeof(data), true), -EAGAIN);
    type("ee\n");
    assert_int_equal(ldisc_input_count(&ldisc), 6);
    expect_read(6, "three\n");
}

static void test_end_of_file_key(void **state)
{
    (void)state;
    type("part\4");
    expect_screen("part");
    expect_read(100, "part");
    type("\4");
    assert_true(ldisc_can_read(&ldisc));
    expect_read(100, "");
    /* A read of exactly the text also takes the end of the line. */
    type("abcd\4next\n");
    expect_read(4, "abcd");
    expect_read(100, "next\n");
}

static void test_erase_kill_and_word(void **state)
{
    (void)state;
    type("abx\177c\n");
    expect_screen("abx\b \bc\r\n");
    expect_read(100, "abc\n");
    type("\177\177ok\n"); /* nothing to erase */
    expect_screen("ok\r\n");
    expect_read(100, "ok\n");
    type("wrong\25ok\n");
    expect_read(100, "ok\n");
    screen_size = 0;
    memset(screen, 0, sizeof(screen));
    type("a bc, \27d\n");
    expect_screen("a bc, \b \b\b \b\b \b\b \bd\r\n");
    expect_read(100, "a d\n");
    type("a\1\177b\n"); /* a control character takes two columns */
    expect_screen("a^A\b \b\b \bb\r\n");
    expect_read(100, "ab\n");
    type("a\t\177b\n"); /* seven columns back, nothing to overwrite */
    expect_screen("a\t\b\b\b\b\b\b\bb\r\n");
    expect_read(100, "ab\n");
}

static void test_utf8_is_erased_as_one(void **state)
{
    struct termios termios;
    (void)state;
    ldisc_get_termios(&ldisc, &termios);
    termios.iflag |= IUTF8;
    ldisc_set_termios(&ldisc, &termios);
    type("a\xc3\xa4\177b\n");
    expect_screen("a\xc3\xa4\b \bb\r\n");
    expect_read(100, "ab\n");
}

static void test_literal_next(void **state)
{
    (void)state;
    type("a\26\3b\n");
    assert_int_equal(signal_count, 0);
    expect_read(100, "a\3b\n");
    type("\26\177x\n");
    expect_read(100, "\177x\n");
}

static void test_signal_keys(void **state)
{
    (void)state;
    type("lost\3kept\n");
    assert_int_equal(signal_count, 1);
    assert_int_equal(signals[0], TTY_SIGINT);
    expect_read(100, "kept\n");
    type("\32\34");
    assert_int_equal(signals[1], TTY_SIGTSTP);
    assert_int_equal(signals[2], TTY_SIGQUIT);
    change(ISIG, 0, 1, 0);
    type("\3\n");
    assert_int_equal(signal_count, 3);
    expect_read(100, "\3\n");
    change(0, ISIG | NOFLSH, 1, 0);
    type("stays\3\n");
    assert_int_equal(signal_count, 4);
    expect_read(100, "stays\n");
}

static void test_raw_bytes(void **state)
{
    (void)state;
    change(ICANON | ECHO | ISIG | IEXTEN, 0, 1, 0);
    type("a\3\177");
    expect_screen("");
    expect_read(2, "a\3");
    expect_read(100, "\177");
    char data[4];
    assert_int_equal(read_some(data, 4, true), -EAGAIN);
    change(0, 0, 3, 0);
    type("xy");
    assert_false(ldisc_can_read(&ldisc));
    assert_int_equal(read_some(data, 4, false), -ERESTARTSYS); /* it would sleep */
    type("z");
    assert_true(ldisc_can_read(&ldisc));
    expect_read(100, "xyz");
    change(0, 0, 0, 0);
    assert_int_equal(read_some(data, 4, false), 0);
}

static void test_timeouts(void **state)
{
    char data[8];
    (void)state;
    change(ICANON, 0, 0, 5);
    ns_t before = fake_time_ns;
    assert_int_equal(read_some(data, sizeof(data), false), 0);
    assert_in_range(fake_time_ns - before, 500000000, 501000000);
    /* With VMIN the timer starts with the first byte. */
    change(0, 0, 5, 5);
    type("ab");
    before = fake_time_ns;
    assert_int_equal(read_some(data, sizeof(data), false), 2);
    assert_in_range(fake_time_ns - before, 500000000, 501000000);
}

static unsigned int bytes_to_come;

static void type_after_a_while(void)
{
    fake_time_ns += 300000000;
    if (bytes_to_come != 0) {
        bytes_to_come--;
        type("x");
    }
}

static void test_each_byte_restarts_the_timer(void **state)
{
    char data[8];
    (void)state;
    change(ICANON, 0, 5, 5);
    bytes_to_come = 3;
    fake_sleep = type_after_a_while;
    assert_int_equal(read_some(data, sizeof(data), false), 3);
}

static void test_mode_change_keeps_what_was_typed(void **state)
{
    (void)state;
    type("abc");
    change(ICANON, 0, 1, 0);
    expect_read(2, "ab");
    change(0, ICANON, 1, 0);
    assert_true(ldisc_can_read(&ldisc));
    expect_read(100, "c");
    type("next\n");
    expect_read(100, "next\n");
}

static void test_output_processing(void **state)
{
    struct termios termios;
    (void)state;
    assert_int_equal(write_text("a\nb", true), 3);
    expect_screen("a\r\nb");
    ldisc_get_termios(&ldisc, &termios);
    termios.oflag |= XTABS | OCRNL;
    ldisc_set_termios(&ldisc, &termios);
    write_text("\nab\tc\r", true);
    expect_screen("\r\nab      c\r\n");
    termios.oflag = 0;
    ldisc_set_termios(&ldisc, &termios);
    write_text("a\nb\tc", true);
    expect_screen("a\nb\tc");
}

static void test_slow_device(void **state)
{
    char text[3001];
    (void)state;
    memset(text, 'x', 3000);
    text[3000] = 0;
    device_room = 10;
    ssize_t taken = write_text(text, true);
    assert_in_range(taken, 10 + LDISC_OUTPUT_SIZE - LDISC_ECHO_RESERVE - 16,
                    10 + LDISC_OUTPUT_SIZE);
    assert_false(ldisc_can_write(&ldisc));
    assert_int_equal(write_text("y", true), -EAGAIN);
    assert_int_equal(ldisc_output_count(&ldisc), taken - 10);
    device_room = SIZE_MAX;
    ldisc_pump_output(&ldisc);
    assert_int_equal(screen_size, taken);
    assert_true(ldisc_can_write(&ldisc));
    assert_int_equal(ldisc_wait_output(&ldisc), 0);
}

static void test_stop_and_start(void **state)
{
    (void)state;
    type("\23");
    assert_int_equal(write_text("held", true), 4);
    expect_screen("");
    type("\21");
    expect_screen("held");
    ldisc_stop_output(&ldisc, true);
    write_text("again", true);
    expect_screen("");
    ldisc_flush(&ldisc, false, true);
    ldisc_stop_output(&ldisc, false);
    expect_screen("");
}

static void test_full_buffer_keeps_room_for_the_end(void **state)
{
    static char data[LDISC_INPUT_SIZE + 100];
    (void)state;
    change(ECHO, 0, 1, 0);
    for (unsigned int i = 0; i < LDISC_INPUT_SIZE + 500; i++) {
        assert_true(ldisc_room(&ldisc) > 0); /* keys that end the line must get in */
        type("x");
    }
    assert_false(ldisc_can_read(&ldisc));
    type("\n");
    assert_int_equal(read_some(data, sizeof(data), true), LDISC_INPUT_SIZE);
    assert_int_equal(data[LDISC_INPUT_SIZE - 1], '\n');
    /* Many rounds: indices pass the end of the ring. */
    for (unsigned int i = 0; i < 3000; i++) {
        type("abc\n");
        expect_read(100, "abc\n");
    }
}

static void test_hang_up(void **state)
{
    char data[8];
    (void)state;
    type("last\n");
    ldisc_hang_up(&ldisc);
    expect_read(100, "last\n");
    assert_true(ldisc_can_read(&ldisc));
    assert_int_equal(read_some(data, sizeof(data), false), 0);
}

static void test_flush_input(void **state)
{
    (void)state;
    type("gone\nalso");
    ldisc_flush(&ldisc, true, false);
    assert_false(ldisc_can_read(&ldisc));
    type("new\n");
    expect_read(100, "new\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_lines_are_read_one_at_a_time),
        TEST(test_end_of_file_key),
        TEST(test_erase_kill_and_word),
        TEST(test_utf8_is_erased_as_one),
        TEST(test_literal_next),
        TEST(test_signal_keys),
        TEST(test_raw_bytes),
        TEST(test_timeouts),
        TEST(test_each_byte_restarts_the_timer),
        TEST(test_mode_change_keeps_what_was_typed),
        TEST(test_output_processing),
        TEST(test_slow_device),
        TEST(test_stop_and_start),
        TEST(test_full_buffer_keeps_room_for_the_end),
        TEST(test_hang_up),
        TEST(test_flush_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
