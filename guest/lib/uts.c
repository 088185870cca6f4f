/* SPDX-License-Identifier: BSD-2-Clause */
/* Host and domain name: the only parts of uname(2) that change. */
#include "lib/uts.h"

#include "lib/string.h"

/* Each set makes the other copy current, so that a reader never sees a name half written. */
struct name {
    char text[2][UTS_NAME_MAX + 1];
    atomic_uint current;
};

static struct name host = {.text = {"vm"}};
static struct name domain = {.text = {"(none)"}};

static void set(struct name *name, const char *text, size_t length)
{
    unsigned int next = atomic_load(&name->current) ^ 1;

    length = MIN(length, (size_t)UTS_NAME_MAX);
    memcpy(name->text[next], text, length);
    name->text[next][length] = 0;
    atomic_store(&name->current, next);
}

size_t uts_hostname(char *buf, size_t size)
{
    return strlcpy(buf, host.text[atomic_load(&host.current)], size);
}

const char *uts_hostname_text(void)
{
    return host.text[atomic_load(&host.current)];
}

size_t uts_domainname(char *buf, size_t size)
{
    return strlcpy(buf, domain.text[atomic_load(&domain.current)], size);
}

void uts_set_hostname(const char *name, size_t length)
{
    set(&host, name, length);
}

void uts_set_domainname(const char *name, size_t length)
{
    set(&domain, name, length);
}
