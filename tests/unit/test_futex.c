/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/futex.c guest/sched/timer.c guest/sched/sched.c guest/sched/runqueue.c
 * guest/sched/thread.c guest/sched/balance.c guest/sched/wait_queue.c guest/sched/mutex.c
 * guest/arch/spinlock.c guest/lib/rbtree.c tests/unit/sched_host.c tests/unit/sched_fakes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "mm/page_alloc.h"
#include "mm/vma.h"
#include "sched/futex.h"
#include "sched_host.h"

#define PRIVATE_BASE 0x10000ul
#define SHARED_A 0x20000ul /* two mappings of one page */
#define SHARED_B 0x30000ul
#define UNMAPPED 0x90000ul

/* ---- memory of the program: one page each ---- */

static uint32_t private_page[1024], shared_page[1024];
static struct mm program;
static struct vma areas[3] = {
    {.start = PRIVATE_BASE, .end = PRIVATE_BASE + PAGE_SIZE, .flags = VM_READ | VM_WRITE},
    {.start = SHARED_A, .end = SHARED_A + PAGE_SIZE, .flags = VM_READ | VM_WRITE | VM_SHARED},
    {.start = SHARED_B, .end = SHARED_B + PAGE_SIZE, .flags = VM_READ | VM_WRITE | VM_SHARED},
};
static int page_references;

static uint32_t *word_at(uint64_t address)
{
    uint32_t *page = address >> 16 == 1 ? private_page : shared_page;

    return address >= UNMAPPED ? NULL : &page[(address & 0xfff) / 4];
}

struct mm *current_mm(void)
{
    return &program;
}
struct vma *vma_find(struct mm *mm, uint64_t address)
{
    (void)mm;
    for (int i = 0; i < 3; i++)
        if (address < areas[i].end)
            return &areas[i];
    return NULL;
}
int mm_pin_page(struct mm *mm, uint64_t address, bool for_write, struct vm_page *page)
{
    (void)mm;
    (void)address;
    assert_true(for_write);
    page_references++;
    *page = (struct vm_page){.pa = PADDR(0x77000)};
    return 0;
}
void page_put(paddr_t pa)
{
    assert_int_equal(pa.raw, 0x77000);
    page_references--;
}
bool user_range_ok(uaddr_t address, size_t size)
{
    return address.raw + size < USER_END;
}
int get_user_u32(uint32_t *value, uaddr_t src)
{
    uint32_t *word = word_at(src.raw);

    if (!word)
        return -EFAULT;
    *value = *word;
    return 0;
}
#define FETCH(name, expression)                                       \
    int user_##name(uaddr_t address, uint32_t operand, uint32_t *old) \
    {                                                                 \
        uint32_t *word = word_at(address.raw);                        \
        if (!word)                                                    \
            return -EFAULT;                                           \
        *old = *word;                                                 \
        *word = (expression);                                         \
        return 0;                                                     \
    }
FETCH(xchg_u32, operand)
FETCH(fetch_add_u32, *old + operand)
FETCH(fetch_or_u32, *old | operand)
FETCH(fetch_and_u32, *old &operand)
FETCH(fetch_xor_u32, *old ^ operand)

/* ---- waiters ---- */

struct waiter {
    uint64_t address;
    bool shared;
    uint32_t expected, bitset;
    uint64_t deadline;
    int64_t result; /* 1: still waiting */
};

static void waiter_run(void *arg)
{
    struct waiter *w = arg;

    w->result = futex_wait(UADDR(w->address), w->shared, w->expected, w->deadline, w->bitset);
}

static struct thread *wait_at(struct waiter *w, uint64_t address, bool shared)
{
    *w = (struct waiter){.address = address,
                         .shared = shared,
                         .bitset = UINT32_MAX,
                         .deadline = WAIT_FOREVER,
                         .result = 1};
    struct thread *thread = thread_start_kernel("waiter", waiter_run, w);
    host_run();
    return thread;
}

