/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8250 at COM1 for kernel messages: output only, polled, silent until the first message. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include "lib/types.h"

/* Any context.  The first call looks whether there is a chip; without one it does nothing. */
void uart_write(const char *text, size_t length);

#endif
