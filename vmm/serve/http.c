/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and answers.  POST /NAME calls a function; GET /metrics and GET /healthz are for those
 * who watch.  Nothing here waits: a request whose call runs sleeps (suspended) meanwhile.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/serve/serve.h"

#define CONNECTION_TIMEOUT_S 30u /* of a client that neither sends nor takes */
#define CONNECTION_MEMORY (32u << 10) /* request line and headers, and a piece of the body */
#define CONNECTIONS_SPARE 64u /* idle ones, /metrics, requests that come in */
#define DROPPED_MAX (64u << 20) /* bytes of an input that is too large, read to be polite */
#define TEXT_PLAIN "text/plain; charset=utf-8"

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned int code,
                                     struct MHD_Response *response, const char *type)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (code == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "POST");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

/* A line of ours. */
static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int code,
                                 const char *text)
{
    char line[600];
    int length = snprintf(line, sizeof(line), "%s\n", text);
    return send_response(
        connection, code,
        MHD_create_response_from_buffer((size_t)length, line, MHD_RESPMEM_MUST_COPY), TEXT_PLAIN);
}

static enum MHD_Result send_metrics(struct server *server, struct MHD_Connection *connection)
{
    struct vmm_pool_stats stats = {.size = sizeof(stats)};
    struct text text = {0};
    vmm_pool_get_stats(server->pool, &stats);
    pthread_mutex_lock(&server->lock);
    size_t waiting = server->waiting;
    pthread_mutex_unlock(&server->lock);
    metrics_format(&text, &server->metrics, &stats, waiting);
    if (text.failed) {
        free(text.bytes);
        return MHD_NO;
    }
    return send_response(
        connection, MHD_HTTP_OK,
        MHD_create_response_from_buffer(text.length, text.bytes, MHD_RESPMEM_MUST_FREE),
        "text/plain; version=0.0.4");
}

/* What the function returned, or said when it failed. */
static enum MHD_Result send_output(struct job *job, unsigned int code)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(job->out_length, job->out, MHD_RESPMEM_MUST_FREE);
    char status[16];
    if (!response)
        return MHD_NO;
    job->out = NULL; /* the response's now */
    snprintf(status, sizeof(status), "%d", job->outcome == VMM_CALL_DONE ? 0 : job->status);
    MHD_add_response_header(response, "Vmm-Status", status);
    return send_response(job->connection, code, response, "application/octet-stream");
}

static enum MHD_Result send_answer(struct job *job)
{
    const char *text = job->text[0] ? job->text : "the call failed";
    struct MHD_Connection *connection = job->connection;
    switch (job->outcome) {
    case VMM_CALL_DONE:
        return send_output(job, MHD_HTTP_OK);
    case VMM_CALL_FAILED:
        return send_output(job, MHD_HTTP_INTERNAL_SERVER_ERROR);
    case VMM_CALL_TIMED_OUT:
        return send_text(connection, MHD_HTTP_GATEWAY_TIMEOUT, text);
    case VMM_CALL_CANCELLED:
        return send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
    case VMM_CALL_REFUSED:
        if (job->result == -ENOENT)
            return send_text(connection, MHD_HTTP_NOT_FOUND, text);
        if (job->result == -EINVAL)
            return send_text(connection, MHD_HTTP_BAD_REQUEST, text);
        return send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
    case VMM_CALL_TOO_LARGE:
        return send_text(connection, MHD_HTTP_BAD_GATEWAY, "the output is larger than the limit");
    case VMM_CALL_EXITED:
        return send_text(connection, MHD_HTTP_BAD_GATEWAY,
                         job->text[0] ? text : "the program ended instead of replying");
    case VMM_CALL_CRASHED:
    case VMM_CALL_BROKEN:
        break;
    }
    return send_text(connection, MHD_HTTP_BAD_GATEWAY, text);
}

/* A request that is no call. */
static enum MHD_Result serve_get(struct server *server, struct MHD_Connection *connection,
                                 const char *url)
{
    if (strcmp(url, "/metrics") == 0)
        return send_metrics(server, connection);
    if (strcmp(url, "/healthz") == 0)
        return atomic_load(&server->draining)
                   ? send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "draining")
                   : send_text(connection, MHD_HTTP_OK, "ok");
    return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "functions are called by POST");
}

