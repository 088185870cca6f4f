/* SPDX-License-Identifier: BSD-2-Clause */
/* Who am I: numbers that belong together, names of the system. */
#include "check.h"
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

int main(void)
{
    struct utsname name;

    CHECK(getpid() > 0 && getpid() == syscall(SYS_gettid));
    CHECK(getppid() >= 0);
    CHECK(getuid() == geteuid() && getgid() == getegid());
    VALUE(uname(&name));
    printf("%s %s\n", name.sysname, name.machine);
    CHECK(strlen(name.release) > 2 && name.release[0] >= '4');
    CHECK(strlen(name.nodename) > 0 && strlen(name.version) > 0);
    char host[65];
    CHECK(gethostname(host, sizeof(host)) == 0 && !strcmp(host, name.nodename));
    CHECK(getpgid(0) == getpgrp());
    CHECK(getsid(0) > 0 || getsid(0) == 0);
    struct passwd *user = getpwuid(0);
    printf("%s\n", user ? user->pw_name : "nobody at all");
    struct group *group = getgrgid(0);
    printf("%s\n", group ? group->gr_name : "no group");
    char comm[16] = "";
    VALUE(prctl(PR_GET_NAME, comm));
    printf("%s\n", comm);
    VALUE(prctl(PR_SET_NAME, "a name that is longer"));
    VALUE(prctl(PR_GET_NAME, comm));
    printf("%s\n", comm);
    struct sysinfo info;
    VALUE(sysinfo(&info));
    CHECK(info.totalram > 0 && info.freeram < info.totalram && info.mem_unit >= 1 &&
          info.uptime >= 0);
    cpu_set_t set;
    CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 1);
    CHECK(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN) || sysconf(_SC_NPROCESSORS_ONLN) > 0);
    unsigned int cpu = 9999, node = 9999;
    VALUE(getcpu(&cpu, &node));
    CHECK(cpu < 4096 && CPU_ISSET(cpu, &set));
    VALUE(sched_yield());
    VALUE(sysconf(_SC_PAGESIZE));
    VALUE(sysconf(_SC_CLK_TCK));
    CHECK(sysconf(_SC_PHYS_PAGES) > 1000);
    return 0;
}
