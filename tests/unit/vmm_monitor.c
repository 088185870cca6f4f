/* SPDX-License-Identifier: BSD-2-Clause */
/* See vmm_monitor.h. */
#include "unit/vmm_monitor.h"

#include <stdlib.h>
#include <string.h>

/* ---- the kernel around the files ---- */

static struct percpu cpu;
struct thread thread;
const char *fault_from, *fault_to; /* program memory that is not there */
unsigned int running = 1; /* threads, for the decision who waits where */
unsigned int woken;
bool (*idle_wait)(void);
struct fd_table *table_now = (struct fd_table *)0x1000;
bool queue_is_empty = true;

struct percpu *this_cpu(void)
{
    return &cpu;
}

struct thread *current_thread(void)
{
    return &thread;
}

struct fd_table *fd_current(void)
{
    return table_now;
}

void mutex_init(struct mutex *mutex)
{
    atomic_store(&mutex->owner, NULL);
}

void mutex_lock(struct mutex *mutex)
{
    assert_null(atomic_load(&mutex->owner));
    atomic_store(&mutex->owner, &thread);
}

void mutex_unlock(struct mutex *mutex)
{
    assert_ptr_equal(atomic_load(&mutex->owner), &thread);
    atomic_store(&mutex->owner, NULL);
}

unsigned int sched_running_count(void)
{
    return running;
}

bool sched_checkpoint(void)
{
    return false;
}

void sched_set_idle_wait(bool (*wait)(void))
{
    idle_wait = wait;
}

void wait_begin_exclusive(struct wait_queue *queue, struct wait_entry *entry)
{
    wait_begin(queue, entry);
}

bool wait_queue_empty(struct wait_queue *queue)
{
    (void)queue;
    return queue_is_empty;
}

void wake_one(struct wait_queue *queue, uint32_t key)
{
    (void)queue;
    (void)key;
    woken++;
}

/* Up to the first byte that is not there. */
static size_t copy(char *dst, const char *src, const char *program, size_t size)
{
    size_t part = size;

    if (fault_from && program < fault_to && program + size > fault_from)
        part = program >= fault_from ? 0 : (size_t)(fault_from - program);
    memcpy(dst, src, part);
    return size - part;
}

size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t size)
{
    return copy((char *)dst.raw, src, (const char *)dst.raw, size);
}

size_t copy_from_user_partial(void *dst, uaddr_t src, size_t size)
{
    return copy(dst, (const char *)src.raw, (const char *)src.raw, size);
}

size_t clear_user_partial(uaddr_t dst, size_t size)
{
    (void)dst;
    return size;
}

/* ---- the monitor ---- */

struct guest_call_area area;
struct monitor monitor;

static void give_piece(void)
{
    size_t part = MIN(monitor.size - monitor.given, GUEST_CALL_IN_MAX);

    memset(area.in, 0xee, sizeof(area.in));
    memcpy(area.in, monitor.request + monitor.given, part);
    monitor.given += part;
    area.in_length = (uint32_t)part;
    area.in_more = monitor.given < monitor.size;
}

void give_request(void)
{
    if (!monitor.request || monitor.given)
        return;
    area.in_total = monitor.size;
    give_piece();
    area.request++;
}

static void answer_piece(void)
{
    size_t part = MIN(monitor.answer_size - monitor.answered, GUEST_CALL_PART);

    memset(area.host, 0xee, sizeof(area.host));
    memcpy(area.host, monitor.answer + monitor.answered, part);
    monitor.answered += part;
    area.host_length = (uint32_t)part;
    area.host_more = monitor.answered < monitor.answer_size;
    area.host_total = monitor.answer_size;
}

static void take_reply(void)
{
    if (monitor.reply_to != area.reply)
        monitor.reply_size = 0;
    monitor.reply_to = area.reply;
    memcpy(monitor.reply + monitor.reply_size, area.out, area.out_length);
    monitor.reply_size += area.out_length;
    monitor.reply_total = area.out_total;
    if (area.out_more)
        return;
    monitor.replies++;
    monitor.request = NULL;
    monitor.given = 0;
}

static void take_call(void)
{
    if (monitor.call_done)
        monitor.call_size = 0;
    monitor.call_done = !area.host_more;
    memcpy(monitor.call + monitor.call_size, area.host, area.host_length);
    monitor.call_size += area.host_length;
    if (!monitor.call_done)
        return;
    monitor.hosts++;
    monitor.void_call = monitor.call_size != area.host_total;
    monitor.answered = 0;
    answer_piece();
}

static int monitor_op(enum guest_call_op op)
{
    switch (op) {
    case GUEST_CALL_WAIT:
        monitor.waits++;
        give_request();
        break;
    case GUEST_CALL_MORE:
        monitor.mores++;
        assert_true(area.in_more);
        give_piece();
        break;
    case GUEST_CALL_REPLY:
        take_reply();
        break;
    case GUEST_CALL_HOST:
        take_call();
        break;
    case GUEST_CALL_HOST_MORE:
        assert_true(area.host_more);
        answer_piece();
        break;
    default:
        fail_msg("op %d", op);
    }
    return 0;
}

int start_error;
static int start(void)
{
    return start_error;
}

struct call_port port = {.start = start, .op = monitor_op, .area = &area, .stands_still = true};
struct call_port *vmm_port = &port;

/* ---- helpers ---- */

struct file *open_file(int (*open)(struct file *file))
{
    struct file *file = calloc(1, sizeof(*file));

    file->mode = FMODE_READ | FMODE_WRITE;
    assert_int_equal(open(file), 0);
    return file;
}

void close_file(struct file *file)
{
    file->ops->release(file);
    free(file);
}

ssize_t file_read(struct file *file, void *data, size_t size)
{
    struct iov_user segment = {(uint64_t)(uintptr_t)data, size};
    struct iobuf buf;

    iobuf_vector(&buf, &segment, 1, size);
    return file->ops->read(file, &buf, NULL);
}

ssize_t file_write(struct file *file, const void *data, size_t size)
{
    struct iov_user segment = {(uint64_t)(uintptr_t)data, size};
    struct iobuf buf;

    iobuf_vector(&buf, &segment, 1, size);
    return file->ops->write(file, &buf, NULL);
}

void will_request(const void *data, size_t size)
{
    monitor.request = data;
    monitor.size = size;
    monitor.given = 0;
}

void expect_reply(const void *data, size_t size)
{
    assert_int_equal(monitor.reply_to, area.request);
    assert_int_equal(monitor.reply_size, size);
    assert_int_equal(monitor.reply_total, size);
    assert_memory_equal(monitor.reply, data, size);
}

char *pattern(size_t size)
{
    char *data = malloc(size);

    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7 + i / 251);
    return data;
}

void monitor_reset(void)
{
    memset(&monitor, 0, sizeof(monitor));
    monitor.call_done = true;
    running = 1;
    fault_from = NULL;
    queue_is_empty = true;
    table_now = (struct fd_table *)0x1000;
    woken = 0;
    fake_sleep = NULL;
    start_error = 0;
    atomic_store(&thread.signal_pending, false);
}
