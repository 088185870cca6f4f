/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 8250 registers.  The transmitter is always empty: a byte is out as soon as
 * it is written.
 */
#include "vmm/dev/uart.h"

#include <string.h>

enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

#define IER_THR_EMPTY 0x02u
#define IER_MASK 0x0fu
#define IIR_NONE 0x01u
#define IIR_THR_EMPTY 0x02u
#define LCR_DIVISOR 0x80u
#define MCR_LOOP 0x10u
#define LSR_TRANSMITTER_EMPTY 0x60u /* holding and shift register */
#define MSR_CTS_DSR_DCD 0xb0u

void uart_init(struct uart *uart, const struct irq_line *line,
               void (*sink)(void *, const char *, size_t), void *arg)
{
    uart->line = *line;
    uart->sink = sink;
    uart->arg = arg;
    pthread_mutex_init(&uart->lock, NULL);
}

void uart_destroy(struct uart *uart)
{
    pthread_mutex_destroy(&uart->lock);
}

static void flush_locked(struct uart *uart)
{
    if (uart->line_length > 0 && uart->sink != NULL) {
        uart->sink(uart->arg, uart->line_bytes, uart->line_length);
    }
    uart->line_length = 0;
}

void uart_flush(struct uart *uart)
{
    pthread_mutex_lock(&uart->lock);
    flush_locked(uart);
    pthread_mutex_unlock(&uart->lock);
}

static void transmit(struct uart *uart, char byte)
{
    uart->tail[uart->tail_written++ % UART_TAIL_MAX] = byte;
    uart->line_bytes[uart->line_length++] = byte;
    if (byte == '\n' || uart->line_length == UART_LINE_MAX) {
        flush_locked(uart);
    }
}

/* With the interrupt enabled, "empty" is an event whenever it becomes true. */
static void transmitter_empty(struct uart *uart)
{
    if ((uart->ier & IER_THR_EMPTY) != 0) {
        uart->thr_interrupt = true;
        irq_line_pulse(&uart->line);
    }
}

static void write_register(struct uart *uart, unsigned int reg, uint8_t value)
{
    bool divisor = (uart->lcr & LCR_DIVISOR) != 0;

    switch (reg) {
    case REG_DATA:
    case REG_IER:
        if (divisor) {
            uart->divisor[reg] = value;
        } else if (reg == REG_DATA) {
            if ((uart->mcr & MCR_LOOP) == 0) {
                transmit(uart, (char)value);
            }
            transmitter_empty(uart);
        } else {
            bool was_off = (uart->ier & IER_THR_EMPTY) == 0;

            uart->ier = value & IER_MASK;
            if (was_off) {
                transmitter_empty(uart);
            }
        }
        break;
    case REG_LCR:
        uart->lcr = value;
        break;
    case REG_MCR:
        uart->mcr = value;
        break;
    case REG_SCRATCH:
        uart->scratch = value;
        break;
    default: /* FIFO control: there is none; status registers are read-only */
        break;
    }
}

static uint8_t read_register(struct uart *uart, unsigned int reg)
{
    bool divisor = (uart->lcr & LCR_DIVISOR) != 0;

    switch (reg) {
    case REG_DATA:
        return divisor ? uart->divisor[0] : 0;
    case REG_IER:
        return divisor ? uart->divisor[1] : uart->ier;
    case REG_IIR:
        if (uart->thr_interrupt) {
            uart->thr_interrupt = false;
            return IIR_THR_EMPTY;
        }
        return IIR_NONE;
    case REG_LCR:
        return uart->lcr;
    case REG_MCR:
        return uart->mcr;
    case REG_LSR:
        return LSR_TRANSMITTER_EMPTY;
    case REG_MSR:
        /* Loop mode reflects the modem outputs: what drivers probe for. */
        return (uart->mcr & MCR_LOOP) == 0
                   ? MSR_CTS_DSR_DCD
                   : (uint8_t)((uart->mcr & 0x01u) << 5 | (uart->mcr & 0x02u) << 3 |
                               (uart->mcr & 0x0cu) << 4);
    default:
        return uart->scratch;
    }
}

static uint64_t uart_read(void *device, uint64_t offset, unsigned int size)
{
    struct uart *uart = device;
    uint8_t value;

    if (size != 1) {
        return UINT64_MAX;
    }
    pthread_mutex_lock(&uart->lock);
    value = read_register(uart, (unsigned int)offset);
    pthread_mutex_unlock(&uart->lock);
    return value;
}

static void uart_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct uart *uart = device;

    if (size != 1) {
        return;
    }
    pthread_mutex_lock(&uart->lock);
    write_register(uart, (unsigned int)offset, (uint8_t)value);
    pthread_mutex_unlock(&uart->lock);
}

const struct bus_ops uart_bus_ops = {.read = uart_read, .write = uart_write};

void uart_last_lines(struct uart *uart, char *text, size_t size)
{
    uint64_t start, length;
    size_t used = 0;

    pthread_mutex_lock(&uart->lock);
    length = uart->tail_written < UART_TAIL_MAX ? uart->tail_written : UART_TAIL_MAX;
    if (length > size - 1) {
        length = size - 1;
    }
    start = uart->tail_written - length;
    for (uint64_t i = start; i < start + length; i++) {
        char byte = uart->tail[i % UART_TAIL_MAX];

        /* One line: the guest's text must not forge lines of ours. */
        text[used++] = byte >= ' ' && byte <= '~' ? byte : byte == '\n' ? '|' : '?';
    }
    pthread_mutex_unlock(&uart->lock);
    while (used > 0 && (text[used - 1] == '|' || text[used - 1] == '?')) {
        used--;
    }
    text[used] = '\0';
}
