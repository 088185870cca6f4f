/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_waitv(2): one thread waits on several words.  It queues itself on all of
 * them, then compares, then sleeps, as futex_wait() does with one.
 */
#include "arch/percpu.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sched/futex.h"
#include "sched/futex_internal.h"
#include "sched/wait_queue.h"

struct entry {
    struct futex_waiter waiter;
    struct vm_page page;
};

/* All keys, or none: 0 or a negative errno. */
static int make_keys(struct entry *entries, const struct futex_word *words, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        struct futex_waiter *waiter = &entries[i].waiter;
        int error =
            futex_make_key(words[i].address, words[i].shared, &waiter->key, &entries[i].page);

        if (error) {
            while (i-- > 0)
                futex_drop_key(&entries[i].page);
            return error;
        }
        waiter->thread = current_thread();
        waiter->bitset = UINT32_MAX;
    }
    return 0;
}

static int compare_all(const struct futex_word *words, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        uint32_t value;
        int error = get_user_u32(&value, words[i].address);

        if (error)
            return error;
        if (value != words[i].expected)
            return -EAGAIN;
    }
    return 0;
}

static bool any_woken(struct entry *entries, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++)
        if (!futex_is_queued(&entries[i].waiter))
            return true;
    return false;
}

static int64_t wait(struct entry *entries, const struct futex_word *words, unsigned int count,
                    uint64_t deadline_ns)
{
    wait_prepare();
    for (unsigned int i = 0; i < count; i++)
        futex_enqueue(&entries[i].waiter);
    int64_t result = compare_all(words, count);
    while (!result && !any_woken(entries, count))
        result = wait_sleep(deadline_ns);
    /* A wake counts, whatever else has happened: the waker believes in it. */
    for (unsigned int i = 0; i < count; i++)
        if (futex_dequeue(&entries[i].waiter))
            result = i;
    return result;
}

int64_t futex_wait_any(const struct futex_word *words, unsigned int count, uint64_t deadline_ns)
{
    struct entry *entries = kzalloc(count * sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    int64_t result = make_keys(entries, words, count);
    if (!result) {
        result = wait(entries, words, count, deadline_ns);
        for (unsigned int i = 0; i < count; i++)
            futex_drop_key(&entries[i].page);
    }
    kfree(entries);
    return result;
}
