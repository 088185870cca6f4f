/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of "vmm run".  Each is checked here or by its setter; the message
 * names the option, what was wrong with it, and what would be right.
 */
#include "vmm/cli/run_options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/guest_abi.h"
#include "vmm/cli/snapshot_store.h"

enum option_id {
    OPT_ENV,
    OPT_WORKDIR,
    OPT_MEMORY,
    OPT_CPUS,
    OPT_TERMINAL,
    OPT_INTERACTIVE,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_ADD,
    OPT_ENGINE,
    OPT_MACHINE,
    OPT_KERNEL,
    OPT_INITRD,
    OPT_APPEND,
    OPT_DISK,
    OPT_HOSTNAME,
    OPT_TIMEOUT,
    OPT_STATS,
    OPT_NO_SANDBOX,
    OPT_CONSOLE,
    OPT_STRACE,
    OPT_STRICT,
    OPT_OUTPUT,
    OPT_FROM,
    OPT_NAME,
    OPT_SNAPSHOT_AT_READY,
};

/* What a snapshot decides; its clones cannot have it otherwise. */
#define BELONGS_TO_SNAPSHOT                                                              \
    (1ull << OPT_ENV | 1ull << OPT_WORKDIR | 1ull << OPT_MEMORY | 1ull << OPT_CPUS |     \
     1ull << OPT_TERMINAL | 1ull << OPT_ADD | 1ull << OPT_DISK | 1ull << OPT_KERNEL |    \
     1ull << OPT_INITRD | 1ull << OPT_APPEND | 1ull << OPT_STRACE | 1ull << OPT_STRICT | \
     1ull << OPT_MACHINE | 1ull << OPT_SNAPSHOT_AT_READY)

/* What makes no sense for a program that is called. */
#define BELONGS_TO_RUN                                                                        \
    (1ull << OPT_TERMINAL | 1ull << OPT_INTERACTIVE | 1ull << OPT_INITRD | 1ull << OPT_NAME | \
     1ull << OPT_SNAPSHOT_AT_READY)

static const struct option_row option_rows[] = {
    {"env", 'e', VALUE, OPT_ENV},
    {"workdir", 'w', VALUE, OPT_WORKDIR},
    {"memory", 'm', VALUE, OPT_MEMORY},
    {"cpus", 'c', VALUE, OPT_CPUS},
    {"tty", 't', NO_VALUE, OPT_TERMINAL},
    {"interactive", 'i', NO_VALUE, OPT_INTERACTIVE},
    {"verbose", 'v', NO_VALUE, OPT_VERBOSE},
    {"help", 'h', NO_VALUE, OPT_HELP},
    {"add", 0, VALUE, OPT_ADD},
    {"engine", 0, VALUE, OPT_ENGINE},
    {"machine", 0, VALUE, OPT_MACHINE},
    {"kernel", 0, VALUE, OPT_KERNEL},
    {"initrd", 0, VALUE, OPT_INITRD},
    {"append", 0, VALUE, OPT_APPEND},
    {"disk", 0, VALUE, OPT_DISK},
    {"hostname", 0, VALUE, OPT_HOSTNAME},
    {"timeout", 0, VALUE, OPT_TIMEOUT},
    {"stats", 0, VALUE, OPT_STATS},
    {"no-sandbox", 0, NO_VALUE, OPT_NO_SANDBOX},
    {"console", 0, MAYBE_VALUE, OPT_CONSOLE},
    {"strace", 0, MAYBE_VALUE, OPT_STRACE},
    {"strict", 0, NO_VALUE, OPT_STRICT},
    {"output", 'o', VALUE, OPT_OUTPUT},
    {"from", 0, VALUE, OPT_FROM},
    {"name", 0, VALUE, OPT_NAME},
    {"snapshot-at-ready", 0, VALUE, OPT_SNAPSHOT_AT_READY},
};
#define OPTION_COUNT (sizeof(option_rows) / sizeof(option_rows[0]))

/* Of the one command or the other: an image says what the program sees, not what runs it. */
static bool belongs(const void *arg, unsigned int id)
{
    const struct run_options *options = arg;
    switch ((enum option_id)id) {
    case OPT_ENV:
    case OPT_WORKDIR:
    case OPT_ADD:
    case OPT_APPEND:
    case OPT_HOSTNAME:
    case OPT_HELP:
        return true;
    case OPT_OUTPUT:
        return options->image;
    default:
        return !options->image;
    }
}

static int fail_option(const char *option, const char *value, int result)
{
    if (result == -ENOMEM)
        return cli_fail(CLI_FAILED, "out of memory");
    if (result == -ENAMETOOLONG)
        return cli_fail(CLI_FAILED, "%s: value too long", option);
    if (result == -E2BIG)
        return cli_fail(CLI_FAILED, "%s: given too often", option);
    return cli_fail(CLI_FAILED, "%s %s: invalid value", option, value);
}