static int setup(void **state)
{
    (void)state;
    host_start(1);
    memset(private_page, 0, sizeof(private_page));
    memset(shared_page, 0, sizeof(shared_page));
    mutex_init(&program.lock);
    page_references = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(host_stacks_in_use, 0);
    assert_int_equal(page_references, 0);
    return 0;
}

static void wakes_as_many_as_asked_in_order(void **state)
{
    struct waiter w[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        wait_at(&w[i], PRIVATE_BASE + 8, false);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE + 12), false, 9, UINT32_MAX), 0);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE + 8), false, 1, UINT32_MAX), 1);
    host_run();
    assert_int_equal(w[0].result, 0);
    assert_int_equal(w[1].result, 1);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE + 8), false, 9, UINT32_MAX), 2);
    host_run();
    assert_int_equal(w[2].result, 0);
}

static void another_value_does_not_wait(void **state)
{
    struct waiter w = {
        .address = PRIVATE_BASE, .expected = 5, .bitset = 1, .result = 1, .deadline = WAIT_FOREVER};

    (void)state;
    thread_start_kernel("w", waiter_run, &w);
    host_run();
    assert_int_equal(w.result, -EAGAIN);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(futex_wait(UADDR(PRIVATE_BASE + 1), false, 0, WAIT_FOREVER, 1), -EINVAL);
    assert_int_equal(futex_wait(UADDR(PRIVATE_BASE), false, 0, WAIT_FOREVER, 0), -EINVAL);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE), false, 1, 0), -EINVAL);
    assert_int_equal(futex_wait(UADDR(UNMAPPED), false, 0, WAIT_FOREVER, 1), -EFAULT);
    assert_int_equal(futex_wait(UADDR(UNMAPPED), true, 0, WAIT_FOREVER, 1), -EFAULT);
    assert_int_equal(futex_wake(UADDR(USER_END), false, 1, 1), -EFAULT);
    assert_int_equal(futex_requeue(UADDR(SHARED_A), UADDR(UNMAPPED), true, 1, 1, false, 0),
                     -EFAULT);
    assert_int_equal(futex_wake_op(UADDR(SHARED_A), UADDR(SHARED_A), true, 1, 1, 7u << 28),
                     -ENOSYS);
}

static void a_wait_times_out_and_a_signal_ends_it(void **state)
{
    struct waiter w = {.address = PRIVATE_BASE, .bitset = 1, .result = 1};
    struct thread *thread;

    (void)state;
    w.deadline = host_now_ns + 100;
    thread_start_kernel("w", waiter_run, &w);
    host_run();
    host_pass(100);
    host_run();
    assert_int_equal(w.result, -ETIMEDOUT);
    thread = wait_at(&w, PRIVATE_BASE, false);
    thread_notify_signal(thread);
    host_run();
    assert_int_equal(w.result, -ERESTARTSYS);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE), false, 9, UINT32_MAX), 0);
}

static void bitsets_select(void **state)
{
    struct waiter w = {.address = PRIVATE_BASE, .bitset = 6, .deadline = WAIT_FOREVER, .result = 1};

    (void)state;
    thread_start_kernel("w", waiter_run, &w);
    host_run();
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE), false, 1, 9), 0);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE), false, 1, 4), 1);
    host_run();
    assert_int_equal(w.result, 0);
}

static void shared_words_meet_across_mappings(void **state)
{
    struct waiter w, p;

    (void)state;
    wait_at(&w, SHARED_A + 16, true);
    assert_int_equal(page_references, 1);
    assert_int_equal(futex_wake(UADDR(SHARED_B + 16), false, 1, UINT32_MAX), 0);
    assert_int_equal(futex_wake(UADDR(SHARED_B + 16), true, 1, UINT32_MAX), 1);
    host_run();
    assert_int_equal(w.result, 0);
    /* A private page asked for as shared is known by its address: copies may move it. */
    wait_at(&p, PRIVATE_BASE, true);
    assert_int_equal(page_references, 0);
    assert_int_equal(futex_wake(UADDR(PRIVATE_BASE), false, 1, UINT32_MAX), 1);
    host_run();
    assert_int_equal(p.result, 0);
}

