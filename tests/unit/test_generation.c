/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs that go on from one snapshot: no random number twice; time and name are taken over. */
/* links: guest/arch/generation.c guest/arch/random.c guest/lib/chacha20.c guest/lib/uts.c
 * tests/unit/driver_fakes.c */
#include "unit/driver_fakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/generation.h"
#include "lib/random.h"
#include "lib/uts.h"

#define CLONES 100u
#define NUMBERS 100u

struct cpu_features cpu_features; /* neither RDRAND nor RDSEED: only seeds make a difference */
static struct guest_generation record;
static unsigned int rebased, changed;
static ns_t rebased_to;

size_t strlcpy(char *dst, const char *src, size_t size)
{
    return (size_t)snprintf(dst, size, "%s", src);
}

void clock_rebase(ns_t wall_ns, uint64_t tsc)
{
    assert_int_equal(tsc, record.wall_tsc);
    rebased_to = wall_ns;
    rebased++;
}

static void hook(void)
{
    changed++;
}

/* As the monitor does it: the counter last. */
static void next_generation(uint8_t which)
{
    memset(record.id, which, sizeof(record.id));
    memset(record.seed, which + 1, sizeof(record.seed));
    record.wall_ns = 1000u + which;
    record.wall_tsc = 5;
    snprintf(record.hostname, sizeof(record.hostname), "clone-%u", which);
    record.counter++;
}

static bool is_zero(const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* First: without a record nothing happens. */
static void test_without_a_monitor(void **state)
{
    (void)state;
    assert_false(generation_is_known());
    assert_int_equal(generation_counter(), 0);
    generation_check();
    uint64_t a = random_u64();
    assert_true(a != random_u64());
    record.version = GUEST_GENERATION_VERSION;
    generation_init(&record);
    generation_set_hook(hook);
    generation_check();
    assert_int_equal(changed + rebased, 0);
    assert_true(generation_is_known());
}

static void test_taken_over_once(void **state)
{
    uint8_t id[16];
    char name[80];

    (void)state;
    next_generation(7);
    generation_check();
    generation_check();
    assert_int_equal(changed, 1);
    assert_int_equal(rebased, 1);
    assert_int_equal(rebased_to, 1007);
    uts_hostname(name, sizeof(name));
    assert_string_equal(name, "clone-7");
    generation_id(id);
    assert_int_equal(id[15], 7);
    assert_true(is_zero(record.seed, sizeof(record.seed)));

    next_generation(8);
    memset(record.hostname, 0, sizeof(record.hostname));
    record.wall_ns = 0; /* not known */
    generation_check();
    uts_hostname(name, sizeof(name));
    assert_string_equal(name, "clone-7");
    assert_int_equal(rebased, 1);
    assert_int_equal(changed, 2);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint64_t));
}

/*
 * Each child of fork() is a clone: it has the generator's state.  Nobody checks before
 * asking: the first number is the next generation's all the same.
 */
static void test_clones_share_no_number(void **state)
{
    static uint64_t numbers[CLONES][NUMBERS];
    uint64_t large[100];

    (void)state;
    for (unsigned int clone = 0; clone < CLONES; clone++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            next_generation((uint8_t)clone);
            if (clone % 2) { /* the way of large requests */
                random_bytes(large, sizeof(large));
                memcpy(numbers[clone], large, sizeof(numbers[clone]));
            } else {
                for (unsigned int i = 0; i < NUMBERS; i++)
                    numbers[clone][i] = random_u64();
            }
            bool ok =
                is_zero(record.seed, sizeof(record.seed)) &&
                write(ends[1], numbers[clone], sizeof(numbers[clone])) == sizeof(numbers[clone]);
            _exit(!ok);
        }
        close(ends[1]);
        size_t got = 0;
        ssize_t part;
        while ((part = read(ends[0], (char *)numbers[clone] + got, sizeof(numbers[clone]) - got)) >
               0)
            got += (size_t)part;
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(got, sizeof(numbers[clone]));
    }
    qsort(numbers, (size_t)CLONES * NUMBERS, sizeof(uint64_t), compare);
    const uint64_t *all = &numbers[0][0];
    for (unsigned int i = 1; i < CLONES * NUMBERS; i++)
        assert_true(all[i] != all[i - 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_monitor),
        cmocka_unit_test(test_taken_over_once),
        cmocka_unit_test(test_clones_share_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
