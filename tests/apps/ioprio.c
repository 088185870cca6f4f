/* SPDX-License-Identifier: BSD-2-Clause */
/* ioprio_set(2): numbers are read back and inherited; classes, levels, privileges. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/wait.h>

enum { WHO_PROCESS = 1, NONE = 0, RT = 1, BE = 2, IDLE = 3 };

static long set(int class, int level)
{
    return syscall(SYS_ioprio_set, WHO_PROCESS, 0, class << 13 | level);
}

static long get(void)
{
    return syscall(SYS_ioprio_get, WHO_PROCESS, 0);
}

int main(void)
{
    VALUE(set(BE, 3));
    VALUE(get());
    fflush(stdout);
    if (fork() == 0) {
        VALUE(get());
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(set(RT, 0));
    VALUE(get());
    VALUE(set(IDLE, 0));
    VALUE(get());
    VALUE(set(NONE, 0));
    VALUE(get());
    VALUE(set(4, 0));
    VALUE(syscall(SYS_ioprio_get, 9, 0));
    VALUE(syscall(SYS_ioprio_get, WHO_PROCESS, 999999));
    NEED(setuid(65534) == 0);
    VALUE(set(RT, 4));
    VALUE(set(BE, 7));
    return 0;
}
