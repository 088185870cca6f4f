/* SPDX-License-Identifier: BSD-2-Clause */
/* setuid(2) and its relatives: every call on a matrix of numbers, as root and as others. */
#include "check.h"
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define A 1001
#define B 1002
#define C 1003

static void show(const char *what, long result)
{
    unsigned int r, e, s, gr, ge, gs;
    int number = result < 0 ? errno : 0;
    NEED(syscall(SYS_getresuid, &r, &e, &s) == 0 && syscall(SYS_getresgid, &gr, &ge, &gs) == 0);
    printf("%s: errno %d; %u %u %u fs %u; %u %u %u fs %u\n", what, number, r, e, s,
           (unsigned int)syscall(SYS_setfsuid, -1), gr, ge, gs,
           (unsigned int)syscall(SYS_setfsgid, -1));
}

enum { SETUID, SETREUID, SETRESUID, SETGID, SETREGID, SETRESGID, SETFSUID, SETFSGID, KINDS };
static const long numbers[] = {SYS_setuid,   SYS_setreuid,  SYS_setresuid, SYS_setgid,
                               SYS_setregid, SYS_setresgid, SYS_setfsuid,  SYS_setfsgid};
static const char *const names[] = {"setuid",   "setreuid",  "setresuid", "setgid",
                                    "setregid", "setresgid", "setfsuid",  "setfsgid"};
static const int counts[] = {1, 2, 3, 1, 2, 3, 1, 1};

/* Each in a child of its own, from the same start. */
static void each(int root, int kind)
{
    static const int values[] = {-1, A, B, 0};
    int total = 1;

    for (int i = 0; i < counts[kind]; i++)
        total *= 4;
    for (int pick = 0; pick < total; pick++) {
        int arg[3] = {values[pick % 4], values[pick / 4 % 4], values[pick / 16 % 4]};
        char name[64];
        fflush(stdout);
        if (fork() == 0) {
            if (!root) {
                NEED(syscall(SYS_setresgid, A, B, C) == 0);
                NEED(syscall(SYS_setresuid, A, B, C) == 0);
            }
            snprintf(name, sizeof(name), "%s %d %d %d", names[kind], arg[0], arg[1], arg[2]);
            errno = 0;
            long result = syscall(numbers[kind], arg[0], arg[1], arg[2]);
            show(name, kind >= SETFSUID ? 0 : result);
            fflush(stdout);
            _exit(0);
        }
        wait(NULL);
    }
}

int main(void)
{
    for (int root = 1; root >= 0; root--) {
        printf("-- %s\n", root ? "root" : "1001 1002 1003");
        for (int kind = 0; kind < KINDS; kind++)
            each(root, kind);
    }
    /* What a change of the effective user does to dumpable. */
    VALUE(prctl(PR_GET_DUMPABLE));
    NEED(syscall(SYS_setresuid, -1, A, -1) == 0);
    VALUE(prctl(PR_GET_DUMPABLE) == 1);
    return 0;
}
