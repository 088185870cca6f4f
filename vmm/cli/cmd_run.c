/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm run": one VM, its streams and signals, and its end as exit status.  The
 * library does the work; here is what belongs to a process: terminal, signal
 * handlers, messages.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/control.h"
#include "vmm/cli/run_options.h"
#include "vmm/cli/snapshot_store.h"
#include "vmm/cli/stats.h"
#include "vmm/cli/terminal.h"

#define CONSOLE_LEVEL_FOREIGN 7u
#define CONSOLE_LEVEL_VERBOSE 4u /* warnings: what the program asked for in vain */

/* Handlers have no argument: the VM they mean. */
static struct vmm *running;
static volatile sig_atomic_t interrupts, terminations;
static volatile sig_atomic_t stopped_by = SIGINT;

static void pass_signal(int number)
{
    int error = errno;
    bool ends = number != SIGUSR1 && number != SIGUSR2;
    bool again =
        (number == SIGINT && ++interrupts > 1) || (number == SIGTERM && ++terminations > 1);
    /* Nobody inside takes the first one when the kernel is a foreign one. */
    if (again || (vmm_signal(running, number) == -ENOTSUP && ends)) {
        stopped_by = number;
        vmm_stop(running);
    }
    errno = error;
}

static void pass_size(int number)
{
    int error = errno;
    unsigned int rows, columns;
    (void)number;
    if (terminal_size(STDIN_FILENO, &rows, &columns))
        vmm_resize(running, rows, columns);
    errno = error;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

static void install_handlers(bool terminal)
{
    static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
        struct sigaction inherited;
        /* What nohup or a shell's background made us ignore does not reach the program either. */
        if (sigaction(passed[i], NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
            handle(passed[i], pass_signal);
    }
    if (terminal)
        handle(SIGWINCH, pass_size);
}

/* The user's kind of terminal goes with the terminal. */
static int add_terminal_env(struct vmm_config *config)
{
    const char *term = getenv("TERM");
    char pair[128] = "TERM=";
    if (!term || strlen(term) >= sizeof(pair) - 5)
        term = "linux";
    memcpy(pair + 5, term, strlen(term) + 1);
    return vmm_config_add_env(config, pair);
}

static int set_terminal(struct run_options *options, bool *raw)
{
    unsigned int rows = 0, columns = 0;
    *raw = false;
    if (!options->terminal && !options->interactive)
        return 0;
    bool is_terminal = terminal_is(STDIN_FILENO);
    if (options->terminal && !is_terminal)
        return cli_fail(CLI_FAILED, "-t: standard input is not a terminal");
    if (!is_terminal)
        return 0;
    terminal_size(STDIN_FILENO, &rows, &columns);
    int result = vmm_config_set_terminal(options->config, rows, columns);
    if (!result && !options->has_term)
        result = add_terminal_env(options->config);
    *raw = true;
    return result ? cli_fail(CLI_FAILED, "-t: %s", strerror(-result)) : 0;
}

static void print_stats(int fd, const struct vmm *vm, const struct vmm_result *result, int status)
{
    struct vmm_stats stats = {.size = sizeof(stats)};
    struct text text = {0};
    if (vmm_get_stats(vm, &stats) != 0)
        return;
    stats_format(&text, &stats, result, status);
    if (text.failed || !cli_write(fd, text.bytes, text.length))
        cli_note("--stats: cannot be written");
    free(text.bytes);
}

static int fail_start(const struct run_options *options, int error)
{
    const char *name = options->program ? options->program : "the kernel";
    switch (error) {
    case ENOENT:
        return cli_fail(CLI_NOT_FOUND, "%s: the guest cannot start it: %s", name, strerror(error));
    case ENOMEM:
        return cli_fail(CLI_FAILED, "%s: the guest has too little memory to start it; raise -m",
                        name);
    default:
        return cli_fail(CLI_NOT_EXECUTABLE, "%s: the guest cannot start it: %s", name,
                        strerror(error));
    }
}

/* The exit status that docker's convention gives to an end. */
static int report(const struct run_options *options, const struct vmm_result *result,
                  const struct vmm_error *error)
{
    switch (result->outcome) {
    case VMM_EXITED:
        return result->value;
    case VMM_KILLED:
        return CLI_SIGNALLED + result->value;
    case VMM_START_FAILED:
        return fail_start(options, result->value);
    case VMM_TIMED_OUT:
        return cli_fail(CLI_TIMED_OUT, "stopped: the time limit was reached");
    case VMM_STOPPED:
        return CLI_SIGNALLED + stopped_by;
    case VMM_POWERED_OFF:
        return CLI_OK;
    case VMM_PANICKED:
        return cli_fail(CLI_FAILED, "%s",
                        error->text[0] ? error->text : "the guest kernel panicked");
    case VMM_UNSUPPORTED:
        return cli_fail(CLI_FAILED, "stopped: the program needs what is named above (--strict)");
    case VMM_BROKEN:
        break;
    }
    return cli_fail(CLI_FAILED, "%s", error->text[0] ? error->text : "the VM broke");
}

static int create_vm(const struct run_options *options, struct vmm **vm)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_snapshot *snapshot;
    int result;
    if (options->from) {
        int status = snapshot_open(options->from, &snapshot);
        if (status)
            return status;
        result = vmm_clone(snapshot, options->config, vm, &error);
        vmm_snapshot_free(snapshot);
    } else {
        result = vmm_create(options->config, vm, &error);
    }
    return result ? cli_fail(cli_status_of(error.fault), "%s", error.text) : 0;
}

static int run_vm(const struct run_options *options, struct control *control, bool raw,
                  int stats_fd)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_result result;
    struct vmm *vm;

    /* A reader that went away is the program's business, a file-size limit an error. */
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
    int status = create_vm(options, &vm);
    if (!status && control)
        status = control_start(control, vm);
    if (status)
        return status;
    running = vm;
    install_handlers(raw);
    if (raw) {
        int failed = terminal_enter_raw(STDIN_FILENO);
        if (failed) {
            control_stop(control);
            vmm_destroy(vm);
            return cli_fail(CLI_FAILED, "-t: %s", strerror(-failed));
        }
    }
    int failed = vmm_run(vm, &result, &error);
    control_stop(control);
    terminal_restore();
    if (failed)
        return cli_fail(cli_status_of(error.fault), "%s", error.text);
    status = report(options, &result, &error);
    if (options->stats)
        print_stats(stats_fd, vm, &result, status);
    /* The process ends now and takes the VM along: destroying it first, or
     * even its death in the kernel, would only make the user wait. */
    if (vmm_abandon() == 0)
        _exit(status);
    return status;
}

