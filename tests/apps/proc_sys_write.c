/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of /proc/sys that a program may change: the two names, the size of pipes. */
#include "check.h"

#include <sched.h>
#include <sys/utsname.h>

static long put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    long done = fd < 0 ? -1 : write(fd, text, strlen(text)), error = errno;

    close(fd);
    errno = (int)error;
    return done;
}

int main(void)
{
    struct utsname name;
    char text[64];
    int ends[2];

    unshare(CLONE_NEWUTS); /* not the host's names, where there are name spaces */
    VALUE(put("/proc/sys/kernel/hostname", "renamed\n"));
    VALUE(put("/proc/sys/kernel/domainname", "domain.example"));
    NEED(uname(&name) == 0);
    printf("%s %s\n", name.nodename, name.domainname);
    show_file("/proc/sys/kernel/hostname");
    show_file("/proc/sys/kernel/domainname");
    NEED(sethostname("again", 5) == 0 && setdomainname("other", 5) == 0);
    show_file("/proc/sys/kernel/hostname");
    show_file("/proc/sys/kernel/domainname");
    VALUE(put("/proc/sys/fs/pipe-max-size", "words"));
    VALUE(put("/proc/sys/kernel/ostype", "Minix"));
    show_file("/proc/sys/kernel/tainted");
    NEED(pipe(ends) == 0);
    int fd = open("/proc/sys/fs/pipe-max-size", O_RDONLY);
    ssize_t count = read(fd, text, sizeof(text) - 1);
    NEED(count > 0);
    text[count] = 0;
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, atoi(text)) == atoi(text));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, (1u << 31) + 1));
    CALL(fcntl(fd, F_SETPIPE_SZ, 4096));
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, 100) == 4096);
    return 0;
}
