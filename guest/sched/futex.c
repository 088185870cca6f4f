/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2) without priority inheritance (proc/futex_pi.c).  A waiter queues itself, then compares
 * the word, then sleeps: whoever changes the word before waking finds it queued.
 * Words in private memory are known by (mm, address), so that copy-on-write
 * does not move them; words in shared mappings by their physical page.
 */
#include "sched/futex.h"

#include "arch/percpu.h"
#include "lib/errno.h"
#include "mm/page_alloc.h"
#include "mm/uaccess.h"
#include "sched/futex_internal.h"
#include "sched/thread.h"

#define BUCKET_COUNT 256u

static struct futex_bucket buckets[BUCKET_COUNT] LARGE_BSS;

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
    uint64_t hash = (key->where >> 2) ^ ((uint64_t)key->mm >> 6);

    return &buckets[(hash * 0x9e3779b97f4a7c15ul) >> 56];
}
_Static_assert(BUCKET_COUNT == 1u << (64 - 56), "the hash's top bits are the index");

static void bucket_lock(struct futex_bucket *bucket)
{
    spin_lock(&bucket->lock);
    if (UNLIKELY(!bucket->waiters.next)) {
#if DEBUG_LOCKS
        bucket->lock.rank = LOCK_RANK_FUTEX;
        bucket->lock.name = "futex bucket";
#endif
        list_init(&bucket->waiters);
    }
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    bucket_lock(MIN(a, b));
    if (a != b)
        bucket_lock(MAX(a, b));
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

/* The kind of memory at address; false when there is none. */
static bool find_area(struct mm *mm, uint64_t address, uint32_t *vm_flags)
{
    mutex_lock(&mm->lock);
    const struct vma *area = vma_find(mm, address);
    bool found = area && area->start <= address;
    if (found)
        *vm_flags = area->flags;
    mutex_unlock(&mm->lock);
    return found;
}

int futex_make_key(uaddr_t address, bool shared, struct futex_key *key, struct vm_page *page)
{
    struct mm *mm = current_mm();
    uint32_t vm_flags;

    *page = (struct vm_page){.is_static = true};
    if (address.raw & 3)
        return -EINVAL;
    if (!user_range_ok(address, 4))
        return -EFAULT;
    *key = (struct futex_key){.mm = mm, .where = address.raw};
    if (!shared)
        return 0;
    if (!find_area(mm, address.raw, &vm_flags))
        return -EFAULT;
    if (!(vm_flags & (VM_READ | VM_WRITE)))
        return -EFAULT;
    if (!(vm_flags & VM_SHARED))
        return 0;
    int error = mm_pin_page(mm, address.raw, vm_flags & VM_WRITE, page);
    if (error)
        return -EFAULT;
    *key = (struct futex_key){.where = page->pa.raw + (address.raw & (PAGE_SIZE - 1))};
    return 0;
}

void futex_drop_key(const struct vm_page *page)
{
    if (!page->is_static)
        page_put(page->pa);
}

/* The bucket the waiter is on now, locked. */
static struct futex_bucket *lock_bucket_of(struct futex_waiter *waiter)
{
    for (;;) {
        struct futex_bucket *bucket = atomic_load(&waiter->bucket);
        bucket_lock(bucket);
        if (LIKELY(bucket == atomic_load(&waiter->bucket)))
            return bucket;
        spin_unlock(&bucket->lock);
    }
}

bool futex_dequeue(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket = lock_bucket_of(waiter);
    bool woken = !waiter->queued;

    if (!woken)
        list_remove(&waiter->link);
    waiter->queued = false;
    spin_unlock(&bucket->lock);
    return woken;
}

bool futex_is_queued(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket = lock_bucket_of(waiter);
    bool queued = waiter->queued;

    spin_unlock(&bucket->lock);
    return queued;
}

void futex_enqueue(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket = bucket_of(&waiter->key);

    waiter->queued = true;
    atomic_init(&waiter->bucket, bucket);
    bucket_lock(bucket);
    list_push_back(&bucket->waiters, &waiter->link);
    spin_unlock(&bucket->lock);
}

int64_t futex_wait(uaddr_t address, bool shared, uint32_t expected, uint64_t deadline_ns,
                   uint32_t bitset)
{
    struct futex_waiter waiter = {.thread = current_thread(), .bitset = bitset};
    struct vm_page page;
    uint32_t value;

    if (!bitset)
        return -EINVAL;
    int error = futex_make_key(address, shared, &waiter.key, &page);
    if (error)
        return error;
    wait_prepare();
    futex_enqueue(&waiter);

    error = get_user_u32(&value, address);
    if (!error && value != expected)
        error = -EAGAIN;
    while (!error && futex_is_queued(&waiter))
        error = wait_sleep(deadline_ns);
    if (futex_dequeue(&waiter))
        error = 0;
    futex_drop_key(&page);
    return error;
}

/* bucket locked */
static void wake_waiter(struct futex_waiter *waiter)
{
    list_remove(&waiter->link);
    waiter->queued = false;
    thread_wake(waiter->thread);
}

/* bucket locked: how many were woken */
static uint32_t wake_matching(struct futex_bucket *bucket, const struct futex_key *key,
                              uint32_t count, uint32_t bitset)
{
    uint32_t woken = 0;

    LIST_FOR_EACH_SAFE(link, next, &bucket->waiters)
    {
        struct futex_waiter *waiter = LIST_ENTRY(link, struct futex_waiter, link);
        if (woken == count)
            break;
        if (!futex_key_equal(&waiter->key, key) || !(waiter->bitset & bitset))
            continue;
        wake_waiter(waiter);
        woken++;
    }
    return woken;
}

int64_t futex_wake(uaddr_t address, bool shared, uint32_t count, uint32_t bitset)
{
    struct futex_key key;
    struct vm_page page;

    if (!bitset)
        return -EINVAL;
    int error = futex_make_key(address, shared, &key, &page);
    if (error)
        return error;
    struct futex_bucket *bucket = bucket_of(&key);
    bucket_lock(bucket);
    uint32_t woken = wake_matching(bucket, &key, count, bitset);
    spin_unlock(&bucket->lock);
    futex_drop_key(&page);
    return woken;
}

/* Both buckets locked: how many moved. */
static uint32_t requeue_matching(struct futex_bucket *from, const struct futex_key *from_key,
                                 struct futex_bucket *to, const struct futex_key *to_key,
                                 uint32_t count)
{
    uint32_t moved = 0;

    LIST_FOR_EACH_SAFE(link, next, &from->waiters)
    {
        struct futex_waiter *waiter = LIST_ENTRY(link, struct futex_waiter, link);
        if (moved == count)
            break;
        if (!futex_key_equal(&waiter->key, from_key))
            continue;
        waiter->key = *to_key;
        if (from != to) {
            list_remove(&waiter->link);
            list_push_back(&to->waiters, &waiter->link);
            atomic_store(&waiter->bucket, to);
        }
        moved++;
    }
    return moved;
}

int64_t futex_requeue(uaddr_t from, uaddr_t to, bool shared, uint32_t wake, uint32_t requeue,
                      bool compare, uint32_t expected)
{
    struct futex_key from_key, to_key;
    struct vm_page from_page, to_page;
    uint32_t value;

    int error = futex_make_key(from, shared, &from_key, &from_page);
    if (error)
        return error;
    error = futex_make_key(to, shared, &to_key, &to_page);
    if (error) {
        futex_drop_key(&from_page);
        return error;
    }
    int64_t result = compare ? get_user_u32(&value, from) : 0;
    if (!result && compare && value != expected)
        result = -EAGAIN;
    if (!result) {
        struct futex_bucket *a = bucket_of(&from_key), *b = bucket_of(&to_key);
        lock_two(a, b);
        result = wake_matching(a, &from_key, wake, UINT32_MAX);
        if (futex_key_equal(&from_key, &to_key))
            requeue = 0;
        uint32_t moved = requeue_matching(a, &from_key, b, &to_key, requeue);
        unlock_two(a, b);
        /* FUTEX_REQUEUE counts the woken, FUTEX_CMP_REQUEUE also the moved. */
        if (compare)
            result += moved;
    }
    futex_drop_key(&from_page);
    futex_drop_key(&to_page);
    return result;
}

/* futex(2), FUTEX_WAKE_OP: |op 4|cmp 4|oparg 12|cmparg 12| */
static int apply_operation(uaddr_t address, uint32_t operation, bool *wake_second)
{
    uint32_t op = operation >> 28 & 7, compare = operation >> 24 & 15;
    int32_t operand = (int32_t)(operation << 8) >> 20, argument = (int32_t)(operation << 20) >> 20;
    uint32_t raw;
    int error;

    if (operation >> 31)
        operand = (int32_t)(1u << (operand & 31));
    switch (op) {
    case 0:
        error = user_xchg_u32(address, (uint32_t)operand, &raw);
        break;
    case 1:
        error = user_fetch_add_u32(address, (uint32_t)operand, &raw);
        break;
    case 2:
        error = user_fetch_or_u32(address, (uint32_t)operand, &raw);
        break;
    case 3:
        error = user_fetch_and_u32(address, ~(uint32_t)operand, &raw);
        break;
    case 4:
        error = user_fetch_xor_u32(address, (uint32_t)operand, &raw);
        break;
    default:
        return -ENOSYS;
    }
    if (error)
        return error;
    int32_t old = (int32_t)raw;
    const bool results[] = {old == argument, old != argument,
                            old<argument, old <= argument, old> argument, old >= argument};
    if (compare >= ARRAY_SIZE(results))
        return -ENOSYS;
    *wake_second = results[compare];
    return 0;
}

int64_t futex_wake_op(uaddr_t address, uaddr_t second, bool shared, uint32_t wake, uint32_t wake2,
                      uint32_t operation)
{
    struct futex_key key, key2;
    struct vm_page page, page2;
    bool wake_second = false;

    int error = futex_make_key(address, shared, &key, &page);
    if (error)
        return error;
    error = futex_make_key(second, shared, &key2, &page2);
    if (error) {
        futex_drop_key(&page);
        return error;
    }
    int64_t result = apply_operation(second, operation, &wake_second);
    if (!result) {
        struct futex_bucket *a = bucket_of(&key), *b = bucket_of(&key2);
        lock_two(a, b);
        result = wake_matching(a, &key, wake, UINT32_MAX);
        if (wake_second)
            result += wake_matching(b, &key2, wake2, UINT32_MAX);
        unlock_two(a, b);
    }
    futex_drop_key(&page);
    futex_drop_key(&page2);
    return result;
}
