/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of /proc that describe the system: present and well formed. */
#include "check.h"

static char text[1 << 18];

static const char *slurp(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t total = 0;
    ssize_t count = 0;
    text[0] = 0;
    if (fd < 0) {
        printf("%s: errno %d\n", name, errno);
        return text;
    }
    while (total < sizeof(text) - 1 &&
           (count = read(fd, text + total, sizeof(text) - 1 - total)) > 0)
        total += (size_t)count;
    text[total] = 0;
    close(fd);
    return text;
}

int main(void)
{
    double a, b, c;
    int n, m;
    unsigned long kilobytes;

    CHECK(sscanf(slurp("/proc/uptime"), "%lf %lf", &a, &b) == 2 && a >= 0);
    CHECK(sscanf(slurp("/proc/loadavg"), "%lf %lf %lf %d/%d", &a, &b, &c, &n, &m) == 5);
    CHECK(sscanf(slurp("/proc/meminfo"), "MemTotal: %lu kB", &kilobytes) == 1 && kilobytes > 8192);
    CHECK(strstr(text, "\nMemFree:") && strstr(text, "\nMemAvailable:") &&
          strstr(text, "\nSwapTotal:"));
    slurp("/proc/cpuinfo");
    int processors = 0;
    for (const char *p = text; (p = strstr(p, "processor\t: ")) != NULL; p++)
        processors++;
    CHECK(processors >= 1 && processors >= sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(strstr(text, "\nflags\t\t: ") && strstr(text, " sse2") && strstr(text, "vendor_id\t: "));
    char what[256], where[256], type[64], options[512];
    CHECK(sscanf(slurp("/proc/mounts"), "%255s %255s %63s %511s %d %d", what, where, type, options,
                 &n, &m) == 6);
    CHECK(strstr(text, " /proc proc "));
    CHECK(!strncmp(slurp("/proc/stat"), "cpu ", 4) && strstr(text, "\nbtime "));
    CHECK(!strncmp(slurp("/proc/version"), "Linux version ", 14));
    printf("%s", slurp("/proc/sys/kernel/ostype"));
    CHECK(strlen(slurp("/proc/sys/kernel/osrelease")) > 2);
    char host[66];
    gethostname(host, 65);
    strcat(host, "\n");
    CHECK(!strcmp(slurp("/proc/sys/kernel/hostname"), host));
    CHECK(atoi(slurp("/proc/sys/kernel/pid_max")) > 100);
    CHECK(strlen(slurp("/proc/sys/kernel/random/uuid")) == 37);
    CHECK(strstr(slurp("/proc/filesystems"), "proc"));
    CHECK(sscanf(slurp("/proc/sys/vm/overcommit_memory"), "%d", &n) == 1);
    int columns = 0;
    unsigned long timer_interrupts;
    slurp("/proc/interrupts");
    for (const char *p = text; p < strchr(text, '\n') && (p = strstr(p, "CPU")) != NULL; p++)
        columns++;
    CHECK(columns == sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(strstr(text, "\nLOC:") &&
          sscanf(strstr(text, "\nLOC:"), "\nLOC: %lu", &timer_interrupts) == 1);
    CHECK(strstr(text, "\nRES:") && strstr(text, "Local timer interrupts\n"));
    CALL(open("/proc/absent", O_RDONLY));
    CALL(open("/proc/absent", O_CREAT | O_WRONLY, 0644));
    char link[32] = "";
    CHECK(readlink("/proc/self", link, sizeof(link)) > 0 && atoi(link) == getpid());
    DIR *dir = opendir("/proc");
    NEED(dir);
    int self = 0, info = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        self += !strcmp(entry->d_name, "self");
        info += !strcmp(entry->d_name, "meminfo");
    }
    printf("%d %d\n", self, info);
    return 0;
}
