/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device's interrupt looks like to those who list them: from drivers/ to fs/. */
#ifndef IFACE_INTERRUPT_H
#define IFACE_INTERRUPT_H

#include "lib/types.h"

struct interrupt_shown {
    unsigned int number; /* of the line, or behind those */
    unsigned int cpu; /* only that CPU gets it */
    uint64_t count;
    bool message, level;
};

#endif