static int set_memory(struct run_options *options, const char *value)
{
    uint64_t bytes;
    if (!parse_size(value, &bytes))
        return cli_fail(CLI_FAILED, "-m %s: not a size; give bytes or a number with K, M or G",
                        value);
    int result = vmm_config_set_memory(options->config, bytes);
    if (result == -EINVAL)
        return cli_fail(CLI_FAILED, "-m %s: not a multiple of 4096 bytes", value);
    if (result)
        return cli_fail(CLI_FAILED, "-m %s: memory must be between %lluM and %lluG", value,
                        GUEST_RAM_MIN >> 20, GUEST_RAM_MAX >> 30);
    return 0;
}

static int set_cpus(struct run_options *options, const char *value)
{
    uint64_t cpus;
    if (!parse_number(value, UINT_MAX, &cpus) ||
        vmm_config_set_cpus(options->config, (unsigned int)cpus))
        return cli_fail(CLI_FAILED, "-c %s: the number of CPUs must be between 1 and %u", value,
                        GUEST_CPUS_MAX);
    return 0;
}

/* "NAME=VALUE", or "NAME" for the value the host has, if it has one. */
static int add_env(struct run_options *options, const char *value)
{
    if (strncmp(value, "TERM", 4) == 0 && (value[4] == '=' || value[4] == '\0'))
        options->has_term = true;
    if (strchr(value, '=')) {
        int result = vmm_config_add_env(options->config, value);
        if (result == -EINVAL)
            return cli_fail(CLI_FAILED, "-e %s: the name is empty; give NAME=VALUE", value);
        return result ? fail_option("-e", value, result) : 0;
    }
    const char *host = getenv(value);
    size_t length = strlen(value);
    if (length == 0)
        return cli_fail(CLI_FAILED, "-e: the name is empty; give NAME=VALUE");
    if (!host)
        return 0;
    size_t host_size = strlen(host) + 1;
    char *pair = malloc(length + 1 + host_size);
    if (!pair)
        return fail_option("-e", value, -ENOMEM);
    memcpy(pair, value, length);
    pair[length] = '=';
    memcpy(pair + length + 1, host, host_size);
    int result = vmm_config_add_env(options->config, pair);
    free(pair);
    return result ? fail_option("-e", value, result) : 0;
}

/* "HOST:GUEST"; a colon that no slash follows belongs to the host's name. */
static int add_file(struct run_options *options, char *value)
{
    char *guest = NULL;
    for (char *colon = value; (colon = strstr(colon, ":/")) != NULL; colon++)
        guest = colon + 1;
    if (guest)
        guest[-1] = '\0';
    int result = vmm_config_add_file(options->config, value, guest);
    if (result == -EINVAL)
        return cli_fail(CLI_FAILED, "--add %s%s%s: give HOST or HOST:GUEST, GUEST without \"..\"",
                        value, guest ? ":" : "", guest ? guest : "");
    return result ? fail_option("--add", value, result) : 0;
}

static int add_disk(struct run_options *options, char *value)
{
    bool read_only = false;
    char *comma = strrchr(value, ',');
    if (comma && (strcmp(comma, ",ro") == 0 || strcmp(comma, ",rw") == 0)) {
        read_only = comma[2] == 'o';
        *comma = '\0';
    }
    int result = vmm_config_add_disk(options->config, value, read_only);
    return result ? fail_option("--disk", value, result) : 0;
}

static int set_timeout(struct run_options *options, const char *value)
{
    uint64_t milliseconds;
    if (!parse_duration(value, &milliseconds) || milliseconds > INT64_MAX / 1000000)
        return cli_fail(CLI_FAILED,
                        "--timeout %s: not a duration; give seconds or a number with ms, s, m, h",
                        value);
    options->timeout_ms = milliseconds;
    vmm_config_set_timeout(options->config, milliseconds);
    return 0;
}

static int set_cwd(struct run_options *options, const char *value)
{
    int result = vmm_config_set_cwd(options->config, value);
    if (result == -EINVAL)
        return cli_fail(CLI_FAILED, "-w %s: not an absolute path of the guest", value);
    return result ? fail_option("-w", value, result) : 0;
}

static int set_snapshot(struct run_options *options, const char *value)
{
    char path[PATH_MAX];
    int result = snapshot_path(value, true, path, sizeof(path));
    if (result)
        return result;
    result = vmm_config_set_snapshot_at_ready(options->config, path);
    return result ? fail_option("--snapshot-at-ready", value, result) : 0;
}

