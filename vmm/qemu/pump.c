/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between start and end of the QEMU process: one poll loop that carries the
 * streams, control messages, requests of other threads, and time.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/qemu/relay.h"

#define NS_PER_MS 1000000ull
#define STDOUT_STREAM 1u
#define STDERR_STREAM 2u
#define OUTPUT_ROUNDS_MAX 4096u /* of a program that never stops printing */

enum slot {
    SLOT_IN,
    SLOT_OUT,
    SLOT_ERR,
    SLOT_CONSOLE,
    SLOT_CTL,
    SLOT_REQUEST,
    SLOT_QEMU_ERROR,
    SLOT_PROCESS,
    SLOT_COUNT,
};

uint64_t qemu_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void end_vm(struct qemu *qemu, enum vmm_outcome outcome)
{
    if (!qemu->has_result) {
        qemu->has_result = true;
        qemu->result.outcome = outcome;
    }
    qemu->killed_by_us = true;
    qemu_kill(qemu);
}

static void take_requests(struct qemu *qemu)
{
    struct request request;
    while (read(qemu->request_pipe[0], &request, sizeof(request)) == (ssize_t)sizeof(request)) {
        switch (request.kind) {
        case REQUEST_SIGNAL:
            control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_SIGNAL, request.value[0]), NULL,
                         0);
            break;
        case REQUEST_RESIZE:
            control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_RESIZE, 0), request.value,
                         sizeof(request.value));
            break;
        case REQUEST_CANCEL:
            if (request.value[0] != qemu->calls.number)
                break; /* of a call that is over */
            end_vm(qemu, VMM_STOPPED);
            break;
        default:
            end_vm(qemu, VMM_STOPPED);
            break;
        }
    }
}

/* What the guest must know of the user's streams. */
static void tell_streams(struct qemu *qemu)
{
    if (!qemu->stdin_end_sent && relay_finished(&qemu->in)) {
        qemu->stdin_end_sent = true;
        control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_STDIN_END, 0), &qemu->in.taken,
                     sizeof(qemu->in.taken));
    }
    if (qemu->out.to_gone && !qemu->out_told) {
        qemu->out_told = true;
        control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_STREAM_CLOSED, STDOUT_STREAM), NULL,
                     0);
    }
    if (qemu->err.to_gone && !qemu->err_told) {
        qemu->err_told = true;
        control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_STREAM_CLOSED, STDERR_STREAM), NULL,
                     0);
    }
}

static void prepare(struct qemu *qemu, struct pollfd *polls)
{
    relay_prepare(&qemu->in, &polls[SLOT_IN]);
    relay_prepare(&qemu->out, &polls[SLOT_OUT]);
    relay_prepare(&qemu->err, &polls[SLOT_ERR]);
    relay_prepare(&qemu->console, &polls[SLOT_CONSOLE]);
    polls[SLOT_CTL] = (struct pollfd){.fd = qemu->channels[CHANNEL_CTL], .events = POLLIN};
    if (qemu->control.out_length)
        polls[SLOT_CTL].events |= POLLOUT;
    polls[SLOT_REQUEST] = (struct pollfd){.fd = qemu->request_pipe[0], .events = POLLIN};
    polls[SLOT_QEMU_ERROR] = (struct pollfd){.fd = qemu->error_pipe[0], .events = POLLIN};
    polls[SLOT_PROCESS] = (struct pollfd){.fd = qemu->alive ? qemu->pid_fd : -1, .events = POLLIN};
}

static void read_qemu_error(struct qemu *qemu)
{
    uint8_t bytes[512];
    ssize_t got = read(qemu->error_pipe[0], bytes, sizeof(bytes));
    if (got > 0)
        tail_add(&qemu->error_tail, bytes, (size_t)got);
    if (got == 0) {
        close(qemu->error_pipe[0]);
        qemu->error_pipe[0] = -1;
    }
}

static int take_control(struct qemu *qemu, const struct pollfd *poll)
{
    if (poll->revents & POLLOUT)
        control_flush(&qemu->control, poll->fd);
    if (!(poll->revents & (POLLIN | POLLHUP | POLLERR)))
        return 0;
    int result = control_receive(qemu);
    if (result) {
        close(qemu->channels[CHANNEL_CTL]);
        qemu->channels[CHANNEL_CTL] = -1;
    }
    /* The guest flushes its output before its last word: no need to wait for
     * QEMU to tidy up. */
    if (qemu->has_result)
        qemu_kill(qemu);
    return result;
}

