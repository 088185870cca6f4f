/* SPDX-License-Identifier: BSD-2-Clause */
/* syslog(2): sizes, actions and who may use them; the log itself is not changed. */
#include "check.h"
#include <sys/klog.h>

int main(void)
{
    char buf[64];

    CHECK(klogctl(10, NULL, 0) > 0);
    VALUE(klogctl(0, NULL, 0));
    VALUE(klogctl(1, NULL, 0));
    VALUE(klogctl(2, NULL, 0));
    VALUE(klogctl(2, buf, -1));
    VALUE(klogctl(2, buf, 0));
    VALUE(klogctl(3, NULL, 10));
    VALUE(klogctl(3, buf, -1));
    VALUE(klogctl(3, buf, 0));
    CHECK(klogctl(3, buf, sizeof(buf)) >= 0);
    VALUE(klogctl(8, NULL, 0));
    VALUE(klogctl(8, NULL, 9));
    VALUE(klogctl(100, buf, 0));
    NEED(setuid(65534) == 0);
    VALUE(klogctl(2, buf, 0));
    VALUE(klogctl(5, NULL, 0));
    VALUE(klogctl(8, NULL, 7));
    VALUE(klogctl(100, buf, 0));
    return 0;
}