static enum MHD_Result refuse_draining(struct server *server, struct MHD_Connection *connection)
{
    atomic_fetch_add(&server->metrics.refused_draining, 1);
    return send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is being stopped");
}

static enum MHD_Result refuse_size(struct server *server, struct MHD_Connection *connection)
{
    atomic_fetch_add(&server->metrics.refused_size, 1);
    return send_text(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the input is larger than the limit");
}

/*
 * Need what is too large not even be read?  A client that waits to be asked for it hears the
 * answer at once; others send first, and would miss an answer that comes before they are done.
 */
static bool refuse_unread(struct server *server, struct MHD_Connection *connection)
{
    uint64_t length;
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool waits =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
    return text && parse_number(text, UINT64_MAX, &length) &&
           length > (waits ? server->limits.input_max : DROPPED_MAX);
}

/* The request's line and headers are there. */
static enum MHD_Result begin_job(struct server *server, struct MHD_Connection *connection,
                                 const char *url, void **state)
{
    size_t length = strlen(url);
    if (atomic_load(&server->draining))
        return refuse_draining(server, connection);
    if (length < 2 || length - 1 > VMM_NAME_MAX)
        return send_text(connection, MHD_HTTP_NOT_FOUND, "no function has such a name");
    if (refuse_unread(server, connection))
        return refuse_size(server, connection);
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return MHD_NO;
    job->connection = connection;
    memcpy(job->name, url + 1, length);
    *state = job;
    return MHD_YES;
}

/* A piece of the body. */
static enum MHD_Result take_piece(struct server *server, struct job *job, const char *piece,
                                  size_t *size)
{
    if (*size > server->limits.input_max - job->in_length)
        job->too_large = true;
    if (job->too_large && (job->dropped += *size) > DROPPED_MAX)
        return MHD_NO;
    if (!job->too_large && job->in_length + *size > job->in_capacity) {
        size_t capacity = 2 * (job->in_length + *size);
        if (capacity > server->limits.input_max)
            capacity = server->limits.input_max;
        uint8_t *bigger = realloc(job->in, capacity);
        if (!bigger)
            return MHD_NO;
        job->in = bigger;
        job->in_capacity = capacity;
    }
    if (!job->too_large) {
        memcpy(job->in + job->in_length, piece, *size);
        job->in_length += *size;
    }
    *size = 0;
    return MHD_YES;
}

/* The request is whole. */
static enum MHD_Result submit(struct server *server, struct job *job)
{
    struct MHD_Connection *connection = job->connection;
    if (job->too_large)
        return refuse_size(server, connection);
    if (atomic_load(&server->draining))
        return refuse_draining(server, connection);
    if (!jobs_reserve(server)) {
        atomic_fetch_add(&server->metrics.refused_full, 1);
        return send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests wait");
    }
    job->queued = true;
    job->begin_ns = now_ns();
    /* Asleep first: once it is in the queue, a worker may wake it. */
    MHD_suspend_connection(connection);
    jobs_submit(server, job);
    return MHD_YES;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *piece,
                              size_t *piece_size, void **state)
{
    struct server *server = arg;
    struct job *job = *state;
    (void)version;
    if (strcmp(method, "GET") == 0)
        return serve_get(server, connection, url);
    if (strcmp(method, "POST") != 0)
        return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "functions are called by POST");
    if (!job)
        return begin_job(server, connection, url, state);
    if (job->done)
        return send_answer(job);
    if (*piece_size)
        return take_piece(server, job, piece, piece_size);
    return submit(server, job);
}

static void completed(void *arg, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    if (*state)
        jobs_answered(arg, *state);
    *state = NULL;
}

int http_start(struct server *server, int listen_fd)
{
    unsigned int connections =
        (unsigned int)(server->limits.concurrency + server->limits.queue) + CONNECTIONS_SPARE;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, server,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, completed, server,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
        CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!daemon)
        return errno ? -errno : -EIO;
    server->daemons[server->daemon_count++] = daemon;
    return 0;
}

void http_quiesce(struct server *server)
{
    for (size_t i = 0; i < server->daemon_count; i++) {
        int fd = MHD_quiesce_daemon(server->daemons[i]);
        if (fd >= 0)
            close(fd);
    }
}
