/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The random generator behind lib/random.h: ChaCha20 with fast key erasure (D. J.
 * Bernstein, 2017).  A refill makes two blocks: the first half block replaces the
 * key at once, the rest is served and wiped as it goes.  In arch/ because RDSEED,
 * RDRAND and the TSC are its sources; knows no device.
 */
#include "lib/random.h"

#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "boot/guest_abi.h"
#include "lib/chacha20.h"
#include "lib/printf.h"
#include "lib/string.h"

#define POOL_BLOCKS 2u
#define POOL_SIZE (POOL_BLOCKS * CHACHA20_BLOCK_SIZE)
#define SEEDED_BYTES 32u
#define HARDWARE_TRIES 10 /* Intel SDM 1, 7.3.17: RDRAND may fail transiently */
#define JITTER_ROUNDS 512

static struct {
    struct spinlock lock;
    uint32_t left; /* unserved bytes at the end of pool */
    uint32_t credited; /* bytes of good seed, up to SEEDED_BYTES */
    bool tried_hardware;
    uint32_t generation; /* whose seed was mixed in last */
    struct guest_generation *record; /* NULL: there are no generations */
    uint8_t key[CHACHA20_KEY_SIZE];
    uint8_t pool[POOL_SIZE];
} rng __attribute__((section(".bss.hot.calls")));
static void (*_Atomic seed_source)(void);

static const uint32_t no_nonce[3];

static void wipe(void *data, size_t size)
{
    memset(data, 0, size);
    __asm__ volatile("" : : "r"(data) : "memory"); /* or the store would be dropped as dead */
}

/* Each chunk is added to the key, then the key goes through the block function. */
static void absorb(const uint8_t *data, size_t size)
{
    uint8_t block[CHACHA20_BLOCK_SIZE];
    static const uint32_t absorb_nonce[3] = {1, 0, 0};
    while (size != 0) {
        size_t chunk = MIN(size, (size_t)CHACHA20_KEY_SIZE);
        for (size_t i = 0; i < chunk; i++)
            rng.key[i] ^= data[i];
        chacha20_block(rng.key, (uint32_t)chunk, absorb_nonce, block);
        memcpy(rng.key, block, CHACHA20_KEY_SIZE);
        data += chunk;
        size -= chunk;
    }
    wipe(block, sizeof(block));
    rng.left = 0; /* made from the old key */
}

static void credit(size_t bytes)
{
    rng.credited = (uint32_t)MIN((size_t)SEEDED_BYTES, rng.credited + bytes);
}

static bool hardware_u64(uint64_t *value)
{
    for (int i = 0; i < HARDWARE_TRIES; i++) {
        bool ok = false;
        if (cpu_features.rdseed)
            __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
        if (!ok && cpu_features.rdrand)
            __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
        if (ok)
            return true;
    }
    return false;
}

static void seed_from_hardware(void)
{
    uint64_t words[4];
    rng.tried_hardware = true;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (!hardware_u64(&words[i]))
            return;
    }
    absorb((const uint8_t *)words, sizeof(words));
    credit(sizeof(words));
    wipe(words, sizeof(words));
}

/* Last resort: differences of the TSC over work whose duration varies.  Not credited. */
static void seed_from_jitter(void)
{
    uint64_t last = rdtsc(), mixed[4] = {0};
    for (unsigned int i = 0; i < JITTER_ROUNDS; i++) {
        for (unsigned int j = 0; j < (last & 15); j++)
            cpu_pause();
        uint64_t now = rdtsc();
        uint64_t *word = &mixed[i % ARRAY_SIZE(mixed)];
        *word = (*word << 7 | *word >> 57) ^ (now - last);
        last = now;
    }
    absorb((const uint8_t *)mixed, sizeof(mixed));
}

static void refill(void)
{
    if (rng.credited < SEEDED_BYTES) {
        if (!rng.tried_hardware)
            seed_from_hardware();
        if (rng.credited < SEEDED_BYTES)
            seed_from_jitter();
    }
    for (uint32_t i = 0; i < POOL_BLOCKS; i++)
        chacha20_block(rng.key, i, no_nonce, rng.pool + i * CHACHA20_BLOCK_SIZE);
    memcpy(rng.key, rng.pool, CHACHA20_KEY_SIZE);
    wipe(rng.pool, CHACHA20_KEY_SIZE);
    rng.left = POOL_SIZE - CHACHA20_KEY_SIZE;
}

