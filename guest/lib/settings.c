/* SPDX-License-Identifier: BSD-2-Clause */
/* See settings.h.  Defaults and ranges are those of proc(5). */
#include "lib/settings.h"

#include "lib/errno.h"

struct setting setting_pid_max = {32768, 301, 4194304};
struct setting setting_max_map_count = {65530, 0, INT32_MAX};
struct setting setting_nr_open = {1048576, 64, 1048576};
struct setting setting_threads_max = {32768, 20, 4194304};

int setting_set(struct setting *setting, uint64_t value)
{
    if (value < setting->min || value > setting->max)
        return -EINVAL;
    atomic_store(&setting->value, value);
    return 0;
}
