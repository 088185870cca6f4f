/* SPDX-License-Identifier: BSD-2-Clause */
/* sysfs(2), ustat(2), /proc/filesystems: kinds of file systems by name and number. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/sysmacros.h>

struct old_ustat {
    int blocks_free;
    unsigned long inodes_free;
    char name[6], pack[6];
};

static int in_proc(const char *name)
{
    char line[128], *end;
    FILE *f = fopen("/proc/filesystems", "r");
    int found = 0;

    NEED(f);
    while (fgets(line, sizeof(line), f)) {
        end = strchr(line, '\n');
        if (end)
            *end = 0;
        if (strchr(line, '\t') && !strcmp(strchr(line, '\t') + 1, name))
            found = 1;
    }
    fclose(f);
    return found;
}

static void by_number(const char *name)
{
    char back[64] = "";
    long index = syscall(SYS_sysfs, 1, name);

    printf("%s: there %d, in proc %d\n", name, index >= 0, in_proc(name));
    CHECK(syscall(SYS_sysfs, 2, index, back) == 0);
    CHECK(!strcmp(name, back));
    CHECK(index < syscall(SYS_sysfs, 3));
}

int main(void)
{
    struct old_ustat out;
    struct stat st;
    char name[64];

    by_number("tmpfs");
    by_number("proc");
    by_number("devtmpfs");
    CALL(syscall(SYS_sysfs, 1, "nosuchfs"));
    CALL(syscall(SYS_sysfs, 1, (char *)1));
    CALL(syscall(SYS_sysfs, 2, 1000, name));
    CALL(syscall(SYS_sysfs, 2, 0, (char *)1));
    CALL(syscall(SYS_sysfs, 4));
    NEED(stat("/", &st) == 0);
    CALL(syscall(SYS_ustat, (unsigned int)st.st_dev, &out));
    CALL(syscall(SYS_ustat, (unsigned int)st.st_dev, (void *)1));
    CALL(syscall(SYS_ustat, (unsigned int)makedev(200, 200), &out));
    return 0;
}
