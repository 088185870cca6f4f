/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of function calls (boot/guest_abi.h, "Function calls") as bytes: cutting one into
 * pieces, and taking one in, piece by piece.  Knows no transport.  What comes from a guest may be
 * anything; lengths are the caller's to bound to a piece.
 */
#ifndef VMM_CALLS_RECORD_H
#define VMM_CALLS_RECORD_H

#include "boot/guest_abi.h"
#include "vmm/vmm.h"

#define CALL_STATUS_DIGITS 10u

/* A record on its way into the guest: a head with its NUL, then bytes.  Borrows both. */
struct call_record {
    const char *head;
    size_t head_length;
    const uint8_t *bytes;
    size_t length;
    size_t sent; /* of both */
};

size_t call_record_length(const struct call_record *record);
/* The next piece, at most `room` bytes; returns its length. */
uint32_t call_record_take(struct call_record *record, uint8_t *to, size_t room);

/* A reply on its way out of the guest: a status, a NUL, bytes that go to the call's buffer. */
struct call_reply {
    char status[CALL_STATUS_DIGITS + 1];
    unsigned int status_length;
    bool has_status;
    uint64_t length; /* of its bytes so far, kept or not */
};

/*
 * A piece of it.  NULL: taken, and with the last one (more is false) the call's outcome, status and
 * out_length are set; otherwise what is wrong with it.  total: bytes of the whole record; fewer
 * came when the guest could not read all of it, and the call fails with EFAULT.
 */
const char *call_reply_add(struct call_reply *reply, struct vmm_call *call, const uint8_t *bytes,
                           uint32_t length, bool more, uint64_t total);
#define CALL_TOTAL_UNKNOWN UINT64_MAX

/* A record of the guest's that is kept whole: a call of one of the embedder's functions. */
struct call_inbox {
    uint8_t *bytes;
    size_t length;
};

/* False: too long, or no memory. */
bool call_inbox_add(struct call_inbox *inbox, const uint8_t *bytes, uint32_t length);
void call_inbox_free(struct call_inbox *inbox);

#endif
