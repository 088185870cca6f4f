/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program's memory looks like in a line of --strace: strings, buffers, structures. */
#include "syscall/trace_line.h"

#include <stdarg.h>

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/uaccess.h"

#define PATH_SHOWN 128u /* bytes of a path */
#define BYTES_SHOWN 32u /* of a buffer */
#define STRINGS_SHOWN 16u /* of argv */

void line_add(struct trace_line *line, const char *format, ...)
{
    size_t room = TRACE_LINE_SIZE - line->used;
    va_list args;

    va_start(args, format);
    int length = vsnprintf(line->text + line->used, room, format, args);
    va_end(args);
    line->used += MIN((size_t)length, room - 1);
}

static void add_quoted(struct trace_line *line, const char *bytes, size_t size, bool more)
{
    line_add(line, "\"");
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)bytes[i];

        if (c == '"' || c == '\\')
            line_add(line, "\\%c", c);
        else if (c == '\n')
            line_add(line, "\\n");
        else if (c >= ' ' && c < 0x7f)
            line_add(line, "%c", c);
        else
            line_add(line, "\\x%02x", c);
    }
    line_add(line, more ? "\"..." : "\"");
}

void line_add_pointer(struct trace_line *line, uint64_t address)
{
    if (address)
        line_add(line, "%#lx", address);
    else
        line_add(line, "NULL");
}

bool line_add_string(struct trace_line *line, uint64_t address)
{
    char text[PATH_SHOWN];
    ssize_t length = address ? copy_string_from_user(text, UADDR(address), sizeof(text)) : -EFAULT;

    if (length >= 0)
        add_quoted(line, text, (size_t)length, false);
    else if (length == -ENAMETOOLONG)
        add_quoted(line, text, sizeof(text), true);
    else
        line_add_pointer(line, address);
    return length >= 0;
}

static void add_bytes(struct trace_line *line, uint64_t address, uint64_t size)
{
    char bytes[BYTES_SHOWN];
    size_t shown = MIN(size, sizeof(bytes));

    if (!address || copy_from_user(bytes, UADDR(address), shown))
        line_add_pointer(line, address);
    else
        add_quoted(line, bytes, shown, size > shown);
}

static void add_strings(struct trace_line *line, uint64_t address)
{
    uint64_t string = 0;

    line_add(line, "[");
    for (unsigned int i = 0; i < STRINGS_SHOWN; i++) {
        if (get_user_u64(&string, UADDR(address + i * 8)) || !string)
            break;
        line_add(line, i ? ", " : "");
        line_add_string(line, string);
    }
    line_add(line, string ? ", ...]" : "]");
}

static void add_sockaddr(struct trace_line *line, uint64_t address, uint64_t size)
{
    struct {
        uint16_t family;
        char path[109];
    } name = {0};

    size = MIN(size, sizeof(name.family) + sizeof(name.path) - 1); /* a NUL stays behind it */
    if (!address || size < sizeof(name.family) || copy_from_user(&name, UADDR(address), size)) {
        line_add_pointer(line, address);
        return;
    }
    size_t length = size - sizeof(name.family);
    if (name.family != 1) /* AF_UNIX */
        line_add(line, "{family %u}", name.family);
    else if (length && name.path[0] == 0) {
        line_add(line, "{AF_UNIX, @");
        add_quoted(line, name.path + 1, length - 1, false);
        line_add(line, "}");
    } else {
        line_add(line, "{AF_UNIX, ");
        add_quoted(line, name.path, strlen(name.path), false);
        line_add(line, "}");
    }
}

static void add_stat(struct trace_line *line, uint64_t address)
{
    uint32_t mode;
    uint64_t size;

    if (get_user_u32(&mode, UADDR(address + 24)) || get_user_u64(&size, UADDR(address + 48)))
        line_add_pointer(line, address);
    else
        line_add(line, "{st_mode=0%o, st_size=%lu}", mode, size);
}

static void add_wait_status(struct trace_line *line, uint64_t address)
{
    uint32_t status;

    if (!address || get_user_u32(&status, UADDR(address)))
        line_add_pointer(line, address);
    else if ((status & 0x7f) == 0)
        line_add(line, "[exited %u]", status >> 8 & 0xff);
    else
        line_add(line, "[%s %u]", (status & 0xff) == 0x7f ? "stopped" : "signal",
                 (status & 0xff) == 0x7f ? status >> 8 & 0xff : status & 0x7f);
}

void line_add_memory(struct trace_line *line, enum trace_memory kind, uint64_t address,
                     uint64_t size)
{
    uint64_t words[2];
    uint32_t numbers[2];

    switch (kind) {
    case TRACE_BYTES:
        add_bytes(line, address, size);
        return;
    case TRACE_STRINGS:
        add_strings(line, address);
        return;
    case TRACE_TIMESPEC:
        if (address && !copy_from_user(words, UADDR(address), sizeof(words))) {
            line_add(line, "{%ld.%09ld s}", (long)words[0], (long)words[1]);
            return;
        }
        break;
    case TRACE_TWO_INTS:
        if (!copy_from_user(numbers, UADDR(address), sizeof(numbers))) {
            line_add(line, "[%d, %d]", (int)numbers[0], (int)numbers[1]);
            return;
        }
        break;
    case TRACE_STAT:
        add_stat(line, address);
        return;
    case TRACE_WAIT_STATUS:
        add_wait_status(line, address);
        return;
    case TRACE_SOCKADDR:
        add_sockaddr(line, address, size);
        return;
    case TRACE_POINTER:
        break;
    }
    line_add_pointer(line, address);
}
