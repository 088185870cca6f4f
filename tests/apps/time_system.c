/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User and system time: once somebody asks, what is spent in system calls and faults is the
 * system's, what is spent between them the program's; children's times come with wait4(2).
 */
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

static long ms_of(struct timeval t)
{
    return t.tv_sec * 1000 + t.tv_usec / 1000;
}

static struct rusage usage(int who)
{
    struct rusage r;
    NEED(getrusage(who, &r) == 0);
    return r;
}

/* Until the process has used so much CPU time, of whichever kind. */
static void burn(long ms, int in_kernel)
{
    struct timespec begin, now;
    static char buf[65536]; /* large: so that the kernel's part surely is the larger one */
    int zero = open("/dev/zero", O_RDONLY);

    NEED(zero >= 0 && clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin) == 0);
    do {
        for (int i = 0; i < 50 && in_kernel; i++)
            NEED(pread(zero, buf, sizeof(buf), 0) == sizeof(buf));
        for (volatile int i = 0; i < 20000 && !in_kernel; i++)
            ;
        NEED(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
    close(zero);
}

static void own(void)
{
    struct rusage a = usage(RUSAGE_SELF), b, c;

    burn(200, 0);
    b = usage(RUSAGE_SELF);
    burn(200, 1);
    c = usage(RUSAGE_SELF);
    long user = ms_of(b.ru_utime) - ms_of(a.ru_utime),
         system = ms_of(b.ru_stime) - ms_of(a.ru_stime);
    CHECK(user > 2 * system);
    user = ms_of(c.ru_utime) - ms_of(b.ru_utime);
    system = ms_of(c.ru_stime) - ms_of(b.ru_stime);
    CHECK(system > user);
    CHECK(user + system >= 150);
    CHECK(usage(RUSAGE_THREAD).ru_stime.tv_usec >= 0);
}

static void of_faults(void)
{
    const size_t size = 32 << 20;
    struct rusage a = usage(RUSAGE_SELF), b;

    for (int round = 0; round < 4; round++) {
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        NEED(memory != MAP_FAILED);
        for (size_t i = 0; i < size; i += 4096)
            memory[i] = 1;
        munmap(memory, size);
    }
    b = usage(RUSAGE_SELF);
    long user = ms_of(b.ru_utime) - ms_of(a.ru_utime),
         system = ms_of(b.ru_stime) - ms_of(a.ru_stime);
    CHECK(system > user / 4); /* a host may make the program wait for its memory, too */
}

static void of_children(void)
{
    struct rusage r, before = usage(RUSAGE_CHILDREN), after;
    struct tms tms;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        burn(150, 1);
        _exit(0);
    }
    NEED(wait4(pid, NULL, 0, &r) == pid);
    CHECK(ms_of(r.ru_stime) > ms_of(r.ru_utime));
    after = usage(RUSAGE_CHILDREN);
    CHECK(ms_of(after.ru_stime) - ms_of(before.ru_stime) >= 50);
    CHECK(times(&tms) > 0 && tms.tms_cstime > 0);
}

int main(void)
{
    own();
    of_faults();
    of_children();
    return 0;
}
