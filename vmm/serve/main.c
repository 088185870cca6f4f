/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm-serve, which "vmm serve" becomes: options, the program warmed up once and kept as a
 * snapshot, a pool of its clones, sockets; then nothing but to wait for the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/run_options.h"
#include "vmm/cli/snapshot_store.h"
#include "vmm/serve/listen.h"
#include "vmm/serve/serve.h"

#define COUNT_MAX 4096u /* workers, VMs */
#define QUEUE_MAX 65536u
#define DEADLINE_DEFAULT_NS 30000000000ull
#define SIZE_DEFAULT (1u << 20)

enum {
    SERVE_SOCKET,
    SERVE_HTTP,
    SERVE_CONCURRENCY,
    SERVE_POOL,
    SERVE_QUEUE,
    SERVE_DEADLINE,
    SERVE_CPU_TIME,
    SERVE_INPUT_MAX,
    SERVE_OUTPUT_MAX,
    SERVE_FRESH,
};

static const struct option_row option_rows[] = {
    {"socket", 0, VALUE, SERVE_SOCKET},
    {"http", 0, VALUE, SERVE_HTTP},
    {"concurrency", 0, VALUE, SERVE_CONCURRENCY},
    {"pool", 0, VALUE, SERVE_POOL},
    {"queue", 0, VALUE, SERVE_QUEUE},
    {"deadline", 0, VALUE, SERVE_DEADLINE},
    {"cpu-time", 0, VALUE, SERVE_CPU_TIME},
    {"input-max", 0, VALUE, SERVE_INPUT_MAX},
    {"output-max", 0, VALUE, SERVE_OUTPUT_MAX},
    {"fresh", 0, NO_VALUE, SERVE_FRESH},
};

struct serve_options {
    struct run_options run;
    struct limits limits;
    struct {
        const char *text;
        bool path;
    } endpoints[LISTENERS_MAX];
    size_t endpoint_count;
};

static int add_endpoint(struct serve_options *options, const char *value, bool path)
{
    if (options->endpoint_count == LISTENERS_MAX)
        return cli_fail(CLI_FAILED, "serve: more than %u sockets", LISTENERS_MAX);
    if (!path && strncmp(value, "unix:", 5) == 0) {
        path = true;
        value += 5;
    }
    options->endpoints[options->endpoint_count].text = value;
    options->endpoints[options->endpoint_count++].path = path;
    return 0;
}

static int set_count(const char *name, const char *value, uint64_t min, uint64_t max,
                     uint64_t *count)
{
    if (!parse_number(value, max, count) || *count < min)
        return cli_fail(CLI_FAILED, "--%s %s: not a number between %llu and %llu", name, value,
                        (unsigned long long)min, (unsigned long long)max);
    return 0;
}

static int set_time(const char *name, const char *value, uint64_t *ns)
{
    uint64_t milliseconds;
    if (!parse_duration(value, &milliseconds) || milliseconds > INT64_MAX / 1000000)
        return cli_fail(CLI_FAILED,
                        "--%s %s: not a duration; give seconds or a number with ms, s, "
                        "m, h",
                        name, value);
    *ns = milliseconds * 1000000u;
    return 0;
}

static int set_size(const char *name, const char *value, uint64_t *bytes)
{
    if (!parse_size(value, bytes) || *bytes > VMM_INPUT_MAX)
        return cli_fail(CLI_FAILED, "--%s %s: not a size of up to %uM", name, value,
                        VMM_INPUT_MAX >> 20);
    return 0;
}

static int apply(void *arg, unsigned int id, char *value)
{
    struct serve_options *options = arg;
    struct limits *limits = &options->limits;
    switch (id) {
    case SERVE_SOCKET:
        return add_endpoint(options, value, true);
    case SERVE_HTTP:
        return add_endpoint(options, value, false);
    case SERVE_CONCURRENCY:
        return set_count("concurrency", value, 1, COUNT_MAX, &limits->concurrency);
    case SERVE_POOL:
        return set_count("pool", value, 1, COUNT_MAX, &limits->ready);
    case SERVE_QUEUE:
        return set_count("queue", value, 1, QUEUE_MAX, &limits->queue);
    case SERVE_DEADLINE:
        return set_time("deadline", value, &limits->deadline_ns);
    case SERVE_CPU_TIME:
        return set_time("cpu-time", value, &limits->cpu_ns);
    case SERVE_INPUT_MAX:
        return set_size("input-max", value, &limits->input_max);
    case SERVE_OUTPUT_MAX:
        return set_size("output-max", value, &limits->output_max);
    case SERVE_FRESH:
        limits->fresh = true;
        return 0;
    }
    return 0;
}

