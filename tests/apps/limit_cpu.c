/* SPDX-License-Identifier: BSD-2-Clause */
/* RLIMIT_CPU: a signal at the soft limit, death at the hard one, inherited by children. */
#include "check.h"
#include <sys/resource.h>
#include <sys/wait.h>

static volatile int signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static void burn(void)
{
    for (;;)
        __asm__ volatile("" ::: "memory");
}

int main(void)
{
    /* A machine under load may stand still for more than a second: no hard limit near. */
    struct rlimit soft = {1, 600}, limit = {1, 2};
    struct rusage usage;
    int status;

    pid_t child = fork();
    if (!child) {
        setrlimit(RLIMIT_CPU, &soft);
        burn();
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    VALUE(WTERMSIG(status));

    child = fork();
    if (!child) {
        setrlimit(RLIMIT_CPU, &limit);
        if (fork() == 0) { /* the limit, not the time used, is inherited */
            signal(SIGXCPU, count);
            burn();
        }
        wait(&status);
        _exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    CHECK(wait4(child, &status, 0, &usage) == child);
    VALUE(WEXITSTATUS(status));
    getrusage(RUSAGE_CHILDREN, &usage);
    CHECK(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= 2);
    return 0;
}
