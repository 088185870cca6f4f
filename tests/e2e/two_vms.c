/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of libvmm: two VMs in one process, then both again in threads.
 * Usage: two_vms ENGINE PROGRAM ARG; knows only the public interface.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vmm.h>

struct job {
    struct vmm *vm;
    int result;
    struct vmm_result ended;
    struct vmm_error error;
};

static void *drive(void *argument)
{
    struct job *job = argument;

    job->result = vmm_run(job->vm, &job->ended, &job->error);
    return NULL;
}

static int create(struct job *job, enum vmm_engine engine, char **argv, int out_fd)
{
    const char *words[] = {argv[0], argv[1]};
    struct vmm_config *config;

    memset(job, 0, sizeof(*job));
    if (vmm_config_new(&config) < 0)
        return -1;
    int result = vmm_config_set_engine(config, engine);
    result |= vmm_config_set_memory(config, 64 << 20);
    result |= vmm_config_set_program(config, argv[0], 2, words);
    result |= vmm_config_set_stdio(config, 0, out_fd, 2);
    if (!result)
        result = vmm_create(config, &job->vm, &job->error);
    vmm_config_free(config);
    if (result)
        fprintf(stderr, "create: %d %s\n", result, job->error.text);
    return result;
}

static int finish(struct job *job, int fd, const char *name)
{
    char text[64];
    ssize_t count = read(fd, text, sizeof(text) - 1);

    text[count > 0 ? count : 0] = 0;
    printf("%s: run %d outcome %d value %d text %s", name, job->result, (int)job->ended.outcome,
           job->ended.value, text);
    if (job->result)
        printf(" %s\n", job->error.text);
    vmm_destroy(job->vm);
    return job->result;
}

int main(int argc, char **argv)
{
    struct job jobs[2];
    pthread_t threads[2];
    int pipes[2][2];

    if (argc != 4)
        return 2;
    enum vmm_engine engine = strcmp(argv[1], "kvm") ? VMM_ENGINE_QEMU : VMM_ENGINE_KVM;
    for (int i = 0; i < 2; i++)
        if (pipe(pipes[i]) < 0 || create(&jobs[i], engine, argv + 2, pipes[i][1]) < 0)
            return 1;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, drive, &jobs[i]))
            return 1;
    int failed = 0;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        failed |= finish(&jobs[i], pipes[i][0], i ? "second" : "first");
    return failed ? 1 : 0;
}
