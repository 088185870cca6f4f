/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of libvmm that ends VMs from outside: by vmm_stop(), a signal or the
 * time limit, while they sleep, compute, wait for input or for a reader that
 * never reads.  Afterwards nothing may be left: no descriptor, no thread, no
 * pending or blocked signal; no handler of the client may have run.
 * Usage: stop_vm ENGINE BUSYBOX; knows only the public interface.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vmm.h>

#define BEFORE_US 600000
#define LIMIT_MS 600
#define LATE_S 20.0

enum way { STOP, SIGNAL, LIMIT };

static struct vmm *vm;
static enum way way;
static volatile sig_atomic_t handled;

static void handler(int number)
{
    (void)number;
    handled = 1;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static int signals_left(void)
{
    sigset_t pending, blocked;
    int count = 0;

    sigpending(&pending);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (int i = 1; i <= SIGRTMAX; i++)
        count += (sigismember(&pending, i) > 0) + (sigismember(&blocked, i) > 0);
    return count;
}

static void *end_it(void *unused)
{
    (void)unused;
    usleep(BEFORE_US);
    if (way == SIGNAL)
        vmm_signal(vm, SIGTERM);
    else
        vmm_stop(vm);
    return NULL;
}

static int run(enum vmm_engine engine, enum way how, unsigned int cpus, const int fds[2], int argc,
               const char *const *argv)
{
    static const enum vmm_outcome expected[] = {VMM_STOPPED, VMM_KILLED, VMM_TIMED_OUT};
    int files = entries("/proc/self/fd"), failed;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_result result = {.value = 0};
    struct vmm_config *config;
    pthread_t thread;

    if (vmm_config_new(&config))
        return 1;
    failed = vmm_config_set_engine(config, engine) | vmm_config_set_memory(config, 64 << 20) |
             vmm_config_set_program(config, argv[0], argc, argv) |
             vmm_config_set_cpus(config, cpus) | vmm_config_set_stdio(config, fds[0], fds[1], 2) |
             vmm_config_set_timeout(config, how == LIMIT ? LIMIT_MS : 0) |
             vmm_config_set_sandbox(config, false); /* it would stay for the next VM */
    failed = failed || vmm_create(config, &vm, &error);
    vmm_config_free(config);
    if (failed) {
        printf("create: %s\n", error.text);
        return 1;
    }
    way = how;
    if (how != LIMIT && pthread_create(&thread, NULL, end_it, NULL))
        return 1;
    double start = seconds();
    failed = vmm_run(vm, &result, &error);
    double took = seconds() - start;
    if (how != LIMIT)
        pthread_join(thread, NULL);
    vmm_destroy(vm);
    files -= entries("/proc/self/fd");
    int tasks = entries("/proc/self/task") - 3;
    int left = signals_left();
    bool good = !failed && result.outcome == expected[how] && took < LATE_S && !files && !tasks &&
                !left && !handled;
    printf("%s %s: way %d cpus %u outcome %d after %.1f s, files %d threads %d signals %d %s\n",
           good ? "good" : "bad", argv[1], how, cpus, result.outcome, took, -files, tasks, left,
           error.text);
    return !good;
}

int main(int argc, char **argv)
{
    int failed = 0, empty[2], full[2];

    if (argc != 3 || pipe(empty) || pipe(full))
        return 2;
    enum vmm_engine engine = strcmp(argv[1], "kvm") ? VMM_ENGINE_QEMU : VMM_ENGINE_KVM;
    const int quiet[2] = {empty[0], 1}, stuck[2] = {empty[0], full[1]};
    const char *sleeping[] = {argv[2], "sleep", "1000"};
    const char *computing[] = {argv[2], "sh", "-c", "while :; do :; done"};
    const char *flooding[] = {argv[2], "yes"};
    const char *waiting[] = {argv[2], "cat"};

    signal(SIGRTMAX, handler);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned int cpus = 1; cpus <= 2; cpus++) {
        failed |= run(engine, STOP, cpus, quiet, 3, sleeping);
        failed |= run(engine, STOP, cpus, quiet, 4, computing);
        failed |= run(engine, STOP, cpus, stuck, 2, flooding);
        failed |= run(engine, STOP, cpus, quiet, 2, waiting);
        failed |= run(engine, LIMIT, cpus, stuck, 2, flooding);
        failed |= run(engine, LIMIT, cpus, quiet, 4, computing);
        failed |= run(engine, SIGNAL, cpus, quiet, 3, sleeping);
    }
    return failed;
}
