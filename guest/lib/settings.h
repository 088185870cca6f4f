/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of /proc/sys that programs may set and somebody goes by.  Beneath all, so
 * that whoever goes by them needs no /proc.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include "lib/types.h"

struct setting {
    atomic_ulong value;
    uint64_t min, max;
};

extern struct setting setting_pid_max; /* kernel.pid_max: numbers are below it */
extern struct setting setting_max_map_count; /* vm.max_map_count: areas of an address space */
extern struct setting setting_nr_open; /* fs.nr_open: ceiling of RLIMIT_NOFILE */
extern struct setting setting_threads_max; /* kernel.threads-max: tasks of all */

static inline uint64_t setting_get(const struct setting *setting)
{
    return atomic_load_explicit(&setting->value, memory_order_relaxed);
}
/* 0 or -EINVAL: out of range. */
int setting_set(struct setting *setting, uint64_t value);

#endif
