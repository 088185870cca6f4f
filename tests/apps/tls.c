/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread-local storage of the first thread; the fs and gs bases. */
/* variants: dynamic static pie musl */
#include "check.h"
#include <sys/syscall.h>

/* asm/prctl.h, which musl does not bring. */
enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

static __thread int initialised = 42;
static __thread int zeroed[100];
static __thread char text[8] __attribute__((aligned(64))) = "tls";

int main(void)
{
    unsigned long base = 0, gs = 1;

    VALUE(initialised);
    VALUE(zeroed[99]);
    printf("%s %d\n", text, (int)((uintptr_t)text & 63));
    initialised++;
    VALUE(initialised);
    VALUE(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
    CHECK(*(unsigned long *)base == base);
    VALUE(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
    VALUE(gs);
    VALUE(syscall(SYS_arch_prctl, ARCH_SET_GS, text));
    char c;
    __asm__ volatile("movb %%gs:1, %0" : "=r"(c));
    printf("%c\n", c);
    CALL(syscall(SYS_arch_prctl, ARCH_SET_FS, 0xffff800000000000));
    CALL(syscall(SYS_arch_prctl, ARCH_GET_FS, 8));
    CALL(syscall(SYS_arch_prctl, 0x1234, 0));
    getpid();
    VALUE(errno == EINVAL);
    return 0;
}
