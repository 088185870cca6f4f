/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What function calls cost: in the same process, as a new process, and in virtual machines: warm,
 * reset after each call, cloned from a snapshot in memory or in a file, and how much
 * memory clones add.  In the counting lab a nanosecond is an instruction.
 *
 *   calls SERVED      SERVED: the program of served.c
 */
#include "vmm/vmm.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "served.h"

#define ROUNDS 200
#define CLONES 20
#define MANY_CLONES 500

extern char **environ;

static const char *served;
static const unsigned char input[] = "a clean virtual machine for each call";
static struct vmm_error error;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void need(int result, const char *what)
{
    if (result != 0) {
        fprintf(stderr, "calls: %s: %s (%d)\n", what, error.text, result);
        exit(1);
    }
}

static void row(const char *name, uint64_t ns, unsigned int count)
{
    printf("%s|%llu\n", name, (unsigned long long)(ns / count));
    fflush(stdout);
}

/* ---- References ---------------------------------------------------------- */

static void in_process(void)
{
    volatile unsigned long sum = 0;
    uint64_t start = now_ns();

    for (int i = 0; i < ROUNDS; i++) {
        sum += served_sum(input, sizeof(input));
    }
    row("a call in the same process", now_ns() - start, ROUNDS);
}

static void as_process(const char *name, bool vfork_exec)
{
    uint64_t start = 0;

    for (int i = -2; i < 20; i++) {
        int in[2], out[2], status;
        char reply[32];
        pid_t pid;

        if (i == 0) {
            start = now_ns();
        }
        need(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), "pipe");
        need(write(in[1], input, sizeof(input)) != (ssize_t)sizeof(input), "write");
        close(in[1]);
        pid = vfork_exec ? vfork() : fork();
        if (pid == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            execl(served, served, "sum", (char *)NULL);
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        need(read(out[0], reply, sizeof(reply)) <= 0, "read");
        close(out[0]);
        need(waitpid(pid, &status, 0) != pid || status != 0, "waitpid");
    }
    row(name, now_ns() - start, 20);
}

/* ---- Virtual machines ---------------------------------------------------- */

static uint64_t call(struct vmm *vm)
{
    char out[64];
    struct vmm_call one = {.size = sizeof(one),
                           .name = "sum",
                           .in = input,
                           .in_length = sizeof(input),
                           .out = out,
                           .out_capacity = sizeof(out)};
    int result = vmm_call_with(vm, &one);

    error = one.error;
    need(result, "call");
    return one.exits;
}

static struct vmm *start(void)
{
    const char *argv[] = {served, NULL};
    struct vmm_config *config;
    struct vmm *vm;

    need(vmm_config_new(&config), "config");
    vmm_config_set_engine(config, VMM_ENGINE_KVM);
    vmm_config_set_memory(config, 64u << 20);
    vmm_config_set_functions(config, true);
    need(vmm_config_set_program(config, served, 1, argv), "program");
    need(vmm_create(config, &vm, &error), "create");
    need(vmm_start(vm, &error), "start");
    vmm_config_free(config);
    return vm;
}

static void warm_calls(struct vmm *vm, bool reset)
{
    uint64_t exits = 0, began = 0;

    for (int i = -5; i < ROUNDS; i++) {
        if (i == 0) {
            exits = 0;
            began = now_ns();
        }
        exits += call(vm);
        if (reset) {
            need(vmm_reset(vm, &error), "reset");
        }
    }
    row(reset ? "call and reset" : "call on a warm VM", now_ns() - began, ROUNDS);
    printf("exits of %s|%.2f\n", reset ? "call and reset" : "call on a warm VM",
           (double)exits / ROUNDS);
}

static void clones(struct vmm_snapshot *snapshot)
{
    uint64_t made = 0, called = 0, destroyed = 0;

    for (int i = -2; i < CLONES; i++) {
        struct vmm *vm;
        uint64_t a = now_ns(), b, c, d;

        need(vmm_clone(snapshot, NULL, &vm, &error), "clone");
        b = now_ns();
        call(vm);
        c = now_ns();
        vmm_destroy(vm);
        d = now_ns();
        if (i >= 0) {
            made += b - a;
            called += c - b;
            destroyed += d - c;
        }
    }
    row("clone", made, CLONES);
    row("first call in a clone", called, CLONES);
    row("end of a clone", destroyed, CLONES);
}

static void pooled(struct vmm_snapshot *snapshot)
{
    uint64_t warmed = 0, called = 0;

    for (int i = -2; i < CLONES; i++) {
        struct vmm *vm;
        uint64_t a, b, c;

        need(vmm_clone(snapshot, NULL, &vm, &error), "clone");
        a = now_ns();
        need(vmm_warm(vm, &error), "warm");
        b = now_ns();
        call(vm);
        c = now_ns();
        vmm_destroy(vm);
        warmed += i >= 0 ? b - a : 0;
        called += i >= 0 ? c - b : 0;
    }
    row("rehearsal of a clone", warmed, CLONES);
    row("first call in a VM from a pool", called, CLONES);
}

static void from_file(struct vmm_snapshot *snapshot, const char *path)
{
    uint64_t spent = 0;

    need(vmm_snapshot_save(snapshot, path, &error), "save");
    for (int i = -2; i < CLONES; i++) {
        struct vmm_snapshot *loaded;
        struct vmm *vm;
        uint64_t began = now_ns();

        need(vmm_snapshot_open(path, &loaded, &error), "open");
        need(vmm_clone(loaded, NULL, &vm, &error), "clone");
        call(vm);
        spent += i >= 0 ? now_ns() - began : 0;
        vmm_destroy(vm);
        vmm_snapshot_free(loaded);
    }
    row("restore from a file and call", spent, CLONES);
}

/* Pages that only this process has, in KiB. */
static long private_kib(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[200];
    long sum = 0, kib;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Private_Clean: %ld", &kib) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &kib) == 1) {
            sum += kib;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return sum;
}

static void memory(struct vmm_snapshot *snapshot, int count)
{
    struct vmm **vms = calloc((size_t)count, sizeof(struct vmm *));
    long before = private_kib();

    need(vms == NULL, "memory");
    for (int i = 0; i < count; i++) {
        need(vmm_clone(snapshot, NULL, &vms[i], &error), "clone");
        call(vms[i]);
    }
    printf("KiB private to each of %d clones after a call|%ld\n", count,
           (private_kib() - before) / count);
    for (int i = 0; i < count; i++) {
        vmm_destroy(vms[i]);
    }
    free(vms);
}

int main(int argc, char **argv)
{
    const char *path = argc > 2 ? argv[2] : "/tmp/calls.snapshot";
    struct vmm_snapshot *snapshot;
    struct vmm *vm;

    if (argc < 2) {
        fprintf(stderr, "usage: calls SERVED [SNAPSHOT [CLONES]]\n");
        return 2;
    }
    served = argv[1];
    /* Three descriptors a VM. */
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    in_process();
    as_process("fork, exec, wait", false);
    as_process("vfork, exec, wait", true);
    vm = start();
    warm_calls(vm, false);
    need(vmm_snapshot_take(vm, &snapshot, &error), "snapshot");
    warm_calls(vm, true);
    clones(snapshot);
    pooled(snapshot);
    from_file(snapshot, path);
    memory(snapshot, argc > 3 ? (int)strtol(argv[3], NULL, 10) : MANY_CLONES);
    vmm_destroy(vm);
    vmm_snapshot_free(snapshot);
    return 0;
}
