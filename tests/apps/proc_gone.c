/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a process in /proc that are open when it goes. */
#include <sys/wait.h>

#include "check.h"

int main(void)
{
    static const char *const names[] = {"stat", "status", "maps", "cmdline", "limits", "comm"};
    int fds[6], hold[2];
    char path[64], text[100];

    NEED(pipe(hold) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(hold[1]);
        _exit((int)read(hold[0], text, 1));
    }
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
        fds[i] = open(path, O_RDONLY);
        NEED(fds[i] >= 0);
        CHECK(read(fds[i], text, 10) > 0);
    }
    close(hold[1]);
    NEED(waitpid(pid, NULL, 0) == pid);
    for (int i = 0; i < 6; i++) {
        NEED(lseek(fds[i], 0, SEEK_SET) == 0);
        CHECK(read(fds[i], text, 10) <= 0);
        CHECK(read(fds[i], text, 10) <= 0);
        CHECK(pread(fds[i], text, 10, 3) <= 0);
        CALL(close(fds[i]));
    }
    CALL(open(path, O_RDONLY));
    return 0;
}
