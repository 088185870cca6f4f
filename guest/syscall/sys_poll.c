/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll, ppoll, select, pselect6: all are a set of files with wanted events and a
 * deadline.  A file is referenced as long as its queues hold our entries.
 */
#include "arch/clock.h"
#include "arch/percpu.h"
#include "fs/fd_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"
#include "syscall/time_util.h"

#define DEFAULT_READY (POLL_IN | POLL_OUT | POLL_RDNORM | POLL_WRNORM)
#define ENTRIES_PER_BLOCK 16u
#define SELECT_FDS_MAX 1024u

struct entry_block {
    struct entry_block *next;
    uint32_t count;
    struct wait_entry entries[ENTRIES_PER_BLOCK];
};

struct poll_item {
    struct file *file; /* reference, or NULL */
    uint32_t wanted; /* events besides ERR, HUP and NVAL */
    uint32_t ready;
};

struct poll_wait {
    struct poll_table table;
    struct entry_block *blocks; /* newest first; the last one is first_block */
    bool out_of_memory;
    struct entry_block first_block;
};

static void add_entry(struct poll_table *table, struct wait_queue *queue)
{
    struct poll_wait *wait = CONTAINER_OF(table, struct poll_wait, table);
    struct entry_block *block = wait->blocks;
    struct wait_entry *entry;

    if (block->count == ENTRIES_PER_BLOCK) {
        block = kmalloc(sizeof(*block));
        if (!block) {
            wait->out_of_memory = true;
            return;
        }
        block->next = wait->blocks;
        block->count = 0;
        wait->blocks = block;
    }
    entry = &block->entries[block->count++];
    *entry = (struct wait_entry){.thread = current_thread()};
    wait_add(queue, entry);
}

static void remove_entries(struct poll_wait *wait)
{
    struct entry_block *block = wait->blocks;

    while (block) {
        struct entry_block *next = block->next;

        for (uint32_t i = 0; i < block->count; i++)
            wait_remove(&block->entries[i]);
        if (block != &wait->first_block)
            kfree(block);
        block = next;
    }
}

/* Looks at all items; how many are ready. */
static int64_t scan(struct poll_item *items, size_t count, struct poll_table *table)
{
    int64_t ready_count = 0;

    for (size_t i = 0; i < count; i++) {
        struct poll_item *item = &items[i];

        if (item->file) {
            uint32_t ready =
                item->file->ops->poll ? item->file->ops->poll(item->file, table) : DEFAULT_READY;

            item->ready = ready & (item->wanted | POLL_ERR | POLL_HUP);
        }
        if (item->ready)
            ready_count++;
    }
    return ready_count;
}

/* Number of ready items, 0 at the deadline, or errno. */
static int64_t poll_items(struct poll_item *items, size_t count, uint64_t deadline_ns)
{
    struct poll_wait wait = {.table = {.add = add_entry}, .blocks = &wait.first_block};
    int64_t ready = scan(items, count, NULL);
    int error = 0;

    if (ready || deadline_ns == 0)
        return ready;
    wait_prepare();
    ready = scan(items, count, &wait.table);
    while (!ready && !error && !wait.out_of_memory) {
        error = wait_sleep(deadline_ns);
        if (!error || error == -ETIMEDOUT)
            ready = scan(items, count, NULL);
    }
    remove_entries(&wait);
    if (wait.out_of_memory)
        return -ENOMEM;
    if (ready || error == -ETIMEDOUT)
        return ready;
    return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
}

static void put_items(struct poll_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        file_put(items[i].file);
}

/* Milliseconds, negative: for ever; 0: do not wait. */
static uint64_t deadline_from_ms(int64_t ms)
{
    if (ms < 0)
        return WAIT_FOREVER;
    return ms == 0 ? 0 : clock_ns() + (uint64_t)ms * 1000000;
}

