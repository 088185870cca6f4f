/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots, clones and resets by libvmm: snapshots PROGRAM TEST [ARGS], with the functions of
 * tests/functions.  Prints "good ..." for what holds, and anything else for what does not.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm.h"

#define RAM (64u << 20)
#define RANDOM_WORDS 10000u
#define THREADS 4
#define CALLS_EACH 40

static const char *program;
static struct vmm_error error;

static void good(bool holds, const char *what)
{
    printf("%s %s%s%s\n", holds ? "good" : "BAD", what, holds ? "" : ": ", holds ? "" : error.text);
    fflush(stdout);
}

static void need(int result, const char *what)
{
    if (result != 0) {
        printf("BAD %s: %s (%d)\n", what, error.text, result);
        exit(1);
    }
}

static struct vmm *start(unsigned int cpus)
{
    const char *argv[] = {program, NULL};
    struct vmm_config *config;
    struct vmm *vm;

    need(vmm_config_new(&config), "config");
    vmm_config_set_engine(config, VMM_ENGINE_KVM);
    vmm_config_set_memory(config, RAM);
    vmm_config_set_cpus(config, cpus);
    vmm_config_set_functions(config, true);
    need(vmm_config_set_program(config, program, 1, argv), "program");
    need(vmm_create(config, &vm, &error), "create");
    need(vmm_start(vm, &error), "start");
    vmm_config_free(config);
    return vm;
}

static struct vmm_snapshot *take(struct vmm *vm)
{
    struct vmm_snapshot *snapshot;

    need(vmm_snapshot_take(vm, &snapshot, &error), "take");
    return snapshot;
}

static struct vmm *clone_of(struct vmm_snapshot *snapshot)
{
    struct vmm *vm;

    need(vmm_clone(snapshot, NULL, &vm, &error), "clone");
    return vm;
}

/* The output as a string; -1 and more are vmm_call_with()'s. */
static int call(struct vmm *vm, const char *name, const char *in, char *out, size_t size)
{
    struct vmm_call one = {.size = sizeof(one),
                           .name = name,
                           .in = in,
                           .in_length = strlen(in),
                           .out = out,
                           .out_capacity = size - 1,
                           .timeout_ns = 5000000000u};
    int result = vmm_call_with(vm, &one);

    out[one.out_length < size - 1 ? one.out_length : size - 1] = '\0';
    error = one.error;
    return result;
}

static bool says(struct vmm *vm, const char *name, const char *in, const char *expected)
{
    char out[512];
    int result = call(vm, name, in, out, sizeof(out));

    if (result != 0 || strcmp(out, expected) != 0) {
        printf("BAD %s=%s: %d '%s' %s\n", name, in, result, out, error.text);
        return false;
    }
    return true;
}

/* ---- leftovers ----------------------------------------------------------- */

static const char secret_half[] = "the secret of the call before, ";

/* Guest memory as this process has it: writable mappings that are large enough. */
static unsigned int find_in_guest_memory(const char *pattern)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    size_t length = strlen(pattern);
    unsigned int found = 0;
    unsigned long from, to;
    char line[500], mode[8];

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            mode[1] != 'w' || to - from < RAM / 2) {
            continue;
        }
        for (const char *at = (const char *)from;
             (at = memmem(at, to - (unsigned long)at, pattern, length)) != NULL; at++) {
            found++;
        }
    }
    fclose(maps);
    return found;
}

static void hunt(struct vmm *vm, const char *what)
{
    static char large[30000];
    char secret[100], out[10];
    unsigned int while_there;

    snprintf(secret, sizeof(secret), "%s%s", secret_half, what);
    says(vm, "leak", secret, "");
    says(vm, "leak_more", secret, "[] [] []");
    /* In pages of the call area that only the monitor writes. */
    memset(large, 'a', sizeof(large) - 1);
    memcpy(large + sizeof(large) - sizeof(secret), secret, strlen(secret));
    call(vm, "nothing", large, out, sizeof(out));
    while_there = find_in_guest_memory(secret);
    need(vmm_reset(vm, &error), "reset");
    good(while_there > 0, "the hunt can find something");
    good(find_in_guest_memory(secret) == 0, what);
    good(says(vm, "leak", "x", "") && says(vm, "leak_more", "y", "[] [] []"), "nothing is told");
    need(vmm_reset(vm, &error), "reset");
}

