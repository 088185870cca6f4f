/* SPDX-License-Identifier: BSD-2-Clause */
/* The control channel.  Knows the port and the message format; not what signals do. */
#include "drivers/control.h"

#include "arch/boot_info.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/generation.h"
#include "drivers/call.h"
#include "drivers/call_channel.h"
#include "drivers/irq.h"
#include "drivers/machine_end.h"
#include "drivers/virtio/console.h"
#include "lib/mutex.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page_alloc.h"

#define SEND_NS 2000000000ull
#define SIGNALS_PER_INTERRUPT 64
#define STREAM_STDERR 2 /* of GUEST_HOST_STREAM_CLOSED */
#define SIGNAL_PIPE 13 /* SIGPIPE from the host: nobody reads standard output any more */

static struct {
    uint16_t port; /* 0: none */
    bool has_gsi; /* our own monitor: it reads the rings at the end, and sends by interrupt */
    uint32_t gsi;
    void (*on_signal)(int signo);
    /* The message that is arriving on the console port. */
    struct spinlock channel_lock;
    struct guest_ctl_msg message;
    uint32_t received; /* bytes of the header */
    uint32_t left; /* bytes behind it, to come */
    uint32_t kept; /* of those that have */
    uint8_t payload[8]; /* as much as any known message has, but for calls */
    bool broken;
    struct mutex send_lock; /* one message at a time */
} control = {
    .channel_lock = SPINLOCK_INIT(LOCK_RANK_ANY),
    .send_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                  .waiters = LIST_INIT(control.send_lock.waiters)},
};

void control_init(void)
{
    char value[32];
    const char *end;
    if (cmdline_get("ctl", value, sizeof(value), NULL) <= 0)
        return;
    uint64_t port = parse_u64(value, &end);
    control.port = port <= UINT16_MAX - 12 ? (uint16_t)port : 0;
    control.has_gsi = *end == ',';
    if (control.has_gsi)
        control.gsi = (uint32_t)parse_u64(end + 1, &end);
}

/* ---- from the host -------------------------------------------------------- */

static void deliver_signal(uint32_t signo)
{
    if (signo == SIGNAL_PIPE)
        console_mark_closed(console_stdio()); /* the next write says EPIPE, as natively */
    else if (control.on_signal != NULL)
        control.on_signal((int)signo);
}

static void port_interrupt(void *arg)
{
    (void)arg;
    uint32_t word;
    for (int i = 0; i < SIGNALS_PER_INTERRUPT && (word = inl(control.port)) != 0; i++) {
        if (word >> 8 == GUEST_HOST_SIGNAL)
            deliver_signal(word & 0xff);
    }
    generation_check();
    call_attention();
}

static void handle_message(void)
{
    uint32_t kind = control.message.word >> 8;
    uint32_t numbers[2];
    uint64_t total;
    switch (kind) {
    case GUEST_HOST_SIGNAL:
        deliver_signal(control.message.word & 0xff);
        break;
    case GUEST_HOST_RESIZE:
        memcpy(numbers, control.payload, sizeof(numbers));
        if (control.message.length == sizeof(numbers))
            console_set_size(console_stdio(), (uint16_t)numbers[0], (uint16_t)numbers[1]);
        break;
    case GUEST_HOST_STDIN_END:
        memcpy(&total, control.payload, sizeof(total));
        if (control.message.length == sizeof(total))
            console_set_input_end(console_stdio(), total);
        break;
    case GUEST_HOST_STREAM_CLOSED:
        console_mark_closed((control.message.word & 0xff) == STREAM_STDERR ? console_stderr()
                                                                           : console_stdio());
        break;
    case GUEST_HOST_CALL:
        call_channel_end(control.message.word & 0xff);
        break;
    default: /* a later version's: skipped with its bytes */
        break;
    }
}

/* 0: it is not whole yet, and no more has come. */
static ssize_t receive_header(struct chardev *dev)
{
    uint8_t *header = (uint8_t *)&control.message;
    ssize_t count =
        dev->ops->read(dev, header + control.received, sizeof(control.message) - control.received);
    if (count <= 0)
        return 0;
    control.received += (uint32_t)count;
    control.left = control.message.length;
    control.kept = 0;
    if (control.received == sizeof(control.message) && control.left > GUEST_HOST_MSG_BYTES_MAX) {
        klog(LOG_ERR, "control: a message of %u bytes; not listening any more", control.left);
        control.broken = true;
    }
    return count;
}

