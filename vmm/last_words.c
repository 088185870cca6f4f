/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel that stopped said last, from the tail of its serial console:
 * the reason and the names on the stack in one line, all of it in the log.
 * The text is the guest's: it must not forge lines of ours.
 */
#include <string.h>

#include "vmm/config.h"

#define PANIC_MARK "kernel panic: "
#define BACKTRACE_MARK "backtrace:"
#define FRAMES_MAX 8u

static bool line_end(char byte)
{
    return byte == '\0' || byte == '\n' || byte == '|';
}

/* Where the line ends that begins here. */
static const char *end_of(const char *line)
{
    while (!line_end(*line))
        line++;
    return line;
}

/* Appends what is printable of [from, to), and a '?' for what is not. */
static size_t append(char *text, size_t used, size_t size, const char *from, const char *to)
{
    for (; from < to && used + 1 < size; from++)
        if (*from != '\r')
            text[used++] = *from >= ' ' && *from <= '~' ? *from : '?';
    text[used] = '\0';
    return used;
}

static size_t append_text(char *text, size_t used, size_t size, const char *word)
{
    return append(text, used, size, word, word + strlen(word));
}

/* Frames are lines "  ADDRESS NAME+OFFSET". */
static void append_frames(char *text, size_t used, size_t size, const char *line)
{
    for (unsigned int i = 0; i < FRAMES_MAX && *line; i++) {
        const char *end = end_of(line), *name = line + strspn(line, " ");
        if (name == line || strncmp(name, "0x", 2) != 0)
            break;
        while (name < end && *name != ' ')
            name++;
        used = append_text(text, used, size, i ? " <" : ", in");
        used = append(text, used, size, name, end);
        line = *end ? end + 1 : end;
    }
}

static void log_lines(const struct vmm_config *config, const char *tail)
{
    char line[200];

    while (*tail) {
        const char *end = end_of(tail);
        if (append(line, 0, sizeof(line), tail, end))
            vmm_log(config, VMM_LOG_INFO, "guest kernel: %s", line);
        tail = *end ? end + 1 : end;
    }
}

static const char *last_panic(const char *tail)
{
    const char *found = NULL;

    for (const char *next = tail; (next = strstr(next, PANIC_MARK)); next++)
        found = next;
    return found;
}

static const char *last_line(const char *tail)
{
    const char *found = tail;

    while (*tail) {
        const char *end = end_of(tail);
        if (end - tail > (ptrdiff_t)strspn(tail, " \r\t"))
            found = tail;
        tail = *end ? end + 1 : end;
    }
    return found;
}

void vmm_last_words(const struct vmm_config *config, const char *tail, char *text, size_t size)
{
    const char *panic = last_panic(tail);

    if (config->console_fd < 0)
        log_lines(config, tail);
    if (!panic) {
        const char *line = last_line(tail);
        append(text, 0, size, line, end_of(line));
        return;
    }
    size_t used = append(text, 0, size, panic + strlen(PANIC_MARK), end_of(panic));
    const char *trace = strstr(panic, BACKTRACE_MARK);
    if (trace) {
        const char *end = end_of(trace);
        append_frames(text, used, size, *end ? end + 1 : end);
    }
}
