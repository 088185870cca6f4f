/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits: get, set, prlimit, refusals. */
#include "check.h"
#include <sys/resource.h>

int main(void)
{
    struct rlimit limit, old;

    for (int i = 0; i < RLIM_NLIMITS; i++) {
        NEED(getrlimit(i, &limit) == 0);
        if (limit.rlim_cur > limit.rlim_max)
            printf("limit %d: soft above hard\n", i);
    }
    limit = (struct rlimit){100, 200};
    VALUE(setrlimit(RLIMIT_NOFILE, &limit));
    VALUE(prlimit(0, RLIMIT_NOFILE, NULL, &old));
    printf("%ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
    VALUE(sysconf(_SC_OPEN_MAX));
    limit.rlim_cur = 300;
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    limit = (struct rlimit){50, 200};
    VALUE(prlimit(getpid(), RLIMIT_NOFILE, &limit, &old));
    printf("%ld\n", (long)old.rlim_cur);
    CALL(getrlimit(99, &limit));
    CALL(prlimit(0, RLIMIT_NOFILE, (struct rlimit *)8, NULL));
    limit = (struct rlimit){1 << 20, RLIM_INFINITY};
    VALUE(getrlimit(RLIMIT_CORE, &limit));
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
    CHECK(getpriority(PRIO_PROCESS, 0) >= -20 && getpriority(PRIO_PROCESS, 0) < 20);
    return 0;
}
