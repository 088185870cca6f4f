/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What commands that run programs begin with: a configuration with the usual environment, the
 * log, the file for statistics.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/run_options.h"

/* What the guest gets without being asked for; -e comes later and wins. */
static int add_default_env(struct vmm_config *config)
{
    int result = vmm_config_add_env(
        config, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    return result ? result : vmm_config_add_env(config, "HOME=/root");
}

int run_options_new(struct run_options *options)
{
    memset(options, 0, sizeof(*options));
    if (vmm_config_new(&options->config) != 0 || add_default_env(options->config) != 0)
        return cli_fail(CLI_FAILED, "out of memory");
    return 0;
}

static void print_log(void *arg, enum vmm_log_level level, const char *line)
{
    const struct run_options *options = arg;
    if (options->verbose > (unsigned int)level)
        cli_note("%s", line);
}

void run_options_log(struct run_options *options)
{
    if (options->verbose)
        vmm_config_set_log(options->config, print_log, options);
}

int run_options_stats(const struct run_options *options, int *fd)
{
    *fd = STDERR_FILENO;
    if (!options->stats_path)
        return 0;
    *fd = open(options->stats_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*fd < 0)
        return cli_fail(CLI_FAILED, "--stats %s: %s", options->stats_path, strerror(errno));
    return 0;
}

int run_options_enclose(const struct run_options *options, const struct vmm *vm,
                        const char *writable_directory)
{
    struct vmm_stats stats = {.size = sizeof(stats)};
    /* The program is looked at again for the names in a backtrace. */
    const char *readable[] = {options->program ? options->program_path : NULL, NULL};
    const char *writable[] = {writable_directory, NULL};
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    /* QEMU is started later, and has files to open. */
    if (vm && vmm_get_stats(vm, &stats) == 0 && stats.engine == VMM_ENGINE_QEMU)
        return 0;
    if (options->no_sandbox || vmm_enclose(readable, writable, &error) == 0)
        return 0;
    return cli_fail(CLI_FAILED, "%s", error.text);
}
