/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify: which events come, in which order, with which names; watches, queues, reading. */
#include "check.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static int fd;

static void show(const char *what)
{
    static const struct {
        unsigned int bit;
        const char *name;
    } bits[] = {{IN_ACCESS, "access"},
                {IN_MODIFY, "modify"},
                {IN_ATTRIB, "attrib"},
                {IN_CLOSE_WRITE, "close-write"},
                {IN_CLOSE_NOWRITE, "close"},
                {IN_OPEN, "open"},
                {IN_MOVED_FROM, "from"},
                {IN_MOVED_TO, "to"},
                {IN_CREATE, "create"},
                {IN_DELETE, "delete"},
                {IN_DELETE_SELF, "delete-self"},
                {IN_MOVE_SELF, "move-self"},
                {IN_IGNORED, "ignored"},
                {IN_Q_OVERFLOW, "overflow"},
                {IN_ISDIR, "dir"}};
    static unsigned int cookie;
    char buf[8192] __attribute__((aligned(8)));
    long size, at = 0;
    printf("%s:\n", what);
    size = read(fd, buf, sizeof(buf));
    if (size < 0)
        printf("  errno %d\n", errno);
    while (at < size) {
        struct inotify_event *e = (void *)(buf + at);
        printf("  %d", e->wd);
        for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
            if (e->mask & bits[i].bit)
                printf(" %s", bits[i].name);
        if (e->len)
            printf(" \"%s\" %u", e->name, e->len);
        if (e->cookie)
            printf(" %s cookie", e->cookie == cookie ? "same" : "new");
        cookie = e->cookie;
        printf("\n");
        at += sizeof(*e) + e->len;
    }
}

static void directory(void)
{
    NEED(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0);
    VALUE(inotify_add_watch(fd, "d", IN_ALL_EVENTS));
    VALUE(inotify_add_watch(fd, "e", IN_MOVE | IN_CREATE));
    write_file("d/file", "text");
    show("written");
    show_file("d/file");
    show("read");
    NEED(chmod("d/file", 0600) == 0 && truncate("d/file", 2) == 0);
    show("changed");
    int again = open("d/file", O_WRONLY | O_APPEND);
    NEED(write(again, "again", 5) == 5 && ftruncate(again, 1) == 0 && fchmod(again, 0644) == 0);
    close(again);
    show("written again");
    NEED(mkdir("d/sub", 0755) == 0 && symlink("file", "d/link") == 0);
    NEED(link("d/file", "d/hard") == 0 && mknod("d/fifo", S_IFIFO | 0600, 0) == 0);
    show("made");
    NEED(rename("d/file", "d/renamed") == 0 && rename("d/renamed", "e/a-name-of-20-bytes") == 0);
    show("renamed");
    NEED(rename("d/sub", "e/sub") == 0 && rename("e/sub", "d/sub") == 0);
    show("directory renamed");
    NEED(unlink("d/link") == 0 && unlink("d/hard") == 0 && unlink("d/fifo") == 0 &&
         rmdir("d/sub") == 0);
    show("removed");
    DIR *dir = opendir("d");
    while (readdir(dir))
        ;
    closedir(dir);
    show("listed");
    write_file("e/elsewhere", "x");
    show("elsewhere");
    NEED(rename("e/elsewhere", "outside") == 0);
    show("out");
}

static void self(void)
{
    NEED(mkdir("s", 0755) == 0);
    write_file("one", "1");
    write_file("two", "2");
    int wd = inotify_add_watch(fd, "one", IN_ALL_EVENTS);
    VALUE(inotify_add_watch(fd, "one", IN_MODIFY) - wd);
    write_file("one", "more");
    show("only modify");
    VALUE(inotify_add_watch(fd, "one", IN_ATTRIB | IN_MASK_ADD) - wd);
    NEED(chmod("one", 0600) == 0);
    int plain = open("one", O_WRONLY);
    NEED(write(plain, "x", 1) == 1 && write(plain, "y", 1) == 1);
    close(plain);
    show("merged");
    CALL(inotify_add_watch(fd, "one", IN_MODIFY | IN_MASK_CREATE));
    VALUE(inotify_add_watch(fd, "one", IN_ALL_EVENTS) - wd);
    NEED(rename("one", "uno") == 0 && link("uno", "eins") == 0 && unlink("eins") == 0);
    show("links");
    NEED(rename("two", "uno") == 0);
    show("replaced");
    CALL(inotify_rm_watch(fd, wd));
    VALUE(inotify_add_watch(fd, "uno", IN_OPEN | IN_ONESHOT) - wd);
    close(open("uno", O_RDONLY));
    close(open("uno", O_RDONLY));
    show("once");
    VALUE(inotify_add_watch(fd, "s", IN_ALL_EVENTS | IN_ONLYDIR) - wd);
    NEED(rename("s", "t") == 0);
    NEED(rmdir("t") == 0);
    show("directory gone");
    wd = inotify_add_watch(fd, ".", IN_CREATE);
    VALUE(inotify_rm_watch(fd, wd));
    show("taken off");
}

static void calls(void)
{
    int waiting = -1;
    char small[16];
    CALL(inotify_init1(1));
    CALL(inotify_add_watch(fd, "nothing", IN_OPEN));
    CALL(inotify_add_watch(fd, "uno", 0));
    CALL(inotify_add_watch(fd, "uno", IN_OPEN | IN_ONLYDIR));
    CALL(inotify_add_watch(fd, "uno", IN_MASK_ADD | IN_MASK_CREATE | IN_OPEN));
    CALL(inotify_add_watch(0, "uno", IN_OPEN));
    CALL(inotify_add_watch(99, "uno", IN_OPEN));
    CALL(inotify_add_watch(fd, NULL, IN_OPEN));
    CALL(inotify_rm_watch(fd, 999));
    CALL(inotify_rm_watch(fd, -1));
    CALL(inotify_rm_watch(0, 1));
    CALL(write(fd, "x", 1));
    struct pollfd p = {fd, POLLIN, 0};
    VALUE(poll(&p, 1, 0));
    int wd = inotify_add_watch(fd, ".", IN_CREATE | IN_EXCL_UNLINK | IN_MODIFY);
    int file = open("n", O_RDWR | O_CREAT, 0600);
    VALUE(poll(&p, 1, 0));
    VALUE(ioctl(fd, FIONREAD, &waiting));
    VALUE(waiting);
    CALL(read(fd, small, sizeof(small)));
    show("created");
    NEED(write(file, "x", 1) == 1 && unlink("n") == 0 && write(file, "y", 1) == 1);
    show("not after unlink");
    for (int i = 0; i < 20000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i % 2);
        close(open(name, O_WRONLY | O_CREAT, 0600));
        unlink(name);
    }
    VALUE(ioctl(fd, FIONREAD, &waiting));
    VALUE(waiting);
    inotify_rm_watch(fd, wd);
    close(file);
    close(fd);
}

int main(void)
{
    enter_scratch();
    setbuf(stdout, NULL);
    fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    NEED(fd >= 0);
    VALUE(fcntl(fd, F_GETFL));
    directory();
    self();
    calls();
    return 0;
}
