/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm call": one function of a program that serves them; standard input is what it gets,
 * standard output what it returns.  The library does the work.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/call_stats.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/run_options.h"
#include "vmm/cli/snapshot_store.h"

#define STATUS_MOST 123 /* of a function that failed; 124 and on mean something else */

enum { CALL_REPEAT, CALL_RESET_BETWEEN, CALL_CPU_TIME, CALL_OUTPUT_MAX };

struct call_options {
    struct run_options run;
    const char *name;
    uint64_t repeat;
    bool reset_between;
    uint64_t cpu_ms;
    uint64_t output_max;
};

struct session {
    struct call_options *options;
    struct call_stats stats;
    struct vmm *vm;
    struct vmm_call call;
};

/* Handlers have no argument: the VM they mean. */
static struct vmm *running;
static volatile sig_atomic_t stopped_by;

static const struct option_row option_rows[] = {
    {"repeat", 0, VALUE, CALL_REPEAT},
    {"reset-between", 0, NO_VALUE, CALL_RESET_BETWEEN},
    {"cpu-time", 0, VALUE, CALL_CPU_TIME},
    {"output-max", 0, VALUE, CALL_OUTPUT_MAX},
};

static int apply(void *arg, unsigned int id, char *value)
{
    struct call_options *options = arg;
    switch (id) {
    case CALL_REPEAT:
        if (!parse_number(value, CALLS_MAX, &options->repeat) || options->repeat == 0)
            return cli_fail(CLI_FAILED, "--repeat %s: not a number between 1 and %u", value,
                            CALLS_MAX);
        break;
    case CALL_RESET_BETWEEN:
        options->reset_between = true;
        break;
    case CALL_CPU_TIME:
        if (!parse_duration(value, &options->cpu_ms) || options->cpu_ms > INT64_MAX / 1000000)
            return cli_fail(CLI_FAILED,
                            "--cpu-time %s: not a duration; give seconds or a number "
                            "with ms, s, m, h",
                            value);
        break;
    case CALL_OUTPUT_MAX:
        if (!parse_size(value, &options->output_max) || options->output_max > VMM_INPUT_MAX)
            return cli_fail(CLI_FAILED, "--output-max %s: not a size of up to %uM", value,
                            VMM_INPUT_MAX >> 20);
        break;
    }
    return 0;
}

/* PROGRAM NAME [-- ARGS...], or NAME alone of a snapshot. */
static int take_words(struct call_options *options, int count, char **words)
{
    int own = options->run.from ? 1 : 2;
    if (count < own)
        return cli_fail(CLI_FAILED, "call: %s is missing; see \"vmm help call\"",
                        count < own - 1 ? "PROGRAM" : "the function's NAME");
    options->name = words[own - 1];
    if (count > own && (options->run.from || strcmp(words[own], "--") != 0))
        return cli_fail(CLI_FAILED, "call: unexpected word %s; %s", words[own],
                        options->run.from ? "a snapshot's program has its arguments"
                                          : "arguments for PROGRAM follow --");
    if (options->run.from)
        return 0;
    /* The program's arguments, with its name before them where "--" was. */
    if (count == own)
        return run_options_program(&options->run, 1, words);
    words[own] = words[0];
    return run_options_program(&options->run, count - own, words + own);
}

static void stop(int number)
{
    int error = errno;
    stopped_by = number;
    vmm_stop(running);
    errno = error;
}

