/* SPDX-License-Identifier: BSD-2-Clause */
/* proc(5), oom_score_adj: what is written is read back and inherited; bounds; the score follows. */
#include "check.h"
#include <sys/wait.h>

static int read_number(const char *path)
{
    int number = -9999;
    FILE *file = fopen(path, "r");
    if (file) {
        NEED(fscanf(file, "%d", &number) == 1);
        fclose(file);
    }
    return number;
}

static int write_text(const char *text)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    NEED(fd >= 0);
    int result = (int)write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

static int run(void (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    return status;
}

static void inherited(void)
{
    VALUE(read_number("/proc/self/oom_score_adj"));
}

int main(void)
{
    VALUE(write_text("300"));
    VALUE(read_number("/proc/self/oom_score_adj"));
    VALUE(write_text("200\n"));
    VALUE(read_number("/proc/self/oom_score_adj"));
    VALUE(write_text("1001"));
    VALUE(write_text("-1001"));
    VALUE(write_text("x"));
    VALUE(write_text("500"));
    CHECK(read_number("/proc/self/oom_score") > 900);
    VALUE(run(inherited));
    return 0;
}
