/* SPDX-License-Identifier: BSD-2-Clause */
/* See unsupported.h. */
#include "lib/unsupported.h"

#include "lib/printf.h"

static void (*end_machine)(void);

void unsupported_set_end(void (*end)(void))
{
    end_machine = end;
}

void unsupported(const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    klog(LOG_WARNING, "%s", text);
    if (end_machine)
        end_machine();
}
