/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the programs of tests/apps: print properties, never addresses, times or
 * names of the machine, so that a native run and a run in a VM can be compared
 * byte for byte.  Nothing here knows which of the two it is in.
 */
#ifndef TESTS_APPS_CHECK_H
#define TESTS_APPS_CHECK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A condition that holds on Linux; the text of it is the output. */
#define CHECK(condition) (void)(printf("%s: %s\n", (condition) ? "yes" : "NO", #condition))

/* A call that returns -1 and errno, or something not negative. */
#define CALL(call)                                        \
    do {                                                  \
        errno = 0;                                        \
        long check_result = (long)(call);                 \
        int check_errno = errno;                          \
        if (check_result < 0)                             \
            printf("%s: errno %d\n", #call, check_errno); \
        else                                              \
            printf("%s: ok\n", #call);                    \
    } while (0)

/* The same where the value counts. */
#define VALUE(call)                                                         \
    do {                                                                    \
        errno = 0;                                                          \
        long check_result = (long)(call);                                   \
        int check_errno = errno;                                            \
        if (check_result < 0)                                               \
            printf("%s: %ld errno %d\n", #call, check_result, check_errno); \
        else                                                                \
            printf("%s: %ld\n", #call, check_result);                       \
    } while (0)

/* Something the test needs and does not test. */
#define NEED(condition)                                                 \
    do {                                                                \
        if (!(condition)) {                                             \
            printf("cannot go on: %s (errno %d)\n", #condition, errno); \
            exit(99);                                                   \
        }                                                               \
    } while (0)

static char check_scratch_path[64];

__attribute__((unused)) static void check_remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0)
        return;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) < 0) {
            check_remove_tree(fd, entry->d_name);
            unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(dir);
}

__attribute__((unused)) static void check_leave_scratch(void)
{
    check_remove_tree(AT_FDCWD, check_scratch_path);
    rmdir(check_scratch_path);
}

/* A fresh directory, the current one from then on; removed at exit. */
__attribute__((unused)) static void enter_scratch(void)
{
    snprintf(check_scratch_path, sizeof(check_scratch_path), "/tmp/apps.XXXXXX");
    NEED(mkdtemp(check_scratch_path));
    NEED(chdir(check_scratch_path) == 0);
    atexit(check_leave_scratch);
}

__attribute__((unused)) static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0);
    NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

__attribute__((unused)) static void show_file(const char *name)
{
    char text[256];
    int fd = open(name, O_RDONLY);
    if (fd < 0) {
        printf("%s: errno %d\n", name, errno);
        return;
    }
    ssize_t count = read(fd, text, sizeof(text) - 1);
    text[count > 0 ? count : 0] = 0;
    printf("%s: %zd bytes: %s\n", name, count, text);
    close(fd);
}

#endif
