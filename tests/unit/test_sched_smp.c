/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/thread.c guest/sched/balance.c
 * guest/sched/wait_queue.c guest/sched/mutex.c guest/sched/futex.c guest/arch/spinlock.c
 * guest/lib/rbtree.c tests/unit/sched_fakes.c */
/*
 * The scheduler with four CPUs that really run at once: each is a host thread, the
 * idle wait is a condition variable, interrupts come where a program would run.  Losing
 * a wake-up shows as a hang, which the alarm ends.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/apic.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/mutex.h"
#include "mm/page_alloc.h"
#include "mm/vma.h"
#include "sched/futex.h"
#include "sched/internal.h"
#include "sched_fakes.h"

#define CPUS 4u
#define HANG_SECONDS 60u

static struct host_cpu {
    struct percpu pc;
    pthread_t pthread;
    pthread_mutex_t lock;
    pthread_cond_t wakeup;
    atomic_bool interrupted; /* an IPI is pending */
    uint64_t armed_ns;
} cpus[CPUS];
static _Thread_local struct host_cpu *mine;
static atomic_bool machine_ends;
static atomic_uint live; /* test threads not yet at their end */

/* Not to be inlined: a thread may go on on another host thread. */
__attribute__((noinline)) struct percpu *this_cpu(void)
{
    return &mine->pc;
}
__attribute__((noinline)) struct thread *current_thread(void)
{
    return mine->pc.current;
}
__attribute__((noinline)) static struct host_cpu *my_cpu(void)
{
    return mine;
}

ns_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void clock_arm(ns_t monotonic_ns)
{
    my_cpu()->armed_ns = monotonic_ns;
}

void trap_request_user_return(void)
{
    atomic_store(&this_cpu()->user_return_work, 1);
}

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
    (void)vector;
    pthread_mutex_lock(&cpus[cpu].lock);
    atomic_store(&cpus[cpu].interrupted, true);
    pthread_cond_signal(&cpus[cpu].wakeup);
    pthread_mutex_unlock(&cpus[cpu].lock);
}

/* What has come meanwhile for this CPU. */
static void take_interrupts(void)
{
    struct host_cpu *cpu = my_cpu();

    if (atomic_exchange(&cpu->interrupted, false))
        sched_ipi();
    if (clock_ns() >= cpu->armed_ns) {
        cpu->armed_ns = NO_DEADLINE;
        timer_interrupt();
    }
}

void cpu_idle_wait(void)
{
    struct host_cpu *cpu = my_cpu();

    pthread_mutex_lock(&cpu->lock);
    while (!atomic_load(&cpu->interrupted) && clock_ns() < cpu->armed_ns &&
           !atomic_load(&machine_ends)) {
        uint64_t until = MIN(cpu->armed_ns, clock_ns() + 1000000000);
        struct timespec time = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        pthread_cond_timedwait(&cpu->wakeup, &cpu->lock, &time);
    }
    pthread_mutex_unlock(&cpu->lock);
    if (atomic_load(&machine_ends))
        pthread_exit(NULL);
    take_interrupts();
}

/* A thread of the test is in user mode for a moment. */
static void user_mode(void)
{
    take_interrupts();
    if (atomic_exchange(&this_cpu()->user_return_work, 0))
        sched_user_return();
}

static void *cpu_main(void *arg)
{
    mine = arg;
    sched_idle_loop();
}

static void machine_start(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    memset(cpus, 0, sizeof(cpus));
    atomic_store(&machine_ends, false);
    cpus_online = cpus_present = CPUS;
    for (unsigned int i = 0; i < CPUS; i++) {
        cpus[i].pc.self = percpu_of[i] = &cpus[i].pc;
        cpus[i].pc.cpu = i;
        cpus[i].armed_ns = NO_DEADLINE;
        pthread_mutex_init(&cpus[i].lock, NULL);
        pthread_cond_init(&cpus[i].wakeup, &monotonic);
    }
    for (unsigned int i = 0; i < CPUS; i++) {
        mine = &cpus[i];
        assert_int_equal(sched_prepare_cpu(i), 0);
    }
    mine = &cpus[0];
    alarm(HANG_SECONDS);
}

/* All CPUs run until the threads have ended. */
static void machine_run(void)
{
    for (unsigned int i = 0; i < CPUS; i++)
        pthread_create(&cpus[i].pthread, NULL, cpu_main, &cpus[i]);
    while (atomic_load(&live) > 0 || atomic_load(&host_stacks_in_use) > 0)
        usleep(1000);
    atomic_store(&machine_ends, true);
    for (unsigned int i = 0; i < CPUS; i++)
        apic_send_ipi(i, 0);
    for (unsigned int i = 0; i < CPUS; i++) {
        pthread_join(cpus[i].pthread, NULL);
        free(cpus[i].pc.idle);
        free(cpus[i].pc.runqueue);
        free(cpus[i].pc.timers);
    }
    alarm(0);
}

