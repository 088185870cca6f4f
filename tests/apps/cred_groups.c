/* SPDX-License-Identifier: BSD-2-Clause */
/* setgroups(2), getgroups(2): order, sizes up to NGROUPS_MAX, what fork and threads get, errors. */
#include "check.h"
#include <grp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAX 65536

static gid_t list[MAX + 1], back[MAX + 1];

/* The bare calls: the C library would change all threads. */
static long set(size_t count, const gid_t *groups)
{
    return syscall(SYS_setgroups, count, groups);
}

static long get(int size, gid_t *groups)
{
    return syscall(SYS_getgroups, size, groups);
}

int main(void)
{
    gid_t few[] = {30, 10, 20, 10};

    VALUE(set(4, few));
    VALUE(get(0, NULL));
    VALUE(get(3, back));
    VALUE(get(4, back));
    printf("%u %u %u %u\n", back[0], back[1], back[2], back[3]);
    VALUE(get(-1, back));
    for (unsigned int i = 0; i <= MAX; i++)
        list[i] = (i * 7919u) % 100003u;
    VALUE(set(MAX, list));
    VALUE(set(MAX + 1, list));
    VALUE(get(MAX, back));
    int sorted = 1;
    for (unsigned int i = 1; i < MAX; i++)
        sorted &= back[i - 1] <= back[i];
    CHECK(sorted);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        VALUE(get(0, NULL));
        VALUE(set(1, few));
        VALUE(get(0, NULL));
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    VALUE(get(0, NULL));
    VALUE(set(2, (const gid_t *)8));
    VALUE(set(0, NULL));
    VALUE(get(0, NULL));
    NEED(syscall(SYS_setuid, 65534) == 0);
    VALUE(set(0, NULL));
    return 0;
}
