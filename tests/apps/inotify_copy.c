/* SPDX-License-Identifier: BSD-2-Clause */
/* What watchers hear of calls that copy between files or change attributes without a name. */
#include "check.h"

#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

static int watcher;

static void show(const char *what)
{
    _Alignas(struct inotify_event) char buf[4096];
    ssize_t got = read(watcher, buf, sizeof(buf));

    printf("%s:", what);
    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const void *)(buf + at);

        printf(" %x %s", event->mask, event->len ? event->name : "");
        at += (ssize_t)(sizeof(*event) + event->len);
    }
    printf("\n");
}

int main(void)
{
    int from, to, ends[2];
    loff_t offset = 0;

    enter_scratch();
    write_file("from", "0123456789");
    write_file("to", "");
    NEED((watcher = inotify_init1(IN_NONBLOCK)) >= 0);
    NEED(inotify_add_watch(watcher, ".", IN_ALL_EVENTS) >= 0);
    NEED((from = open("from", O_RDONLY)) >= 0 && (to = open("to", O_RDWR)) >= 0 && pipe(ends) == 0);
    show("open");
    VALUE(sendfile(to, from, NULL, 5));
    show("sendfile");
    VALUE(sendfile(to, from, NULL, 0));
    show("of nothing");
    VALUE(copy_file_range(from, &offset, to, NULL, 5, 0));
    show("copy_file_range");
    VALUE(splice(from, &offset, ends[1], NULL, 3, 0));
    show("splice to a pipe");
    VALUE(splice(ends[0], NULL, to, NULL, 3, 0));
    show("splice from a pipe");
    CALL(fsetxattr(to, "user.x", "1", 1, 0));
    show("fsetxattr");
    CALL(setxattr("to", "user.y", "1", 1, 0));
    show("setxattr");
    CALL(setxattr("to", "user.y", "1", 1, XATTR_CREATE));
    show("in vain");
    VALUE(getxattr("to", "user.y", NULL, 0));
    show("getxattr");
    CALL(removexattr("to", "user.y"));
    CALL(fremovexattr(to, "user.x"));
    show("removexattr, fremovexattr");
    CALL(ftruncate(to, 3));
    show("ftruncate");
    CALL(posix_fallocate(to, 0, 100));
    show("fallocate");
    return 0;
}
