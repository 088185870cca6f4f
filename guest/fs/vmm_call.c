/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/vmm/call: requests to readers, replies to the monitor.  Bytes go between the program
 * and the shared area without a copy in between.  Knows nothing of functions.
 *
 * calls.lock guards everything below it and the parts `in` and `out` of the area; it is held
 * while they are copied, and never while the VM stands still.  seen and outstanding change
 * under it and are looked at without.
 */
#include "arch/percpu.h"
#include "fs/fd_table.h"
#include "fs/inode.h"
#include "fs/vmm_files_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sched/thread.h"

#define STATUS_DIGITS_MAX 9u /* of GUEST_CALL_STATUS_MAX */

/* A call dirties few pages if what it writes lies together. */
static struct {
    struct mutex lock;
    struct file *reader; /* who took the outstanding request; NULL: it has been answered */
    const struct fd_table *reader_table; /* with which descriptors */
    uint32_t at; /* bytes of the piece in `in` that were read */
    bool continues; /* the reader's last read was filled wholly: the next one gets the rest */
    atomic_uint seen; /* the newest request that was taken */
    atomic_uint outstanding; /* the one to be answered; 0: none */
    struct wait_queue readable;
} calls __attribute__((section(".bss.hot.calls")));

static atomic_bool machine_ends;

static bool request_is_there(void)
{
    return __atomic_load_n(&vmm_port->area->request, __ATOMIC_ACQUIRE) !=
               atomic_load_explicit(&calls.seen, memory_order_relaxed) &&
           atomic_load_explicit(&calls.outstanding, memory_order_acquire) == 0;
}

/* Readers are exclusive entries: one of them is woken, and all that poll. */
static void wake_readers(void)
{
    if (request_is_there())
        wake_one(&calls.readable, POLL_IN | POLL_RDNORM);
}

/* The last CPU becomes idle (SMP: as far as one can tell; what is missed goes on at the next call).
 */
static bool stand_still(void)
{
    if (atomic_load_explicit(&calls.outstanding, memory_order_relaxed) != 0 || request_is_there() ||
        sched_running_count() != 0 || wait_queue_empty(&calls.readable))
        return false;
    vmm_port->op(GUEST_CALL_WAIT);
    wake_readers();
    return true;
}

/* ---- reading --------------------------------------------------------------- */

/* calls.lock is held. */
static bool take_request(struct file *file)
{
    if (!request_is_there())
        return false;
    uint32_t number = vmm_port->area->request;
    atomic_store_explicit(&calls.seen, number, memory_order_relaxed);
    atomic_store_explicit(&calls.outstanding, number, memory_order_relaxed);
    calls.reader = file;
    calls.reader_table = fd_current();
    calls.at = 0;
    return true;
}

/* calls.lock is held: what fits; more pieces are fetched as long as there is room. */
static ssize_t copy_request(struct iobuf *buf)
{
    struct guest_call_area *area = vmm_port->area;
    ssize_t total = 0;

    for (;;) {
        uint32_t length = MIN(area->in_length, GUEST_CALL_IN_MAX);
        size_t left = length > calls.at ? length - calls.at : 0;
        size_t part = MIN(left, buf->remaining);
        ssize_t done = part ? iobuf_put(buf, area->in + calls.at, part) : 0;

        if (done < 0 && total == 0)
            total = done;
        if (done < (ssize_t)part)
            calls.continues = true; /* a fault: it may try again */
        if (done < 0)
            return total;
        calls.at += (uint32_t)done;
        total += done;
        if (done < (ssize_t)part)
            return total;
        calls.continues = buf->remaining == 0;
        if (buf->remaining == 0 || !area->in_more)
            return total;
        if (vmm_port->op(GUEST_CALL_MORE) != 0) {
            calls.continues = true;
            return total ? total : -ERESTARTSYS;
        }
        calls.at = 0;
    }
}

/* 0: look again; -EAGAIN, -ERESTARTSYS. */
static int wait_for_request(struct file *file)
{
    struct wait_entry entry;
    int error = 0;

    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
        return -EAGAIN;
    if (vmm_port->stands_still && sched_running_count() <= 1 &&
        atomic_load_explicit(&calls.outstanding, memory_order_relaxed) == 0) {
        if (atomic_load_explicit(&current_thread()->signal_pending, memory_order_relaxed))
            return -ERESTARTSYS;
        vmm_port->op(GUEST_CALL_WAIT);
        if (!request_is_there())
            sched_checkpoint(); /* for signals and for others */
        return 0;
    }
    if (!vmm_port->stands_still)
        vmm_port->op(GUEST_CALL_WAIT);
    wait_begin_exclusive(&calls.readable, &entry);
    while (!request_is_there() && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&calls.readable, &entry);
    wait_end(&calls.readable, &entry);
    if (error)
        wake_readers(); /* this one may have been woken for a request that it does not take */
    return error;
}

static ssize_t call_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    int error = 0;

    (void)pos;
    while (buf->remaining && !error) {
        ssize_t done = 0;
        mutex_lock(&calls.lock);
        bool mine = (calls.reader == file && calls.continues) || take_request(file);
        if (mine)
            done = copy_request(buf);
        mutex_unlock(&calls.lock);
        if (mine)
            return done;
        error = wait_for_request(file);
    }
    return error;
}

/* ---- replying -------------------------------------------------------------- */

