/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 8250/16550 output for kernel messages (PC16550D datasheet, section 8).  Each
 * port access is an exit: the chip is probed by its first message, and a status
 * read serves a whole transmit FIFO.
 */
#include "drivers/uart.h"

#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "boot/guest_abi.h"

#define UART_THR (GUEST_UART_PORT + 0) /* transmit holding */
#define UART_FCR (GUEST_UART_PORT + 2) /* FIFO control */
#define UART_LSR (GUEST_UART_PORT + 5) /* line status */

#define FCR_ENABLE_CLEAR 0x07u
#define LSR_THR_EMPTY 0x20u
#define LSR_ABSENT 0xffu /* what an empty bus reads as */
#define FIFO_SIZE 16u
#define POLLS_MAX 100000u /* a stuck chip must not stop the kernel */

enum { UART_UNKNOWN, UART_PRESENT, UART_ABSENT };

/* The log calls in one at a time; this also guards against direct callers. */
static struct spinlock uart_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static uint8_t uart_state;

static bool probe(void)
{
    if (uart_state == UART_UNKNOWN) {
        uart_state = inb(UART_LSR) == LSR_ABSENT ? UART_ABSENT : UART_PRESENT;
        if (uart_state == UART_PRESENT)
            outb(UART_FCR, FCR_ENABLE_CLEAR);
    }
    return uart_state == UART_PRESENT;
}

static bool wait_empty(void)
{
    for (unsigned int i = 0; i < POLLS_MAX; i++) {
        if (inb(UART_LSR) & LSR_THR_EMPTY)
            return true;
        cpu_pause();
    }
    return false;
}

void uart_write(const char *text, size_t length)
{
    spin_lock(&uart_lock);
    if (probe()) {
        for (size_t i = 0; i < length; i += FIFO_SIZE) {
            if (!wait_empty())
                break;
            outsb(UART_THR, text + i, MIN(length - i, (size_t)FIFO_SIZE));
        }
    }
    spin_unlock(&uart_lock);
}
