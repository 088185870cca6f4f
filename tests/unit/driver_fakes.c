/* SPDX-License-Identifier: BSD-2-Clause */
/* Fakes of the kernel around drivers: one thread, time that a test moves. */
#include "unit/driver_fakes.h"

#include <stdio.h>

#include "arch/clock.h"
#include "arch/spinlock.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "sched/thread.h"
#include "sched/wait_queue.h"

unsigned int fake_log_lines;
ns_t fake_time_ns = 1;
void (*fake_sleep)(void);

void klog(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    fake_log_lines++;
}

void panic(const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (vsnprintf)(text, sizeof(text), format, args);
    va_end(args);
    fail_msg("panic: %s", text);
    __builtin_unreachable();
}

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
    (void)rank;
    atomic_store(&lock->locked, 0);
}

void spin_lock_slow(struct spinlock *lock)
{
    (void)lock;
    fail_msg("one thread took a lock twice");
}

ns_t clock_ns(void)
{
    return fake_time_ns++;
}

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->entries);
}

void wait_begin(struct wait_queue *queue, struct wait_entry *entry)
{
    entry->queue = queue;
}

void wait_again(struct wait_queue *queue, struct wait_entry *entry)
{
    entry->queue = queue;
}

void wait_end(struct wait_queue *queue, struct wait_entry *entry)
{
    (void)queue;
    entry->queue = NULL;
}

__attribute__((weak)) bool sched_checkpoint(void) /* tests may have their own */
{
    return false;
}

int wait_sleep(uint64_t deadline_ns)
{
    if (fake_sleep != NULL) {
        fake_sleep();
        return 0;
    }
    if (deadline_ns == WAIT_FOREVER)
        return -ERESTARTSYS;
    fake_time_ns = MAX(fake_time_ns, deadline_ns);
    return -ETIMEDOUT;
}

int wait_sleep_uninterruptible(uint64_t deadline_ns)
{
    return wait_sleep(deadline_ns);
}

void wake_all(struct wait_queue *queue, uint32_t key)
{
    (void)queue;
    (void)key;
}
