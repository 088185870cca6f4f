/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much more N threads do than one, on N CPUs: arithmetic, page faults, and
 * handing a token around by condition variables.  Prints rates per second, and how long
 * a token takes; only ratios within one run mean something.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define THREADS_MAX 64
#define AREA (32ul << 20)
#define PAGE 4096ul
#define FAULT_ROUNDS 6
#define ADDITIONS 150000000ul
#define HANDOVERS 15000

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *compute(void *arg)
{
    volatile unsigned long sum = 0;

    (void)arg;
    for (unsigned long i = 0; i < ADDITIONS; i++)
        sum += i;
    return NULL;
}

static void *fault(void *arg)
{
    (void)arg;
    for (int round = 0; round < FAULT_ROUNDS; round++) {
        char *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (area == MAP_FAILED)
            exit(1);
        madvise(area, AREA, MADV_NOHUGEPAGE);
        for (unsigned long at = 0; at < AREA; at += PAGE)
            area[at] = 1;
        munmap(area, AREA);
    }
    return NULL;
}

static struct pair {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int turn;
} pairs[THREADS_MAX];

struct player {
    struct pair *pair;
    int number;
};

static void *play(void *arg)
{
    struct player *player = arg;
    struct pair *pair = player->pair;

    for (int i = 0; i < HANDOVERS; i++) {
        pthread_mutex_lock(&pair->lock);
        while (pair->turn != player->number)
            pthread_cond_wait(&pair->changed, &pair->lock);
        pair->turn = !player->number;
        pthread_cond_signal(&pair->changed);
        pthread_mutex_unlock(&pair->lock);
    }
    return NULL;
}

/* Things done per second by so many threads, each of which does amount of them. */
static double rate(void *(*work)(void *), int threads, double amount)
{
    static struct player players[2 * THREADS_MAX];
    pthread_t ids[2 * THREADS_MAX];
    int count = work == play ? 2 * threads : threads;
    double begin = now();

    for (int i = 0; i < count; i++) {
        players[i] = (struct player){&pairs[i / 2], i % 2};
        if (pthread_create(&ids[i], NULL, work, &players[i]))
            exit(1);
    }
    for (int i = 0; i < count; i++)
        pthread_join(ids[i], NULL);
    return amount * count / (now() - begin);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 4;

    if (threads < 1 || threads > THREADS_MAX)
        return 2;
    for (int i = 0; i < THREADS_MAX; i++) {
        pthread_mutex_init(&pairs[i].lock, NULL);
        pthread_cond_init(&pairs[i].changed, NULL);
    }
    static const struct {
        const char *name;
        void *(*work)(void *);
        double amount;
    } rows[] = {{"additions", compute, ADDITIONS},
                {"page faults", fault, FAULT_ROUNDS * (AREA / PAGE)},
                {"handovers by futex", play, HANDOVERS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rate(rows[i].work, threads, rows[i].amount); /* memory comes from the host once */
        double one = rate(rows[i].work, 1, rows[i].amount);
        double all = rate(rows[i].work, threads, rows[i].amount);

        printf("%s|%.0f|%.0f|%.2f\n", rows[i].name, one, all, all / one);
        if (rows[i].work == play) /* the other of a pair has the token: so long after the wake */
            printf("futex wake to run, ns|%.0f|%.0f|%.2f\n", 1e9 / one, 1e9 * threads / all,
                   one / all * threads);
    }
    return 0;
}