int run_prepared(struct run_options *options)
{
    struct control *control = NULL;
    bool raw;
    int stats_fd;

    if (!options->program && !options->has_kernel && !options->from)
        return cli_fail(CLI_FAILED, "no program given; see \"vmm help run\"");
    if (options->program && options->from)
        return cli_fail(CLI_FAILED, "--from: the snapshot has its program; %s is too much",
                        options->program);
    if (options->has_initrd && options->program)
        return cli_fail(CLI_FAILED, "--initrd: only for a kernel without PROGRAM (see --add)");
    /* A foreign kernel alone talks on its serial console. */
    if (!options->program && !options->from && !options->console)
        vmm_config_set_console(options->config, STDOUT_FILENO, CONSOLE_LEVEL_FOREIGN);
    else if ((options->verbose || options->strict) && !options->console)
        vmm_config_set_console(options->config, STDERR_FILENO, CONSOLE_LEVEL_VERBOSE);
    run_options_log(options);
    int status = set_terminal(options, &raw);
    if (!status)
        status = run_options_stats(options, &stats_fd);
    if (!status && options->name) {
        vmm_config_set_snapshots(options->config, true);
        status = control_open(options->name, &control);
    }
    return status ? status : run_vm(options, control, raw, stats_fd);
}

int cmd_run(int argc, char **argv)
{
    struct run_options options;
    int used, status = run_options_new(&options);
    if (!status)
        status = run_options_parse(argc, argv, &options, "run", NULL, &used);
    if (status)
        return status;
    if (options.help)
        return cmd_help("run");
    if (used < argc)
        status = run_options_program(&options, argc - used, argv + used);
    return status ? status : run_prepared(&options);
}
