/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes listening sockets, and takes care that files of sockets do not outlive the server.
 */
#include "vmm/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

/* "PORT", "ADDR:PORT", "[ADDR]:PORT"; ADDR is numeric: no names are looked up. */
static int parse_endpoint(const char *endpoint, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(endpoint, ':'), *begin = endpoint, *end = colon;
    uint64_t number;
    *port = colon ? colon + 1 : endpoint;
    if (!parse_number(*port, 65535, &number))
        return -EINVAL;
    if (!colon) {
        begin = "127.0.0.1";
        end = begin + strlen(begin);
    } else if (*begin == '[' && end > begin + 1 && end[-1] == ']') {
        begin++;
        end--;
    }
    if (end == begin || (size_t)(end - begin) >= size)
        return -EINVAL;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    return 0;
}

static int open_tcp(const struct addrinfo *address)
{
    int one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

/* Port 0 has become another one. */
static void name_tcp(struct listener *listener, const char *host)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    getsockname(listener->fd, &address.any, &size);
    bool six = address.any.sa_family == AF_INET6;
    unsigned int port = ntohs(six ? address.six.sin6_port : address.four.sin_port);
    snprintf(listener->name, sizeof(listener->name), "http://%s%s%s:%u", six ? "[" : "", host,
             six ? "]" : "", port);
}

int listen_tcp(const char *endpoint, struct listener *listener)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *address = NULL;
    const char *port;
    char host[64];
    if (parse_endpoint(endpoint, host, sizeof(host), &port) != 0 ||
        getaddrinfo(host, port, &hints, &address) != 0)
        return cli_fail(CLI_FAILED,
                        "--http %s: give PORT, ADDRESS:PORT or unix:PATH; the address "
                        "in numbers",
                        endpoint);
    listener->fd = open_tcp(address);
    freeaddrinfo(address);
    if (listener->fd < 0)
        return cli_fail(CLI_FAILED, "--http %s: %s", endpoint, strerror(-listener->fd));
    listener->path = NULL;
    name_tcp(listener, host);
    return 0;
}

/* Is there a socket that nobody listens on any more? */
static bool is_left_over(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_unix(int fd, const struct sockaddr_un *address)
{
    mode_t mask = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;
    umask(mask);
    return result;
}

int listen_unix(const char *path, struct listener *listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(address.sun_path))
        return cli_fail(CLI_FAILED, "socket %s: a path has 1 to %zu bytes", path,
                        sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, length + 1);
    int result, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cli_fail(CLI_FAILED, "socket %s: %s", path, strerror(errno));
    result = bind_unix(fd, &address);
    if (result == -EADDRINUSE && is_left_over(&address) && unlink(path) == 0)
        result = bind_unix(fd, &address);
    if (result == 0 && listen(fd, BACKLOG) != 0)
        result = -errno;
    if (result)
        return cli_fail(CLI_FAILED, "socket %s: %s", path, strerror(-result));
    listener->fd = fd;
    snprintf(listener->name, sizeof(listener->name), "unix:%s", path);
    listener->path = listener->name + strlen("unix:");
    return 0;
}

void listen_remove_now(const struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (listeners[i].path)
            unlink(listeners[i].path);
}

/* Waits for the end of the server, which alone holds the other end of the pipe. */
static void remove_at_end(int pipe_fd, const struct listener *listeners, size_t count)
{
    char byte;
    ssize_t done;
    sigset_t all;
    sigfillset(&all); /* a terminal's ^C is for the server */
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int fd = 0; fd < 1024; fd++)
        if (fd != pipe_fd)
            close(fd);
    do {
        done = read(pipe_fd, &byte, 1);
    } while (done < 0 && errno == EINTR);
    listen_remove_now(listeners, count);
    _exit(0);
}

int listen_remove_later(const struct listener *listeners, size_t count)
{
    int ends[2];
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || listeners[i].path;
    if (!any)
        return 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cli_fail(CLI_FAILED, "pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return cli_fail(CLI_FAILED, "fork: %s", strerror(errno));
    if (child == 0)
        remove_at_end(ends[0], listeners, count);
    close(ends[0]);
    return 0; /* ends[1] is closed by our end */
}
