/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm-serve: functions of a program, offered by HTTP.
 *
 * A request goes through three hands.  The HTTP library's threads (http.c) read it, make a
 * job of it, queue it and let its connection sleep; a worker (jobs.c) calls the
 * function in a clean VM and wakes the connection; the HTTP thread sends the answer.  A job has
 * one owner at a time, and changes hands in jobs_submit() and MHD_resume_connection() only.
 */
#ifndef VMM_SERVE_SERVE_H
#define VMM_SERVE_SERVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmm/serve/metrics.h"
#include "vmm/vmm.h"

#define LISTENERS_MAX 8u

struct MHD_Connection;
struct MHD_Daemon;

/* What the command line says. */
struct limits {
    uint64_t concurrency; /* calls at a time, and workers */
    uint64_t queue; /* requests that wait for a worker */
    uint64_t ready; /* VMs kept ahead */
    bool fresh; /* a new VM for each call, not one that was reset */
    uint64_t deadline_ns; /* from the whole request to its answer; 0: none */
    uint64_t cpu_ns; /* 0: none */
    uint64_t input_max, output_max; /* bytes */
};

struct job {
    struct job *next;
    struct MHD_Connection *connection;
    char name[VMM_NAME_MAX + 1];
    uint8_t *in;
    size_t in_length, in_capacity;
    bool too_large; /* the input; what comes is dropped */
    size_t dropped;
    bool queued; /* it has a place */
    bool done;
    uint64_t begin_ns; /* the request was whole */
    /* The answer. */
    int result; /* of the call, see vmm_pool_call() */
    enum vmm_call_outcome outcome;
    int status;
    uint8_t *out;
    size_t out_length;
    char text[500];
};

struct server {
    struct limits limits;
    struct vmm_pool *pool;
    struct metrics metrics;
    atomic_bool draining;
    struct MHD_Daemon *daemons[LISTENERS_MAX];
    size_t daemon_count;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t work; /* for workers */
    pthread_cond_t idle; /* no job is left */
    struct job *first, **last; /* jobs that wait */
    size_t waiting; /* and places in the queue that are reserved */
    size_t jobs; /* queued, running or being answered */
};

/* ---- jobs.c -------------------------------------------------------------- */

int jobs_start(struct server *server); /* 0 or a negative errno */
bool jobs_reserve(struct server *server); /* a place in the queue; false: it is full */
void jobs_submit(struct server *server, struct job *job); /* to the place reserved for it */
void jobs_answered(struct server *server, struct job *job); /* frees it */
void jobs_wait_idle(struct server *server);
uint64_t now_ns(void);

/* ---- http.c -------------------------------------------------------------- */

/* Serves on a listening socket, which it owns from now on; 0 or a negative errno. */
int http_start(struct server *server, int listen_fd);
void http_quiesce(struct server *server); /* no new connections */

#endif
