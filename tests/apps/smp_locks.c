/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File locks contended on all CPUs: ranges that overlap, readers and writers, changes of kind,
 * waits that signals end, waiters and holders that are killed.  Nobody gets what another has, and
 * nobody is forgotten.
 */
/* options: -c 4 */
#include "check.h"

#include <stdbool.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SLOTS 8
#define WORKERS 6
#define ROUNDS 150

static struct shared {
    int readers[SLOTS], writers[SLOTS];
    int wrong, done, interrupted;
} * shared;

static void on_alarm(int number)
{
    (void)number;
}

static int lock(int fd, int how, short type, int first, int count)
{
    struct flock range = {.l_type = type, .l_start = first, .l_len = count};
    return fcntl(fd, how, &range);
}

static int add(int *what, int value)
{
    return __atomic_add_fetch(what, value, __ATOMIC_SEQ_CST);
}

/* In and out of what was locked; false: somebody was there who must not be. */
static bool visit(short type, int first, int count)
{
    bool fine = true;

    for (int i = first; i < first + count; i++) {
        fine &= type == F_WRLCK ? add(&shared->writers[i], 1) == 1 && !add(&shared->readers[i], 0)
                                : add(&shared->readers[i], 1) > 0 && !add(&shared->writers[i], 0);
    }
    if (rand() % 4 == 0)
        usleep(100);
    for (int i = first; i < first + count; i++)
        add(type == F_WRLCK ? &shared->writers[i] : &shared->readers[i], -1);
    return fine;
}

/* kind 0: ranges of an open file, 1: ranges of a process, 2: the whole file. */
static void work(const char *name, int kind)
{
    int fd = open(name, O_RDWR);

    for (int round = 0; round < ROUNDS; round++) {
        short type = rand() % 3 ? F_WRLCK : F_RDLCK;
        int first = kind == 2 ? 0 : rand() % SLOTS;
        int count = kind == 2 ? SLOTS : 1 + rand() % (SLOTS - first);
        int how = kind == 0 ? F_OFD_SETLKW : F_SETLKW;
        bool got;

        if (rand() % 8 == 0)
            ualarm(200, 0);
        got = (kind == 2 ? flock(fd, type == F_WRLCK ? LOCK_EX : LOCK_SH)
                         : lock(fd, how, type, first, count)) == 0;
        if (!got) {
            add(errno == EINTR ? &shared->interrupted : &shared->wrong, 1);
            continue;
        }
        if (!visit(type, first, count))
            add(&shared->wrong, 1);
        if (kind != 2 && type == F_WRLCK && rand() % 4 == 0) { /* weaker: readers may come in */
            NEED(lock(fd, how, F_RDLCK, first, count) == 0);
            if (!visit(F_RDLCK, first, count))
                add(&shared->wrong, 1);
        }
        if (rand() % 4)
            (void)(kind == 2 ? flock(fd, LOCK_UN) : lock(fd, how, F_UNLCK, 0, 0));
        else
            fd = (close(fd), open(name, O_RDWR)); /* which gives it back, too */
    }
    add(&shared->done, 1);
    _exit(0);
}

/* Takes and gives without being counted, until it is killed. */
static pid_t start_victim(const char *name, int kind)
{
    pid_t child = fork();

    if (child == 0) {
        int fd = open(name, O_RDWR);
        for (;;) {
            (void)(kind == 2 ? flock(fd, LOCK_EX)
                             : lock(fd, kind ? F_SETLKW : F_OFD_SETLKW, F_WRLCK, 0, SLOTS));
            (void)(kind == 2 ? flock(fd, LOCK_UN)
                             : lock(fd, kind ? F_SETLK : F_OFD_SETLK, F_UNLCK, 0, 0));
        }
    }
    return child;
}

static void contend(const char *what, int kind)
{
    pid_t victim, worker[WORKERS];

    memset(shared, 0, sizeof(*shared));
    fflush(stdout);
    for (int i = 0; i < WORKERS; i++) {
        if ((worker[i] = fork()) == 0) {
            srand((unsigned int)(i + 1));
            work("file", kind);
        }
    }
    victim = start_victim("file", kind);
    for (int i = 0; i < 20000 && add(&shared->done, 0) < WORKERS; i++) {
        usleep(1000);
        kill(victim, SIGKILL);
        NEED(waitpid(victim, NULL, 0) == victim);
        victim = start_victim("file", kind);
    }
    kill(victim, SIGKILL);
    printf("%s: all done: %s, wrong: %d\n", what, add(&shared->done, 0) == WORKERS ? "yes" : "NO",
           shared->wrong);
    for (int i = 0; i < WORKERS; i++)
        kill(worker[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */

    enter_scratch();
    write_file("file", "");
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(shared != MAP_FAILED);
    sigaction(SIGALRM, &action, NULL);
    contend("ranges of open files", 0);
    contend("ranges of processes", 1);
    contend("whole files", 2);
    return 0;
}
