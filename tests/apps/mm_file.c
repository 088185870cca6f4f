/* SPDX-License-Identifier: BSD-2-Clause */
/* Private file mappings: copy on write, zeroes behind the end, SIGBUS beyond the last page. */
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

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(write(fd, "abcdef", 6) == 6);
    volatile char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    NEED(p != MAP_FAILED);
    CHECK(p[5] == 'f' && p[6] == 0 && p[4095] == 0);
    p[0] = 'X';
    show_file("f");
    CHECK(p[0] == 'X' && p[1] == 'b');
    int number = sigsetjmp(back, 1);
    if (!number)
        (void)p[4096];
    printf("beyond the end: signal %d code %d %s\n", number, info.si_code,
           info.si_addr == (void *)(p + 4096) ? "right" : "WRONG");
    NEED(ftruncate(fd, 8192) == 0);
    CHECK(p[4096] == 0);
    number = sigsetjmp(back, 1);
    NEED(ftruncate(fd, 100) == 0);
    if (!number)
        (void)p[4097];
    printf("after truncation: signal %d\n", number);

    /* One's own program file, as the loader maps it. */
    int self = open("/proc/self/exe", O_RDONLY);
    const char *exe = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, self, 0);
    CHECK(exe != MAP_FAILED && !memcmp(exe, "\177ELF", 4));
    return 0;
}
