/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console (virtio 1.2, 5.3), one port: queue 0 receives, 1 transmits.
 *
 * Beyond the standard: a receive buffer that comes back with length 0 says
 * that the input has ended (the standard knows ends of input for multiport
 * devices only).  When the reader of the output has gone, output is swallowed
 * and the owner is told once, see struct console.
 */
#ifndef VMM_DEV_VIRTIO_CONSOLE_H
#define VMM_DEV_VIRTIO_CONSOLE_H

#include <linux/virtio_console.h>
#include <stdatomic.h>

#include "vmm/backend/event_loop.h"
#include "vmm/backend/stream.h"
#include "vmm/dev/virtio/device.h"

struct console {
    struct virtio_device device;
    struct virtio_console_config config; /* little endian */
    struct event_loop *loop;
    struct stream in; /* fd -1: no input */
    struct stream out;
    struct event_source in_source, out_source;
    /* The output's reader has gone (error: EPIPE) or it failed; called once, with the lock. */
    void (*output_failed)(void *arg, int error);
    void *arg;

    /* Guarded by the device's lock. */
    bool waiting_in, waiting_out; /* armed, the I/O thread will come */
    bool in_ended;
    bool out_failed;
    uint32_t sent; /* bytes of the chain at the head of the transmit queue */
};

/*
 * loop, output_failed and arg are set by the owner before.  in_fd may be -1.
 * has_size: offer the terminal's size, see console_set_size().
 */
void console_init(struct console *console, const struct guest_mem *mem, const atomic_bool *ended,
                  int in_fd, int out_fd, bool has_size);
/* Takes the lock. */
void console_set_size(struct console *console, unsigned int rows, unsigned int columns);
/*
 * Writes out what the guest has already made available, when the VM ends;
 * waits for slow readers until give_up() says so.  The event loop is stopped.
 */
void console_drain(struct console *console, bool (*give_up)(const void *arg), const void *arg);
void console_destroy(struct console *console);

#endif
