/* SPDX-License-Identifier: BSD-2-Clause */
/* See generation.h.  Owns the monitor's record; what becomes of the seed is random.c's matter. */
#include "arch/generation.h"

#include "arch/clock.h"
#include "arch/spinlock.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uts.h"

static struct {
    struct guest_generation
        *record; /* NULL: the monitor has none; it writes while we stand still */
    atomic_uint seen;
    struct spinlock lock;
    void (*changed)(void);
} generation __attribute__((section(".bss.hot.calls")));

void generation_init(struct guest_generation *record)
{
    generation.record = record;
    atomic_store(&generation.seen, record->counter);
    random_follow(record);
}

static uint32_t counter(void)
{
    return __atomic_load_n(&generation.record->counter, __ATOMIC_ACQUIRE);
}

/* The lock is held. */
static void take_over(void)
{
    const struct guest_generation *record = generation.record;
    char name[GUEST_HOSTNAME_MAX + 1];

    random_renew();
    if (record->wall_ns != 0)
        clock_rebase(record->wall_ns, record->wall_tsc);
    memcpy(name, record->hostname, GUEST_HOSTNAME_MAX);
    name[GUEST_HOSTNAME_MAX] = 0;
    if (name[0])
        uts_set_hostname(name, strlen(name));
}

void generation_check(void)
{
    bool changed = false;

    if (LIKELY(!generation.record) ||
        LIKELY(counter() == atomic_load_explicit(&generation.seen, memory_order_relaxed)))
        return;
    spin_lock(&generation.lock);
    uint32_t now = counter();
    if (now != atomic_load_explicit(&generation.seen, memory_order_relaxed)) {
        take_over();
        atomic_store(&generation.seen, now);
        changed = true;
    }
    spin_unlock(&generation.lock);
    if (changed && generation.changed)
        generation.changed();
}

void generation_set_hook(void (*changed)(void))
{
    generation.changed = changed;
}

bool generation_is_known(void)
{
    return generation.record != NULL;
}

uint32_t generation_counter(void)
{
    return generation.record ? counter() : 0;
}

void generation_id(uint8_t id[16])
{
    memcpy(id, generation.record->id, 16);
}
