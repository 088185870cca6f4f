/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads struct pvh_start_info while the boot page tables map the first GiB.
 * Loaders put the structure there; modules may lie anywhere.
 */
#include "arch/boot_info.h"

#include "lib/panic.h"
#include "lib/string.h"

struct boot_info boot_info __attribute__((section(".bss.hot.boot")));

#define BOOT_MAPPED (1ull << 30)
#define MODULE_NAME_MAX 16u /* bytes, of the longest that we know */
/* The direct map: its first GiB is there from start64 on. */
#define BOOT_MAP_BASE 0xffffff8000000000ull

static const void *boot_ptr(uint64_t pa, uint64_t size, const char *what)
{
    if (pa == 0 || size > BOOT_MAPPED || pa > BOOT_MAPPED - size)
        panic("boot information: %s at %#lx (%lu bytes) is not below 1 GiB", what, pa, size);
    return (const void *)(BOOT_MAP_BASE + pa);
}

static void read_cmdline(uint64_t pa)
{
    if (!pa)
        return;
    const char *text = boot_ptr(pa, GUEST_CMDLINE_MAX, "command line");
    strlcpy(boot_info.cmdline, text, sizeof(boot_info.cmdline));
}

static void read_cpu(uint64_t pa, uint64_t size)
{
    const struct guest_cpu *cpu = boot_ptr(pa, sizeof(*cpu), "CPU module");

    if (size >= sizeof(*cpu) && cpu->version == GUEST_CPU_VERSION)
        boot_info.cpu = *cpu;
}

static void read_screen(uint64_t pa, uint64_t size)
{
    const struct guest_screen *screen = boot_ptr(pa, sizeof(*screen), "screen module");

    if (size >= sizeof(*screen) && screen->version == GUEST_SCREEN_VERSION)
        boot_info.screen = *screen;
}

static void read_generation(uint64_t pa, uint64_t size)
{
    const struct guest_generation *record = boot_ptr(pa, sizeof(*record), "generation module");

    if (size >= sizeof(*record) && record->version == GUEST_GENERATION_VERSION)
        boot_info.generation = (struct guest_generation *)(BOOT_MAP_BASE + pa);
}

static void read_modules(uint64_t pa, uint32_t count)
{
    if (count == 0)
        return;
    count = MIN(count, 16u);
    const struct pvh_module *modules = boot_ptr(pa, count * sizeof(*modules), "module list");

    for (uint32_t i = 0; i < count; i++) {
        struct pvh_module m = modules[i];
        if (m.size == 0 || m.paddr + m.size < m.paddr)
            continue;
        struct boot_region range = {m.paddr, m.paddr + m.size};
        const char *name = NULL;
        if (m.cmdline_paddr)
            name = boot_ptr(m.cmdline_paddr, MODULE_NAME_MAX, "module name");
        if (name && strncmp(name, GUEST_MODULE_SEED, sizeof(GUEST_MODULE_SEED)) == 0)
            boot_info.seed = range;
        else if (name &&
                 strncmp(name, GUEST_MODULE_GENERATION, sizeof(GUEST_MODULE_GENERATION)) == 0)
            read_generation(m.paddr, m.size);
        else if (name && strncmp(name, GUEST_MODULE_CPU, sizeof(GUEST_MODULE_CPU)) == 0)
            read_cpu(m.paddr, m.size);
        else if (name && strncmp(name, GUEST_MODULE_SCREEN, sizeof(GUEST_MODULE_SCREEN)) == 0)
            read_screen(m.paddr, m.size);
        else if (i == 0)
            boot_info.archive = range;
    }
}

/* Keeps the list sorted; overlapping parts of later entries are dropped. */
static void add_ram(uint64_t start, uint64_t end)
{
    struct boot_info *info = &boot_info;

    start = PAGE_ALIGN_UP(start);
    end = PAGE_ALIGN_DOWN(end);
    for (uint32_t i = 0; i < info->ram_count; i++) {
        if (start >= info->ram[i].start && start < info->ram[i].end)
            start = info->ram[i].end;
        if (end > info->ram[i].start && end <= info->ram[i].end)
            end = info->ram[i].start;
    }
    if (start >= end || info->ram_count == BOOT_REGIONS_MAX)
        return;
    uint32_t at = info->ram_count++;
    while (at > 0 && info->ram[at - 1].start > start) {
        info->ram[at] = info->ram[at - 1];
        at--;
    }
    info->ram[at] = (struct boot_region){start, end};
}

static void read_memmap(uint64_t pa, uint32_t count)
{
    if (count == 0)
        panic("boot information: no memory map");
    count = MIN(count, 512u);
    const struct pvh_memmap_entry *map = boot_ptr(pa, count * sizeof(*map), "memory map");

    for (uint32_t i = 0; i < count; i++) {
        struct pvh_memmap_entry e = map[i];
        if (e.type == PVH_MEM_RAM && e.addr + e.size > e.addr)
            add_ram(e.addr, e.addr + e.size);
    }
}

void boot_info_init(uint64_t start_info_pa, uint64_t tsc_entry)
{
    const struct pvh_start_info *start = boot_ptr(start_info_pa, sizeof(*start), "start info");

    if (start->magic != PVH_START_MAGIC)
        panic("boot information: magic %#x is not PVH's", start->magic);
    if (start->version < 1)
        panic("boot information: PVH version 0 has no memory map");
    boot_info.tsc_entry = tsc_entry;
    boot_info.rsdp = start->rsdp_paddr;
    read_cmdline(start->cmdline_paddr);
    read_modules(start->modlist_paddr, start->nr_modules);
    read_memmap(start->memmap_paddr, start->memmap_entries);
    boot_info.zeroed = cmdline_get("zeroed", NULL, 0, NULL) >= 0;
}

/* The end of the word at s: blanks end it, except inside double quotes. */
static const char *word_end(const char *s)
{
    bool quoted = false;

    for (; *s && (quoted || *s != ' '); s++)
        if (*s == '"')
            quoted = !quoted;
    return s;
}

static int copy_value(const char *from, const char *to, char *buf, size_t size)
{
    size_t n = 0;

    for (; from < to; from++) {
        if (*from == '"')
            continue;
        if (n + 1 < size)
            buf[n] = *from;
        n++;
    }
    if (size)
        buf[MIN(n, size - 1)] = '\0';
    return (int)n;
}

int cmdline_get(const char *key, char *buf, size_t size, const char **position)
{
    const char *s = position && *position ? *position : boot_info.cmdline;
    size_t key_length = strlen(key);

    while (*s) {
        if (*s == ' ') {
            s++;
            continue;
        }
        const char *end = word_end(s);
        if (end - s == 2 && s[0] == '-' && s[1] == '-')
            break; /* the program's arguments follow */
        if ((size_t)(end - s) >= key_length && strncmp(s, key, key_length) == 0 &&
            (s[key_length] == '=' || s + key_length == end)) {
            const char *value = s[key_length] == '=' ? s + key_length + 1 : end;
            if (position)
                *position = end;
            return copy_value(value, end, buf, size);
        }
        s = end;
    }
    return -1;
}
