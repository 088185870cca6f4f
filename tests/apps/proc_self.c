/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/self: exe, cmdline, maps, status, stat, fd, as programs read them. */
/* args: one "two words" */
#include "check.h"
#include <sys/mman.h>

static char text[1 << 16];

static size_t slurp(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t total = 0;
    ssize_t count = 0;
    if (fd < 0) {
        printf("%s: errno %d\n", name, errno);
        text[0] = 0;
        return 0;
    }
    while (total < sizeof(text) - 1 &&
           (count = read(fd, text + total, sizeof(text) - 1 - total)) > 0)
        total += (size_t)count;
    text[total] = 0;
    close(fd);
    return total;
}

static int mapped(const void *address, const char *permissions)
{
    for (char *line = text; line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        unsigned long from, to;
        char p[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, p) == 3 && (unsigned long)address >= from &&
            (unsigned long)address < to)
            return !strcmp(p, permissions);
    }
    return -1;
}

int main(void)
{
    static int data = 1;
    char path[300];

    ssize_t count = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[count > 0 ? count : 0] = 0;
    CHECK(strstr(path, "/apps/proc_self") != NULL);
    size_t size = slurp("/proc/self/cmdline");
    for (size_t i = strlen(text) + 1; i < size; i++)
        putchar(text[i] ? text[i] : '|');
    printf("\n");
    free(malloc(100));
    NEED(mmap((void *)0x200000, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
              -1, 0) == (void *)0x200000);
    slurp("/proc/self/maps");
    VALUE(mapped((void *)(uintptr_t)main, "r-xp"));
    VALUE(mapped(&data, "rw-p"));
    VALUE(mapped(&size, "rw-p"));
    VALUE(mapped("constant", "r--p"));
    CHECK(strstr(text, "00200000-00201000 ---p 00000000 00:00 0 \n"));
    CHECK(strstr(text, "[heap]") && strstr(text, "[stack]") && strstr(text, "[vdso]"));
    CHECK(strstr(text, "/apps/proc_self\n") && strstr(text, "libc.so.6\n"));
    slurp("/proc/self/status");
    CHECK(!strncmp(text, "Name:\tproc_self\n", 16));
    CHECK(strstr(text, "\nVmRSS:") && strstr(text, "\nPid:\t") && strstr(text, "\nThreads:\t1\n"));
    slurp("/proc/self/stat");
    int pid;
    char name[20], state;
    NEED(sscanf(text, "%d (%19[^)]) %c", &pid, name, &state) == 3);
    printf("%d %s %c\n", pid == getpid(), name, state);
    slurp("/proc/self/comm");
    printf("%s", text);
    int fd = open("/dev/null", O_RDONLY);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    char link[64] = "";
    VALUE(readlink(path, link, sizeof(link)));
    printf("%s\n", link);
    DIR *dir = opendir("/proc/self/fd");
    NEED(dir);
    int found = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        found += atoi(entry->d_name) == fd && entry->d_name[0] != '.';
    CHECK(found == 1 || (found == 2 && fd == 0));
    snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
    CALL(access(path, F_OK));
    CALL(access("/proc/self/absent", F_OK));
    CALL(open("/proc/self/maps", O_WRONLY | O_CREAT, 0644) < 0 ? -1 : 0);
    CALL(mkdir("/proc/x", 0755));
    slurp("/proc/self/auxv");
    slurp("/proc/self/environ");
    VALUE(slurp("/proc/self/statm") > 5);
    return 0;
}
