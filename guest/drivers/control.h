/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control channel of boot/guest_abi.h: the guest's last word and its reports
 * to the host, and signals from the host.  Under our own monitor it is a port
 * with an interrupt ("ctl=PORT,GSI"); under QEMU a console port carries messages
 * and the port ("ctl=PORT") ends the VM; under a stranger's, the machine is reset.
 */
#ifndef DRIVERS_CONTROL_H
#define DRIVERS_CONTROL_H

#include "boot/guest_abi.h"
#include "lib/types.h"

/* Boot: reads the command line; touches nothing. */
void control_init(void);
/*
 * From now on on_signal(signo) is called in interrupt context for signals from
 * the host.  Routes an interrupt, and under QEMU brings the console up: call it
 * when the first program has been started, or when the CPU idles first.
 */
void control_listen(void (*on_signal)(int signo));

/* Is it our own monitor's port?  Then a 32-bit OUT to one of its ports (GUEST_CTL_*_PORT). */
bool control_is_port(void);
void control_out(uint16_t gate, uint32_t value);
/* Is it a channel of messages (QEMU)?  Then one of them, from a thread: may sleep. */
bool control_is_channel(void);
void control_send(uint32_t word, const void *payload, uint32_t length);
/* The program says it is initialised. */
void control_ready(void);
/* stats: one page or less, in the direct map, not crossing a page boundary. */
void control_report_stats(const struct guest_stats *stats);
/*
 * Ends the VM.  From a thread, when all that the program has written must reach
 * the host first; GUEST_CTL_PANIC and GUEST_CTL_NO_MEMORY from anywhere, at any
 * time: they use no driver and no lock.
 */
NORETURN void control_end(enum guest_ctl_kind kind, uint8_t value);

#endif