uint32_t random_generation(void)
{
    return rng.record ? __atomic_load_n(&rng.record->counter, __ATOMIC_ACQUIRE) : 0;
}

/* rng.lock is held.  Only the CPU that gets here first finds the seed. */
static void renew(void)
{
    uint32_t now = random_generation();
    if (LIKELY(now == rng.generation) || rng.record == NULL)
        return;
    absorb(rng.record->id, sizeof(rng.record->id));
    absorb(rng.record->seed, sizeof(rng.record->seed));
    wipe(rng.record->seed, sizeof(rng.record->seed));
    rng.generation = now;
}

void random_follow(struct guest_generation *record)
{
    rng.generation = record->counter;
    rng.record = record;
}

void random_renew(void)
{
    spin_lock(&rng.lock);
    renew();
    spin_unlock(&rng.lock);
}

/* At most what one refill gives. */
static void serve(uint8_t *out, size_t size)
{
    renew();
    if (rng.left < size)
        refill();
    uint8_t *from = rng.pool + POOL_SIZE - rng.left;
    memcpy(out, from, size);
    wipe(from, size);
    rng.left -= (uint32_t)size;
}

void random_seed_add(const void *data, size_t size)
{
    uint64_t now = rdtsc();
    spin_lock(&rng.lock);
    absorb(data, size);
    absorb((const uint8_t *)&now, sizeof(now));
    credit(size);
    spin_unlock(&rng.lock);
}

/* A key of its own for a large request: the lock is not held while it is filled. */
static void serve_large(uint8_t *out, size_t size)
{
    uint8_t key[CHACHA20_KEY_SIZE], block[CHACHA20_BLOCK_SIZE];
    spin_lock(&rng.lock);
    serve(key, sizeof(key));
    spin_unlock(&rng.lock);
    uint32_t nonce[3] = {2, 0, 0};
    for (uint32_t counter = 0; size != 0; counter++) {
        size_t chunk = MIN(size, sizeof(block));
        if (counter == 0)
            nonce[1]++; /* after 256 GiB the counter starts again */
        chacha20_block(key, counter, nonce, block);
        memcpy(out, block, chunk);
        out += chunk;
        size -= chunk;
    }
    wipe(key, sizeof(key));
    wipe(block, sizeof(block));
}

/* Should a snapshot be taken in the middle, each VM that goes on from it begins again. */
void random_bytes(void *buf, size_t size)
{
    uint32_t before;
    do {
        before = random_generation();
        if (size > POOL_SIZE - CHACHA20_KEY_SIZE) {
            serve_large(buf, size);
        } else {
            spin_lock(&rng.lock);
            serve(buf, size);
            spin_unlock(&rng.lock);
        }
    } while (UNLIKELY(before != random_generation()));
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}

uint64_t random_below(uint64_t bound)
{
    /* The range is cut to a multiple of bound: every result is equally likely. */
    uint64_t limit = -bound % bound, value;
    do
        value = random_u64();
    while (value < limit);
    return value % bound;
}

bool random_is_seeded(void)
{
    spin_lock(&rng.lock);
    if (rng.credited < SEEDED_BYTES && !rng.tried_hardware)
        seed_from_hardware();
    bool seeded = rng.credited >= SEEDED_BYTES;
    spin_unlock(&rng.lock);
    return seeded;
}

void random_set_source(void (*source)(void))
{
    atomic_store_explicit(&seed_source, source, memory_order_release);
}

void random_wait_seeded(void)
{
    if (random_is_seeded())
        return;
    void (*source)(void) = atomic_exchange_explicit(&seed_source, NULL, memory_order_acq_rel);
    if (source == NULL)
        return;
    source();
    if (!random_is_seeded())
        klog(LOG_WARNING, "random: no entropy source; numbers come from timing only");
}
