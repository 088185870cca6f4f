/* SPDX-License-Identifier: BSD-2-Clause */
/* Process groups and sessions. */
/* variants: dynamic static */
#include "check.h"
#include <sys/wait.h>

int main(void)
{
    int status;

    CHECK(getpgrp() == getpgid(0) && getpgid(0) == getpgid(getpid()));
    CALL(setpgid(99999, 0));
    CALL(setpgid(0, 99999));
    CALL(setpgid(0, -1));
    CALL(getpgid(99999));
    CALL(getsid(99999));

    pid_t child = fork();
    if (!child) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    while (getpgid(child) != child)
        usleep(1000);
    CHECK(waitpid(0, &status, WNOHANG) == -1 && errno == ECHILD);
    CHECK(waitpid(-child, &status, WNOHANG) == 0);
    CALL(kill(-child, SIGTERM));
    CHECK(waitpid(-child, &status, 0) == child && WIFSIGNALED(status));
    CALL(kill(-child, SIGTERM));

    child = fork();
    if (!child) {
        pid_t self = getpid();
        int ok = setsid() == self && getsid(0) == self && getpgrp() == self;
        ok &= setsid() == -1 && errno == EPERM;
        ok &= setpgid(0, 0) == -1 && errno == EPERM; /* leaders of sessions stay */
        _exit(!ok);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);

    child = fork();
    if (!child) {
        if (!fork()) { /* in the same group: told as well */
            pause();
            _exit(0);
        }
        signal(SIGUSR1, SIG_IGN);
        usleep(20000);
        kill(0, 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    signal(SIGTERM, SIG_IGN);
    CALL(kill(0, SIGTERM)); /* the grandchild ends */
    return 0;
}