static void leftovers(unsigned int cpus)
{
    struct vmm *origin = start(cpus);
    struct vmm_snapshot *snapshot = take(origin);
    struct vmm *vm = clone_of(snapshot);

    for (int i = 0; i < 3; i++) {
        hunt(origin, "memory of the origin");
    }
    for (int i = 0; i < 3; i++) {
        hunt(vm, "memory of a clone");
    }
    /* Much more than a call usually writes. */
    says(vm, "alloc", "30", "");
    hunt(vm, "after much memory");
    vmm_destroy(vm);
    vmm_destroy(origin);
    vmm_snapshot_free(snapshot);
}

/* ---- random numbers ------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* 32 bytes in hexadecimal: four numbers. */
static unsigned int take_words(struct vmm *vm, uint64_t *words)
{
    char out[80];

    need(call(vm, "random", "", out, sizeof(out)), "random");
    for (int i = 0; i < 4; i++) {
        char word[17] = "";

        memcpy(word, out + 16 * i, 16);
        words[i] = strtoull(word, NULL, 16);
    }
    return 4;
}

static void randoms(void)
{
    struct vmm *origin = start(1);
    struct vmm_snapshot *snapshot = take(origin);
    uint64_t *words = calloc(RANDOM_WORDS + 8, sizeof(*words));
    unsigned int count = 0, twins = 0;
    char before[64], after[64];

    while (count < RANDOM_WORDS) {
        struct vmm *vm = clone_of(snapshot);

        for (int i = 0; i < 50 && count < RANDOM_WORDS; i++) {
            count += take_words(vm, words + count);
            count += i % 5 == 0 ? take_words(vm, words + count) : 0;
            need(vmm_reset(vm, &error), "reset");
        }
        vmm_destroy(vm);
    }
    qsort(words, count, sizeof(*words), compare);
    for (unsigned int i = 1; i < count; i++) {
        twins += words[i] == words[i - 1];
    }
    good(twins == 0 && count >= RANDOM_WORDS, "10000 random numbers of clones are different");
    call(origin, "generation", "", before, sizeof(before));
    need(vmm_reset(origin, &error), "reset");
    call(origin, "generation", "", after, sizeof(after));
    good(strlen(before) == 36 && strlen(after) == 36 && strcmp(before, after) != 0,
         "another generation has another ID");
    free(words);
    vmm_destroy(origin);
    vmm_snapshot_free(snapshot);
}

/* ---- clocks -------------------------------------------------------------- */

