/* SPDX-License-Identifier: BSD-2-Clause */
/* get_robust_list(2): words of threads that die are marked, pending ones too, broken lists harm
 * nobody. */
#include "check.h"
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct lock {
    struct robust_list link;
    uint32_t word;
};

static struct shared {
    struct robust_list_head head;
    struct lock locks[4];
} * shared;

static uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static void prepare(int count)
{
    struct robust_list *last = &shared->head.list;
    memset(shared, 0, sizeof(*shared));
    shared->head.futex_offset = offsetof(struct lock, word) - offsetof(struct lock, link);
    for (int i = 0; i < count; i++) {
        last->next = &shared->locks[i].link;
        last = last->next;
    }
    last->next = &shared->head.list;
}

static void run(const char *name, void (*body)(void))
{
    int status;
    printf("-- %s\n", name);
    prepare(3);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        NEED(syscall(SYS_set_robust_list, &shared->head, sizeof(shared->head)) == 0);
        body();
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    printf("status %d;", status);
    for (int i = 0; i < 4; i++)
        printf(" %s%s%s", shared->locks[i].word & FUTEX_OWNER_DIED ? "died " : "",
               shared->locks[i].word & FUTEX_WAITERS ? "waiters " : "",
               shared->locks[i].word & FUTEX_TID_MASK ? "owned," : "free,");
    printf("\n");
}

static void owned(void)
{
    shared->locks[0].word = tid();
    shared->locks[1].word = tid() | FUTEX_WAITERS;
    shared->locks[2].word = tid() + 1000; /* somebody else's */
}

static void pending(void)
{
    prepare(1);
    shared->locks[3].word = tid();
    shared->head.list_op_pending = &shared->locks[3].link;
}

static void circular(void)
{
    owned();
    shared->locks[2].link.next = &shared->locks[0].link;
}

static void broken(void)
{
    owned();
    shared->locks[1].link.next = (struct robust_list *)8;
}

static void killed(void)
{
    owned();
    kill(getpid(), SIGKILL);
}

static void executed(void)
{
    owned();
    execl("/absent", "x", NULL); /* fails: nothing is given up */
    shared->locks[3].word = shared->locks[0].word;
    char *argv[] = {(char *)(uintptr_t) "x", (char *)(uintptr_t) "end", NULL};
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    struct robust_list_head *head;
    size_t size;

    if (argc > 1 && !strcmp(argv[1], "end"))
        return 0;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(shared != MAP_FAILED);
    run("owned", owned);
    run("pending", pending);
    run("circular", circular);
    run("broken", broken);
    run("killed", killed);
    run("executed", executed);
    VALUE(syscall(SYS_set_robust_list, &shared->head, 8));
    VALUE(syscall(SYS_set_robust_list, &shared->head, sizeof(shared->head)));
    VALUE(syscall(SYS_get_robust_list, 0, &head, &size));
    CHECK(head == &shared->head && size == sizeof(*head));
    VALUE(syscall(SYS_get_robust_list, 1 << 22, &head, &size));
    VALUE(syscall(SYS_get_robust_list, 0, 8, &size));
    VALUE(syscall(SYS_get_robust_list, 0, &head, 8));
    prepare(0);
    return 0;
}