/* "STATUS\0" at the beginning of the first piece? */
static bool status_is_well_formed(const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    size_t digits = 0;

    while (digits < MIN(size, STATUS_DIGITS_MAX + 1) && data[digits] >= '0' && data[digits] <= '9')
        value = value * 10 + (uint64_t)(data[digits++] - '0');
    return digits != 0 && digits <= STATUS_DIGITS_MAX && digits < size && data[digits] == 0 &&
           value <= GUEST_CALL_STATUS_MAX;
}

/*
 * calls.lock is held.  Pieces up to the last one go out; that one is left for finish_reply().
 * Bytes taken, or an error after which the request is still outstanding.
 */
static ssize_t copy_reply(struct iobuf *buf)
{
    struct guest_call_area *area = vmm_port->area;
    size_t total = buf->remaining, sent = 0;

    area->reply = atomic_load_explicit(&calls.outstanding, memory_order_relaxed);
    area->out_total = total;
    for (;;) {
        size_t part = MIN(buf->remaining, sizeof(area->out));
        ssize_t done = iobuf_get(buf, area->out, part);

        if (sent == 0 && done != (ssize_t)part)
            return -EFAULT;
        if (sent == 0 && !status_is_well_formed(area->out, part))
            return -EINVAL;
        area->out_length = (uint32_t)MAX(done, 0);
        area->out_more = done == (ssize_t)part && buf->remaining != 0;
        if (done != (ssize_t)part)
            return -EFAULT; /* void, as bytes are missing: there is nothing to go back to */
        sent += part;
        if (!area->out_more)
            return (ssize_t)sent;
        vmm_port->op(GUEST_CALL_REPLY);
    }
}

/* calls.lock is held; the last piece is in `out`. */
static void end_request(void)
{
    calls.reader = NULL;
    calls.reader_table = NULL;
    calls.continues = false;
    atomic_store_explicit(&calls.outstanding, 0, memory_order_release);
}

static ssize_t call_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    ssize_t result;
    bool answered = false;

    (void)file;
    (void)pos;
    mutex_lock(&calls.lock);
    if (atomic_load_explicit(&calls.outstanding, memory_order_relaxed) == 0) {
        result = -ESRCH;
    } else if (buf->remaining > GUEST_CALL_RECORD_MAX) {
        result = -EMSGSIZE;
    } else {
        size_t total = buf->remaining;
        result = total ? copy_reply(buf) : -EINVAL;
        answered = result > 0 ||
                   (result == -EFAULT && total - buf->remaining > sizeof(vmm_port->area->out));
        if (answered)
            end_request();
    }
    mutex_unlock(&calls.lock);
    if (answered) {
        vmm_port->op(GUEST_CALL_REPLY); /* returns when there is a new request */
        wake_readers();
    }
    return result;
}

/* Nobody will answer any more. */
static void abandon(void)
{
    static const char text[] = "65537\0the process that had taken the call ended without a reply";
    struct guest_call_area *area = vmm_port->area;

    _Static_assert(GUEST_CALL_NO_WORKER == 65537, "text");
    memcpy(area->out, text, sizeof(text) - 1);
    area->reply = atomic_load_explicit(&calls.outstanding, memory_order_relaxed);
    area->out_total = area->out_length = sizeof(text) - 1;
    area->out_more = 0;
    end_request();
}

void vmm_files_end(void)
{
    atomic_store(&machine_ends, true);
}

static void abandon_if(bool (*gone)(const void *arg), const void *arg)
{
    mutex_lock(&calls.lock);
    bool was_taken = gone(arg) && !atomic_load(&machine_ends);
    if (was_taken)
        abandon();
    mutex_unlock(&calls.lock);
    if (was_taken) {
        vmm_port->op(GUEST_CALL_REPLY);
        wake_readers();
    }
}

static bool taken_by_file(const void *file)
{
    return calls.reader == file;
}

static bool taken_by_table(const void *table)
{
    return calls.reader != NULL && calls.reader_table == table;
}

/* A process ends with its descriptors, though others may hold the file open. */
static int call_flush(struct file *file, const struct fd_table *table)
{
    (void)file;
    if (fd_current() != table)
        abandon_if(taken_by_table, table);
    return 0;
}

static void call_release(struct file *file)
{
    abandon_if(taken_by_file, file);
}

/* ---- the file -------------------------------------------------------------- */

static uint32_t call_poll(struct file *file, struct poll_table *table)
{
    uint32_t events = POLL_OUT | POLL_WRNORM;

    if (table)
        table->add(table, &calls.readable);
    if (!vmm_port->stands_still)
        vmm_port->op(GUEST_CALL_WAIT);
    if (request_is_there() || (__atomic_load_n(&calls.reader, __ATOMIC_RELAXED) == file &&
                               __atomic_load_n(&calls.continues, __ATOMIC_RELAXED)))
        events |= POLL_IN | POLL_RDNORM;
    return events;
}

static const struct file_ops call_ops = {
    .read = call_read,
    .write = call_write,
    .poll = call_poll,
    .flush = call_flush,
    .release = call_release,
};

void vmm_call_init(void)
{
    mutex_init(&calls.lock);
    wait_queue_init(&calls.readable);
}

int vmm_call_open(struct file *file)
{
    vmm_port->on_request = wake_readers;
    int error = vmm_port->start();
    if (error)
        return error;
    if (vmm_port->stands_still)
        sched_set_idle_wait(stand_still);
    file->ops = &call_ops;
    return 0;
}