static int64_t poll_user(uint64_t address, uint64_t count, uint64_t deadline_ns)
{
    struct linux_pollfd *fds;
    struct poll_item *items;
    int64_t result = 0;

    if (count > fd_current_limit())
        return -EINVAL;
    fds = kcalloc(count + 1, sizeof(*fds) + sizeof(*items));
    if (!fds)
        return -ENOMEM;
    items = (struct poll_item *)(void *)(fds + count);
    if (copy_from_user(fds, UADDR(address), count * sizeof(*fds)))
        result = -EFAULT;
    if (!result) {
        for (uint64_t i = 0; i < count; i++) {
            if (fds[i].fd < 0)
                continue;
            items[i].file = fd_arg((uint64_t)fds[i].fd);
            items[i].wanted = (uint16_t)fds[i].events;
            items[i].ready = items[i].file ? 0 : POLL_NVAL;
        }
        result = poll_items(items, count, deadline_ns);
        put_items(items, count);
    }
    for (uint64_t i = 0; i < count && result >= 0; i++) {
        fds[i].revents = (int16_t)items[i].ready;
        if (copy_to_user(UADDR(address + i * sizeof(*fds) + offsetof(struct linux_pollfd, revents)),
                         &fds[i].revents, sizeof(fds[i].revents)))
            result = -EFAULT;
    }
    kfree(fds);
    return result;
}

int64_t sys_poll(const struct syscall_args *args)
{
    return poll_user(args->arg[0], args->arg[1], deadline_from_ms((int32_t)args->arg[2]));
}

/* personality(2): calls leave the caller's timeout as it was. */
static bool timeouts_stick(void)
{
    return current_process()->personality & PERSONALITY_STICKY_TIMEOUTS;
}

/* A relative time from the program as a deadline; NULL address: for ever. */
static int deadline_from_timespec(uint64_t address, uint64_t *deadline_ns)
{
    uint64_t ns;
    int error;

    *deadline_ns = WAIT_FOREVER;
    if (!address)
        return 0;
    error = get_user_timespec(&ns, UADDR(address));
    if (!error)
        *deadline_ns = ns ? time_add(clock_ns(), ns) : 0;
    return error;
}

static uint64_t time_left(uint64_t deadline_ns)
{
    uint64_t now = clock_ns();

    return deadline_ns > now ? deadline_ns - now : 0;
}

static int set_mask(uint64_t address, uint64_t size)
{
    uint64_t mask;

    if (!address)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (get_user_u64(&mask, UADDR(address)))
        return -EFAULT;
    signal_set_temporary_mask(mask);
    return 0;
}

/* Interrupted: the signal code gives the old mask back. */
static int64_t finish_mask(uint64_t address, int64_t result)
{
    if (address && result != -ERESTARTNOHAND)
        signal_restore_mask();
    return result;
}

int64_t sys_ppoll(const struct syscall_args *args)
{
    uint64_t deadline_ns;
    int64_t result = deadline_from_timespec(args->arg[2], &deadline_ns);

    if (!result)
        result = set_mask(args->arg[3], args->arg[4]);
    if (result)
        return result;
    result = poll_user(args->arg[0], args->arg[1], deadline_ns);
    result = finish_mask(args->arg[3], result);
    if (args->arg[2] && deadline_ns &&
        !timeouts_stick()) /* a failing store is ignored, as Linux does */
        (void)put_user_timespec(UADDR(args->arg[2]), time_left(deadline_ns));
    return result;
}

/* ---- select ---- */

struct select_sets {
    uint64_t bits[3][SELECT_FDS_MAX / 64]; /* read, write, except */
};
static const uint32_t set_wanted[3] = {POLL_IN | POLL_RDNORM | POLL_RDBAND,
                                       POLL_OUT | POLL_WRNORM | POLL_WRBAND, POLL_PRI};
static const uint32_t set_ready[3] = {POLL_IN | POLL_RDNORM | POLL_RDBAND | POLL_HUP | POLL_ERR,
                                      POLL_OUT | POLL_WRNORM | POLL_WRBAND | POLL_ERR, POLL_PRI};

static int copy_sets(struct select_sets *sets, const uint64_t addresses[3], size_t bytes, bool out)
{
    for (int i = 0; i < 3; i++) {
        int error = 0;

        if (!addresses[i])
            continue;
        if (out)
            error = copy_to_user(UADDR(addresses[i]), sets->bits[i], bytes);
        else
            error = copy_from_user(sets->bits[i], UADDR(addresses[i]), bytes);
        if (error)
            return error;
    }
    return 0;
}

