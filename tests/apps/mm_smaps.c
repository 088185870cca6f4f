/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/self/smaps and pagemap: what is mapped, touched, locked and shared shows there. */
#include "check.h"
#include <sys/mman.h>

#define PAGES 8
#define PRESENT (1ull << 63)
#define FILE_PAGE (1ull << 61)

/* A number of the area that starts at address, in kB; -1: not there. */
static long smaps(const void *address, const char *name)
{
    char line[512], want[32];
    long value = -1;
    int inside = 0;
    FILE *file = fopen("/proc/self/smaps", "r");

    NEED(file);
    snprintf(want, sizeof(want), "%lx-", (unsigned long)(uintptr_t)address);
    while (fgets(line, sizeof(line), file)) {
        if (line[0] < 'A' || line[0] > 'Z')
            inside = !strncmp(line, want, strlen(want));
        else if (inside && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
            value = atol(line + strlen(name) + 1);
    }
    fclose(file);
    return value;
}

static uint64_t pagemap(const char *address)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    NEED(fd >= 0);
    NEED(pread(fd, &entry, 8, (off_t)((uintptr_t)address / 4096 * 8)) == 8);
    close(fd);
    return entry;
}

int main(void)
{
    char *anon =
        mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *fence = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared =
        mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(anon != MAP_FAILED && fence != MAP_FAILED && shared != MAP_FAILED);
    NEED(mprotect(anon + 6 * 4096, 2 * 4096, PROT_READ) == 0); /* so that it stays an area */
    VALUE(smaps(anon, "Size"));
    VALUE(smaps(anon, "Rss"));
    anon[0] = anon[2 * 4096] = 1;
    shared[4096] = 1;
    VALUE(smaps(anon, "Rss"));
    VALUE(smaps(anon, "Private_Dirty"));
    VALUE(smaps(anon, "Anonymous"));
    VALUE(smaps(anon, "Locked"));
    VALUE(smaps(anon, "Swap"));
    VALUE(smaps(shared, "Rss"));
    CHECK(pagemap(anon) & PRESENT);
    CHECK(!(pagemap(anon + 4096) & PRESENT));
    CHECK(pagemap(anon + 2 * 4096) & PRESENT);
    CHECK(pagemap(shared + 4096) & FILE_PAGE);
    CHECK(!(pagemap(anon) & FILE_PAGE));
    NEED(mlock(anon, 6 * 4096) == 0);
    VALUE(smaps(anon, "Rss"));
    VALUE(smaps(anon, "Locked"));
    CHECK(pagemap(anon + 4096) & PRESENT);
    int fd = open("/proc/self/pagemap", O_RDONLY);
    char buf[16];
    VALUE(pread(fd, buf, 7, 0));
    VALUE(pread(fd, buf, 8, 4));
    VALUE(pread(fd, buf, 16, 0));
    close(fd);
    return 0;
}
