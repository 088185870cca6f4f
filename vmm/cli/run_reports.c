/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of "vmm run" about what is told of a run: --stats, --console, --strace. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/run_options.h"

#define CONSOLE_LEVEL 6u /* KERN_INFO */
#define CONSOLE_LEVEL_MAX 7u
#define CONSOLE_LEVEL_TRACE 4u /* with a trace: warnings */

int run_set_stats(struct run_options *options, const char *value)
{
    if (strncmp(value, "json", 4) != 0 || (value[4] != '\0' && value[4] != ':') ||
        strcmp(value, "json:") == 0)
        return cli_fail(CLI_FAILED, "--stats %s: unknown; give json or json:FILE", value);
    options->stats = true;
    options->stats_path = value[4] ? value + 5 : NULL;
    vmm_config_set_stats(options->config, true);
    return 0;
}

int run_set_console(struct run_options *options, const char *value)
{
    uint64_t level = CONSOLE_LEVEL;
    if (*value && !parse_number(value, CONSOLE_LEVEL_MAX, &level))
        return cli_fail(CLI_FAILED, "--console=%s: the level must be between 0 and %u", value,
                        CONSOLE_LEVEL_MAX);
    options->console = true;
    vmm_config_set_console(options->config, STDERR_FILENO, (unsigned int)level);
    return 0;
}

/* "", or calls or summary, and perhaps ":FILE". */
int run_set_trace(struct run_options *options, const char *value)
{
    const char *colon = strchr(value, ':');
    size_t length = colon ? (size_t)(colon - value) : strlen(value);
    bool calls = length == 0 || (length == 5 && memcmp(value, "calls", 5) == 0);
    bool summary = length == 7 && memcmp(value, "summary", 7) == 0;
    int fd = STDERR_FILENO;

    if ((!calls && !summary) || (colon && !colon[1]))
        return cli_fail(CLI_FAILED, "--strace=%s: unknown; give calls or summary, and :FILE",
                        value);
    if (colon && (fd = open(colon + 1, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return cli_fail(CLI_FAILED, "--strace: %s: %s", colon + 1, strerror(errno));
    vmm_config_set_trace(options->config, summary ? VMM_TRACE_SUMMARY : VMM_TRACE_CALLS);
    vmm_config_set_console(options->config, fd, CONSOLE_LEVEL_TRACE);
    options->console = true;
    return 0;
}
