/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket of a VM that has a name.  A request is one line, the name of a snapshot in the
 * user's store; the answer is a line: empty, or what went wrong.
 */
#include "vmm/cli/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/cli/snapshot_store.h"

#define LINE_MAX_BYTES 600u
#define PATIENCE_MS 2000 /* with a client that says nothing */

struct control {
    struct sockaddr_un address;
    char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    char store[PATH_MAX];
    int listen_fd;
    int end[2], ended[2]; /* pipes: the end is wanted; it has come */
    struct vmm *vm;
    uid_t user;
};

/* The socket's address; name is the user's. */
static int make_address(const char *name, struct sockaddr_un *address, char *directory, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return cli_fail(CLI_FAILED, "name %s: a VM's name has no slash and begins with no dot",
                        name);
    if (!runtime || runtime[0] != '/')
        return cli_fail(CLI_FAILED, "VMs by name need XDG_RUNTIME_DIR");
    address->sun_family = AF_UNIX;
    int length = snprintf(directory, size, "%s/vmm", runtime);
    if (length < 0 || (size_t)length >= size ||
        snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s.sock", directory, name) >=
            (int)sizeof(address->sun_path))
        return cli_fail(CLI_FAILED, "name %s: too long", name);
    return 0;
}

static int try_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static int bind_socket(struct control *control)
{
    const struct sockaddr *address = (const struct sockaddr *)&control->address;
    if (mkdir(control->directory, 0700) != 0 && errno != EEXIST)
        return -errno;
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listen_fd < 0)
        return -errno;
    int result = bind(control->listen_fd, address, sizeof(control->address)) == 0 ? 0 : -errno;
    /* One that was killed left its socket; nobody listens there. */
    if (result == -EADDRINUSE) {
        int fd = try_connect(&control->address);
        if (fd >= 0)
            close(fd);
        if (fd == -ECONNREFUSED && unlink(control->address.sun_path) == 0)
            result = bind(control->listen_fd, address, sizeof(control->address)) == 0 ? 0 : -errno;
    }
    if (!result && listen(control->listen_fd, 8) != 0)
        result = -errno;
    return result;
}

static int open_control(const char *name, struct control *control)
{
    char path[PATH_MAX];
    int status =
        make_address(name, &control->address, control->directory, sizeof(control->directory));
    /* The store is made now: the thread could not. */
    if (!status)
        status = snapshot_path("any", true, path, sizeof(path));
    if (!status)
        status = snapshot_store(control->store, sizeof(control->store));
    if (status)
        return status;
    int result = bind_socket(control);
    if (result == -EADDRINUSE)
        return cli_fail(CLI_FAILED, "--name %s: a VM of this name runs", name);
    if (!result && (pipe(control->end) != 0 || pipe(control->ended) != 0))
        result = -errno;
    return result ? cli_fail(CLI_FAILED, "--name %s: %s", name, strerror(-result)) : 0;
}

int control_open(const char *name, struct control **control)
{
    *control = calloc(1, sizeof(**control));
    if (!*control)
        return cli_fail(CLI_FAILED, "out of memory");
    int status = open_control(name, *control);
    if (status) {
        free(*control);
        *control = NULL;
    }
    return status;
}

/* One line without its newline; false: none came in time. */
static bool read_line(int fd, char *line, size_t size)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    size_t length = 0;
    while (length < size - 1 && poll(&poll_fd, 1, PATIENCE_MS) > 0) {
        ssize_t done = read(fd, line + length, 1);
        if (done <= 0)
            return false;
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    return false;
}

static void save(struct control *control, const char *name, struct vmm_error *error)
{
    struct vmm_snapshot *snapshot;
    char path[PATH_MAX + LINE_MAX_BYTES];
    snprintf(path, sizeof(path), "%s/%s", control->store, name);
    if (vmm_snapshot_take(control->vm, &snapshot, error) != 0)
        return;
    if (vmm_snapshot_save(snapshot, path, error) == 0)
        error->text[0] = '\0';
    vmm_snapshot_free(snapshot);
}

static void serve(struct control *control, int fd)
{
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    char line[LINE_MAX_BYTES];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != control->user ||
        !read_line(fd, line, sizeof(line)))
        return;
    if (snapshot_name_is_good(line))
        save(control, line, &error);
    else
        snprintf(error.text, sizeof(error.text), "not a name of a snapshot");
    size_t length = strlen(error.text);
    error.text[length] = '\n';
    cli_write(fd, error.text, length + 1);
}

static void *answer(void *arg)
{
    struct control *control = arg;
    const char *const writable[] = {control->store, control->directory, NULL};
    struct pollfd fds[2] = {{.fd = control->listen_fd, .events = POLLIN},
                            {.fd = control->end[0], .events = POLLIN}};
    struct vmm_error error;
    bool closed = vmm_enclose(NULL, writable, &error) == 0;

    if (!closed)
        cli_note("--name: %s", error.text);
    while (closed && (poll(fds, 2, -1) >= 0 || errno == EINTR)) {
        if (fds[1].revents)
            break;
        int fd = fds[0].revents ? accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            serve(control, fd);
            close(fd);
        }
    }
    unlink(control->address.sun_path);
    cli_write(control->ended[1], "", 1);
    return NULL;
}

int control_start(struct control *control, struct vmm *vm)
{
    sigset_t all, before;
    pthread_t thread;
    control->vm = vm;
    control->user = geteuid();
    sigfillset(&all); /* signals are for the thread that runs the VM */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&thread, NULL, answer, control);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result ? cli_fail(CLI_FAILED, "--name: %s", strerror(result)) : 0;
}

void control_stop(struct control *control)
{
    char byte;
    if (!control)
        return;
    cli_write(control->end[1], "", 1);
    while (read(control->ended[0], &byte, 1) < 0 && errno == EINTR)
        ;
}

int control_ask(const char *name, const char *snapshot)
{
    struct sockaddr_un address = {0};
    char directory[sizeof(address.sun_path)], line[LINE_MAX_BYTES];
    int status = make_address(name, &address, directory, sizeof(directory));
    if (status)
        return status;
    if (!snapshot_name_is_good(snapshot))
        return cli_fail(CLI_FAILED, "snapshot %s: with --of, give a name in the store", snapshot);
    int fd = try_connect(&address);
    if (fd < 0)
        return cli_fail(CLI_FAILED, "no VM that runs is named %s (%s)", name, strerror(-fd));
    int sent = snprintf(line, sizeof(line), "%s\n", snapshot);
    if (send(fd, line, (size_t)sent, MSG_NOSIGNAL) != sent)
        return cli_fail(CLI_FAILED, "%s ended before it was saved", name);
    /* It answers when it has saved: that may take as long as it takes to write its memory. */
    size_t length = 0;
    while (length < sizeof(line) - 1) {
        ssize_t done = read(fd, line + length, sizeof(line) - 1 - length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        length += (size_t)done;
    }
    if (length == 0)
        return cli_fail(CLI_FAILED, "%s ended before it was saved", name);
    line[length - 1] = '\0';
    return line[0] ? cli_fail(CLI_FAILED, "%s: %s", name, line) : CLI_OK;
}
