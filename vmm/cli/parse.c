/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as users type them.  No locale, no sign, no silent overflow.
 */
#include <string.h>

#include "vmm/cli/cli.h"

/* Leading digits; NULL when there are none or too many. */
static const char *take_digits(const char *text, uint64_t *value)
{
    const char *start = text;
    *value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*text - '0'), value))
            return NULL;
    }
    return text > start ? text : NULL;
}

bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
    const char *end = take_digits(text, number);
    return end && *end == '\0' && *number <= max;
}

bool parse_size(const char *text, uint64_t *bytes)
{
    const char *unit = take_digits(text, bytes);
    unsigned int shift = 0;
    if (!unit)
        return false;
    switch (*unit) {
    case '\0':
        return true;
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    default:
        return false;
    }
    const char *rest = unit + 1;
    if (strcmp(rest, "") != 0 && strcmp(rest, "B") != 0 && strcmp(rest, "iB") != 0)
        return false;
    return !__builtin_mul_overflow(*bytes, 1ull << shift, bytes);
}

bool parse_duration(const char *text, uint64_t *milliseconds)
{
    uint64_t whole, fraction = 0, scale = 1, unit_ms, part;
    const char *rest = take_digits(text, &whole);
    if (!rest)
        return false;
    if (*rest == '.') {
        const char *end = take_digits(rest + 1, &fraction);
        if (!end || end - rest > 10)
            return false;
        for (const char *digit = rest + 1; digit < end; digit++)
            scale *= 10;
        rest = end;
    }
    if (strcmp(rest, "ms") == 0)
        unit_ms = 1;
    else if (*rest == '\0' || strcmp(rest, "s") == 0)
        unit_ms = 1000;
    else if (strcmp(rest, "m") == 0)
        unit_ms = 60 * 1000;
    else if (strcmp(rest, "h") == 0)
        unit_ms = 3600 * 1000;
    else
        return false;
    if (__builtin_mul_overflow(whole, unit_ms, milliseconds) ||
        __builtin_mul_overflow(fraction, unit_ms, &part))
        return false;
    /* A limit that is not zero must not become "no limit". */
    part = (part + scale - 1) / scale;
    return !__builtin_add_overflow(*milliseconds, part, milliseconds);
}