static double wall_of_host(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void clocks(const char *path)
{
    struct vmm *origin = start(1), *vm;
    struct vmm_snapshot *snapshot = take(origin), *loaded;
    double wall, monotonic, wall_before, monotonic_before;
    char out[100];

    call(origin, "time", "", out, sizeof(out));
    sscanf(out, "%lf %lf", &wall_before, &monotonic_before);
    need(vmm_snapshot_save(snapshot, path, &error), "save");
    vmm_destroy(origin);
    vmm_snapshot_free(snapshot);
    sleep(2);
    need(vmm_snapshot_open(path, &loaded, &error), "open");
    vm = clone_of(loaded);
    call(vm, "time", "", out, sizeof(out));
    sscanf(out, "%lf %lf", &wall, &monotonic);
    good(wall > wall_before + 1.9 && wall < wall_of_host() + 0.5 && wall > wall_of_host() - 0.5,
         "a clone has the time of day");
    good(monotonic > monotonic_before - 1 && monotonic < monotonic_before + 60,
         "the monotonic clock goes on from the snapshot");
    monotonic_before = monotonic;
    for (int i = 0; i < 3; i++) {
        need(vmm_reset(vm, &error), "reset");
        call(vm, "time", "", out, sizeof(out));
        sscanf(out, "%lf %lf", &wall, &monotonic);
        good(wall > wall_of_host() - 0.5 && wall < wall_of_host() + 0.5,
             "so has one after a reset");
    }
    good(says(vm, "sleep", "30", ""), "timers run");
    vmm_destroy(vm);
    vmm_snapshot_free(loaded);
}

/* ---- whatever calls do --------------------------------------------------- */

static void after_ends(unsigned int cpus)
{
    static const char *const ends[] = {"crash", "exit", "spin", "fork_and_exit", "hog"};
    struct vmm *vm = start(cpus);
    struct vmm_snapshot *snapshot = take(vm);
    char out[200];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct vmm_call one = {.size = sizeof(one),
                               .name = ends[i],
                               .in = "3",
                               .in_length = 1,
                               .timeout_ns = 300000000u};
        int result = vmm_call_with(vm, &one);

        if (result < 0) {
            good(call(vm, "echo", "x", out, sizeof(out)) == -108, "no calls after the end");
        }
        need(vmm_reset(vm, &error), "reset");
        good(says(vm, "echo", "alive", "alive"), ends[i]);
    }
    vmm_destroy(vm);
    vmm_snapshot_free(snapshot);
}

static void *caller(void *arg)
{
    struct vmm *vm = arg;

    for (int i = 0; i < CALLS_EACH; i++) {
        if (!says(vm, "echo", "from a thread", "from a thread")) {
            return arg;
        }
    }
    return NULL;
}

static void *canceller(void *arg)
{
    usleep(100000);
    vmm_cancel(arg);
    return NULL;
}

static void threads(void)
{
    struct vmm *origin = start(1);
    struct vmm_snapshot *snapshot = take(origin);
    struct vmm *vms[2] = {clone_of(snapshot), clone_of(snapshot)};
    pthread_t ids[THREADS], other;
    char out[100];
    void *failed, *any = NULL;

    need(vmm_warm(vms[1], &error), "warm");
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&ids[i], NULL, caller, vms[i % 2]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], &failed);
        any = failed != NULL ? failed : any;
    }
    good(any == NULL, "calls of several threads");
    pthread_create(&other, NULL, canceller, vms[0]);
    good(call(vms[0], "spin", "", out, sizeof(out)) == -125, "another thread cancels a call");
    pthread_join(other, NULL);
    need(vmm_reset(vms[0], &error), "reset");
    good(says(vms[0], "echo", "on", "on"), "and the VM goes on after a reset");
    pid_t child = fork();
    if (child == 0) {
        vmm_destroy(vms[0]);
        vmm_destroy(vms[1]);
        vmm_destroy(origin);
        vmm_snapshot_free(snapshot);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    good(status == 0, "a child after fork() destroys its VMs");
    good(says(vms[0], "echo", "still", "still") && says(vms[1], "echo", "here", "here"),
         "and the parent's live on");
    vmm_destroy(vms[0]);
    vmm_destroy(vms[1]);
    vmm_destroy(origin);
    vmm_snapshot_free(snapshot);
}

int main(int argc, char **argv)
{
    const char *test = argc > 2 ? argv[2] : "";
    unsigned int cpus = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1;

    program = argc > 1 ? argv[1] : "";
    if (strcmp(test, "leftovers") == 0) {
        leftovers(cpus);
    } else if (strcmp(test, "randoms") == 0) {
        randoms();
    } else if (strcmp(test, "clocks") == 0) {
        clocks(argv[3]);
    } else if (strcmp(test, "ends") == 0) {
        after_ends(cpus);
    } else if (strcmp(test, "threads") == 0) {
        threads();
    } else {
        return 2;
    }
    puts("end");
    return 0;
}