static ssize_t receive_payload(struct chardev *dev)
{
    uint8_t bytes[64];
    if (control.message.word >> 8 == GUEST_HOST_CALL)
        return call_channel_receive(dev, control.message.word & 0xff, control.left);
    ssize_t count = dev->ops->read(dev, bytes, MIN(control.left, sizeof(bytes)));
    for (ssize_t i = 0; i < count && control.kept < sizeof(control.payload); i++)
        control.payload[control.kept++] = bytes[i];
    return count;
}

static void channel_readable(struct chardev *dev)
{
    spin_lock(&control.channel_lock);
    while (!control.broken) {
        if (control.received < sizeof(control.message)) {
            if (receive_header(dev) == 0)
                break;
        } else {
            ssize_t count = receive_payload(dev);
            if (count <= 0)
                break;
            control.left -= (uint32_t)count;
        }
        if (control.received == sizeof(control.message) && control.left == 0) {
            handle_message();
            control.received = 0;
        }
    }
    spin_unlock(&control.channel_lock);
}

void control_listen(void (*on_signal)(int signo))
{
    control.on_signal = on_signal;
    if (control.has_gsi) {
        int error = irq_register(control.gsi, port_interrupt, NULL);
        if (error != 0)
            klog(LOG_ERR, "control: no interrupt %u (%d)", control.gsi, error);
        call_attention(); /* what came before was not heard */
        return;
    }
    struct chardev *channel = console_control();
    if (control.port != 0 && channel->ops->start(channel) == 0) {
        channel->on_readable = channel_readable;
        channel_readable(channel); /* offers buffers, asks for the interrupt */
    }
}

/* ---- to the host ---------------------------------------------------------- */

static void send_bytes(struct chardev *channel, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    ns_t deadline = clock_ns() + SEND_NS;
    while (size != 0 && clock_ns() < deadline) {
        ssize_t sent = channel->ops->write(channel, bytes, size);
        if (sent < 0)
            return;
        bytes += sent;
        size -= (size_t)sent;
        if (sent == 0)
            cpu_pause();
    }
}

/* A report over the console port; false: there is none. */
static bool send_message(uint32_t word, const void *payload, uint32_t length)
{
    struct chardev *channel = console_control();
    if (channel->ops->start(channel) != 0)
        return false;
    struct guest_ctl_msg message = {.word = word, .length = length};
    mutex_lock(&control.send_lock);
    send_bytes(channel, &message, sizeof(message));
    send_bytes(channel, payload, length);
    mutex_unlock(&control.send_lock);
    return true;
}

bool control_is_channel(void)
{
    return control.port != 0 && !control.has_gsi;
}

void control_send(uint32_t word, const void *payload, uint32_t length)
{
    send_message(word, payload, length);
}

bool control_is_port(void)
{
    return control.has_gsi;
}

/* Ports of the contract, moved to where the monitor says. */
void control_out(uint16_t gate, uint32_t value)
{
    outl((uint16_t)(control.port + gate - GUEST_CTL_PORT), value);
}

void control_ready(void)
{
    if (control.has_gsi) {
        outl(control.port, GUEST_CTL_WORD(GUEST_CTL_READY, 0));
        generation_check();
    } else if (control.port != 0) {
        send_message(GUEST_CTL_WORD(GUEST_CTL_READY, 0), NULL, 0);
    }
}

void control_report_stats(const struct guest_stats *stats)
{
    if (control.has_gsi) {
        control_out(GUEST_CTL_STATS_PORT, (uint32_t)(virt_to_phys(stats).raw >> PAGE_SHIFT));
        outl(control.port, GUEST_CTL_WORD(GUEST_CTL_STATS, 0));
    } else if (control.port != 0) {
        send_message(GUEST_CTL_WORD(GUEST_CTL_STATS, 0), stats, sizeof(*stats));
    }
}

static void flush_streams(uint32_t word)
{
    struct chardev *const all[] = {console_stdio(), console_stderr()};
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
        all[i]->ops->drain(all[i]);
    if (control.port != 0 && send_message(word, NULL, 0))
        console_control()->ops->drain(console_control());
}

NORETURN void control_end(enum guest_ctl_kind kind, uint8_t value)
{
    uint32_t word = GUEST_CTL_WORD(kind, value);
    /* Our own monitor writes out what is in the rings by itself. */
    if (!control.has_gsi && kind != GUEST_CTL_PANIC && kind != GUEST_CTL_NO_MEMORY)
        flush_streams(word);
    if (control.port != 0)
        outl(control.port, word);
    if (control.has_gsi)
        cpu_stop(); /* the monitor has heard it and stops the CPUs */
    machine_end(kind, value); /* no channel at all */
}
