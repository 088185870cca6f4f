/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/locks: the locks of one file, held and waited for. */
#include "check.h"

#include <sys/file.h>
#include <sys/wait.h>

static char lines[16][128];
static int count;

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* What it says of that inode, without numbers that differ, sorted. */
static void show(ino_t ino)
{
    FILE *file = fopen("/proc/locks", "r");
    char line[256], kind[16], how[16], type[16], device[32], start[32], end[32];
    unsigned long number;

    NEED(file);
    for (count = 0; count < 16 && fgets(line, sizeof(line), file);) {
        char *text = strchr(line, ':') + 2;
        int waits = !strncmp(text, "-> ", 3), pid;

        if (sscanf(text + (waits ? 3 : 0), "%15s %15s %15s %d %31[^:]:%*[^:]:%lu %31s %31s", kind,
                   how, type, &pid, device, &number, start, end) != 8 ||
            number != ino)
            continue;
        snprintf(lines[count++], sizeof(lines[0]), "%s%s %s %s %s %s %s", waits ? "-> " : "", kind,
                 how, type,
                 pid == getpid() ? "ours"
                 : pid < 0       ? "nobody's"
                                 : "a child's",
                 start, end);
    }
    fclose(file);
    qsort(lines, count, sizeof(lines[0]), compare);
    printf("%d locks\n", count);
    for (int i = 0; i < count; i++)
        printf("  %s\n", lines[i]);
}

int main(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = 5, .l_len = 10};
    struct stat status;
    int one, two, ends[2];
    pid_t child;

    enter_scratch();
    NEED((one = open("file", O_RDWR | O_CREAT, 0600)) >= 0 && fstat(one, &status) == 0);
    NEED((two = open("file", O_RDWR)) >= 0 && pipe(ends) == 0);
    show(status.st_ino);
    NEED(flock(one, LOCK_SH) == 0 && fcntl(one, F_SETLK, &lock) == 0);
    lock.l_start = 100, lock.l_len = 0, lock.l_type = F_RDLCK;
    NEED(fcntl(two, F_OFD_SETLK, &lock) == 0);
    show(status.st_ino);
    if ((child = fork()) == 0) {
        close(ends[0]);
        int own = open("file", O_RDWR);
        flock(own, LOCK_SH);
        close(ends[1]);
        lock.l_start = 0, lock.l_type = F_WRLCK;
        fcntl(own, F_SETLKW, &lock);
        _exit(0);
    }
    close(ends[1]);
    (void)!read(ends[0], &(char){0}, 1);
    usleep(50000);
    show(status.st_ino);
    kill(child, SIGKILL);
    wait(NULL);
    flock(one, LOCK_UN);
    show(status.st_ino);
    close(one), close(two);
    show(status.st_ino);
    return 0;
}
