/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of processes: expiry, signals, overruns.  See proc_timer.h.  As on Linux, a
 * periodic timer whose signal nobody takes costs nothing: it goes on when somebody does.
 */
#include "syscall/proc_timer.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define TIMERS_MAX 4096 /* per process */
#define CPU_LOOK_MIN_NS 4000000ul
#define REARM_MIN_NS 20000l /* shorter intervals run over: a program cannot live in interrupts */

struct proc_timer {
    struct list link;
    struct list wall_link; /* in wall_timers, or by itself */
    struct process *process; /* lives longer: proc_timers_end() */
    struct proc_timer_setup setup;
    struct timer timer;
    bool active;
    /* Its signal is in a queue: the timer stands still until somebody takes that. */
    atomic_bool signal_waiting;
    int64_t expires_ns; /* monotonic (before boot, too), or on the CPU clock */
    uint64_t interval_ns;
    uint64_t overrun; /* expiries that the last signal stands for, beyond the first */
};

static struct spinlock timers_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct list wall_timers = LIST_INIT(wall_timers); /* that follow the wall clock's steps */

static bool on_cpu_clock(const struct proc_timer *t)
{
    return t->setup.clock.kind == CLOCK_KIND_PROCESS || t->setup.clock.kind == CLOCK_KIND_THREAD;
}

/* Now, on the timer's own time line. */
static int64_t now_of(const struct proc_timer *t)
{
    uint64_t ns;

    if (!on_cpu_clock(t))
        return (int64_t)clock_ns();
    return clock_read_for(t->process, &t->setup.clock, &ns) ? 0 : (int64_t)ns;
}

static void arm(struct proc_timer *t, int64_t now_ns)
{
    uint64_t deadline = (uint64_t)MAX(t->expires_ns, 0l);

    if (on_cpu_clock(t)) {
        uint64_t left = t->expires_ns > now_ns ? (uint64_t)(t->expires_ns - now_ns) : 0;
        left /= atomic_load(&cpus_online);
        deadline = time_add(clock_ns(), MAX(left, CPU_LOOK_MIN_NS));
    }
    timer_arm(&t->timer, deadline);
}

static bool in_queue(struct list *queue, const struct proc_timer *t)
{
    LIST_FOR_EACH(link, queue)
    {
        const struct signal_queued *queued = LIST_ENTRY(link, struct signal_queued, link);
        if (queued->info.code == SI_TIMER && queued->info.timer.timer_id == t->setup.id)
            return true;
    }
    return false;
}

/* True: the signal waits in a queue of the process.  Else it was ignored, or taken already. */
static bool notify(struct proc_timer *t)
{
    const struct proc_timer_setup *setup = &t->setup;
    struct spinlock *lock = &t->process->signals.handlers->lock;
    struct kernel_siginfo info = {.signo = setup->signo, .code = SI_TIMER};
    struct task *task = NULL;

    if (setup->notify == SIGEV_NONE)
        return false;
    if (setup->id < 0) {
        signal_send_process(t->process, setup->signo, NULL);
        return false;
    }
    info.timer.timer_id = setup->id;
    info.timer.value = setup->value;
    spin_lock(&process_table_lock);
    if (setup->notify == SIGEV_THREAD_ID) {
        task = task_find_locked(setup->thread_id);
        if (!task || task->process != t->process) {
            spin_unlock(&process_table_lock);
            return false; /* that thread has ended */
        }
    }
    signal_send_timer_locked(t->process, task, &info);
    spin_lock(lock);
    bool waits = in_queue(task ? &task->signals.queue : &t->process->signals.queue, t);
    spin_unlock(lock);
    spin_unlock(&process_table_lock);
    return waits;
}

/* Never before at: what would be later than the last time there is, is then. */
static int64_t later(int64_t at_ns, uint64_t by_ns)
{
    int64_t result;

    if (by_ns > INT64_MAX || __builtin_add_overflow(at_ns, (int64_t)by_ns, &result))
        return INT64_MAX;
    return result;
}

