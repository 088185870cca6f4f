/* SPDX-License-Identifier: BSD-2-Clause */
/* Children whose parent ends: who becomes the parent, who is told. */
/* variants: dynamic static */
#include "check.h"
#include <sys/prctl.h>
#include <sys/wait.h>

static int status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static void orphan_is_not_ours(void)
{
    int ends[2];
    char byte = 0;

    NEED(pipe(ends) == 0);
    pid_t child = fork();
    if (!child) {
        pid_t self = getpid();
        if (!fork()) {
            for (int i = 0; i < 1000 && getppid() == self; i++)
                usleep(1000);
            if (write(ends[1], getppid() == self ? "n" : "y", 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    CHECK(status_of(child) == 0);
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'y');
    CALL(wait(NULL));
    close(ends[0]);
}

static void subreaper_inherits(void)
{
    int status;

    CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = fork();
    if (!child) {
        if (!fork()) {
            usleep(20000);
            _exit(7);
        }
        _exit(0);
    }
    CHECK(status_of(child) == 0);
    CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 7);
    CALL(wait(NULL));
    CALL(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static void death_signal_arrives(void)
{
    int ends[2];
    char byte;

    NEED(pipe(ends) == 0);
    pid_t child = fork();
    if (!child) {
        if (!fork()) {
            close(ends[0]);
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (write(ends[1], "r", 1) == 1)
                pause();
            _exit(0);
        }
        _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    CHECK(status_of(child) == 0);
    while (read(ends[0], &byte, 1) > 0) /* until the grandchild is gone, too */
        ;
    printf("the grandchild has ended\n");
    close(ends[0]);
}

int main(void)
{
    orphan_is_not_ours();
    subreaper_inherits();
    death_signal_arrives();
    return 0;
}