static void start(void (*entry)(void *), void *arg)
{
    atomic_fetch_add(&live, 1);
    assert_non_null(thread_start_kernel("test", entry, arg));
}

static void ended(void)
{
    atomic_fetch_sub(&live, 1);
}

/* ---- mutexes ---- */

static struct mutex mutex;
static unsigned long counter;

static void counts(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        mutex_lock(&mutex);
        counter++; /* not atomic: that is the test */
        if (i % 16 == 0)
            sched_yield_current();
        mutex_unlock(&mutex);
        user_mode();
    }
    (void)arg;
    ended();
}

static void a_mutex_excludes(void **state)
{
    (void)state;
    machine_start();
    mutex_init(&mutex);
    counter = 0;
    for (int i = 0; i < 12; i++)
        start(counts, NULL);
    machine_run();
    assert_int_equal(counter, 12 * 3000);
}

/* ---- wait queues ---- */

static struct ball {
    struct wait_queue queue;
    atomic_int turn;
} balls[6];

static void play(struct ball *ball, int me)
{
    for (int i = 0; i < 2000; i++) {
        struct wait_entry entry;
        wait_begin(&ball->queue, &entry);
        while (atomic_load(&ball->turn) != me && wait_sleep(WAIT_FOREVER) == 0)
            wait_again(&ball->queue, &entry);
        wait_end(&ball->queue, &entry);
        atomic_store(&ball->turn, !me);
        wake_all(&ball->queue, 0);
        user_mode();
    }
    ended();
}
static void play_first(void *arg)
{
    play(arg, 0);
}
static void play_second(void *arg)
{
    play(arg, 1);
}

static void no_wake_is_lost(void **state)
{
    (void)state;
    machine_start();
    for (size_t i = 0; i < ARRAY_SIZE(balls); i++) {
        wait_queue_init(&balls[i].queue);
        atomic_store(&balls[i].turn, 0);
        start(play_first, &balls[i]);
        start(play_second, &balls[i]);
    }
    machine_run();
}

/* ---- timeouts against wakes ---- */

static struct wait_queue crowd;
static atomic_int sleepers_left;

static void naps(void *arg)
{
    unsigned int seed = (unsigned int)(uintptr_t)arg;
    int timeouts = 0;

    for (int i = 0; i < 400; i++) {
        struct wait_entry entry;
        uint64_t deadline = clock_ns() + (uint64_t)(rand_r(&seed) % 200000);
        wait_begin_exclusive(&crowd, &entry);
        int error = wait_sleep(deadline);
        wait_end(&crowd, &entry);
        assert_true(error == 0 || error == -ETIMEDOUT);
        assert_true(error == 0 || clock_ns() >= deadline);
        timeouts += error != 0;
        user_mode();
    }
    assert_true(timeouts <= 400);
    atomic_fetch_sub(&sleepers_left, 1);
    ended();
}

static void disturbs(void *arg)
{
    (void)arg;
    while (atomic_load(&sleepers_left) > 0) {
        wake_one(&crowd, 0);
        sched_yield_current();
        user_mode();
    }
    ended();
}

static void timeouts_race_with_wakes(void **state)
{
    (void)state;
    machine_start();
    wait_queue_init(&crowd);
    atomic_store(&sleepers_left, 8);
    for (uintptr_t i = 0; i < 8; i++)
        start(naps, (void *)(i + 1));
    start(disturbs, NULL);
    machine_run();
}

/* ---- futexes: a lock made of one word ---- */

static atomic_uint word;
static unsigned long guarded;
static struct mm program;

struct mm *current_mm(void)
{
    return &program;
}
bool user_range_ok(uaddr_t address, size_t size)
{
    return address.raw + size != 0;
}
int get_user_u32(uint32_t *value, uaddr_t src)
{
    *value = atomic_load((atomic_uint *)src.raw);
    return 0;
}
struct vma *vma_find(struct mm *mm, uint64_t address)
{
    (void)mm;
    (void)address;
    return NULL;
}
int mm_pin_page(struct mm *mm, uint64_t address, bool for_write, struct vm_page *page)
{
    (void)mm;
    (void)address;
    (void)for_write;
    (void)page;
    return -EFAULT;
}
void page_put(paddr_t pa)
{
    (void)pa;
}
#define NO_ATOMIC(name)                                        \
    int name(uaddr_t address, uint32_t operand, uint32_t *old) \
    {                                                          \
        (void)address;                                         \
        (void)operand;                                         \
        (void)old;                                             \
        return -EFAULT;                                        \
    }
