/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of bytes in both directions behind a driver: the seam between
 * console drivers and terminals or plain stream files.  Drivers fill in ops,
 * the user fills in the notify fields before start().
 */
#ifndef IFACE_CHARDEV_H
#define IFACE_CHARDEV_H

#include "lib/types.h"

struct chardev;

struct chardev_ops {
    /* First use: bring the device up.  0 or negative errno (ENODEV, ENOMEM). */
    int (*start)(struct chardev *dev);
    /*
     * Bytes from a kernel buffer; copies.  Returns how many were taken (0: full,
     * wait for writable()), -EPIPE when nobody will ever read.  Does not sleep.
     */
    ssize_t (*write)(struct chardev *dev, const void *data, size_t size);
    /* Bytes that have arrived: count, 0: none now, -EPIPE: end of input.  Does not sleep. */
    ssize_t (*read)(struct chardev *dev, void *data, size_t size);
    bool (*can_write)(struct chardev *dev);
    bool (*can_read)(struct chardev *dev); /* also true at end of input */
    /* Bytes that read() would give at once. */
    size_t (*readable)(struct chardev *dev);
    /* Waits (bounded) until everything written has reached the host. */
    void (*drain)(struct chardev *dev);
    /* Terminal size if the device knows one. */
    bool (*get_size)(struct chardev *dev, uint16_t *rows, uint16_t *columns);
};

struct chardev {
    const struct chardev_ops *ops;
    void *driver;
    void *user;
    /* From interrupt context, no locks held: may wake, not sleep. */
    void (*on_readable)(struct chardev *dev);
    void (*on_writable)(struct chardev *dev);
    void (*on_resize)(struct chardev *dev);
};

#endif
