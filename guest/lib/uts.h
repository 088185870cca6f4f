/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system calls itself: uname(2), /proc/sys/kernel, /proc/version. */
#ifndef LIB_UTS_H
#define LIB_UTS_H

#include "lib/types.h"

#define UTS_NAME_MAX 64u /* bytes without the NUL */
#define UTS_SYSNAME "Linux"
/* The Linux release whose behaviour programs may expect. */
#define UTS_RELEASE "6.1.0"
#define UTS_VERSION "#1 SMP vmm guest kernel"
#define UTS_MACHINE "x86_64"

/* Copies with the NUL; returns the length without it. */
size_t uts_hostname(char *buf, size_t size);
size_t uts_domainname(char *buf, size_t size);
/* Without a copy; a later change of the name may show in it. */
const char *uts_hostname_text(void);
void uts_set_hostname(const char *name, size_t length); /* cut at UTS_NAME_MAX */
void uts_set_domainname(const char *name, size_t length);

#endif
