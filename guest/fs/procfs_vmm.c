/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/vmm, in debug builds: what is allocated and who asked for it, and failing
 * allocations on purpose.  For tests.
 */
#include "fs/procfs_internal.h"

#if DEBUG_LOCKS

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"

static void append_line(void *arg, const char *line)
{
    proc_print(arg, "%s\n", line);
}

static int objects(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    leaks_list(true, append_line, text);
    return 0;
}

static int fail_nth(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "%lu\n", page_fault_injection_left());
    return 0;
}

/* N: the Nth allocation from now fails; 0: none.  Reading says how many are still to come. */
static int set_fail_nth(const struct proc_node *node, char *value)
{
    const char *end;

    (void)node;
    uint64_t nth = parse_u64(value, &end);
    if (end == value || *end)
        return -EINVAL;
    page_fault_injection(nth);
    return 0;
}

const struct proc_entry proc_vmm_entries[] = {
    {.name = "objects", .mode = S_IFREG | 0444, .text = objects},
    {.name = "fail_nth", .mode = S_IFREG | 0644, .text = fail_nth, .store = set_fail_nth},
    {0},
};

#endif
