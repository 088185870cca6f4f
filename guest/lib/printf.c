/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting (the conversions that printf.h lists). */
#include "lib/printf.h"

#include "lib/string.h"

struct sink {
    char *buf;
    size_t size, length; /* length counts what does not fit, too */
};

struct spec {
    bool left, zero, plus, alternate, precise;
    int width, precision;
    int bits; /* of the integer argument */
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->buf[sink->length] = c;
    sink->length++;
}

static void put_padded(struct sink *sink, const char *text, size_t length, const struct spec *spec)
{
    size_t width = spec->width > 0 ? (size_t)spec->width : 0;
    size_t pad = width > length ? width - length : 0;

    if (!spec->left)
        for (size_t i = 0; i < pad; i++)
            put(sink, ' ');
    for (size_t i = 0; i < length; i++)
        put(sink, text[i]);
    if (spec->left)
        for (size_t i = 0; i < pad; i++)
            put(sink, ' ');
}

static void put_number(struct sink *sink, uint64_t value, const char *prefix, unsigned int base,
                       bool upper, const struct spec *spec)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[96];
    size_t at = sizeof(text), prefix_length = strlen(prefix);
    size_t least = 1;

    if (spec->precise)
        least = (size_t)MIN(MAX(spec->precision, 0), 64);
    else if (spec->zero && !spec->left && spec->width > 0)
        least = (size_t)MAX(MIN(spec->width, 64) - (int)prefix_length, 1);
    while (value || sizeof(text) - at < least) {
        text[--at] = digits[value % base];
        value /= base;
    }
    while (prefix_length)
        text[--at] = prefix[--prefix_length];
    put_padded(sink, text + at, sizeof(text) - at, spec);
}

static const char *parse_digits(const char *f, int *value)
{
    for (; *f >= '0' && *f <= '9'; f++)
        if (*value < 1000)
            *value = *value * 10 + (*f - '0');
    return f;
}

static const char *parse_spec(const char *f, struct spec *spec, va_list *args)
{
    *spec = (struct spec){.bits = 32};
    for (;; f++) {
        if (*f == '-')
            spec->left = true;
        else if (*f == '0')
            spec->zero = true;
        else if (*f == '+')
            spec->plus = true;
        else if (*f == '#')
            spec->alternate = true;
        else
            break;
    }
    if (*f == '*') {
        spec->width = va_arg(*args, int);
        f++;
    }
    f = parse_digits(f, &spec->width);
    if (*f == '.') {
        spec->precise = true;
        f++;
        if (*f == '*') {
            spec->precision = va_arg(*args, int);
            f++;
        }
        f = parse_digits(f, &spec->precision);
    }
    if (*f == 'h') {
        spec->bits = 16;
        if (*++f == 'h') {
            spec->bits = 8;
            f++;
        }
    }
    while (*f == 'l' || *f == 'z' || *f == 'j') {
        spec->bits = 64;
        f++;
    }
    return f;
}

static void put_signed(struct sink *sink, const struct spec *spec, va_list *args)
{
    int64_t value = spec->bits == 64 ? va_arg(*args, int64_t) : va_arg(*args, int);

    if (spec->bits == 16)
        value = (int16_t)value;
    else if (spec->bits == 8)
        value = (int8_t)value;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(sink, magnitude, value < 0 ? "-" : spec->plus ? "+" : "", 10, false, spec);
}

static void put_unsigned(struct sink *sink, char conversion, const struct spec *spec, va_list *args)
{
    uint64_t value = spec->bits == 64 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned int);
    unsigned int base = conversion == 'o' ? 8 : conversion == 'u' ? 10 : 16;
    const char *prefix = "";

    if (spec->bits == 16)
        value = (uint16_t)value;
    else if (spec->bits == 8)
        value = (uint8_t)value;
    if (spec->alternate && value && base == 16)
        prefix = "0x";
    put_number(sink, value, prefix, base, conversion == 'X', spec);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *text)
{
    if (!text)
        text = "(null)";
    size_t length = spec->precise && spec->precision >= 0 ? strnlen(text, (size_t)spec->precision)
                                                          : strlen(text);
    put_padded(sink, text, length, spec);
}

static void convert(struct sink *sink, char conversion, const struct spec *spec, va_list *args)
{
    char c;

    switch (conversion) {
    case 'd':
    case 'i':
        put_signed(sink, spec, args);
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(sink, conversion, spec, args);
        break;
    case 'p':
        put_number(sink, (uint64_t)va_arg(*args, void *), "0x", 16, false, spec);
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put_padded(sink, &c, 1, spec);
        break;
    case 's':
        put_string(sink, spec, va_arg(*args, const char *));
        break;
    default:
        put(sink, conversion);
        break;
    }
}

int vsnprintf(char *buf, size_t size, const char *format, va_list original)
{
    struct sink sink = {.buf = buf, .size = size};
    va_list args;

    va_copy(args, original);
    for (const char *f = format; *f; f++) {
        struct spec spec;
        if (*f != '%') {
            put(&sink, *f);
            continue;
        }
        f = parse_spec(f + 1, &spec, &args);
        if (!*f)
            break;
        convert(&sink, *f, &spec, &args);
    }
    va_end(args);
    if (size)
        buf[MIN(sink.length, size - 1)] = '\0';
    return (int)sink.length;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(buf, size, format, args);
    va_end(args);
    return length;
}
