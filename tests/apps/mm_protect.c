/* SPDX-License-Identifier: BSD-2-Clause */
/* Protections hold: si_code and si_addr of each forbidden access. */
/* variants: dynamic musl */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf back;
static siginfo_t info;

static void on_fault(int number, siginfo_t *got, void *context)
{
    (void)context;
    info = *got;
    siglongjmp(back, number);
}

#define FAULT(what, statement, where)                                                \
    do {                                                                             \
        int number = sigsetjmp(back, 1);                                             \
        if (!number) {                                                               \
            statement;                                                               \
            printf("%s: no fault\n", what);                                          \
        } else {                                                                     \
            printf("%s: signal %d code %d address %s\n", what, number, info.si_code, \
                   info.si_addr == (void *)(where) ? "right" : "WRONG");             \
        }                                                                            \
    } while (0)

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    volatile char *p =
        mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p[0] = p[4096] = (char)0xc3;
    VALUE(mprotect((void *)(p + 4096), 4096, PROT_READ));
    FAULT("write to read-only", p[4100] = 1, p + 4100);
    FAULT("read of read-only", (void)p[4100], p);
    VALUE(mprotect((void *)(p + 4096), 4096, PROT_NONE));
    FAULT("read of no access", (void)p[4099], p + 4099);
    VALUE(mprotect((void *)(p + 4096), 4096, PROT_READ | PROT_WRITE));
    CHECK(p[4096] == (char)0xc3);
    FAULT("run data", ((void (*)(void))p)(), p);
    VALUE(mprotect((void *)p, 4096, PROT_READ | PROT_EXEC));
    FAULT("run code", ((void (*)(void))p)(), p);
    FAULT("write to code", p[1] = 1, p + 1);
    FAULT("null", *(volatile int *)8 = 1, 8);
    FAULT("kernel address", *(volatile int *)0xffffffff80000000 = 1, 0xffffffff80000000);
    FAULT("read kernel address", (void)*(volatile int *)0xffff888000000000, 0xffff888000000000);
    FAULT("non-canonical", *(volatile int *)0x8000000000000000 = 1, 0);
    FAULT("jump to null", ((void (*)(void))0)(), 0);
    FAULT("write to a constant", *(volatile char *)(uintptr_t) "text" = 1, "text");
    FAULT("write to a function", *(volatile char *)(uintptr_t)main = 1, main);
    CALL(mprotect((void *)(p + 1), 4096, PROT_READ));
    CALL(mprotect((void *)0x10000, 4096, PROT_READ));
    CALL(mprotect((void *)p, 4096, 0x80));
    VALUE(mprotect((void *)p, 0, PROT_READ));
    munmap((void *)(p + 8192), 4096);
    CALL(mprotect((void *)p, 16384, PROT_READ | PROT_WRITE));
    return 0;
}