static bool in_set(const struct select_sets *sets, int set, uint32_t fd)
{
    return sets->bits[set][fd / 64] >> (fd % 64) & 1;
}

/* One item per descriptor below count; -EBADF when one is not open. */
static int make_items(const struct select_sets *sets, struct poll_item *items, uint32_t count)
{
    for (uint32_t fd = 0; fd < count; fd++) {
        for (int set = 0; set < 3; set++)
            if (in_set(sets, set, fd))
                items[fd].wanted |= set_wanted[set];
        if (!items[fd].wanted)
            continue;
        items[fd].file = fd_arg(fd);
        if (!items[fd].file)
            return -EBADF;
    }
    return 0;
}

static int64_t store_ready(struct select_sets *sets, const struct poll_item *items, uint32_t count)
{
    int64_t total = 0;

    for (uint32_t fd = 0; fd < count; fd++)
        for (int set = 0; set < 3; set++) {
            if (!in_set(sets, set, fd))
                continue;
            if (items[fd].ready & set_ready[set])
                total++;
            else
                sets->bits[set][fd / 64] &= ~(1ul << (fd % 64));
        }
    return total;
}

static int64_t select_user(uint64_t fd_count, const uint64_t addresses[3], uint64_t deadline_ns)
{
    /* As Linux, not looked at beyond what the descriptor table has room for. */
    size_t count = MIN(fd_count, MIN(fd_capacity(fd_current()), SELECT_FDS_MAX));
    size_t bytes = (count + 63) / 64 * 8;
    struct {
        struct select_sets sets;
        struct poll_item items[];
    } * state;
    int64_t result;

    if ((int)fd_count < 0)
        return -EINVAL;
    state = kzalloc(sizeof(*state) + count * sizeof(state->items[0]));
    if (!state)
        return -ENOMEM;
    result = copy_sets(&state->sets, addresses, bytes, false);
    if (!result)
        result = make_items(&state->sets, state->items, (uint32_t)count);
    if (!result)
        result = poll_items(state->items, count, deadline_ns);
    if (result >= 0) {
        result = store_ready(&state->sets, state->items, (uint32_t)count);
        if (copy_sets(&state->sets, addresses, bytes, true))
            result = -EFAULT;
    }
    put_items(state->items, count);
    kfree(state);
    return result;
}

int64_t sys_select(const struct syscall_args *args)
{
    struct linux_timeval time;
    uint64_t deadline_ns = WAIT_FOREVER;
    int64_t result;

    if (args->arg[4]) {
        if (copy_from_user(&time, UADDR(args->arg[4]), sizeof(time)))
            return -EFAULT;
        if (time.seconds < 0 || time.us < 0)
            return -EINVAL;
        deadline_ns = time_add((uint64_t)MIN(time.seconds, 1l << 32) * 1000000000ul,
                               (uint64_t)MIN(time.us, 1l << 42) * 1000);
        deadline_ns = deadline_ns ? time_add(clock_ns(), deadline_ns) : 0;
    }
    result = select_user(args->arg[0], &args->arg[1], deadline_ns);
    if (args->arg[4] && !timeouts_stick()) {
        time = ns_to_timeval(time_left(deadline_ns));
        (void)copy_to_user(UADDR(args->arg[4]), &time, sizeof(time));
    }
    return result;
}

int64_t sys_pselect6(const struct syscall_args *args)
{
    uint64_t mask[2] = {0, 0}, deadline_ns; /* address and size */
    int64_t result = deadline_from_timespec(args->arg[4], &deadline_ns);

    if (!result && args->arg[5] && copy_from_user(mask, UADDR(args->arg[5]), sizeof(mask)))
        result = -EFAULT;
    if (!result)
        result = set_mask(mask[0], mask[1]);
    if (result)
        return result;
    result = select_user(args->arg[0], &args->arg[1], deadline_ns);
    result = finish_mask(mask[0], result);
    if (args->arg[4] && deadline_ns && !timeouts_stick())
        (void)put_user_timespec(UADDR(args->arg[4]), time_left(deadline_ns));
    return result;
}
