/* SPDX-License-Identifier: BSD-2-Clause */
/* futex_waitv(2): the index of the word that was woken, values that differ, timeouts, errors. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct word {
    uint64_t value, address;
    uint32_t flags, reserved;
};
enum { U32 = 2, PRIVATE = 128 };

static uint32_t words[130];
static struct word list[130];

static void fill(int count, uint32_t flags)
{
    for (int i = 0; i < count; i++)
        list[i] = (struct word){words[i], (uint64_t)(uintptr_t)&words[i], flags, 0};
}

static long waitv(int count, unsigned int flags, struct timespec *timeout, clockid_t clock)
{
    return syscall(SYS_futex_waitv, list, count, flags, timeout, clock);
}

static void *waker(void *arg)
{
    uint32_t *word = arg;
    usleep(50000);
    while (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1)
        usleep(1000);
    return NULL;
}

static void woken(int count, int which)
{
    pthread_t thread;
    fill(count, U32 | PRIVATE);
    NEED(pthread_create(&thread, NULL, waker, &words[which]) == 0);
    VALUE(waitv(count, 0, NULL, 0));
    pthread_join(thread, NULL);
}

int main(void)
{
    struct timespec soon, past = {0, 0}, bad = {0, -1};

    alarm(30);
    woken(1, 0);
    woken(30, 17);
    woken(128, 127);
    fill(3, U32);
    list[1].value = 9;
    VALUE(waitv(3, 0, NULL, 0));
    fill(3, U32);
    VALUE(waitv(3, 0, &past, CLOCK_MONOTONIC));
    clock_gettime(CLOCK_REALTIME, &soon);
    VALUE(waitv(3, 0, &soon, CLOCK_REALTIME));
    VALUE(waitv(3, 0, &bad, CLOCK_MONOTONIC));
    VALUE(waitv(3, 0, &past, CLOCK_BOOTTIME));
    VALUE(waitv(3, 1, NULL, 0));
    VALUE(waitv(0, 0, NULL, 0));
    fill(129, U32);
    VALUE(waitv(129, 0, NULL, 0));
    VALUE(syscall(SYS_futex_waitv, NULL, 1, 0, NULL, 0));
    list[0].flags = 0;
    VALUE(waitv(1, 0, NULL, 0));
    list[0].flags = U32;
    list[0].reserved = 1;
    VALUE(waitv(1, 0, NULL, 0));
    list[0].reserved = 0;
    list[0].address += 2;
    VALUE(waitv(1, 0, NULL, 0));
    list[0].address = 16;
    VALUE(waitv(1, 0, NULL, 0));
    return 0;
}
