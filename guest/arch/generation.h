/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generations of a VM (boot/guest_abi.h, "Generation"): a VM that goes on from a snapshot gets
 * a new seed, the time of day and a name before it goes on.  Without the module from the
 * monitor there is one generation, and nothing here costs anything.
 *
 * Any context; one spinlock inside.
 */
#ifndef ARCH_GENERATION_H
#define ARCH_GENERATION_H

#include "boot/guest_abi.h"
#include "lib/types.h"

/* Boot, before there are random numbers: the record, mapped, which stays the monitor's. */
void generation_init(struct guest_generation *record);
/* Takes a new generation over.  After whatever a VM may stand still in. */
void generation_check(void);
/* Called after each change, by the CPU that saw it; in any context, no locks held. */
void generation_set_hook(void (*changed)(void));
bool generation_is_known(void); /* did the monitor say? */
uint32_t generation_counter(void); /* rises with each; 0 at boot */
void generation_id(uint8_t id[16]);

#endif