/* Moves on to the first expiry after now: how many there were. */
static uint64_t forward(struct proc_timer *t, int64_t now)
{
    uint64_t expiries = 0;

    if (t->expires_ns <= now) {
        expiries = 1 + (uint64_t)(now - t->expires_ns) / t->interval_ns;
        t->expires_ns = later(t->expires_ns, expiries * t->interval_ns);
    }
    if (t->expires_ns < now + REARM_MIN_NS) {
        uint64_t skipped = (uint64_t)(now + REARM_MIN_NS - t->expires_ns) / t->interval_ns + 1;
        t->expires_ns = later(t->expires_ns, skipped * t->interval_ns);
        expiries += skipped;
    }
    return expiries;
}

/* From the timer interrupt, no lock held. */
static void expire(struct timer *timer)
{
    struct proc_timer *t = CONTAINER_OF(timer, struct proc_timer, timer);
    int64_t now = now_of(t);

    if (now < t->expires_ns) {
        arm(t, now);
        return;
    }
    if (t->interval_ns == 0) {
        t->active = false;
        notify(t);
        return;
    }
    /* First, since whoever takes the signal may be quicker than we. */
    atomic_store(&t->signal_waiting, true);
    if (notify(t) || !atomic_exchange(&t->signal_waiting, false))
        return;
    forward(t, now);
    arm(t, now);
}

/* timers_lock held */
static struct proc_timer *find(struct process *process, int id)
{
    LIST_FOR_EACH(link, &process->posix_timers)
    {
        struct proc_timer *t = LIST_ENTRY(link, struct proc_timer, link);
        if (t->setup.id == id)
            return t;
    }
    return NULL;
}

/* timers_lock held: the list is ordered by id; where a new one goes and which id it gets. */
static struct list *find_place(struct process *process, int *id)
{
    int next = 0;

    LIST_FOR_EACH(link, &process->posix_timers)
    {
        int used = LIST_ENTRY(link, struct proc_timer, link)->setup.id;
        if (used > next) {
            *id = next;
            return link;
        }
        if (used >= 0)
            next++;
    }
    *id = next;
    return next < TIMERS_MAX ? &process->posix_timers : NULL;
}

int proc_timer_create(const struct proc_timer_setup *setup)
{
    struct process *process = current_process();
    struct proc_timer *t = kzalloc(sizeof(*t));
    int result;

    if (!t)
        return -EAGAIN;
    t->process = process;
    t->setup = *setup;
    list_init(&t->wall_link);
    timer_init(&t->timer, expire);
    spin_lock(&timers_lock);
    if (setup->id < 0) {
        result = find(process, setup->id) ? -EEXIST : setup->id;
        if (result == setup->id)
            list_push_front(&process->posix_timers, &t->link);
    } else {
        struct list *before = find_place(process, &result);
        if (before) {
            t->setup.id = result;
            if (setup->value_is_id)
                t->setup.value = (uint64_t)result;
            list_push_back(before, &t->link);
        } else {
            result = -EAGAIN;
        }
    }
    spin_unlock(&timers_lock);
    if (result == -EEXIST || result == -EAGAIN)
        kfree(t);
    return result;
}

/* timers_lock held */
static void read_state(const struct proc_timer *t, struct proc_timer_state *state)
{
    int64_t now = now_of(t);

    *state = (struct proc_timer_state){0, t->interval_ns};
    if (t->active) /* what has come but is not signalled yet reads as nearly there */
        state->left_ns = t->expires_ns > now ? (uint64_t)(t->expires_ns - now) : 1;
}

int proc_timer_set(int id, bool absolute, uint64_t value_ns, uint64_t interval_ns,
                   struct proc_timer_state *old)
{
    int error = -EINVAL;