static void requeue_moves_waiters(void **state)
{
    struct waiter w[4];
    uaddr_t from = UADDR(PRIVATE_BASE), to = UADDR(PRIVATE_BASE + 64);

    (void)state;
    for (int i = 0; i < 4; i++)
        wait_at(&w[i], PRIVATE_BASE, false);
    assert_int_equal(futex_requeue(from, to, false, 1, 1, true, 7), -EAGAIN);
    assert_int_equal(futex_requeue(from, to, false, 1, 2, true, 0), 3);
    host_run();
    assert_int_equal(w[0].result, 0);
    assert_int_equal(futex_wake(from, false, 9, UINT32_MAX), 1);
    assert_int_equal(futex_wake(to, false, 9, UINT32_MAX), 2);
    host_run();
    for (int i = 0; i < 4; i++)
        assert_int_equal(w[i].result, 0);
}

static void requeue_to_itself_and_timeout_after_requeue(void **state)
{
    struct waiter w = {.address = PRIVATE_BASE, .bitset = 1, .result = 1};
    uaddr_t from = UADDR(PRIVATE_BASE), to = UADDR(PRIVATE_BASE + 4);

    (void)state;
    w.deadline = host_now_ns + 1000;
    thread_start_kernel("w", waiter_run, &w);
    host_run();
    assert_int_equal(futex_requeue(from, from, false, 0, 5, false, 0), 0);
    assert_int_equal(futex_requeue(from, to, false, 0, 5, true, 0), 1);
    host_pass(1000);
    host_run();
    assert_int_equal(w.result, -ETIMEDOUT);
    assert_int_equal(futex_wake(to, false, 1, UINT32_MAX), 0);
}

/* FUTEX_OP(op, operand, cmp, argument) */
static uint32_t encode(uint32_t op, uint32_t operand, uint32_t cmp, uint32_t argument)
{
    return op << 28 | cmp << 24 | (operand & 0xfff) << 12 | (argument & 0xfff);
}

static void wake_op_changes_compares_and_wakes(void **state)
{
    struct waiter a, b;
    uaddr_t first = UADDR(PRIVATE_BASE), second = UADDR(PRIVATE_BASE + 4);

    (void)state;
    wait_at(&a, first.raw, false);
    wait_at(&b, second.raw, false);
    private_page[1] = 10;
    /* add -3; wake the second if the old value is > 10: it is not */
    assert_int_equal(futex_wake_op(first, second, false, 1, 1, encode(1, (uint32_t)-3, 4, 10)), 1);
    assert_int_equal(private_page[1], 7);
    /* or 1 << 4; wake if old == 7 */
    assert_int_equal(futex_wake_op(first, second, false, 1, 1, encode(8 | 2, 4, 0, 7)), 1);
    assert_int_equal(private_page[1], 7 | 16);
    host_run();
    assert_int_equal(a.result, 0);
    assert_int_equal(b.result, 0);
    /* and-not, xor, set */
    futex_wake_op(first, second, false, 1, 1, encode(3, 7, 0, 0));
    assert_int_equal(private_page[1], 16);
    futex_wake_op(first, second, false, 1, 1, encode(4, 17, 0, 0));
    assert_int_equal(private_page[1], 1);
    futex_wake_op(first, second, false, 1, 1, encode(0, (uint32_t)-1, 0, 0));
    assert_int_equal(private_page[1], UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wakes_as_many_as_asked_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(another_value_does_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_arguments_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wait_times_out_and_a_signal_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(bitsets_select, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_words_meet_across_mappings, setup, teardown),
        cmocka_unit_test_setup_teardown(requeue_moves_waiters, setup, teardown),
        cmocka_unit_test_setup_teardown(requeue_to_itself_and_timeout_after_requeue, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wake_op_changes_compares_and_wakes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
