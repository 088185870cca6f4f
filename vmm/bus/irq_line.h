/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interrupt input as a device sees it: a level, and a pulse for events.
 * Given by machine.c; devices do not know the controller behind it.
 */
#ifndef VMM_BUS_IRQ_LINE_H
#define VMM_BUS_IRQ_LINE_H

#include <stdbool.h>

struct irq_line {
    /* Any thread, async-signal-safe. */
    void (*set)(void *controller, unsigned int pin, bool level);
    void *controller;
    unsigned int pin;
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
    line->set(line->controller, line->pin, level);
}

static inline void irq_line_pulse(const struct irq_line *line)
{
    irq_line_set(line, true);
    irq_line_set(line, false);
}

#endif
