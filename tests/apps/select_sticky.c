/* SPDX-License-Identifier: BSD-2-Clause */
/* select, pselect, ppoll write the time left back, unless personality(2) says STICKY_TIMEOUTS. */
#include "check.h"
#include <poll.h>
#include <sys/personality.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void run(void)
{
    struct timeval tv = {0, 20000};
    struct timespec ts = {0, 20000000};

    VALUE(syscall(SYS_select, 0, NULL, NULL, NULL, &tv));
    VALUE(tv.tv_usec);
    VALUE(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
    VALUE(ts.tv_nsec);
    ts.tv_nsec = 20000000;
    VALUE(syscall(SYS_ppoll, NULL, 0, &ts, NULL, 0));
    VALUE(ts.tv_nsec);
}

int main(void)
{
    run();
    CHECK(personality(STICKY_TIMEOUTS) == 0);
    run();
    fflush(stdout);
    if (fork() == 0) {
        CHECK(personality(0xffffffff) == STICKY_TIMEOUTS);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
