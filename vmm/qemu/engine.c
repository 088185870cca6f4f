/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU engine behind vmm/engine.h: the same kernel, archive and streams as
 * the KVM engine, inside a qemu-system-x86_64 process.  For hosts without KVM
 * and for tests: TCG isolates nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/qemu/qemu.h"
#include "vmm/qemu/relay.h"
#include "vmm/sandbox/sandbox.h"

#define NS_PER_MS 1000000u
#define NO_KVM_TEXT                                                                        \
    "engine: QEMU with TCG emulation; it isolates nothing by QEMU's own security policy: " \
    "for convenience and tests only"

static void destroy(void *machine)
{
    struct qemu *qemu = machine;
    if (!qemu)
        return;
    qemu_close(qemu);
    qemu_calls_destroy(&qemu->calls);
    free(qemu->in.buffer); /* one block for all relays */
    arena_free(&qemu->arena);
    free(qemu);
}

static struct qemu *new_qemu(const struct vmm_config *config)
{
    struct qemu *qemu = calloc(1, sizeof(*qemu));
    if (!qemu)
        return NULL;
    qemu->config = config;
    qemu_calls_init(&qemu->calls);
    qemu->kernel_fd = qemu->archive_fd = qemu->initrd_fd = qemu->pid_fd = -1;
    for (unsigned int i = 0; i < CHANNEL_COUNT; i++)
        qemu->channels[i] = qemu->far_ends[i] = -1;
    for (unsigned int i = 0; i < 2; i++)
        qemu->error_pipe[i] = qemu->request_pipe[i] = -1;
    qemu->in.buffer = malloc((size_t)RELAY_BYTES * CHANNEL_COUNT);
    if (!qemu->in.buffer) {
        free(qemu);
        return NULL;
    }
    return qemu;
}

/* KVM below QEMU only when QEMU was asked for and KVM really works. */
static bool kvm_works(const struct vmm_config *config)
{
    struct vmm_host host = {.size = sizeof(host)};
    if (config->engine != VMM_ENGINE_QEMU || access("/dev/kvm", R_OK | W_OK) != 0)
        return false;
    return vmm_probe_host(&host) == 0 && host.kvm == VMM_KVM_WORKS;
}

static void init_relays(struct qemu *qemu)
{
    const struct vmm_config *config = qemu->config;
    uint8_t *buffer = qemu->in.buffer;
    relay_init(&qemu->in, config->in_fd, qemu->channels[CHANNEL_STDIO], buffer);
    relay_init(&qemu->out, qemu->channels[CHANNEL_STDIO], config->out_fd, buffer + RELAY_BYTES);
    relay_init(&qemu->err, qemu->channels[CHANNEL_STDERR], config->err_fd,
               buffer + 2ul * RELAY_BYTES);
    relay_init(&qemu->console, qemu->channels[CHANNEL_CONSOLE], config->console_fd,
               buffer + 3ul * RELAY_BYTES);
}

static int create(const struct vmm_config *config, struct archive *archive, void **machine,
                  struct vmm_error *error)
{
    *machine = NULL;
    struct qemu *qemu = new_qemu(config);
    if (!qemu)
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    qemu->created_ns = qemu_now_ns();
    int result = 0;
    if (qemu_find(qemu->path, sizeof(qemu->path)) != 0)
        result = vmm_fail(error, -ENOENT, VMM_FAULT_USAGE,
                          "QEMU is not installed (apt install qemu-system-x86), and there is no "
                          "usable KVM; see \"vmm doctor\"");
    if (!result)
        result = qemu_open(qemu, archive, error);
    if (!result)
        qemu->use_kvm = kvm_works(config);
    if (!result)
        result = qemu_build_command(qemu, archive != NULL, error);
    if (result) {
        destroy(qemu);
        return result;
    }
    init_relays(qemu);
    vmm_log(config, VMM_LOG_INFO, "%s", qemu->use_kvm ? "engine: QEMU with KVM" : NO_KVM_TEXT);
    for (size_t i = 0; i < qemu->argc; i++)
        vmm_log(config, VMM_LOG_DEBUG, "qemu: %s", qemu->argv[i]);
    qemu->opened_ns = qemu_now_ns();
    *machine = qemu;
    return 0;
}

/* A tail as a string, without blanks at its end. */
static const char *tail_text(struct tail *tail)
{
    while (tail->length && strchr("\r\n\t ", tail->bytes[tail->length - 1]))
        tail->length--;
    tail->bytes[tail->length < TAIL_BYTES ? tail->length : TAIL_BYTES - 1] = '\0';
    return tail->bytes;
}

