/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Printing without streams: one write per message.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"

#define MESSAGE_MAX 1024u
#define PREFIX "vmm: "
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)

bool cli_write(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t done = write(fd, text, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        text += done;
        length -= (size_t)done;
    }
    return true;
}

static void print_message(const char *format, va_list arguments)
{
    char message[MESSAGE_MAX] = PREFIX;
    size_t room = sizeof(message) - PREFIX_LENGTH - 1;
    int length = vsnprintf(message + PREFIX_LENGTH, room, format, arguments);
    if (length < 0)
        return;
    size_t end = PREFIX_LENGTH + ((size_t)length < room ? (size_t)length : room - 1);
    /* A file's name must neither forge a line of ours nor command the terminal. */
    for (size_t i = PREFIX_LENGTH; i < end; i++)
        if ((unsigned char)message[i] < ' ' || message[i] == 0x7f)
            message[i] = '?';
    message[end++] = '\n';
    cli_write(STDERR_FILENO, message, end);
}

int cli_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    return status;
}

void cli_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || text->failed) {
        text->failed = true;
        return;
    }
    size_t needed = text->length + (size_t)length + 1;
    if (needed > text->capacity) {
        char *bigger = realloc(text->bytes, 2 * needed);
        if (!bigger) {
            text->failed = true;
            return;
        }
        text->bytes = bigger;
        text->capacity = 2 * needed;
    }
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, text->capacity - text->length, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

int cli_status_of(enum vmm_fault fault)
{
    switch (fault) {
    case VMM_FAULT_NOT_FOUND:
        return CLI_NOT_FOUND;
    case VMM_FAULT_NOT_EXECUTABLE:
        return CLI_NOT_EXECUTABLE;
    default:
        return CLI_FAILED;
    }
}
