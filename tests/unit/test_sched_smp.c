/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/runqueue.c guest/sched/thread.c
 * guest/sched/balance.c guest/sched/wait_queue.c guest/sched/mutex.c guest/sched/futex.c
 * guest/arch/spinlock.c guest/lib/rbtree.c tests/unit/sched_fakes.c tests/unit/smp_host.c */
/*
 * The scheduler on four CPUs at once.  Losing a wake-up shows as a hang.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/mutex.h"
#include "mm/page_alloc.h"
#include "mm/vma.h"
#include "sched/futex.h"
#include "smp_host.h"

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
