/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of function calls on the control channel.  Knows no process and no pump. */
#include <errno.h>
#include <string.h>

#include "vmm/calls/outcome.h"
#include "vmm/qemu/qemu.h"

#define PIECE_MAX (GUEST_HOST_MSG_BYTES_MAX)

/* ---- To the guest -------------------------------------------------------- */

/*
 * As many pieces as the channel's buffer takes now, and as the guest has asked for; the pump
 * comes again.
 */
static void send_pieces(struct qemu *qemu, struct call_record *record, uint64_t asked,
                        uint32_t what)
{
    uint8_t piece[PIECE_MAX];

    while (record->sent < call_record_length(record) && record->sent < asked) {
        size_t room = control_room(&qemu->control);
        uint64_t most = asked - record->sent;
        uint32_t length, flag;

        if (room < PIECE_MAX) {
            return;
        }
        length = call_record_take(record, piece, most < PIECE_MAX ? (size_t)most : PIECE_MAX);
        flag = record->sent < call_record_length(record) ? GUEST_CALL_PIECE : 0;
        control_send(&qemu->control, GUEST_CTL_WORD(GUEST_HOST_CALL, what | flag), piece, length);
    }
}

void qemu_calls_send(struct qemu *qemu)
{
    struct qemu_calls *calls = &qemu->calls;

    if (calls->call != NULL) {
        send_pieces(qemu, &calls->request, calls->request_asked, GUEST_CALL_WAIT);
        send_pieces(qemu, &calls->answer.record, calls->answer_asked, GUEST_CALL_HOST);
    }
}

/* ---- From the guest ------------------------------------------------------ */

static void finish(struct qemu_calls *calls)
{
    calls->over = true;
}

static void breach(struct qemu_calls *calls, const char *what)
{
    calls->call->outcome = VMM_CALL_BROKEN;
    call_tell(calls->call, "%s: the guest broke the protocol of calls: %s", calls->call->name,
              what);
    finish(calls);
}

/* whole: nothing is missing of it. */
static void take_reply(struct qemu_calls *calls, const uint8_t *bytes, uint32_t length, bool more,
                       bool whole)
{
    const char *wrong = call_reply_add(&calls->reply, calls->call, bytes, length, more,
                                       whole ? CALL_TOTAL_UNKNOWN : 0);

    if (wrong != NULL) {
        breach(calls, wrong);
    } else if (!more) {
        finish(calls);
    }
}

static void take_host_call(struct qemu *qemu, const uint8_t *bytes, uint32_t length, bool more,
                           bool whole)
{
    struct qemu_calls *calls = &qemu->calls;

    if (!call_inbox_add(&calls->inbox, bytes, length)) {
        breach(calls, "a call of the host that is too long");
    } else if (!more) {
        calls->host_thread = pthread_self();
        atomic_store(&calls->host_runs, true);
        host_call_run(qemu->config, &calls->inbox, whole, &calls->answer);
        atomic_store(&calls->host_runs, false);
        calls->answer_asked = GUEST_CALL_PART;
    }
}

int qemu_calls_receive(struct qemu *qemu, uint8_t value, const uint8_t *bytes, uint32_t length)
{
    struct qemu_calls *calls = &qemu->calls;
    bool more = (value & GUEST_CALL_PIECE) != 0, whole = (value & GUEST_CALL_VOID) == 0;

    switch (value & ~(GUEST_CALL_PIECE | GUEST_CALL_VOID)) {
    case GUEST_CALL_WAIT:
        calls->ready = true;
        return length == 0 ? 0 : -EPROTO;
    case GUEST_CALL_REPLY:
        if (calls->call != NULL && !calls->over) {
            take_reply(calls, bytes, length, more, whole);
        }
        return 0;
    case GUEST_CALL_MORE:
        calls->request_asked += GUEST_CALL_IN_MAX;
        return 0;
    case GUEST_CALL_HOST_MORE:
        calls->answer_asked += GUEST_CALL_PART;
        return 0;
    case GUEST_CALL_HOST:
        if (calls->call != NULL && !calls->over) {
            take_host_call(qemu, bytes, length, more, whole);
        }
        return 0;
    default:
        return -EPROTO;
    }
}

int qemu_calls_crash(struct qemu *qemu, const uint8_t *bytes, uint32_t length)
{
    struct qemu_calls *calls = &qemu->calls;

    if (length != sizeof(calls->crash)) {
        return -EPROTO;
    }
    memcpy(&calls->crash, bytes, sizeof(calls->crash));
    calls->has_crash = calls->crash.version == GUEST_CRASH_VERSION &&
                       calls->crash.size == sizeof(calls->crash) &&
                       calls->crash.frame_count <= GUEST_CRASH_FRAMES_MAX;
    return 0;
}

bool qemu_calls_pause(const struct qemu *qemu)
{
    const struct qemu_calls *calls = &qemu->calls;

    return calls->starting ? calls->ready : calls->call != NULL && calls->over;
}
