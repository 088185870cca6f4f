/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics as JSON.  Every value is a number or one of our own words, so
 * nothing needs quoting.
 */
#include "vmm/cli/stats.h"

#include <string.h>

#include "vmm/cli/syscall_names.h"

#define GUEST_PAGE_SIZE 4096ull
#define SYSCALL_COUNT (sizeof(((struct vmm_stats *)0)->syscalls) / sizeof(uint32_t))

static const char *outcome_name(enum vmm_outcome outcome)
{
    switch (outcome) {
    case VMM_EXITED:
        return "exited";
    case VMM_KILLED:
        return "killed";
    case VMM_START_FAILED:
        return "start-failed";
    case VMM_PANICKED:
        return "panicked";
    case VMM_TIMED_OUT:
        return "timed-out";
    case VMM_STOPPED:
        return "stopped";
    case VMM_POWERED_OFF:
        return "powered-off";
    case VMM_BROKEN:
        return "broken";
    case VMM_UNSUPPORTED:
        return "unsupported";
    }
    return "unknown";
}

static const char *exit_name(unsigned int kind)
{
    switch (kind) {
    case VMM_EXIT_PIO:
        return "pio";
    case VMM_EXIT_MMIO:
        return "mmio";
    case VMM_EXIT_HLT:
        return "hlt";
    case VMM_EXIT_SHUTDOWN:
        return "shutdown";
    case VMM_EXIT_SIGNAL:
        return "signal";
    default:
        return "other";
    }
}

/* The index-th of NUL-terminated names in a row; "" when it has none. */
static const char *name_at(const char *names, unsigned int index)
{
    while (index--)
        names += strlen(names) + 1;
    return names;
}

static const char *syscall_name(unsigned int number)
{
    if (number < SYSCALL_NAMES_LOW_COUNT)
        return name_at(syscall_names_low, number);
    if (number >= SYSCALL_NAMES_HIGH_FIRST &&
        number - SYSCALL_NAMES_HIGH_FIRST < SYSCALL_NAMES_HIGH_COUNT)
        return name_at(syscall_names_high, number - SYSCALL_NAMES_HIGH_FIRST);
    return "";
}

static void add_syscalls(struct text *text, const struct vmm_stats *stats)
{
    const char *separator = "";
    text_add(text, "  \"syscalls\": {");
    for (unsigned int number = 0; number < SYSCALL_COUNT; number++) {
        if (stats->syscalls[number] == 0)
            continue;
        const char *name = syscall_name(number);
        if (*name)
            text_add(text, "%s\"%s\": %u", separator, name, stats->syscalls[number]);
        else
            text_add(text, "%s\"%u\": %u", separator, number, stats->syscalls[number]);
        separator = ", ";
    }
    text_add(text, "}\n");
}

static unsigned long long number(uint64_t value)
{
    return value;
}

void stats_format(struct text *text, const struct vmm_stats *stats, const struct vmm_result *result,
                  int status)
{
    text_add(text,
             "{\n  \"version\": 1,\n  \"engine\": \"%s\",\n  \"outcome\": \"%s\",\n"
             "  \"value\": %d,\n  \"status\": %d,\n",
             stats->engine == VMM_ENGINE_KVM ? "kvm" : "qemu", outcome_name(result->outcome),
             result->value, status);
    text_add(text,
             "  \"time_ns\": {\"opened\": %llu, \"started\": %llu, \"user\": %llu, \"ended\": "
             "%llu},\n",
             number(stats->opened_ns), number(stats->started_ns), number(stats->user_ns),
             number(stats->ended_ns));
    text_add(text, "  \"guest_boot\": {\"tsc\": %llu, \"tsc_khz\": %llu},\n",
             number(stats->boot_tsc), number(stats->tsc_khz));
    text_add(text, "  \"exits\": {");
    for (unsigned int kind = 0; kind < VMM_EXIT_KINDS; kind++)
        text_add(text, "%s\"%s\": %llu", kind ? ", " : "", exit_name(kind),
                 number(stats->exits[kind]));
    text_add(text, "},\n  \"memory\": {\"configured_bytes\": %llu, \"used_max_bytes\": %llu},\n",
             number(stats->memory_bytes), number(stats->guest_pages_used_max * GUEST_PAGE_SIZE));
    text_add(text,
             "  \"guest\": {\"context_switches\": %llu, \"page_faults\": %llu, \"interrupts\": "
             "%llu},\n",
             number(stats->context_switches), number(stats->page_faults),
             number(stats->interrupts));
    add_syscalls(text, stats);
    text_add(text, "}\n");
}