static int step(struct qemu *qemu, const struct pollfd *polls)
{
    int result = 0;
    size_t length;
    relay_step(&qemu->in, &polls[SLOT_IN], NULL);
    relay_step(&qemu->out, &polls[SLOT_OUT], NULL);
    relay_step(&qemu->err, &polls[SLOT_ERR], NULL);
    relay_step(&qemu->console, &polls[SLOT_CONSOLE], &qemu->console_tail);
    if (polls[SLOT_CONSOLE].revents && qemu_loader_failure(qemu, &length))
        qemu_kill(qemu); /* the firmware would ask the user what to do now */
    if (polls[SLOT_CTL].revents)
        result = take_control(qemu, &polls[SLOT_CTL]);
    if (polls[SLOT_REQUEST].revents)
        take_requests(qemu);
    if (polls[SLOT_QEMU_ERROR].revents)
        read_qemu_error(qemu);
    if (polls[SLOT_PROCESS].revents)
        qemu_reap(qemu);
    return result == -EPROTO ? result : 0;
}

/* After the process: what is still in the sockets goes out, input stops. */
static bool finished(struct qemu *qemu)
{
    if (qemu->alive)
        return false;
    if (qemu->has_result &&
        (qemu->result.outcome == VMM_STOPPED || qemu->result.outcome == VMM_TIMED_OUT))
        return true; /* nobody waits for a reader that hangs */
    return relay_finished(&qemu->out) && relay_finished(&qemu->err) &&
           relay_finished(&qemu->console) && qemu->error_pipe[0] < 0 &&
           qemu->channels[CHANNEL_CTL] < 0;
}

static int wait_ms(const struct qemu *qemu, uint64_t deadline_ns)
{
    if (deadline_ns == 0 || !qemu->alive)
        return -1;
    uint64_t now = qemu_now_ns();
    if (now >= deadline_ns)
        return 0;
    uint64_t wait = (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS;
    return wait > 1000000 ? 1000000 : (int)wait;
}

/* A reply may overtake what the program wrote before it: that goes out now, as far as it can. */
static void pass_output_on(struct qemu *qemu)
{
    struct pollfd polls[SLOT_COUNT];

    for (unsigned int rounds = 0; rounds < OUTPUT_ROUNDS_MAX; rounds++) {
        prepare(qemu, polls);
        for (unsigned int slot = 0; slot < SLOT_COUNT; slot++)
            if (slot != SLOT_OUT && slot != SLOT_ERR && slot != SLOT_CONSOLE)
                polls[slot].fd = -1;
        if (poll(polls, SLOT_COUNT, 0) <= 0)
            break;
        relay_step(&qemu->out, &polls[SLOT_OUT], NULL);
        relay_step(&qemu->err, &polls[SLOT_ERR], NULL);
        relay_step(&qemu->console, &polls[SLOT_CONSOLE], &qemu->console_tail);
    }
}

int qemu_pump(struct qemu *qemu, uint64_t deadline_ns, struct vmm_error *error)
{
    struct pollfd polls[SLOT_COUNT];

    while (!finished(qemu) && !qemu_calls_pause(qemu)) {
        tell_streams(qemu);
        qemu_calls_send(qemu);
        if (!qemu->alive)
            qemu->in.from_done = true, qemu->in.start = qemu->in.end;
        prepare(qemu, polls);
        int ready = poll(polls, SLOT_COUNT, wait_ms(qemu, deadline_ns));
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            return vmm_fail(error, -errno, VMM_FAULT_USAGE, "poll: %s", strerror(errno));
        if (ready > 0 && step(qemu, polls) != 0) {
            qemu_kill(qemu);
            qemu_reap(qemu);
            return vmm_fail(error, -EPROTO, VMM_FAULT_USAGE,
                            "the guest broke the protocol of its control channel");
        }
        if (deadline_ns && qemu->alive && qemu_now_ns() >= deadline_ns)
            end_vm(qemu, VMM_TIMED_OUT);
    }
    if (!finished(qemu))
        pass_output_on(qemu);
    return 0;
}
