/* SPDX-License-Identifier: BSD-2-Clause */
/* Words on the firmware's console, and the few functions that a compiler calls by itself. */
#include <stdarg.h>

#include "boot/efi/loader.h"

#define LINE_MAX 512u
#define KEY_WAIT_STEP_US 50000u
#define KEY_WAIT_STEPS 200u /* ten seconds */

static EFI_SYSTEM_TABLE *console;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int byte, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *result = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memset(void *to, int byte, size_t size)
{
    void *result = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return result;
}

void copy_bytes(void *to, const void *from, uint64_t size)
{
    memcpy(to, from, size);
}

void say_init(EFI_SYSTEM_TABLE *system)
{
    console = system;
}

struct line {
    CHAR16 text[LINE_MAX];
    unsigned int length;
};

static void put(struct line *line, char c)
{
    if (line->length < LINE_MAX - 3) /* room for the end of the line */
        line->text[line->length++] = (CHAR16)(unsigned char)c;
}

static void put_text(struct line *line, const char *text)
{
    while (*text)
        put(line, *text++);
}

static void put_number(struct line *line, uint64_t value, unsigned int base)
{
    char digits[20];
    unsigned int count = 0;

    if (base == 16)
        put_text(line, "0x");
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put(line, digits[--count]);
}

static const char *status_text(EFI_STATUS status)
{
    switch (status) {
    case EFI_LOAD_ERROR:
        return "load error";
    case EFI_INVALID_PARAMETER:
        return "invalid parameter";
    case EFI_UNSUPPORTED:
        return "unsupported";
    case EFI_BUFFER_TOO_SMALL:
        return "buffer too small";
    case EFI_DEVICE_ERROR:
        return "device error";
    case EFI_OUT_OF_RESOURCES:
        return "out of resources";
    case EFI_VOLUME_CORRUPTED:
        return "the volume is corrupted";
    case EFI_NO_MEDIA:
        return "no medium";
    case EFI_NOT_FOUND:
        return "not found";
    case EFI_ACCESS_DENIED:
        return "access denied";
    case EFI_CRC_ERROR:
        return "checksum error";
    default:
        return "error";
    }
}

EFI_STATUS fail(EFI_STATUS status, const char *format, ...)
{
    struct line line = {.length = 0};
    va_list args;

    put_text(&line, "vmm: ");
    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(&line, *format);
            continue;
        }
        format++;
        if (*format == 's')
            put_text(&line, va_arg(args, const char *));
        else
            put_number(&line, va_arg(args, uint64_t), *format == 'x' ? 16 : 10);
    }
    va_end(args);
    put_text(&line, " (");
    put_text(&line, status_text(status));
    put(&line, ')');
    line.text[line.length++] = '\r';
    line.text[line.length++] = '\n';
    line.text[line.length] = 0;
    if (console->ConOut)
        console->ConOut->OutputString(console->ConOut, line.text);
    return status;
}

void wait_for_key(const struct loader *loader)
{
    SIMPLE_INPUT_INTERFACE *in = loader->system->ConIn;
    struct line line = {.length = 0};
    EFI_INPUT_KEY key;

    if (!in || !console->ConOut)
        return;
    in->Reset(in, FALSE);
    put_text(&line, GUEST_BOOT_GIVES_UP "\r\n");
    line.text[line.length] = 0;
    console->ConOut->OutputString(console->ConOut, line.text);
    for (unsigned int i = 0; i < KEY_WAIT_STEPS; i++) {
        if (in->ReadKeyStroke(in, &key) == EFI_SUCCESS)
            return;
        loader->boot->Stall(KEY_WAIT_STEP_US);
    }
}
