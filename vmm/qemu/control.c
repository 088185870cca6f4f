/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages on the control channel (struct guest_ctl_msg).  What arrives is from
 * the guest and not trusted: lengths are checked before anything is kept.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmm/qemu/qemu.h"

#define CORE_DUMPED 0x80u

size_t control_room(const struct control *control)
{
    size_t free_bytes = sizeof(control->out) - control->out_length;
    return free_bytes > sizeof(struct guest_ctl_msg) ? free_bytes - sizeof(struct guest_ctl_msg)
                                                     : 0;
}

void control_send(struct control *control, uint32_t word, const void *bytes, uint32_t length)
{
    struct guest_ctl_msg message = {.word = word, .length = length};
    /* A guest that does not listen loses messages, not the host its memory. */
    if (sizeof(message) + length > sizeof(control->out) - control->out_length)
        return;
    memcpy(control->out + control->out_length, &message, sizeof(message));
    if (length)
        memcpy(control->out + control->out_length + sizeof(message), bytes, length);
    control->out_length += sizeof(message) + length;
}

void control_flush(struct control *control, int fd)
{
    ssize_t done = write(fd, control->out, control->out_length);
    if (done < 0 && errno != EAGAIN && errno != EINTR)
        control->out_length = 0; /* QEMU is gone; its end is noticed elsewhere */
    if (done <= 0)
        return;
    control->out_length -= (size_t)done;
    memmove(control->out, control->out + done, control->out_length);
}

static int take_stats(struct qemu *qemu, const uint8_t *bytes, uint32_t length)
{
    struct guest_stats stats;
    if (length != sizeof(stats))
        return -EPROTO;
    memcpy(&stats, bytes, sizeof(stats));
    if (stats.version == GUEST_STATS_VERSION && stats.size == sizeof(stats))
        qemu->guest_stats = stats;
    return 0;
}

static void set_result(struct qemu *qemu, enum vmm_outcome outcome, int value)
{
    /* The first word counts. */
    if (qemu->has_result)
        return;
    qemu->has_result = true;
    qemu->result.outcome = outcome;
    qemu->result.value = value;
}

static int take_message(struct qemu *qemu, const struct guest_ctl_msg *message,
                        const uint8_t *bytes)
{
    uint32_t kind = message->word >> 8;
    uint8_t value = message->word & 0xff;
    if (kind == GUEST_CTL_STATS)
        return take_stats(qemu, bytes, message->length);
    if (kind == GUEST_CTL_CALL)
        return qemu_calls_receive(qemu, value, bytes, message->length);
    if (kind == GUEST_CTL_CRASH)
        return qemu_calls_crash(qemu, bytes, message->length);
    if (message->length != 0)
        return -EPROTO;
    switch (kind) {
    case GUEST_CTL_EXIT:
        set_result(qemu, VMM_EXITED, value);
        return 0;
    case GUEST_CTL_KILLED:
        if ((value & ~CORE_DUMPED) < 1 || (value & ~CORE_DUMPED) > 64)
            return -EPROTO;
        qemu->result.core_dumped = (value & CORE_DUMPED) && !qemu->has_result;
        set_result(qemu, VMM_KILLED, (int)(value & ~CORE_DUMPED));
        return 0;
    case GUEST_CTL_PANIC:
        set_result(qemu, VMM_PANICKED, 0);
        return 0;
    case GUEST_CTL_START_ERROR:
        set_result(qemu, VMM_START_FAILED, value);
        return 0;
    case GUEST_CTL_NO_MEMORY:
        set_result(qemu, VMM_START_FAILED, ENOMEM);
        return 0;
    case GUEST_CTL_REBOOT:
        set_result(qemu, VMM_POWERED_OFF, 0);
        return 0;
    case GUEST_CTL_UNSUPPORTED:
        set_result(qemu, VMM_UNSUPPORTED, 0);
        return 0;
    case GUEST_CTL_READY:
        return 0;
    default:
        return -EPROTO;
    }
}

/* Bytes that may follow a message; more is refused before they come. */
static uint32_t length_max(uint32_t kind)
{
    switch (kind) {
    case GUEST_CTL_STATS:
        return sizeof(struct guest_stats);
    case GUEST_CTL_CALL:
        return GUEST_CALL_PART;
    case GUEST_CTL_CRASH:
        return sizeof(struct guest_crash);
    default:
        return 0;
    }
}
_Static_assert(sizeof(((struct control *)NULL)->in) >=
                   sizeof(struct guest_ctl_msg) + GUEST_CALL_PART,
               "the longest message fits");

int control_receive(struct qemu *qemu)
{
    struct control *control = &qemu->control;
    ssize_t got = read(qemu->channels[CHANNEL_CTL], control->in + control->in_length,
                       sizeof(control->in) - control->in_length);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return -EPIPE;
    control->in_length += (size_t)got;
    for (;;) {
        struct guest_ctl_msg message;
        if (control->in_length < sizeof(message))
            return 0;
        memcpy(&message, control->in, sizeof(message));
        if (message.length > length_max(message.word >> 8))
            return -EPROTO;
        size_t size = sizeof(message) + message.length;
        if (control->in_length < size)
            return 0;
        int result = take_message(qemu, &message, control->in + sizeof(message));
        if (result)
            return result;
        control->in_length -= size;
        memmove(control->in, control->in + size, control->in_length);
    }
}
