/* SPDX-License-Identifier: BSD-2-Clause */
/* prctl(2): timer slack and its inheritance, huge pages, arguments that must be zero. */
#include "check.h"
#include <sys/prctl.h>
#include <sys/wait.h>

#ifndef PR_GET_SPECULATION_CTRL
#define PR_GET_SPECULATION_CTRL 52
#endif

int main(void)
{
    VALUE(prctl(PR_SET_TIMERSLACK, 70000));
    VALUE(prctl(PR_GET_TIMERSLACK));
    fflush(stdout);
    if (fork() == 0) {
        VALUE(prctl(PR_GET_TIMERSLACK));
        VALUE(prctl(PR_SET_TIMERSLACK, 90000));
        VALUE(prctl(PR_GET_TIMERSLACK));
        VALUE(prctl(PR_SET_TIMERSLACK, 0));
        VALUE(prctl(PR_GET_TIMERSLACK));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(prctl(PR_SET_TIMERSLACK, 0));
    VALUE(prctl(PR_GET_TIMERSLACK));
    VALUE(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    VALUE(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    VALUE(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    fflush(stdout);
    if (fork() == 0) {
        VALUE(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
    VALUE(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    VALUE(prctl(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0));
    VALUE(prctl(PR_GET_SPECULATION_CTRL, 99, 0, 0, 0));
    VALUE(prctl(PR_SET_PDEATHSIG, 65));
    VALUE(prctl(PR_SET_DUMPABLE, 2));
    VALUE(prctl(PR_SET_NAME, 8));
    VALUE(prctl(PR_SET_TIMING, 1));
    VALUE(prctl(999));
    return 0;
}
