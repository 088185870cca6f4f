/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and sums of --strace.  Names of numbers: trace_names.c. */
#include "syscall/trace.h"

#include "arch/boot_info.h"
#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/trace_line.h"

#define NS_PER_MS 1000000ul
#define AT_FDCWD_VALUE ((uint32_t)-100)

bool trace_is_on;
static bool only_summary;

static struct {
    atomic_ulong calls, errors, ns;
} sums[SYSCALL_COUNT] LARGE_BSS;

void trace_init(void)
{
    char value[16];
    ssize_t length = cmdline_get("strace", value, sizeof(value), NULL);

    trace_is_on = length >= 0;
    only_summary = length > 0 && strcmp(value, "summary") == 0;
}

static void emit(struct trace_line *line)
{
    if (line->used > TRACE_LINE_SIZE - 2)
        line->used = TRACE_LINE_SIZE - 2;
    line->text[line->used++] = '\n';
    klog_write(line->text, line->used);
}

static void begin_line(struct trace_line *line)
{
    line->used = 0;
    line_add(line, "[%d] ", current_task()->tid);
}

/* ---- arguments --------------------------------------------------------------------- */

static void add_named(struct trace_line *line, const struct trace_names *names, uint64_t value)
{
    const char *between = "";

    for (const struct trace_name *row = names->table; row->name; row++) {
        bool fits =
            names->is_mask && row->value ? (value & row->value) == row->value : value == row->value;
        if (!fits)
            continue;
        line_add(line, "%s%s", between, row->name);
        between = "|";
        value &= ~row->value;
        if (!names->is_mask || !value)
            return;
    }
    if (value || !*between)
        line_add(line, value > 9 ? "%s%#lx" : "%s%lu", between, value);
}

static bool is_output(uint8_t kind)
{
    return kind == ARG_PTR_OUT;
}

/* One argument; result is known once the call has returned. */
static void add_argument(struct trace_line *line, uint64_t number, unsigned int i,
                         const struct syscall_args *args, int64_t result)
{
    uint8_t kind = syscall_table[number].kinds[i];
    const struct trace_names *names = trace_names_find(number, i);
    uint64_t value = args->arg[i], size = i < 5 ? args->arg[i + 1] : 0;
    char buf[16];

    if (names) {
        add_named(line, names, names->is_mask ? value : (uint32_t)value);
        return;
    }
    switch (kind) {
    case ARG_FD:
        if ((uint32_t)value == AT_FDCWD_VALUE)
            line_add(line, "AT_FDCWD");
        else
            line_add(line, "%d", (int)value);
        break;
    case ARG_INT:
    case ARG_PID:
        line_add(line, "%d", (int)value);
        break;
    case ARG_UINT:
        line_add(line, "%u", (unsigned int)value);
        break;
    case ARG_LONG:
    case ARG_OFFSET:
        line_add(line, "%ld", (long)value);
        break;
    case ARG_SIZE:
        line_add(line, "%lu", value);
        break;
    case ARG_MODE:
        line_add(line, "0%o", (unsigned int)value);
        break;
    case ARG_SIGNAL:
        line_add(line, "%s", trace_signal_name((unsigned int)value, buf));
        break;
    case ARG_PATH:
    case ARG_STRING:
        line_add_string(line, value);
        break;
    case ARG_PTR_IN:
        line_add_memory(line, trace_memory_kind(number, i), value, size);
        break;
    case ARG_PTR_OUT:
        if (result < 0)
            line_add_pointer(line, value);
        else
            line_add_memory(line, trace_memory_kind(number, i), value,
                            MIN(size, (uint64_t)result)); /* bytes: as many as came */
        break;
    default:
        line_add(line, value > 9 ? "%#lx" : "%lu", value);
        break;
    }
}

static unsigned int argument_count(uint64_t number)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < 6; i++)
        if (syscall_table[number].kinds[i] != ARG_NONE)
            count = i + 1;
    return count;
}

/* Arguments from number first on, up to the first that the call fills in; where it stopped. */
static unsigned int add_arguments(struct trace_line *line, uint64_t number, unsigned int first,
                                  const struct syscall_args *args, const int64_t *result)
{
    unsigned int count = argument_count(number), i = first;

    for (; i < count && (result || !is_output(syscall_table[number].kinds[i])); i++) {
        line_add(line, i ? ", " : "");
        add_argument(line, number, i, args, result ? *result : -1);
    }
    return i;
}

/* ---- calls ------------------------------------------------------------------------- */

static void add_result(struct trace_line *line, int64_t result, uint64_t ns)
{
    const char *name = result < 0 ? trace_errno_name((unsigned int)-result) : NULL;

    if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
        line_add(line, ") = ? (interrupted)");
    else if (name)
        line_add(line, ") = -1 %s", name);
    else
        line_add(line, result > 0xffff || result < 0 ? ") = %#lx" : ") = %ld",
                 (unsigned long)result);
    line_add(line, " <%lu.%06lu>", ns / (1000 * NS_PER_MS), ns / 1000 % 1000000);
}

static bool never_returns(uint64_t number)
{
    return number == 60 || number == 231 || number == 15; /* exit, exit_group, rt_sigreturn */
}

static void count(uint64_t number, int64_t result, uint64_t ns)
{
    atomic_fetch_add(&sums[number].calls, 1);
    atomic_fetch_add(&sums[number].ns, ns);
    if (result < 0 && result > -4096)
        atomic_fetch_add(&sums[number].errors, 1);
}

int64_t trace_call(uint64_t number, const struct syscall_args *args)
{
    struct trace_line *line = only_summary ? NULL : kmalloc(sizeof(*line));
    unsigned int shown = 0;

    if (line && syscall_name(number)) {
        begin_line(line);
        line_add(line, "%s(", syscall_name(number));
        shown = add_arguments(line, number, 0, args, NULL);
        if (never_returns(number)) {
            line_add(line, ") = ?");
            emit(line);
        }
    }
    if (never_returns(number)) {
        kfree(line);
        line = NULL;
        count(number, 0, 0);
    }
    uint64_t begin = clock_ns();
    int64_t result = syscall_handlers[number](args);
    if (never_returns(number))
        return result;
    uint64_t ns = clock_ns() - begin;
    count(number, result, ns);
    if (line && syscall_name(number)) {
        add_arguments(line, number, shown, args, &result);
        add_result(line, result, ns);
        emit(line);
    }
    kfree(line);
    return result;
}

void trace_signal(int signo)
{
    struct trace_line *line = only_summary ? NULL : kmalloc(sizeof(*line));
    char buf[16];

    if (!line)
        return;
    begin_line(line);
    line_add(line, "--- %s ---", trace_signal_name((unsigned int)signo, buf));
    emit(line);
    kfree(line);
}

void trace_finish(void)
{
    struct trace_line *line = only_summary ? kmalloc(sizeof(*line)) : NULL;

    if (!line)
        return;
    line->used = 0;
    line_add(line, "     seconds     calls    errors  call");
    emit(line);
    for (unsigned int number = 0; number < SYSCALL_COUNT; number++) {
        uint64_t ns = atomic_load(&sums[number].ns);

        if (!atomic_load(&sums[number].calls))
            continue;
        line->used = 0;
        line_add(line, "%5lu.%06lu %9lu %9lu  %s", ns / (1000 * NS_PER_MS), ns / 1000 % 1000000,
                 atomic_load(&sums[number].calls), atomic_load(&sums[number].errors),
                 syscall_name(number) ? syscall_name(number) : "unknown");
        emit(line);
    }
    kfree(line);
}
