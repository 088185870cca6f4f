/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of processes: expiry, signals, overruns.  See proc_timer.h. */
#include "syscall/proc_timer.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define TIMERS_MAX 4096 /* per process */
#define CPU_LOOK_MIN_NS 4000000ul
#define REARM_MIN_NS 20000ul /* shorter intervals run over: a program cannot live in interrupts */

struct proc_timer {
    struct list link;
    struct process *process; /* lives longer: proc_timers_end() */
    struct proc_timer_setup setup;
    struct timer timer;
    bool active;
    uint64_t expires_ns; /* monotonic, or on the CPU clock */
    uint64_t interval_ns;
    uint64_t overrun; /* expiries that the last signal stands for, beyond the first */
};

static struct spinlock timers_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

static bool on_cpu_clock(const struct proc_timer *t)
{
    return t->setup.clock.kind == CLOCK_KIND_PROCESS || t->setup.clock.kind == CLOCK_KIND_THREAD;
}

/* Now, on the timer's own time line. */
static uint64_t now_of(const struct proc_timer *t)
{
    uint64_t ns;

    if (!on_cpu_clock(t))
        return clock_ns();
    return clock_read_for(t->process, &t->setup.clock, &ns) ? 0 : ns;
}

static void arm(struct proc_timer *t, uint64_t now_ns)
{
    uint64_t deadline = t->expires_ns;

    if (on_cpu_clock(t)) {
        uint64_t left = t->expires_ns > now_ns ? t->expires_ns - now_ns : 0;
        left /= atomic_load(&cpus_online);
        deadline = time_add(clock_ns(), MAX(left, CPU_LOOK_MIN_NS));
    }
    timer_arm(&t->timer, deadline);
}

/* process_table_lock held: the timer's signal that still waits in a queue, or NULL. */
static struct signal_queued *find_queued(struct list *queue, const struct proc_timer *t)
{
    LIST_FOR_EACH(link, queue)
    {
        struct signal_queued *queued = LIST_ENTRY(link, struct signal_queued, link);
        if (queued->info.code == SI_TIMER && queued->info.timer.timer_id == t->setup.id)
            return queued;
    }
    return NULL;
}

/* True: the signal of before had not been delivered and now stands for these as well. */
static bool merge(struct proc_timer *t, struct task *task, uint64_t expiries)
{
    struct spinlock *lock = &t->process->signals.handlers->lock;

    spin_lock(lock);
    struct signal_queued *queued =
        find_queued(task ? &task->signals.queue : &t->process->signals.queue, t);
    if (queued) {
        t->overrun += expiries;
        queued->info.timer.overrun = (int32_t)MIN(t->overrun, (uint64_t)INT_MAX);
    }
    spin_unlock(lock);
    return queued != NULL;
}

static void notify(struct proc_timer *t, uint64_t expiries)
{
    const struct proc_timer_setup *setup = &t->setup;
    struct task *task = NULL;

    if (setup->notify == SIGEV_NONE)
        return;
    if (setup->id < 0) {
        signal_send_process(t->process, setup->signo, NULL);
        return;
    }
    spin_lock(&process_table_lock);
    if (setup->notify == SIGEV_THREAD_ID) {
        task = task_find_locked(setup->thread_id);
        if (!task || task->process != t->process) {
            spin_unlock(&process_table_lock);
            return; /* that thread has ended */
        }
    }
    if (!merge(t, task, expiries)) {
        t->overrun = expiries - 1;
        struct kernel_siginfo info = {.signo = setup->signo, .code = SI_TIMER};
        info.timer.timer_id = setup->id;
        info.timer.overrun = (int32_t)MIN(t->overrun, (uint64_t)INT_MAX);
        info.timer.value = setup->value;
        signal_send_locked(t->process, task, setup->signo, &info);
    }
    spin_unlock(&process_table_lock);
}

/* From the timer interrupt, no lock held. */
static void expire(struct timer *timer)
{
    struct proc_timer *t = CONTAINER_OF(timer, struct proc_timer, timer);
    uint64_t now = now_of(t), expiries = 1;

    if (now < t->expires_ns) {
        arm(t, now);
        return;
    }
    if (t->interval_ns == 0) {
        t->active = false;
        notify(t, 1);
        return;
    }
    expiries += (now - t->expires_ns) / t->interval_ns;
    t->expires_ns += expiries * t->interval_ns;
    if (t->expires_ns < now + REARM_MIN_NS) {
        uint64_t skipped = (now + REARM_MIN_NS - t->expires_ns) / t->interval_ns + 1;
        t->expires_ns += skipped * t->interval_ns;
        expiries += skipped;
    }
    notify(t, expiries);
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
    uint64_t now = now_of(t);

    *state = (struct proc_timer_state){0, t->interval_ns};
    if (t->active) /* what has come but is not signalled yet reads as nearly there */
        state->left_ns = t->expires_ns > now ? t->expires_ns - now : 1;
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
        uint64_t now = now_of(t);
        t->interval_ns = interval_ns;
        t->overrun = 0;
        t->active = value_ns != 0;
        t->expires_ns =
            absolute ? clock_to_monotonic(&t->setup.clock, value_ns) : time_add(now, value_ns);
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
        timer_cancel(&t->timer);
    }
    spin_unlock(&timers_lock);
    kfree(t);
    return t ? 0 : -EINVAL;
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
