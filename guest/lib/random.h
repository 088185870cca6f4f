/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's random numbers: ChaCha20 with fast key erasure, so that what was
 * given out cannot be computed from what is in memory later.  Declared here
 * because everybody needs it; arch/random.c implements it, as the CPU is a
 * source.  Any context; one spinlock inside.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/types.h"

/* Mixes bytes in; 32 or more in all, from a good source, make it seeded. */
void random_seed_add(const void *data, size_t size);
/* Never fails: before it is seeded it seeds itself as well as the machine allows. */
void random_bytes(void *buf, size_t size);
uint64_t random_u64(void);
/* Uniform in [0, bound); bound is not 0. */
uint64_t random_below(uint64_t bound);
bool random_is_seeded(void);
/*
 * The monitor's record, arch/generation.h: when its counter changes, its seed is mixed in and
 * wiped before anything more is given out.  random_renew() does that at once.
 */
struct guest_generation;
void random_follow(struct guest_generation *record);
void random_renew(void);
/* Changes when the VM goes on from a snapshot: who copies random bytes on makes sure that it is
 * the same afterwards, or copies anew. */
uint32_t random_generation(void);
/*
 * Where more seed comes from when neither boot seed nor CPU gave any: called once,
 * without locks; it calls random_seed_add() if it has something.  May sleep: so
 * it runs only from random_wait_seeded().
 */
void random_set_source(void (*source)(void));
/* From a thread: tries the source when that is needed.  For getrandom(2). */
void random_wait_seeded(void);

#endif
