/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the run file in two passes (count, then point), and the command line's form of it. */
#include "proc/run_file.h"

#include "arch/boot_info.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define STRINGS_MAX 65536u /* arguments and environment together */

static const char *const default_env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/"};

struct builder {
    struct run_spec *spec;
    const char **args, **env; /* NULL in the counting pass */
    size_t argc, envc;
};

/* Is record "key=..."?  The value in *value. */
static bool record_is(const char *record, const char *key, const char **value)
{
    size_t n = strlen(key);

    if (strncmp(record, key, n) != 0 || record[n] != '=')
        return false;
    *value = record + n + 1;
    return true;
}

/* "ROWSxCOLUMNS"; what is not of that form leaves the size unknown. */
static void take_size(struct run_spec *spec, const char *value)
{
    const char *end;
    uint64_t rows = parse_u64(value, &end);
    uint64_t columns = *end == 'x' ? parse_u64(end + 1, &end) : 0;

    if (*end == '\0' && rows <= UINT16_MAX && columns <= UINT16_MAX) {
        spec->rows = (uint16_t)rows;
        spec->columns = (uint16_t)columns;
    }
}

static void take_record(struct builder *b, const char *record)
{
    const char *value;

    if (record_is(record, "arg", &value)) {
        if (b->args)
            b->args[b->argc] = value;
        b->argc++;
    } else if (record_is(record, "env", &value)) {
        if (b->env)
            b->env[b->envc] = value;
        b->envc++;
    } else if (record_is(record, "exe", &value)) {
        b->spec->program.exe = value;
    } else if (record_is(record, "cwd", &value)) {
        b->spec->program.cwd = value;
    } else if (record_is(record, "hostname", &value)) {
        b->spec->hostname = value;
    } else if (record_is(record, "tty", &value)) {
        b->spec->terminal = value[0] == '1';
    } else if (record_is(record, "winsize", &value)) {
        take_size(b->spec, value);
    }
}

/* Every record ends in NUL: checked for the whole file before the first pass. */
static void walk_records(struct builder *b, const char *data, uint64_t size)
{
    b->argc = b->envc = 0;
    for (uint64_t at = 0; at < size; at += strlen(data + at) + 1)
        take_record(b, data + at);
}

static int allocate(struct builder *b)
{
    if (b->argc + b->envc > STRINGS_MAX)
        return -E2BIG;
    b->args = kcalloc(b->argc + b->envc + 2, sizeof(char *));
    if (!b->args)
        return -ENOMEM;
    b->env = b->args + b->argc + 1;
    return 0;
}

static int finish(struct builder *b)
{
    struct init_program *p = &b->spec->program;

    if (!p->exe && b->argc)
        p->exe = b->args[0];
    if (!p->exe)
        return -ENOENT;
    if (!p->cwd)
        p->cwd = "/";
    p->argc = b->argc;
    p->argv = b->args;
    p->envc = b->envc;
    p->envp = b->env;
    return 0;
}

static int from_file(struct builder *b, const char *data, uint64_t size)
{
    if (size == 0 || size > (8ul << 20) || data[size - 1] != '\0')
        return -EINVAL;
    walk_records(b, data, size);
    int error = allocate(b);
    if (error)
        return error;
    walk_records(b, data, size);
    return finish(b);
}

/* "init=PATH env.NAME=VALUE cwd=DIR -- ARG..."; words are cut in place in a copy. */
static void take_word(struct builder *b, char *word, bool after_dashes)
{
    if (after_dashes) {
        if (b->args)
            b->args[b->argc] = word;
        b->argc++;
    } else if (strncmp(word, "env.", 4) == 0 && strchr(word, '=')) {
        if (b->env)
            b->env[b->envc] = word + 4;
        b->envc++;
    } else if (strncmp(word, "cwd=", 4) == 0) {
        b->spec->program.cwd = word + 4;
    } else if (strncmp(word, "tty=", 4) == 0) {
        b->spec->terminal = word[4] == '1';
    } else if (strncmp(word, "hostname=", 9) == 0) {
        b->spec->hostname = word + 9;
    }
}

/* Splits text into NUL-ended words, quotes removed; returns how many. */
static size_t split_words(char *text)
{
    size_t words = 0;
    char *out = text;
    bool quoted = false, in_word = false;

    for (const char *in = text; *in; in++) {
        if (*in == '"') {
            quoted = !quoted;
            in_word = true;
        } else if (*in == ' ' && !quoted) {
            if (in_word) {
                *out++ = '\0';
                words++;
            }
            in_word = false;
        } else {
            *out++ = *in;
            in_word = true;
        }
    }
    *out = '\0';
    return words + in_word;
}

static void walk_words(struct builder *b, char *text, size_t words)
{
    bool after = false;

    b->argc = b->envc = 0;
    take_word(b, (char *)(uintptr_t)b->spec->program.exe, true); /* argv[0] */
    for (size_t i = 0; i < words; i++, text += strlen(text) + 1) {
        if (!after && strcmp(text, "--") == 0)
            after = true;
        else
            take_word(b, text, after);
    }
}

static int from_cmdline(struct builder *b)
{
    char *exe = kmalloc(GUEST_CMDLINE_MAX), *text = kstrdup(boot_info.cmdline);

    if (!exe || !text) {
        kfree(exe);
        kfree(text);
        return -ENOMEM;
    }
    if (cmdline_get("init", exe, GUEST_CMDLINE_MAX, NULL) <= 0) {
        kfree(exe);
        kfree(text);
        return -ENOENT;
    }
    b->spec->program.exe = exe; /* both live as long as the kernel */
    size_t words = split_words(text);
    walk_words(b, text, words);
    int error = allocate(b);
    if (error)
        return error;
    walk_words(b, text, words);
    error = finish(b);
    if (!error && b->spec->program.envc == 0) {
        b->spec->program.envc = ARRAY_SIZE(default_env);
        b->spec->program.envp = default_env;
    }
    return error;
}

int run_spec_load(struct run_spec *spec)
{
    const void *data;
    uint64_t size;
    struct builder b = {.spec = spec};

    *spec = (struct run_spec){0};
    if (boot_archive_find(GUEST_RUN_FILE, &data, &size))
        return from_file(&b, data, size);
    return from_cmdline(&b);
}
