/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference counts that panic instead of wrapping or rising from the dead. */
#ifndef LIB_REFCOUNT_H
#define LIB_REFCOUNT_H

#include "lib/panic.h"

struct refcount {
    atomic_int value;
};

static inline void ref_init(struct refcount *ref)
{
    atomic_store_explicit(&ref->value, 1, memory_order_relaxed);
}

static inline void ref_get(struct refcount *ref)
{
    int old = atomic_fetch_add_explicit(&ref->value, 1, memory_order_relaxed);
    ASSERT(old > 0 && old < INT_MAX - 1);
}

/* For those who find an object that its last owner may be about to free. */
static inline bool ref_get_unless_zero(struct refcount *ref)
{
    int old = atomic_load_explicit(&ref->value, memory_order_relaxed);

    while (old > 0) {
        if (atomic_compare_exchange_weak_explicit(&ref->value, &old, old + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

/* True when this was the last one: the caller frees. */
static inline bool ref_put(struct refcount *ref)
{
    int old = atomic_fetch_sub_explicit(&ref->value, 1, memory_order_acq_rel);
    ASSERT(old > 0);
    return old == 1;
}

static inline int ref_read(const struct refcount *ref)
{
    return atomic_load_explicit(&ref->value, memory_order_relaxed);
}

#endif
