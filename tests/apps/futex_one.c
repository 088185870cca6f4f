/* SPDX-License-Identifier: BSD-2-Clause */
/* futex for one thread: mismatch, timeouts, nobody to wake; robust lists and rseq. */
#include "check.h"
#include <linux/futex.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>

int main(void)
{
    static uint32_t word = 1;
    struct timespec soon = {0, 20000000}, begin, end, past = {1, 0};

    CALL(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0));
    clock_gettime(CLOCK_MONOTONIC, &begin);
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &soon, NULL, 0));
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK((end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec >= 20000000);
    VALUE(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    VALUE(syscall(SYS_futex, &word, FUTEX_WAKE, 100, NULL, NULL, 0));
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 1, &past, NULL, FUTEX_BITSET_MATCH_ANY));
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &past, NULL, 1));
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 1, &past, NULL, 0));
    CALL(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 1, &soon, NULL, 0));
    CALL(syscall(SYS_futex, (void *)8, FUTEX_WAIT, 1, &soon, NULL, 0));
    CALL(syscall(SYS_futex, &word, 99, 1, NULL, NULL, 0));
    soon.tv_nsec = -1;
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT, 1, &soon, NULL, 0));
    void *head = NULL;
    size_t size = 0;
    VALUE(syscall(SYS_get_robust_list, 0, &head, &size));
    VALUE(size);
    CHECK(head != NULL);
    CALL(syscall(SYS_set_robust_list, head, 5));
    VALUE(syscall(SYS_set_robust_list, head, size));
    CHECK(syscall(SYS_set_tid_address, &word) == getpid());
    /* The C library has registered rseq; the kernel writes the processor's number there. */
    struct rseq *rseq = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
    CHECK(__rseq_size >= 20);
    CHECK((int)rseq->cpu_id >= 0 && rseq->cpu_id_start == rseq->cpu_id);
    CALL(syscall(SYS_rseq, rseq, 32, 0, 0x53053053));
    CALL(syscall(SYS_rseq, rseq, 32, 0, 0));
    return 0;
}
