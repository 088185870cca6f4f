/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one thread does to the address space holds for all others when the call returns:
 * protection, unmapping, replacing, discarding, the copy for a child; while they write.
 */
/* options: -c 4 */
#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define WRITERS 2
#define PAGE 4096
#define PAGES 40 /* more than is flushed page by page */
#define ROUNDS 8

static volatile uint64_t *area;
static volatile int stop;
static volatile uint64_t writes;

static __thread sigjmp_buf back;

static void on_fault(int signo)
{
    (void)signo;
    siglongjmp(back, 1);
}

/* Adds to its own word of each page, for ever, whatever happens to the pages. */
static void *writer(void *arg)
{
    size_t index = (size_t)(intptr_t)arg + 1;

    sigsetjmp(back, 1);
    while (!stop)
        for (size_t page = 0; page < PAGES && !stop; page++) {
            area[page * (PAGE / 8) + index]++;
            __atomic_add_fetch(&writes, 1, __ATOMIC_RELAXED);
        }
    return NULL;
}

static uint64_t sum(const volatile uint64_t *from)
{
    uint64_t total = 0;

    for (size_t page = 0; page < PAGES; page++)
        for (size_t index = 1; index <= WRITERS; index++)
            total += from[page * (PAGE / 8) + index];
    return total;
}

/* Waits until the writers have written a bit. */
static void let_them_write(void)
{
    for (uint64_t before = writes; writes - before < 100;)
        usleep(50);
}

static void linger(void)
{
    for (volatile int i = 0; i < 20000; i++)
        ;
}

static int protecting(void)
{
    int changed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        let_them_write();
        NEED(mprotect((void *)area, PAGES * PAGE, PROT_READ) == 0);
        uint64_t before = sum(area);
        linger();
        changed += sum(area) != before;
        NEED(mprotect((void *)area, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0);
    }
    return changed;
}

/* The pages stay alive in a file: what is written through the old mapping would show. */
static int replacing(int fd, const volatile uint64_t *file_view)
{
    int changed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        NEED(mmap((void *)area, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                  0) == area);
        let_them_write();
        if (i % 2)
            NEED(mmap((void *)area, PAGES * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
        else
            NEED(munmap((void *)area, PAGES * PAGE) == 0);
        uint64_t before = sum(file_view);
        linger();
        changed += sum(file_view) != before;
    }
    return changed;
}

static int discarding(void)
{
    int wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        NEED(mmap((void *)area, PAGES * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
        for (size_t page = 0; page < PAGES; page++)
            area[page * (PAGE / 8)] = 77; /* a word that no writer touches */
        let_them_write();
        NEED(madvise((void *)area, PAGES * PAGE, MADV_DONTNEED) == 0);
        for (size_t page = 0; page < PAGES; page++)
            wrong += area[page * (PAGE / 8)] != 0;
    }
    return wrong;
}

/* A child's memory stands still from fork() on. */
static int copying(void)
{
    int wrong = 0, status;

    for (int i = 0; i < ROUNDS / 2; i++) {
        let_them_write();
        pid_t child = fork();
        NEED(child >= 0);
        if (child == 0) {
            uint64_t before = sum(area);
            usleep(500);
            _exit(sum(area) != before);
        }
        NEED(waitpid(child, &status, 0) == child);
        wrong += status != 0;
    }
    return wrong;
}

static int moving(void)
{
    int wrong = 0;
    size_t length = PAGES * PAGE;
    char *aside = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < ROUNDS / 2; i++) {
        let_them_write();
        NEED(mremap((void *)area, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, aside) == aside);
        uint64_t before = sum((volatile uint64_t *)aside);
        linger();
        wrong += sum((volatile uint64_t *)aside) != before;
        NEED(mremap(aside, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)area) == area);
    }
    return wrong;
}

int main(void)
{
    pthread_t threads[WRITERS];
    int fd = memfd_create("pages", 0);
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};

    NEED(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
    sigaction(SIGSEGV, &action, NULL);
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(area != MAP_FAILED);
    volatile uint64_t *view = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    NEED(view != MAP_FAILED);
    for (int i = 0; i < WRITERS; i++)
        NEED(pthread_create(&threads[i], NULL, writer, (void *)(intptr_t)i) == 0);
    CHECK(protecting() == 0);
    CHECK(moving() == 0);
    CHECK(replacing(fd, view) == 0);
    CHECK(discarding() == 0);
    CHECK(copying() == 0);
    stop = 1;
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
