/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a VM's configuration that says what is told about it: console, trace, sums, log. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "vmm/config.h"

#define LOG_LEVEL_MAX 7u

int vmm_config_set_console(struct vmm_config *config, int fd, unsigned int log_level)
{
    if (log_level > LOG_LEVEL_MAX)
        return -ERANGE;
    config->console_fd = fd < 0 ? -1 : fd;
    config->log_level = log_level;
    return 0;
}

int vmm_config_set_stats(struct vmm_config *config, bool on)
{
    config->stats = on;
    return 0;
}

int vmm_config_set_trace(struct vmm_config *config, enum vmm_trace trace)
{
    if (trace > VMM_TRACE_SUMMARY)
        return -EINVAL;
    config->trace = trace;
    return 0;
}

int vmm_config_set_strict(struct vmm_config *config, bool on)
{
    config->strict = on;
    return 0;
}

const char *config_report_words(const struct vmm_config *config)
{
    static const char words[][2][24] = {
        {"", "strict"}, {"strace", "strace strict"}, {"strace=summary", "strace=summary strict"}};
    return words[config->trace][config->strict];
}

int vmm_config_set_log(struct vmm_config *config, vmm_log_fn *log, void *arg)
{
    config->log = log;
    config->log_arg = arg;
    return 0;
}

/* The lists of a fresh copy; the scalars are there already. */

void vmm_log(const struct vmm_config *config, enum vmm_log_level level, const char *format, ...)
{
    if (!config->log)
        return;
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    config->log(config->log_arg, level, line);
}