static int parse(int argc, char **argv, struct serve_options *options)
{
    struct option_table table = {option_rows, sizeof(option_rows) / sizeof(option_rows[0]), NULL,
                                 apply, options};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int used, status = run_options_new(&options->run);
    options->limits.concurrency = cpus > 0 && cpus < COUNT_MAX ? (uint64_t)cpus : 1;
    if (!status)
        status = run_options_parse(argc, argv, &options->run, "serve", &table, &used);
    if (status || options->run.help)
        return status;
    status = run_options_for_functions(&options->run, "serve");
    if (status)
        return status;
    if (options->run.stats)
        return cli_fail(CLI_FAILED, "--stats: not with \"vmm serve\"; it has /metrics");
    if (options->limits.ready == 0)
        options->limits.ready = options->limits.concurrency;
    if (options->endpoint_count == 0)
        return cli_fail(CLI_FAILED, "serve: where? give --http PORT or --socket PATH");
    if (options->run.from && used < argc)
        return cli_fail(CLI_FAILED, "serve: unexpected word %s; the snapshot has its program",
                        argv[used]);
    if (!options->run.from && used == argc)
        return cli_fail(CLI_FAILED, "no program given; see \"vmm help serve\"");
    if (used < argc && argc - used > 1 && strcmp(argv[used + 1], "--") == 0) {
        argv[used + 1] = argv[used]; /* PROGRAM -- ARGS, as with call */
        used++;
    }
    return used < argc ? run_options_program(&options->run, argc - used, argv + used) : 0;
}

static int listen_everywhere(const struct serve_options *options, struct listener *listeners)
{
    for (size_t i = 0; i < options->endpoint_count; i++) {
        const char *text = options->endpoints[i].text;
        int status = options->endpoints[i].path ? listen_unix(text, &listeners[i])
                                                : listen_tcp(text, &listeners[i]);
        if (status) {
            listen_remove_now(listeners, i);
            return status;
        }
    }
    return 0;
}

/* The program, warmed up: it waits for its first call. */
static int warm_up(struct serve_options *options, struct vmm_snapshot **snapshot)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm *vm = NULL;
    if (options->run.from) {
        int status = snapshot_open(options->run.from, snapshot);
        return status ? status : run_options_enclose(&options->run, NULL, NULL);
    }
    int result = vmm_create(options->run.config, &vm, &error);
    if (!result && run_options_enclose(&options->run, vm, NULL) != 0)
        return CLI_FAILED;
    if (!result)
        result = vmm_start(vm, &error);
    if (!result)
        result = vmm_snapshot_take(vm, snapshot, &error);
    vmm_destroy(vm);
    if (result == -ENOTSUP)
        return cli_fail(CLI_FAILED, "serve needs KVM: with the QEMU engine there are no clean VMs");
    return result ? cli_fail(cli_status_of(error.fault), "%s", error.text) : 0;
}

static int open_pool(struct serve_options *options, struct server *server)
{
    struct vmm_config *config = options->run.config;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_snapshot *snapshot = NULL;
    struct vmm_pool_options pool = {.size = sizeof(pool), .reuse = !options->limits.fresh};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null_fd < 0)
        return cli_fail(CLI_FAILED, "/dev/null: %s", strerror(errno));
    vmm_config_set_stdio(config, null_fd, STDERR_FILENO, STDERR_FILENO);
    vmm_config_set_functions(config, true);
    run_options_log(&options->run);
    int status = warm_up(options, &snapshot);
    if (status)
        return status;
    pool.ready = (unsigned int)options->limits.ready;
    /* Those that have served and are not destroyed yet must not keep others waiting. */
    pool.most = (unsigned int)((options->limits.fresh ? 4 : 1) * options->limits.concurrency);
    int result = vmm_pool_create(snapshot, config, &pool, &server->pool, &error);
    vmm_snapshot_free(snapshot);
    return result ? cli_fail(cli_status_of(error.fault), "%s", error.text) : 0;
}

/* Signals that end us come here and nowhere else, so every thread is started after this. */
static void block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void *drain(void *arg)
{
    struct server *server = arg;
    jobs_wait_idle(server);
    _exit(CLI_OK); /* takes threads and VMs along */
}

/* Calls that run or wait are finished, unless a second signal comes. */
static int wait_for_end(struct server *server, const sigset_t *ending)
{
    pthread_t drainer;
    int number;
    sigwait(ending, &number);
    atomic_store(&server->draining, true);
    http_quiesce(server);
    if (pthread_create(&drainer, NULL, drain, server) != 0)
        drain(server);
    sigwait(ending, &number);
    return CLI_SIGNALLED + number;
}

static int start(struct server *server, const struct listener *listeners, size_t count)
{
    int result = jobs_start(server);
    for (size_t i = 0; i < count && !result; i++)
        result = http_start(server, listeners[i].fd);
    if (result)
        return cli_fail(CLI_FAILED, "serve: %s", strerror(-result));
    for (size_t i = 0; i < count; i++)
        cli_note("serving at %s", listeners[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    static struct serve_options options;
    static struct listener listeners[LISTENERS_MAX];
    static struct server server;
    sigset_t ending;

    options.limits = (struct limits){.queue = 256,
                                     .deadline_ns = DEADLINE_DEFAULT_NS,
                                     .input_max = SIZE_DEFAULT,
                                     .output_max = SIZE_DEFAULT};
    int status = parse(argc - 1, argv + 1, &options);
    if (status)
        return status;
    if (options.run.help)
        return cmd_help("serve");
    server.limits = options.limits;
    status = listen_everywhere(&options, listeners);
    if (!status)
        status = listen_remove_later(listeners, options.endpoint_count);
    if (status)
        return status;
    block_signals(&ending);
    status = open_pool(&options, &server);
    if (!status)
        status = start(&server, listeners, options.endpoint_count);
    if (status)
        _exit(status);
    _exit(wait_for_end(&server, &ending));
}