    spin_lock(&timers_lock);
    struct proc_timer *t = find(current_process(), id);
    if (t) {
        timer_cancel(&t->timer);
        if (old)
            read_state(t, old);
        int64_t now = now_of(t);
        t->interval_ns = interval_ns;
        t->overrun = 0;
        atomic_store(&t->signal_waiting, false);
        t->active = value_ns != 0;
        t->expires_ns = (int64_t)(absolute ? value_ns : time_add((uint64_t)now, value_ns));
        if (absolute && t->setup.clock.kind == CLOCK_KIND_WALL)
            t->expires_ns -= (int64_t)clock_params.wall_base_ns;
        list_remove(&t->wall_link);
        if (t->active && absolute && t->setup.clock.kind == CLOCK_KIND_WALL)
            list_push_back(&wall_timers, &t->wall_link);
        if (t->active)
            arm(t, now);
        error = 0;
    }
    spin_unlock(&timers_lock);
    return error;
}

int proc_timer_get(int id, struct proc_timer_state *state)
{
    spin_lock(&timers_lock);
    const struct proc_timer *t = find(current_process(), id);
    if (t)
        read_state(t, state);
    spin_unlock(&timers_lock);
    return t ? 0 : -EINVAL;
}

int proc_timer_overrun(int id)
{
    spin_lock(&timers_lock);
    const struct proc_timer *t = find(current_process(), id);
    int result = t ? (int)MIN(t->overrun, (uint64_t)INT_MAX) : -EINVAL;
    spin_unlock(&timers_lock);
    return result;
}

int proc_timer_delete(int id)
{
    spin_lock(&timers_lock);
    struct proc_timer *t = find(current_process(), id);
    if (t) {
        list_remove(&t->link);
        list_remove(&t->wall_link);
        timer_cancel(&t->timer);
    }
    spin_unlock(&timers_lock);
    kfree(t);
    return t ? 0 : -EINVAL;
}

void proc_timer_delivered(struct process *process, struct kernel_siginfo *info)
{
    spin_lock(&timers_lock);
    struct proc_timer *t = find(process, info->timer.timer_id);
    if (t && info->timer.timer_id >= 0 && t->setup.signo == info->signo) {
        if (atomic_exchange(&t->signal_waiting, false)) {
            int64_t now = now_of(t);
            t->overrun = forward(t, now) - 1;
            arm(t, now);
        }
        info->timer.overrun = (int32_t)MIN(t->overrun, (uint64_t)INT_MAX);
    }
    spin_unlock(&timers_lock);
}

void proc_timers_clock_was_set(int64_t shift_ns)
{
    spin_lock(&timers_lock);
    LIST_FOR_EACH(link, &wall_timers)
    {
        struct proc_timer *t = LIST_ENTRY(link, struct proc_timer, wall_link);

        timer_cancel(&t->timer);
        if (!t->active)
            continue;
        t->expires_ns =
            shift_ns > 0 ? later(t->expires_ns, (uint64_t)shift_ns) : t->expires_ns + shift_ns;
        if (!atomic_load(&t->signal_waiting))
            arm(t, now_of(t));
    }
    spin_unlock(&timers_lock);
}

static void end_timers(struct process *process, bool itimers_too)
{
    struct list ended = LIST_INIT(ended);

    spin_lock(&timers_lock);
    LIST_FOR_EACH_SAFE(link, next, &process->posix_timers)
    {
        struct proc_timer *t = LIST_ENTRY(link, struct proc_timer, link);
        if (t->setup.id < 0 && !itimers_too)
            continue;
        timer_cancel(&t->timer);
        list_remove(&t->wall_link);
        list_remove(link);
        list_push_back(&ended, link);
    }
    spin_unlock(&timers_lock);
    LIST_FOR_EACH_SAFE(link, next, &ended)
    kfree(LIST_ENTRY(link, struct proc_timer, link));
}

void proc_timers_end(struct process *process)
{
    end_timers(process, true);
}

void proc_timers_exec(struct process *process)
{
    end_timers(process, false);
}
