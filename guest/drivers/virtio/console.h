/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program's streams on virtio-console devices, as iface/chardev.h: single
 * port devices (the first for stdin and stdout, the next for stderr), or one
 * multiport device whose ports are found by the names of boot/guest_abi.h.
 * Without any console, output goes where kernel messages go and input is at its end.
 *
 * Everything is lazy: a device is brought up by start(), buffers for input are
 * made available by the first read, interrupts are routed when somebody waits.
 *
 * Locking: one spinlock per device inside (LOCK_RANK_DEVICE).  Notify callbacks
 * run in interrupt context with no lock held.
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_H
#define DRIVERS_VIRTIO_CONSOLE_H

#include "iface/chardev.h"

/* Never NULL; what is behind them shows when they are started. */
struct chardev *console_stdio(void);
struct chardev *console_stderr(void); /* falls back to the device of stdio */
/* The port GUEST_CTL_PORT_NAME; its start() says -ENODEV where there is none. */
struct chardev *console_control(void);

/* The program will read, not only write: saves bringing the device up twice. */
void console_expect_input(void);
/* The host's reader of standard output has gone: later writes return -EPIPE. */
void console_mark_closed(struct chardev *dev);
/* The host has sent so many bytes of input in all, and no more will come. */
void console_set_input_end(struct chardev *dev, uint64_t total_bytes);
/* The terminal's size, when the control channel tells it rather than the device. */
void console_set_size(struct chardev *dev, uint16_t rows, uint16_t columns);

#endif