/* All of a tail as one line, in place: what QEMU says may take two. */
static const char *one_line(struct tail *tail)
{
    tail_text(tail); /* ends it with NUL */
    for (char *c = tail->bytes; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return tail->bytes;
}

static void fail_with_last_words(struct qemu *qemu, struct vmm_error *error, const char *what)
{
    char words[400];

    vmm_last_words(qemu->config, tail_text(&qemu->console_tail), words, sizeof(words));
    vmm_fail(error, 0, VMM_FAULT_USAGE, "%s: %s", what, words);
}

/* The process has ended and the guest left no word: whose fault was it? */
static void explain_silence(struct qemu *qemu, struct vmm_error *error)
{
    bool ours = !qemu->config->kernel || qemu->config->program;
    size_t length;
    const char *said = qemu_loader_failure(qemu, &length);
    qemu->result.outcome = VMM_BROKEN;
    if (said) {
        vmm_fail(error, 0, VMM_FAULT_USAGE, "the UEFI loader: %.*s", (int)length, said);
    } else if (qemu->error_tail.length) {
        vmm_fail(error, 0, VMM_FAULT_USAGE, "%s", one_line(&qemu->error_tail));
    } else if (!ours) {
        qemu->result.outcome = VMM_POWERED_OFF;
    } else if (qemu->console_tail.length) {
        qemu->result.outcome = VMM_PANICKED;
        fail_with_last_words(qemu, error, "the guest kernel stopped");
    } else {
        vmm_fail(error, 0, VMM_FAULT_USAGE, "QEMU ended without a word from the guest");
    }
}

void qemu_explain(struct qemu *qemu, struct vmm_error *error)
{
    if (!qemu->has_result)
        explain_silence(qemu, error);
    else if (qemu->result.outcome == VMM_PANICKED)
        fail_with_last_words(qemu, error, "the guest kernel panicked");
}

static int run(void *machine, struct vmm_result *result, struct vmm_error *error)
{
    struct qemu *qemu = machine;
    qemu->started_ns = qemu_now_ns();
    int failed = qemu_spawn(qemu, error);
    if (!failed && qemu->config->sandbox)
        failed = sandbox_enter(SANDBOX_QEMU, error);
    if (!failed)
        failed = qemu_pump(
            qemu,
            qemu->config->timeout_ms ? qemu->started_ns + qemu->config->timeout_ms * NS_PER_MS : 0,
            error);
    qemu->ended_ns = qemu_now_ns();
    if (failed) {
        qemu_kill(qemu);
        qemu_reap(qemu);
        return failed;
    }
    qemu_explain(qemu, error);
    *result = qemu->result;
    return 0;
}

static int request(struct qemu *qemu, enum request_kind kind, uint32_t first, uint32_t second)
{
    struct request message = {.kind = kind, .value = {first, second}};
    ssize_t done = write(qemu->request_pipe[1], &message, sizeof(message));
    return done == (ssize_t)sizeof(message) ? 0 : -errno;
}

static int send_signal(void *machine, int signal_number)
{
    if (signal_number < 1 || signal_number > 64)
        return -EINVAL;
    return request(machine, REQUEST_SIGNAL, (uint32_t)signal_number, 0);
}

static int resize(void *machine, unsigned int rows, unsigned int columns)
{
    return request(machine, REQUEST_RESIZE, rows, columns);
}

static int stop(void *machine)
{
    return request(machine, REQUEST_STOP, 0, 0);
}

static int cancel(void *machine)
{
    struct qemu *qemu = machine;
    uint32_t number = atomic_load(&qemu->calls.number);
    return number ? request(qemu, REQUEST_CANCEL, number, 0) : 0;
}

/*
 * When the program started: QEMU does not tell, so count back from the end by
 * the guest's own clock.  0 when the guest reported nothing.
 */
static uint64_t user_ns(const struct qemu *qemu)
{
    const struct guest_stats *guest = &qemu->guest_stats;
    if (guest->tsc_khz == 0 || guest->tsc_exit < guest->tsc_user || guest->tsc_user == 0)
        return 0;
    uint64_t ran_ns = (uint64_t)((unsigned __int128)(guest->tsc_exit - guest->tsc_user) *
                                 NS_PER_MS / guest->tsc_khz);
    uint64_t whole_ns = qemu->ended_ns - qemu->created_ns;
    return ran_ns < whole_ns ? whole_ns - ran_ns : 0;
}

static void get_stats(const void *machine, struct vmm_stats *stats)
{
    const struct qemu *qemu = machine;
    const struct guest_stats *guest = &qemu->guest_stats;
    stats->engine = VMM_ENGINE_QEMU;
    stats->opened_ns = qemu->opened_ns ? qemu->opened_ns - qemu->created_ns : 0;
    stats->started_ns = qemu->started_ns ? qemu->started_ns - qemu->created_ns : 0;
    stats->ended_ns = qemu->ended_ns ? qemu->ended_ns - qemu->created_ns : 0;
    stats->user_ns = user_ns(qemu);
    stats->memory_bytes = qemu->config->memory_bytes;
    stats->tsc_khz = guest->tsc_khz;
    stats->boot_tsc = guest->tsc_user > guest->tsc_entry ? guest->tsc_user - guest->tsc_entry : 0;
    stats->guest_pages_used_max = guest->pages_used_max;
    stats->context_switches = guest->context_switches;
    stats->page_faults = guest->page_faults;
    stats->interrupts = guest->interrupts;
    _Static_assert(sizeof(stats->syscalls) == sizeof(guest->syscalls), "the same calls");
    memcpy(stats->syscalls, guest->syscalls, sizeof(stats->syscalls));
}

const struct vmm_engine_ops vmm_qemu_engine = {
    .name = "qemu",
    .create = create,
    .run = run,
    .signal = send_signal,
    .resize = resize,
    .stop = stop,
    .start = qemu_start,
    .call = qemu_call,
    .cancel = cancel,
    .get_stats = get_stats,
    .destroy = destroy,
};