static void install_handlers(struct vmm *vm)
{
    static const int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    running = vm;
    for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++) {
        struct sigaction inherited;
        if (sigaction(stopping[i], NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
            sigaction(stopping[i], &action, NULL);
    }
}

/* All of standard input. */
static int read_input(struct vmm_call *call)
{
    size_t capacity = 0, length = 0;
    char *bytes = NULL;
    for (;;) {
        if (length == capacity) {
            capacity = capacity ? 4 * capacity : 65536;
            char *bigger = realloc(bytes, capacity);
            if (!bigger)
                return cli_fail(CLI_FAILED, "out of memory");
            bytes = bigger;
        }
        ssize_t done = read(STDIN_FILENO, bytes + length, capacity - length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return cli_fail(CLI_FAILED, "standard input: %s", strerror(errno));
        if (done == 0)
            break;
        length += (size_t)done;
        if (length > VMM_INPUT_MAX)
            return cli_fail(CLI_FAILED, "the input is larger than %uM", VMM_INPUT_MAX >> 20);
    }
    call->in = bytes;
    call->in_length = length;
    return 0;
}

static int configure(struct call_options *options)
{
    struct vmm_config *config = options->run.config;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return cli_fail(CLI_FAILED, "/dev/null: %s", strerror(errno));
    /* Standard output is the function's; what the program prints goes beside it. */
    vmm_config_set_stdio(config, null_fd, STDERR_FILENO, STDERR_FILENO);
    vmm_config_set_functions(config, true);
    run_options_log(&options->run);
    return 0;
}

/* A VM that waits for a call, and can be reset if that is wanted. */
static int create_ready(struct session *session)
{
    struct call_options *options = session->options;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_snapshot *snapshot = NULL;
    int result;
    if (options->run.from) {
        int status = snapshot_open(options->run.from, &snapshot);
        if (status)
            return status;
        result = vmm_clone(snapshot, options->run.config, &session->vm, &error);
    } else {
        result = vmm_create(options->run.config, &session->vm, &error);
    }
    if (!result) {
        install_handlers(session->vm);
        int status = run_options_enclose(&options->run, session->vm, NULL);
        if (status)
            return status;
        if (!options->run.from)
            result = vmm_start(session->vm, &error);
    }
    if (stopped_by)
        return CLI_SIGNALLED + stopped_by;
    if (result == -ETIMEDOUT)
        return cli_fail(CLI_TIMED_OUT, "%s", error.text);
    if (!result && options->reset_between && !snapshot)
        result = vmm_snapshot_take(session->vm, &snapshot, &error);
    vmm_snapshot_free(snapshot); /* clones and origins keep it */
    if (result == -ENOTSUP && options->reset_between)
        return cli_fail(CLI_FAILED, "--reset-between: only with KVM, not with the QEMU engine");
    return result ? cli_fail(cli_status_of(error.fault), "%s", error.text) : 0;
}

/* One call, and its time; an exit status, with nothing said. */
static void call_once(struct session *session)
{
    struct vmm_call *call = &session->call;
    uint64_t begin = clock_ns();
    vmm_call_with(session->vm, call);
    times_add(&session->stats.calls, clock_ns() - begin);
    session->stats.exits += call->exits;
    if (call->exits > session->stats.exits_most)
        session->stats.exits_most = call->exits;
}

static int reset(struct session *session)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    uint64_t begin = clock_ns();
    if (vmm_reset(session->vm, &error) != 0)
        return cli_fail(CLI_FAILED, "%s", error.text);
    times_add(&session->stats.resets, clock_ns() - begin);
    return 0;
}

static int status_of(const struct vmm_call *call)
{
    switch (call->outcome) {
    case VMM_CALL_DONE:
        return CLI_OK;
    case VMM_CALL_FAILED:
        return call->status < 1 || call->status > STATUS_MOST ? STATUS_MOST : call->status;
    case VMM_CALL_CRASHED:
        return CLI_SIGNALLED + call->signal;
    case VMM_CALL_TIMED_OUT:
        return CLI_TIMED_OUT;
    case VMM_CALL_CANCELLED:
        return stopped_by ? CLI_SIGNALLED + stopped_by : CLI_FAILED;
    case VMM_CALL_EXITED:
    case VMM_CALL_REFUSED:
    case VMM_CALL_TOO_LARGE:
    case VMM_CALL_BROKEN:
        break;
    }
    return CLI_FAILED;
}

/* The output, or a line about the call; its exit status. */
static int report(const struct vmm_call *call)
{
    if (call->outcome == VMM_CALL_DONE)
        return cli_write(STDOUT_FILENO, call->out, call->out_length)
                   ? CLI_OK
                   : cli_fail(CLI_FAILED, "standard output: %s", strerror(errno));
    if (call->outcome == VMM_CALL_CANCELLED && stopped_by)
        return status_of(call);
    /* What the function says in it is text as it pleases; cli_fail() makes it one harmless line. */
    return cli_fail(status_of(call), "%s", call->error.text[0] ? call->error.text : "the VM broke");
}

static int call_all(struct session *session)
{
    struct call_options *options = session->options;
    for (uint64_t i = 0; i < options->repeat; i++) {
        if (i && options->reset_between && reset(session) != 0)
            return CLI_FAILED;
        call_once(session);
        if (session->call.outcome != VMM_CALL_DONE || stopped_by)
            break;
    }
    return report(&session->call);
}

static void print_stats(struct session *session, int fd, int status)
{
    struct vmm_stats stats = {.size = sizeof(stats)};
    struct text text = {0};
    if (vmm_get_stats(session->vm, &stats) != 0)
        return;
    call_stats_format(&text, &session->stats, stats.engine, session->call.outcome, status);
    if (text.failed || !cli_write(fd, text.bytes, text.length))
        cli_note("--stats: cannot be written");
    free(text.bytes);
}

static int call(struct call_options *options)
{
    struct session session = {.options = options};
    struct vmm_call *request = &session.call;
    int stats_fd, status = configure(options);

    request->size = sizeof(*request);
    request->name = options->name;
    request->out_capacity = options->output_max;
    request->timeout_ns = options->run.timeout_ms * 1000000u;
    request->cpu_ns = options->cpu_ms * 1000000u;
    request->out = malloc(options->output_max ? options->output_max : 1);
    if (!request->out || !times_reserve(&session.stats.calls, options->repeat) ||
        !times_reserve(&session.stats.resets, options->reset_between ? options->repeat : 0))
        return cli_fail(CLI_FAILED, "out of memory");
    if (!status)
        status = run_options_stats(&options->run, &stats_fd);
    if (!status)
        status = read_input(request);
    uint64_t begin = clock_ns();
    if (!status)
        status = create_ready(&session);
    if (status)
        return status;
    session.stats.start_ns = clock_ns() - begin;
    status = call_all(&session);
    if (options->run.stats)
        print_stats(&session, stats_fd, status);
    /* As in "vmm run": the process takes the VM along. */
    if (vmm_abandon() == 0)
        _exit(status);
    return status;
}

int cmd_call(int argc, char **argv)
{
    struct call_options options = {.repeat = 1, .output_max = VMM_INPUT_MAX};
    struct option_table table = {option_rows, sizeof(option_rows) / sizeof(option_rows[0]), NULL,
                                 apply, &options};
    int used, status = run_options_new(&options.run);
    if (!status)
        status = run_options_parse(argc, argv, &options.run, "call", &table, &used);
    if (status)
        return status;
    if (options.run.help)
        return cmd_help("call");
    status = run_options_for_functions(&options.run, "call");
    if (!status)
        status = take_words(&options, argc - used, argv + used);
    return status ? status : call(&options);
}