/* The name of an option that was given and is one of `wrong`; NULL: none. */
static const char *given_of(const struct run_options *options, uint64_t wrong)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (options->given & wrong & 1ull << option_rows[i].id)
            return option_rows[i].name;
    return NULL;
}

int run_options_check(const struct run_options *options)
{
    const char *wrong = options->from ? given_of(options, BELONGS_TO_SNAPSHOT) : NULL;
    return wrong
               ? cli_fail(CLI_FAILED, "--from: --%s is the snapshot's and cannot be changed", wrong)
               : 0;
}

int run_options_for_functions(const struct run_options *options, const char *command)
{
    const char *wrong = given_of(options, BELONGS_TO_RUN);
    return wrong ? cli_fail(CLI_FAILED, "--%s: not with \"vmm %s\"", wrong, command) : 0;
}

static void set_flag(struct run_options *options, enum option_id id)
{
    options->terminal |= id == OPT_TERMINAL;
    options->interactive |= id == OPT_INTERACTIVE;
    options->verbose += id == OPT_VERBOSE;
    options->help |= id == OPT_HELP;
}

static int apply(void *arg, unsigned int id, char *value)
{
    struct run_options *options = arg;
    int result = 0;
    options->given |= 1ull << id;
    switch ((enum option_id)id) {
    case OPT_TERMINAL:
    case OPT_INTERACTIVE:
    case OPT_VERBOSE:
    case OPT_HELP:
        set_flag(options, id);
        return 0;
    case OPT_ENV:
        return add_env(options, value);
    case OPT_WORKDIR:
        return set_cwd(options, value);
    case OPT_MEMORY:
        return set_memory(options, value);
    case OPT_CPUS:
        return set_cpus(options, value);
    case OPT_ADD:
        return add_file(options, value);
    case OPT_ENGINE:
        return run_set_engine(options, value);
    case OPT_MACHINE:
        return run_set_machine(options, value);
    case OPT_DISK:
        return add_disk(options, value);
    case OPT_TIMEOUT:
        return set_timeout(options, value);
    case OPT_STATS:
        return run_set_stats(options, value);
    case OPT_CONSOLE:
        return run_set_console(options, value);
    case OPT_STRACE:
        return run_set_trace(options, value);
    case OPT_KERNEL:
        options->has_kernel = true;
        result = vmm_config_set_kernel(options->config, value);
        return result ? fail_option("--kernel", value, result) : 0;
    case OPT_INITRD:
        options->has_initrd = true;
        result = vmm_config_set_initrd(options->config, value);
        return result ? fail_option("--initrd", value, result) : 0;
    case OPT_APPEND:
        result = vmm_config_set_append(options->config, value);
        return result ? fail_option("--append", value, result) : 0;
    case OPT_HOSTNAME:
        result = vmm_config_set_hostname(options->config, value);
        return result ? fail_option("--hostname", value, result) : 0;
    case OPT_STRICT:
        options->strict = true;
        vmm_config_set_strict(options->config, true);
        return 0;
    case OPT_NO_SANDBOX:
        options->no_sandbox = true;
        vmm_config_set_sandbox(options->config, false);
        return 0;
    case OPT_OUTPUT:
        options->output = value;
        return 0;
    case OPT_FROM:
        options->from = value;
        return 0;
    case OPT_NAME:
        options->name = value;
        return 0;
    case OPT_SNAPSHOT_AT_READY:
        return set_snapshot(options, value);
    }
    return 0;
}

int run_options_program(struct run_options *options, int argc, char **argv)
{
    char *path = options->program_path;
    options->program = argv[0];
    if (options->image && !options->output && argc > 2 && strcmp(argv[argc - 2], "-o") == 0) {
        options->output = argv[argc - 1];
        argc -= 2;
    }
    if (!argv[0][0])
        return cli_fail(CLI_NOT_FOUND, "the program's name is empty");
    int result = find_program(argv[0], path, sizeof(options->program_path));
    if (result == -ENOENT)
        return cli_fail(CLI_NOT_FOUND, "%s: not found in PATH", argv[0]);
    if (!result)
        result = vmm_config_set_program(options->config, path, argc, (const char *const *)argv);
    if (result == -ENAMETOOLONG || result == -E2BIG)
        return cli_fail(CLI_FAILED, "program name or arguments are too long");
    return result ? fail_option("PROGRAM", argv[0], result) : 0;
}

int run_options_parse(int argc, char **argv, struct run_options *options, const char *command,
                      const struct option_table *more, int *used)
{
    struct option_table tables[2] = {{option_rows, OPTION_COUNT, belongs, apply, options}};
    if (more)
        tables[1] = *more;
    int result = options_parse(argc, argv, tables, more ? 2 : 1, command, &options->help, used);
    return result ? result : run_options_check(options);
}
