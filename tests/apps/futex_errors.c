/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2) on memory that is not there or not to be touched, misaligned words, bad numbers. */
#include "check.h"
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static long futex(void *word, int op, int value, void *timeout, void *second, int value3)
{
    return syscall(SYS_futex, word, op, value, timeout, second, value3);
}

int main(void)
{
    int *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct timespec bad = {0, 1000000000}, past = {0, 0};
    NEED(munmap(gone, 4096) == 0);

    VALUE(futex(none, FUTEX_WAKE, 1, NULL, NULL, 0));
    VALUE(futex(gone, FUTEX_WAKE, 1, NULL, NULL, 0));
    VALUE(futex(gone, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_WAKE, 1, NULL, NULL, 0));
    VALUE(futex(none, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_CMP_REQUEUE, 1, (void *)1, none, 0));
    VALUE(futex((char *)page + 2, FUTEX_WAKE, 1, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_WAIT, 1, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_WAIT, 0, &bad, NULL, 0));
    VALUE(futex(page, FUTEX_WAIT, 0, &past, NULL, 0));
    VALUE(futex(page, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_CMP_REQUEUE, -1, (void *)1, page + 1, 0));
    VALUE(futex(page, FUTEX_CMP_REQUEUE, 1, (void *)1, page + 1, 7));
    VALUE(futex(page, 99, 1, NULL, NULL, 0));
    VALUE(futex(page, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    VALUE(futex((void *)-4096, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    return 0;
}
