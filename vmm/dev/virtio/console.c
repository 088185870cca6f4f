/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console device.  Neither direction blocks: when the host is not ready, the
 * I/O thread waits for it and goes on from where the queue stands.  A loop
 * over a queue ends when the queue is empty, the host is not ready, or the VM
 * has ended; so a guest that floods it keeps only its own CPU busy.
 */
#include "vmm/dev/virtio/console.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/epoll.h>

#define QUEUE_RECEIVE 0u
#define QUEUE_TRANSMIT 1u
#define READ_MAX (64u << 10)
#define DRAIN_POLL_MS 50

enum progress { QUEUE_EMPTY, VM_ENDED, HOST_NOT_READY, DEVICE_BROKEN };

static struct console *to_console(struct virtio_device *device)
{
    return (struct console *)device; /* its first member */
}

/* The I/O thread is to come back when the descriptor is ready. */
static void wait_for(struct console *console, struct event_source *source, bool *waiting,
                     uint32_t events)
{
    *waiting = event_loop_arm(console->loop, source, events | EPOLLONESHOT) == 0;
}

static void fail_output(struct console *console, int error)
{
    if (!console->out_failed) {
        console->out_failed = true;
        if (console->output_failed != NULL) {
            console->output_failed(console->arg, error);
        }
    }
}

/* Sends the rest of a chain: 1 it is out, 0 the host is not ready, -EFAULT. */
static int send_chain(struct console *console, struct virtq *queue, const struct virtq_chain *chain)
{
    struct iovec iov[VIRTQ_SEGMENTS_MAX];

    while (console->sent < chain->readable_bytes && !console->out_failed) {
        int count = virtq_iov(queue, chain, false, console->sent, UINT32_MAX, iov);
        ssize_t written = count < 0 ? -EFAULT : stream_write(&console->out, iov, count);

        if (written == -EAGAIN) {
            return 0;
        }
        if (written == -EFAULT) { /* also: a host file mapped into the guest has shrunk */
            return -EFAULT;
        }
        if (written < 0) {
            fail_output(console, (int)-written);
            break;
        }
        console->sent += (uint32_t)written;
    }
    console->sent = 0;
    return 1;
}

static enum progress transmit_available(struct console *console)
{
    struct virtq *queue = &console->device.queues[QUEUE_TRANSMIT];
    enum progress progress = QUEUE_EMPTY;
    struct virtq_chain chain;
    bool pushed = false;
    int result;

    while ((result = virtq_pop(queue, &chain)) > 0) {
        result = send_chain(console, queue, &chain);
        if (result <= 0) {
            virtq_unpop(queue);
            progress = result < 0 ? DEVICE_BROKEN : HOST_NOT_READY;
            break;
        }
        virtq_push(queue, &chain, 0);
        pushed = true;
        if (virtio_device_ended(&console->device)) {
            progress = VM_ENDED; /* console_drain() goes on with the rest */
            break;
        }
    }
    if (result < 0) {
        progress = DEVICE_BROKEN;
        virtio_device_break(&console->device);
    }
    if (pushed) {
        virtio_device_signal_used(&console->device, QUEUE_TRANSMIT);
    }
    return progress;
}

static void transmit(struct console *console)
{
    struct virtq *queue = &console->device.queues[QUEUE_TRANSMIT];
    enum progress progress;

    if (console->waiting_out) {
        return;
    }
    virtq_disable_notify(queue);
    do {
        progress = transmit_available(console);
    } while (progress == QUEUE_EMPTY && virtq_enable_notify(queue));
    if (progress == HOST_NOT_READY) {
        wait_for(console, &console->out_source, &console->waiting_out, EPOLLOUT);
        if (!console->waiting_out) {
            fail_output(console, EIO);
            transmit_available(console); /* swallows it */
        }
    }
}

static enum progress receive_available(struct console *console)
{
    struct virtq *queue = &console->device.queues[QUEUE_RECEIVE];
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    enum progress progress = QUEUE_EMPTY;
    struct virtq_chain chain;
    bool pushed = false;
    int result = 0;

