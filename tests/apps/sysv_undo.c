/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose SEM_UNDO is undone when: processes alone, and those that share it by CLONE_SYSVSEM. */
#include "check.h"

#include <sched.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int sem;
static char stack[65536];

static int value(void)
{
    return semctl(sem, 0, GETVAL);
}

static int raise_it(void *arg)
{
    struct sembuf up = {0, 1, SEM_UNDO};

    (void)arg;
    return semop(sem, &up, 1) ? errno : 0;
}

static int run(int flags)
{
    int status = -1;
    pid_t pid = clone(raise_it, stack + sizeof(stack), flags | SIGCHLD, NULL);

    NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static void in_child(void (*body)(void))
{
    int status;

    fflush(stdout);
    if (fork() == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    NEED(wait(&status) > 0);
    CHECK(status == 0);
}

static void share(void)
{
    CHECK(run(CLONE_SYSVSEM) == 0 && value() == 1);
    CHECK(run(CLONE_SYSVSEM) == 0 && value() == 2);
    CHECK(run(0) == 0 && value() == 2);
}

static void leave_it(void)
{
    CHECK(raise_it(NULL) == 0 && value() == 1);
    CALL(unshare(CLONE_SYSVSEM));
    CHECK(value() == 0);
    CHECK(raise_it(NULL) == 0 && value() == 1);
}

/* The child outlives us: what we promised is undone with it. */
static void hand_on(void)
{
    int ends[2];

    NEED(pipe(ends) == 0);
    CHECK(raise_it(NULL) == 0 && value() == 1);
    fflush(stdout);
    if (syscall(SYS_clone, CLONE_SYSVSEM | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
        close(ends[1]);
        (void)!read(ends[0], &(char){0}, 1); /* until our parent has gone */
        usleep(20000);
        _exit(value() == 1 ? 0 : 1);
    }
}

int main(void)
{
    NEED((sem = semget(IPC_PRIVATE, 1, 0600)) >= 0);
    CHECK(run(0) == 0 && value() == 0);
    in_child(share);
    CHECK(value() == 0);
    in_child(leave_it);
    CHECK(value() == 0);
    in_child(hand_on);
    for (int i = 0; i < 200 && value() != 0; i++)
        usleep(10000);
    CHECK(value() == 0);
    semctl(sem, 0, IPC_RMID);
    return 0;
}
