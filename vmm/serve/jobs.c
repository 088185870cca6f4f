/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of requests and the workers that call functions for them.  Knows of HTTP only
 * how to wake a connection.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "vmm/serve/serve.h"

/* What a large output leaves in a worker's buffer goes back to the host. */
#define KEEP_BYTES (256u << 10)

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool jobs_reserve(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool room = server->waiting < server->limits.queue;
    if (room) {
        server->waiting++;
        server->jobs++;
    }
    pthread_mutex_unlock(&server->lock);
    return room;
}

void jobs_submit(struct server *server, struct job *job)
{
    pthread_mutex_lock(&server->lock);
    job->next = NULL;
    *server->last = job;
    server->last = &job->next;
    pthread_cond_signal(&server->work);
    pthread_mutex_unlock(&server->lock);
}

void jobs_answered(struct server *server, struct job *job)
{
    if (job->queued) {
        pthread_mutex_lock(&server->lock);
        if (--server->jobs == 0)
            pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->lock);
    }
    free(job->in);
    free(job->out);
    free(job);
}

void jobs_wait_idle(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    while (server->jobs > 0)
        pthread_cond_wait(&server->idle, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* The oldest job. */
static struct job *next_job(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    while (!server->first)
        pthread_cond_wait(&server->work, &server->lock);
    struct job *job = server->first;
    server->first = job->next;
    server->waiting--;
    if (!server->first)
        server->last = &server->first;
    pthread_mutex_unlock(&server->lock);
    return job;
}

/* Keeps what the call returned; the buffer is the worker's. */
static void keep_answer(struct job *job, struct vmm_call *call)
{
    job->outcome = call->outcome;
    job->status = call->outcome == VMM_CALL_CRASHED ? call->signal : call->status;
    snprintf(job->text, sizeof(job->text), "%s", call->error.text);
    if (call->outcome != VMM_CALL_DONE && call->outcome != VMM_CALL_FAILED)
        return;
    job->out_length = call->out_length < call->out_capacity ? call->out_length : call->out_capacity;
    job->out = malloc(job->out_length ? job->out_length : 1);
    if (job->out) {
        memcpy(job->out, call->out, job->out_length);
    } else {
        job->outcome = VMM_CALL_REFUSED;
        job->result = -ENOMEM;
    }
}

static void run_job(struct server *server, struct job *job, void *out)
{
    const struct limits *limits = &server->limits;
    uint64_t begin = now_ns(), waited = begin - job->begin_ns;
    struct vmm_call call = {
        .size = sizeof(call),
        .name = job->name,
        .in = job->in,
        .in_length = job->in_length,
        .out = out,
        .out_capacity = limits->output_max,
        .cpu_ns = limits->cpu_ns,
    };

    if (limits->deadline_ns)
        call.timeout_ns = limits->deadline_ns > waited ? limits->deadline_ns - waited : 1;
    job->result = vmm_pool_call(server->pool, &call);
    uint64_t end = now_ns();
    keep_answer(job, &call);
    if (job->out_length > KEEP_BYTES)
        madvise(out, limits->output_max, MADV_DONTNEED);
    histogram_add(&server->metrics.call, end - begin);
    histogram_add(&server->metrics.latency, end - job->begin_ns);
    atomic_fetch_add(&server->metrics.outcomes[job->outcome % OUTCOMES], 1);
    atomic_fetch_add(&server->metrics.input_bytes, job->in_length);
    atomic_fetch_add(&server->metrics.output_bytes, job->out_length);
}

static void *work(void *arg)
{
    struct server *server = arg;
    size_t size = server->limits.output_max ? server->limits.output_max : 1;
    void *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    while (out != MAP_FAILED) {
        struct job *job = next_job(server);
        run_job(server, job, out);
        job->done = true;
        MHD_resume_connection(job->connection); /* the job is the HTTP thread's now */
    }
    return NULL;
}

int jobs_start(struct server *server)
{
    server->last = &server->first;
    if (pthread_mutex_init(&server->lock, NULL) != 0 ||
        pthread_cond_init(&server->work, NULL) != 0 || pthread_cond_init(&server->idle, NULL) != 0)
        return -ENOMEM;
    for (size_t i = 0; i < server->limits.concurrency; i++) {
        pthread_t worker;
        int result = pthread_create(&worker, NULL, work, server);
        if (result)
            return -result;
        pthread_detach(worker);
    }
    return 0;
}
