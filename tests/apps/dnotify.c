/* SPDX-License-Identifier: BSD-2-Clause */
/* Directory notification, fcntl(2)'s F_NOTIFY: which changes tell, whom, how often. */
#include "check.h"

static volatile sig_atomic_t told, told_fd;

static void on_change(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    told++;
    told_fd = info->si_fd;
}

static void done(const char *what)
{
    printf("%s: %d\n", what, told > 0);
    told = 0;
}

static void changes(int fd)
{
    write_file("dir/file", "x");
    done("create");
    write_file("dir/file", "y");
    done("modify only");
    NEED(chmod("dir/file", 0600) == 0);
    done("attributes");
    NEED(rename("dir/file", "dir/other") == 0);
    done("rename inside");
    NEED(rename("dir/other", "file") == 0);
    done("rename away");
    NEED(rename("file", "dir/file") == 0);
    done("rename into");
    NEED(unlink("dir/file") == 0);
    done("delete");
    NEED(mkdir("dir/sub", 0700) == 0);
    done("directory");
    write_file("dir/sub/file", "x");
    done("deeper");
    CHECK(told_fd == fd);
    NEED(unlink("dir/sub/file") == 0 && rmdir("dir/sub") == 0);
    told = 0;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_change, .sa_flags = SA_SIGINFO};
    int fd, file;

    NEED(sigaction(SIGRTMIN, &action, NULL) == 0);
    enter_scratch();
    NEED(mkdir("dir", 0700) == 0);
    write_file("plain", "x");
    fd = open("dir", O_RDONLY);
    file = open("plain", O_RDONLY);
    NEED(fcntl(fd, F_SETSIG, SIGRTMIN) == 0);
    CALL(fcntl(file, F_NOTIFY, DN_CREATE));
    CALL(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
    changes(fd);
    CALL(fcntl(fd, F_NOTIFY, 0));
    changes(fd);
    CALL(fcntl(fd, F_NOTIFY, DN_RENAME | DN_ATTRIB | DN_MULTISHOT));
    changes(fd);
    CALL(fcntl(fd, F_NOTIFY, 0));
    CALL(fcntl(fd, F_NOTIFY, DN_DELETE));
    changes(fd);
    write_file("dir/file", "x");
    NEED(unlink("dir/file") == 0);
    done("once only");
    CALL(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
    close(fd);
    write_file("dir/file", "x");
    done("closed");
    return 0;
}
