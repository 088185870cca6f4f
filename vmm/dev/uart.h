/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An 8250/16450 serial port, output only (National Semiconductor PC16550D
 * datasheet; no FIFO).  What is sent goes to a sink by lines, and the last
 * bytes are kept for error messages.
 */
#ifndef VMM_DEV_UART_H
#define VMM_DEV_UART_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/bus/bus.h"
#include "vmm/bus/irq_line.h"

#define UART_PORTS 8u
#define UART_LINE_MAX 256u
#define UART_TAIL_MAX 2048u /* a whole panic report */

struct uart {
    struct irq_line line;
    /* Takes a piece of output; may be NULL. */
    void (*sink)(void *arg, const char *bytes, size_t length);
    void *arg;

    pthread_mutex_t lock; /* guards what follows */
    uint8_t ier, lcr, mcr, scratch, divisor[2];
    bool thr_interrupt; /* transmitter-empty is to be reported in IIR */
    unsigned int line_length;
    uint64_t tail_written; /* bytes ever; the last UART_TAIL_MAX are kept */
    char line_bytes[UART_LINE_MAX];
    char tail[UART_TAIL_MAX];
};

extern const struct bus_ops uart_bus_ops;

void uart_init(struct uart *uart, const struct irq_line *line,
               void (*sink)(void *, const char *, size_t), void *arg);
/* Hands out an unfinished line. */
void uart_flush(struct uart *uart);
/* The last non-empty lines, at most size - 1 bytes, NUL-terminated, printable. */
void uart_last_lines(struct uart *uart, char *text, size_t size);
void uart_destroy(struct uart *uart);

#endif
