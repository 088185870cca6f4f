/* SPDX-License-Identifier: BSD-2-Clause */
/* See mtools.h.  Its own environment, so that nobody's configuration counts. */
#include "vmm/image/mtools.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/config.h"

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"
#define WORDS_MAX 400u

/* What it says, as far as there is room, until it closes the pipe. */
static void read_words(int fd, char *words, size_t size)
{
    char rest[256];
    size_t used = 0;

    for (;;) {
        bool room = used + 1 < size;
        ssize_t got = room ? read(fd, words + used, size - 1 - used) : read(fd, rest, sizeof(rest));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += room ? (size_t)got : 0;
    }
    while (used && strchr("\r\n ", words[used - 1]))
        used--;
    words[used] = '\0';
    for (char *c = words; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
}

static int start(const char *const *words, int errors, pid_t *pid)
{
    char *const environment[] = {(char[]){"MTOOLSRC=/dev/null"}, (char[]){"MTOOLS_SKIP_CHECK=1"},
                                 (char[]){"LC_ALL=C.UTF-8"}, (char[]){"PATH=" USUAL_PATH}, NULL};
    posix_spawn_file_actions_t actions;
    int result = posix_spawn_file_actions_init(&actions);

    if (result)
        return -result;
    result = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!result)
        result =
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!result)
        result = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (!result)
        result = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
                              environment);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

int mtools_run(const char *const *words, struct vmm_error *error)
{
    char text[WORDS_MAX];
    int pipe_fds[2], status;
    pid_t pid = -1;

    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "pipe: %s", strerror(errno));
    int result = start(words, pipe_fds[1], &pid);
    close(pipe_fds[1]);
    if (result) {
        close(pipe_fds[0]);
        return vmm_fail(error, result, VMM_FAULT_USAGE, "%s cannot be started: %s%s", words[0],
                        strerror(-result), result == -ENOENT ? " (apt install mtools)" : "");
    }
    read_words(pipe_fds[0], text, sizeof(text));
    close(pipe_fds[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return vmm_fail(error, -EIO, VMM_FAULT_USAGE, "%s failed: %s", words[0],
                    text[0] ? text : "without a word");
}
