/* SPDX-License-Identifier: BSD-2-Clause */
/* What fork(2) makes of memory: copies, shared pages, MADV_DONTFORK and WIPEONFORK, locks, deep
 * families. */
#include "check.h"
#include <sys/mman.h>
#include <sys/wait.h>

#define SIZE (64 * 4096)

static char *map(int flags)
{
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    NEED(memory != MAP_FAILED);
    memset(memory, 'a', SIZE);
    return memory;
}

static int sum(const char *memory, char wanted)
{
    int count = 0;
    for (int i = 0; i < SIZE; i++)
        count += memory[i] == wanted;
    return count;
}

static void in_child(void (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    if (status)
        printf("status %x\n", (unsigned int)status);
}

static char *private, *shared, *absent, *wiped;

static void child(void)
{
    VALUE(sum(private, 'a'));
    VALUE(sum(wiped, 0));
    private[5000] = 'b';
    shared[5000] = 'b';
    wiped[0] = 'w';
    CALL(mincore(absent, 4096, (unsigned char[1]){0}));
}

/* Each generation changes a page of its own and sees the changes before it. */
static void generations(int left)
{
    private[left * 4096] = 'g';
    if (left == 0) {
        VALUE(sum(private, 'g'));
        return;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        generations(left - 1);
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    NEED(sum(private, 'g') == 21 - left);
}

static void family(void)
{
    generations(20);
}

static void touch_absent(void)
{
    absent[0] = 1;
}

int main(void)
{
    private = map(MAP_PRIVATE);
    shared = map(MAP_SHARED);
    absent = map(MAP_PRIVATE);
    wiped = map(MAP_PRIVATE);
    VALUE(madvise(absent, SIZE, MADV_DONTFORK));
    VALUE(madvise(wiped, SIZE, MADV_WIPEONFORK));
    in_child(child);
    VALUE(sum(private, 'a'));
    VALUE(sum(shared, 'b'));
    VALUE(sum(wiped, 'a'));
    in_child(touch_absent);
    VALUE(madvise(absent, SIZE, MADV_DOFORK));
    VALUE(madvise(wiped, SIZE, MADV_KEEPONFORK));
    in_child(child);
    in_child(family);
    VALUE(sum(private, 'g'));
    /* A protected page stays so in the child, and can be opened there alone. */
    NEED(mprotect(private, 4096, PROT_READ) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        NEED(mprotect(private, 4096, PROT_READ | PROT_WRITE) == 0);
        private[0] = 'c';
        _exit(0);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    VALUE(private[0]);
    return 0;
}
