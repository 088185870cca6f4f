/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel log: a ring of text, shown on the output up to a severity.  A lock of
 * its own kind, since lib/ lies beneath arch/: one word, held for a line.
 */
#include "lib/printf.h"
#include "lib/string.h"

#define LOG_SIZE 8192u /* bytes, a power of two */

static struct {
    atomic_uint busy;
    enum log_level max_shown;
    void (*write)(const char *text, size_t length);
    uint64_t end; /* bytes ever written */
    uint64_t cleared; /* of those, what syslog(2) has cleared away */
} log_state = {.max_shown = LOG_WARNING};

static char log_text[LOG_SIZE] LARGE_BSS;

void klog_set_level(enum log_level max_shown)
{
    log_state.max_shown = max_shown;
}

void klog_set_output(void (*write)(const char *text, size_t length))
{
    log_state.write = write;
}

static void lock(void)
{
    /* Bounded: a panic inside a log call must still be able to speak. */
    for (unsigned int i = 0; i < 1000000 && atomic_exchange(&log_state.busy, 1); i++)
        __builtin_ia32_pause();
}

static void unlock(void)
{
    atomic_store(&log_state.busy, 0);
}

void klog(enum log_level level, const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    int needed = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    size_t length = MIN((size_t)needed, sizeof(line) - 2);
    line[length++] = '\n';

    lock();
    for (size_t i = 0; i < length; i++)
        log_text[log_state.end++ % LOG_SIZE] = line[i];
    if (level <= log_state.max_shown && log_state.write)
        log_state.write(line, length);
    unlock();
}

void klog_write(const char *text, size_t length)
{
    lock();
    if (log_state.write)
        log_state.write(text, length);
    unlock();
}

size_t klog_read(char *buf, size_t size)
{
    size_t n = 0;

    lock();
    uint64_t start = log_state.end > LOG_SIZE ? log_state.end - LOG_SIZE : 0;
    for (uint64_t at = start; at < log_state.end && n < size; at++)
        buf[n++] = log_text[at % LOG_SIZE];
    unlock();
    return n;
}

enum log_level klog_level(void)
{
    return log_state.max_shown;
}

void klog_clear(void)
{
    lock();
    log_state.cleared = log_state.end;
    unlock();
}

size_t klog_read_since_clear(char *buf, size_t size)
{
    lock();
    uint64_t start = log_state.end > LOG_SIZE ? log_state.end - LOG_SIZE : 0;
    start = MAX(start, log_state.cleared);
    if (log_state.end - start > size)
        start = log_state.end - size; /* the newest, syslog(2) */
    size_t n = 0;
    for (uint64_t at = start; at < log_state.end; at++)
        buf[n++] = log_text[at % LOG_SIZE];
    unlock();
    return n;
}
