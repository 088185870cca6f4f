/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting and the kernel log.  Conversions: d i u x X p s c % with h hh l ll
 * z j, width, precision, '-', '0', '+', '#', and '*'.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

#include "lib/types.h"

/* C semantics: returns the length that was needed. */
int vsnprintf(char *buf, size_t size, const char *format, va_list args);
int snprintf(char *buf, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* Severities as in syslog(3). */
enum log_level { LOG_EMERG = 0, LOG_ERR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* One call, one line (the newline is added).  Any context, any CPU. */
void klog(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same text to the output only, whole lines of any length: not a message of the kernel's. */
void klog_write(const char *text, size_t length);
void klog_set_level(enum log_level max_shown);
enum log_level klog_level(void);
/* Where lines go: set once at boot; writes may not sleep. */
void klog_set_output(void (*write)(const char *text, size_t length));
/* The last lines, oldest first, for /dev/kmsg and panic: returns bytes copied. */
size_t klog_read(char *buf, size_t size);
/* syslog(2): the newest bytes of what came after the last klog_clear(). */
size_t klog_read_since_clear(char *buf, size_t size);
void klog_clear(void);

#endif