    while (!console->in_ended && (result = virtq_pop(queue, &chain)) > 0) {
        int count = virtq_iov(queue, &chain, true, 0, READ_MAX, iov);
        ssize_t got;

        if (count <= 0 || chain.readable > 0) {
            result = -EPROTO;
            break;
        }
        got = stream_read(&console->in, iov, count);
        if (got == -EAGAIN) {
            virtq_unpop(queue);
            progress = HOST_NOT_READY;
            break;
        }
        /* A failing descriptor is the end, too: nothing more will come from it. */
        console->in_ended = got <= 0;
        virtq_push(queue, &chain, got > 0 ? (uint32_t)got : 0);
        pushed = true;
        if (virtio_device_ended(&console->device)) {
            break;
        }
    }
    if (result < 0) {
        progress = DEVICE_BROKEN;
        virtio_device_break(&console->device);
    }
    if (pushed) {
        virtio_device_signal_used(&console->device, QUEUE_RECEIVE);
    }
    return progress;
}

static void receive(struct console *console)
{
    struct virtq *queue = &console->device.queues[QUEUE_RECEIVE];
    enum progress progress;

    if (console->waiting_in || console->in.fd < 0 || console->in_ended) {
        return;
    }
    virtq_disable_notify(queue);
    do {
        progress = receive_available(console);
    } while (progress == QUEUE_EMPTY && !console->in_ended && virtq_enable_notify(queue) &&
             !virtio_device_ended(&console->device));
    if (progress == HOST_NOT_READY) {
        wait_for(console, &console->in_source, &console->waiting_in, EPOLLIN);
    }
}

static void notify(struct virtio_device *device, unsigned int queue)
{
    if (queue == QUEUE_TRANSMIT) {
        transmit(to_console(device));
    } else {
        receive(to_console(device));
    }
}

static void reset(struct virtio_device *device)
{
    struct console *console = to_console(device);

    console->sent = 0;
    console->in_ended = false;
}

static void out_ready(void *arg, uint32_t events)
{
    struct console *console = arg;

    (void)events;
    pthread_mutex_lock(&console->device.lock);
    console->waiting_out = false;
    if (virtio_device_running(&console->device)) {
        transmit(console);
    }
    pthread_mutex_unlock(&console->device.lock);
}

static void in_ready(void *arg, uint32_t events)
{
    struct console *console = arg;

    (void)events;
    pthread_mutex_lock(&console->device.lock);
    console->waiting_in = false;
    if (virtio_device_running(&console->device)) {
        receive(console);
    }
    pthread_mutex_unlock(&console->device.lock);
}

static const struct virtio_device_ops console_ops = {
    .id = VIRTIO_ID_CONSOLE,
    .queue_count = 2,
    .notify = notify,
    .reset = reset,
};

void console_init(struct console *console, const struct guest_mem *mem, const atomic_bool *ended,
                  int in_fd, int out_fd, bool has_size)
{
    virtio_device_init(&console->device, &console_ops, mem, ended, &console->config,
                       sizeof(console->config));
    if (has_size) {
        console->device.features |= 1ull << VIRTIO_CONSOLE_F_SIZE;
    }
    console->in.fd = -1;
    if (in_fd >= 0) {
        stream_open(&console->in, in_fd);
    }
    stream_open(&console->out, out_fd);
    console->in_source = (struct event_source){.fd = in_fd, .ready = in_ready, .arg = console};
    console->out_source = (struct event_source){.fd = out_fd, .ready = out_ready, .arg = console};
}

void console_set_size(struct console *console, unsigned int rows, unsigned int columns)
{
    pthread_mutex_lock(&console->device.lock);
    console->config.rows = (__virtio16)rows;
    console->config.cols = (__virtio16)columns;
    virtio_device_config_changed(&console->device);
    pthread_mutex_unlock(&console->device.lock);
}

void console_drain(struct console *console, bool (*give_up)(const void *arg), const void *arg)
{
    enum progress progress = VM_ENDED;

    pthread_mutex_lock(&console->device.lock);
    console->waiting_out = false;
    while ((progress == VM_ENDED || progress == HOST_NOT_READY) &&
           virtio_device_running(&console->device) && !give_up(arg)) {
        progress = transmit_available(console);
        if (progress == HOST_NOT_READY) {
            stream_wait_writable(&console->out, DRAIN_POLL_MS);
        }
    }
    pthread_mutex_unlock(&console->device.lock);
}

void console_destroy(struct console *console)
{
    event_source_close(&console->in_source);
    event_source_close(&console->out_source);
    virtio_device_destroy(&console->device);
}