NO_ATOMIC(user_xchg_u32)
NO_ATOMIC(user_fetch_add_u32)
NO_ATOMIC(user_fetch_or_u32)
NO_ATOMIC(user_fetch_and_u32)
NO_ATOMIC(user_fetch_xor_u32)

/* 0 free, 1 taken, 2 taken and waited for */
static void word_lock(void)
{
    unsigned int seen = 0;

    if (atomic_compare_exchange_strong(&word, &seen, 1))
        return;
    if (seen != 2)
        seen = atomic_exchange(&word, 2);
    while (seen != 0) {
        futex_wait(UADDR((uint64_t)&word), false, 2, WAIT_FOREVER, UINT32_MAX);
        seen = atomic_exchange(&word, 2);
    }
}
static void word_unlock(void)
{
    if (atomic_exchange(&word, 0) == 2)
        futex_wake(UADDR((uint64_t)&word), false, 1, UINT32_MAX);
}

static void locks_word(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3000; i++) {
        word_lock();
        guarded++;
        if (i % 8 == 0)
            sched_yield_current();
        word_unlock();
        user_mode();
    }
    ended();
}

static void a_futex_lock_excludes(void **state)
{
    (void)state;
    machine_start();
    guarded = 0;
    for (int i = 0; i < 10; i++)
        start(locks_word, NULL);
    machine_run();
    assert_int_equal(guarded, 10 * 3000);
    assert_int_equal(atomic_load(&word), 0);
}

/* ---- migration, birth and death ---- */

static void hops(void *arg)
{
    unsigned int seed = (unsigned int)(uintptr_t)arg;

    for (int i = 0; i < 1000; i++) {
        uint64_t cpu = (uint64_t)rand_r(&seed) % CPUS;
        assert_int_equal(thread_set_affinity(current_thread(), 1ul << cpu), 0);
        assert_int_equal(this_cpu()->cpu, cpu);
        sched_yield_current();
        user_mode();
    }
    ended();
}

static void threads_hop_between_cpus(void **state)
{
    (void)state;
    machine_start();
    for (uintptr_t i = 0; i < 10; i++)
        start(hops, (void *)(i + 1));
    machine_run();
}

static void breeds(void *arg)
{
    uintptr_t generations = (uintptr_t)arg;

    user_mode();
    if (generations > 0) {
        start(breeds, (void *)(generations - 1));
        start(breeds, (void *)(generations - 1));
    }
    ended();
}

static void threads_come_and_go(void **state)
{
    (void)state;
    machine_start();
    start(breeds, (void *)10ul); /* 2047 of them */
    machine_run();
    assert_int_equal(atomic_load(&host_stacks_in_use), 0);
}

/* ---- signals and stopping from elsewhere ---- */

static struct thread *_Atomic target;
static atomic_int interruptions;
static atomic_bool target_ended;

static void is_interrupted(void *arg)
{
    (void)arg;
    thread_get(current_thread());
    atomic_store(&target, current_thread());
    while (atomic_load(&interruptions) < 2000) {
        wait_prepare();
        if (wait_sleep(WAIT_FOREVER) == -ERESTARTSYS) {
            atomic_store(&current_thread()->signal_pending, false);
            atomic_fetch_add(&interruptions, 1);
        }
        user_mode();
    }
    atomic_store(&target_ended, true);
    ended();
}

static void interrupts(void *arg)
{
    (void)arg;
    while (!atomic_load(&target_ended)) {
        if (atomic_load(&target))
            thread_notify_signal(atomic_load(&target));
        sched_yield_current();
        user_mode();
    }
    thread_put(atomic_load(&target));
    ended();
}

static void signals_interrupt_sleeps(void **state)
{
    (void)state;
    machine_start();
    atomic_store(&target, NULL);
    atomic_store(&interruptions, 0);
    atomic_store(&target_ended, false);
    start(is_interrupted, NULL);
    start(interrupts, NULL);
    machine_run();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_excludes),         cmocka_unit_test(no_wake_is_lost),
        cmocka_unit_test(timeouts_race_with_wakes), cmocka_unit_test(a_futex_lock_excludes),
        cmocka_unit_test(threads_hop_between_cpus), cmocka_unit_test(threads_come_and_go),
        cmocka_unit_test(signals_interrupt_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
