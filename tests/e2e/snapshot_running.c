/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A snapshot of a program that runs, taken by another thread, and a clone that runs on from there:
 * snapshot_running BUSYBOX OUTPUT CPUS.  Prints "good ..." for what holds.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm.h"

#define RAM (64u << 20)

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

struct run {
    struct vmm *vm;
    struct vmm_result result;
    int status;
};

/* In a thread of its own: the sandbox closes around it. */
static void *run_main(void *arg)
{
    struct run *run = arg;

    run->status = vmm_run(run->vm, &run->result, NULL);
    return NULL;
}

static void running(const char *program, const char *out_path, unsigned int cpus)
{
    const char *argv[] = {program, "sh", "-c",
                          "i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done; echo $i; exit 7",
                          NULL};
    struct run first = {.status = -1}, second = {.status = -1};
    int out = open(out_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    struct vmm_snapshot *snapshot, *late;
    struct vmm_config *config;
    pthread_t thread;
    char text[100] = "";

    need(vmm_config_new(&config), "config");
    vmm_config_set_engine(config, VMM_ENGINE_KVM);
    vmm_config_set_memory(config, RAM);
    vmm_config_set_cpus(config, cpus);
    vmm_config_set_snapshots(config, true);
    vmm_config_set_stdio(config, 0, out, 2);
    need(vmm_config_set_program(config, program, 4, argv), "program");
    need(vmm_create(config, &first.vm, &error), "create");
    pthread_create(&thread, NULL, run_main, &first);
    usleep(300000);
    need(vmm_snapshot_take(first.vm, &snapshot, &error), "take");
    pthread_join(thread, NULL);
    good(first.status == 0 && first.result.value == 7, "a run goes on after a snapshot");
    good(vmm_snapshot_take(first.vm, &late, &error) < 0 && late == NULL,
         "no snapshots after the end");
    need(vmm_clone(snapshot, config, &second.vm, &error), "clone");
    pthread_create(&thread, NULL, run_main, &second);
    pthread_join(thread, NULL);
    good(second.status == 0 && second.result.value == 7, "and goes on again in a clone");
    good(pread(out, text, sizeof(text) - 1, 0) > 0 && strcmp(text, "60000\n60000\n") == 0,
         "both say the same");
    vmm_destroy(first.vm);
    vmm_destroy(second.vm);
    vmm_snapshot_free(snapshot);
    vmm_config_free(config);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    running(argv[1], argv[2], (unsigned int)strtoul(argv[3], NULL, 10));
    puts("end");
    return 0;
}
