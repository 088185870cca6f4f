/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot order, one call per line, and the wiring between layers that must not
 * know each other: handlers and sources are registered here and nowhere else.
 */
#include "arch/apic.h"
#include "arch/boot_info.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/descriptors.h"
#include "arch/generation.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "drivers/acpi.h"
#include "drivers/acpi_power.h"
#include "drivers/call.h"
#include "drivers/control.h"
#include "drivers/irq.h"
#include "drivers/text.h"
#include "drivers/virtio/blk.h"
#include "drivers/virtio/console.h"
#include "drivers/virtio/rng.h"
#include "drivers/virtio/virtio.h"
#include "fs/procfs.h"
#include "fs/stream.h"
#include "fs/tty.h"
#include "fs/vmm_files.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/unsupported.h"
#include "lib/uts.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "proc/run_file.h"
#include "proc/signal.h"
#include "sched/cpus.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "syscall/dispatch.h"
#include "syscall/proc_timer.h"
#include "syscall/sys_socket.h"
#include "syscall/sysv_ipc.h"
#include "syscall/trace.h"

NORETURN void kernel_main(uint64_t start_info_pa, uint64_t tsc_entry);

static uint64_t tsc_first_user;

static void handle_irq(unsigned int vector)
{
    switch (vector) {
    case TRAP_VECTOR_TIMER:
        timer_interrupt();
        break;
    case TRAP_VECTOR_WAKE:
        sched_ipi();
        break;
    case TRAP_VECTOR_TLB:
        tlb_serve_shootdowns();
        break;
    default:
        if (!irq_dispatch(vector))
            klog(LOG_WARNING, "interrupt vector %#x belongs to no device", vector);
        break;
    }
}

static void stop_after_panic(void)
{
    control_end(GUEST_CTL_PANIC, 0);
}

/*
 * Signals from the host need an interrupt routed, which a program that ends within
 * milliseconds need not pay for.
 */
#define LISTEN_AFTER_NS 2000000ul

static struct timer listen_timer;

static void start_listening(struct timer *timer)
{
    (void)timer;
    cpus_bring_up();
    control_listen(signal_from_host);
    tty_console_listen();
}

static void report_stats(void)
{
    struct guest_stats *stats = page_alloc_virt(PAGE_ZERO);
    struct page_stats pages;

    if (!stats)
        return;
    page_get_stats(&pages);
    *stats = (struct guest_stats){
        .version = GUEST_STATS_VERSION,
        .size = sizeof(*stats),
        .tsc_khz = clock_params.tsc_khz,
        .tsc_entry = boot_info.tsc_entry,
        .tsc_user = tsc_first_user,
        .tsc_exit = rdtsc(),
        .pages_used_max = pages.used_max,
        .pages_total = pages.total,
    };
    for (unsigned int i = 0; i < GUEST_CPUS_MAX && percpu_of[i]; i++) {
        stats->context_switches += percpu_of[i]->context_switches;
        stats->page_faults += percpu_of[i]->page_faults;
        stats->interrupts += percpu_of[i]->irq_count;
    }
    memcpy(stats->syscalls, syscall_counts, sizeof(stats->syscalls));
    control_report_stats(stats);
}

static bool wants_stats(void)
{
    return cmdline_get("stats", NULL, 0, NULL) >= 0;
}

static void end_machine(int wait_status)
{
    trace_finish();
    if (wants_stats())
        report_stats();
    if (wait_status & 0x7f)
        control_end(GUEST_CTL_KILLED, (uint8_t)wait_status);
    control_end(GUEST_CTL_EXIT, (uint8_t)(wait_status >> 8));
}

/* The first process has ended: its wait status becomes the VM's. */
static void end_with(int wait_status)
{
    vmm_files_end();
    if (!process_teardown(wait_status, ipc_remove_everything, end_machine))
        end_machine(wait_status);
}

static void reboot_machine(void)
{
    control_end(GUEST_CTL_REBOOT, 0);
}

static void end_unsupported(void)
{
    control_end(GUEST_CTL_UNSUPPORTED, 0);
}

static const struct trap_handlers usual_handlers = {
    .syscall = syscall_dispatch,
    .page_fault = task_page_fault,
    .user_exception = task_user_exception,
    .irq = handle_irq,
    .user_return = task_user_return,
};

/* ---- once somebody has asked for user and system time apart ---- */

static bool timed_page_fault(struct trap_frame *frame, uint64_t address)
{
    if (!frame_is_user(frame)) /* in a call, which is counted as a whole */
        return task_page_fault(frame, address);
    sched_account_system(true);
    bool done = task_page_fault(frame, address);
    sched_account_system(false);
    return done;
}

static void timed_user_return(struct trap_frame *frame)
{
    sched_account_system(true);
    task_user_return(frame);
    sched_account_system(false);
}

static void split_times(void)
{
    struct trap_handlers handlers = usual_handlers;

    syscall_split_times();
    handlers.calls = syscall_handlers;
    handlers.call_count = syscall_direct_count();
    handlers.page_fault = timed_page_fault;
    handlers.user_return = timed_user_return;
    trap_set_handlers(&handlers);
}

/* The program has come back to the kernel for the first time. */
static void start_listen_timer(void)
{
    struct trap_handlers handlers = usual_handlers;

    handlers.calls = syscall_handlers;
    handlers.call_count = syscall_direct_count();
    trap_set_handlers(&handlers);
    timer_init(&listen_timer, start_listening);
    /* What is still to come when a snapshot is taken comes anew in each VM made of it. */
    if (generation_is_known())
        start_listening(&listen_timer);
    else
        timer_arm(&listen_timer, clock_ns() + LISTEN_AFTER_NS);
}

static void first_syscall(struct trap_frame *frame)
{
    start_listen_timer();
    syscall_dispatch(frame);
}

static bool first_page_fault(struct trap_frame *frame, uint64_t address)
{
    start_listen_timer();
    return task_page_fault(frame, address);
}

static void first_user_return(struct trap_frame *frame)
{
    struct trap_handlers handlers = usual_handlers;

    task_user_return(frame);
    handlers.syscall = first_syscall;
    handlers.page_fault = first_page_fault;
    trap_set_handlers(&handlers);
    tsc_first_user = rdtsc();
}

static void boot_trap_handlers(void)
{
    struct trap_handlers handlers = usual_handlers;

    handlers.user_return = first_user_return;
    trap_set_handlers(&handlers);
}

/* Random bytes that the monitor gave us: used, then wiped. */
static void take_seed(void)
{
    uint64_t size = boot_info.seed.end - boot_info.seed.start;

    if (size == 0)
        return;
    direct_map_add(PADDR(boot_info.seed.start), size);
    void *bytes = phys_to_virt(PADDR(boot_info.seed.start));
    random_seed_add(bytes, size);
    memset(bytes, 0, size);
}

/* The last task of a process ends: what it had beyond memory and files goes. */
static void end_process(struct process *process)
{
    proc_timers_end(process);
    sem_process_ends(process);
}

static const struct process_timer_hooks timer_hooks = {
    .end = end_process, .exec = proc_timers_exec, .delivered = proc_timer_delivered};

/* The current program as fs/ sees it, and where devices and seeds come from. */
static void connect_sources(void)
{
    fs_set_current_source(task_fs_current);
    fd_set_current_source(task_fd_current, task_fd_limit);
    blockdev_set_source(virtio_blk_count, virtio_blk_get);
    random_set_source(virtio_rng_seed);
    process_connect_fs();
    vmm_files_init(call_port_get());
    socket_connect_sources();
    procfs_set_interrupt_source(irq_show);
    ipc_connect_sources();
    process_set_on_init_exit(end_with);
    process_set_on_reboot(reboot_machine);
    process_set_on_crash(call_report_crash);
    process_set_timer_hooks(&timer_hooks);
    process_set_split_times(split_times);
}

static void mount_root(void)
{
    uint64_t size = boot_info.archive.end - boot_info.archive.start;
    const void *archive = NULL;

    if (size) {
        direct_map_add(PADDR(boot_info.archive.start), size);
        archive = phys_to_virt(PADDR(boot_info.archive.start));
    }
    int error = vfs_init(archive, size);
    if (error)
        panic("root file system: error %d", -error);
}

static int open_streams(const struct run_spec *spec, struct file *streams[3])
{
    tty_init(console_stdio(), spec->terminal);
    if (spec->terminal) {
        console_expect_input();
        int error = vfs_open(NULL, "/dev/console", O_RDWR | O_NOCTTY, 0, &streams[0]);
        if (error)
            return error;
        streams[1] = file_get(streams[0]);
        streams[2] = file_get(streams[0]);
        if (spec->rows && spec->columns)
            console_set_size(console_stdio(), spec->rows, spec->columns);
        return 0;
    }
    streams[0] = stream_open(console_stdio(), FMODE_READ);
    streams[1] = stream_open(console_stdio(), FMODE_WRITE);
    streams[2] = stream_open(console_stderr(), FMODE_WRITE);
    if (!streams[0] || !streams[1] || !streams[2])
        return -ENOMEM;
    return 0;
}

static void start_first_program(void)
{
    struct run_spec spec;
    struct file *streams[3];

    int error = run_spec_load(&spec);
    leaks_begin();
    if (error == 0 && spec.hostname)
        uts_set_hostname(spec.hostname, strlen(spec.hostname));
    if (error == 0)
        error = open_streams(&spec, streams);
    if (error == 0)
        error = process_start_init(&spec.program, streams);
    if (error) {
        klog(LOG_ERR, "cannot start %s: error %d",
             spec.program.exe ? spec.program.exe : "a program (no run file, no init=)", -error);
        control_end(GUEST_CTL_START_ERROR, (uint8_t)-error);
    }
    if (spec.terminal)
        tty_console_set_session(1, 1);
}

static void set_log_level(void)
{
    char value[8];

    if (cmdline_get("loglevel", value, sizeof(value), NULL) > 0)
        klog_set_level((enum log_level)MIN(parse_u64(value, NULL), 7u));
}

NORETURN void kernel_main(uint64_t start_info_pa, uint64_t tsc_entry)
{
    klog_set_output(text_write);
    panic_set_stop(stop_after_panic);
    idt_init();
    boot_info_init(start_info_pa, tsc_entry);
    set_log_level();
    control_init();
    cpu_detect();
    cpu_init_this(0);
    paging_init();
    if (!page_alloc_init())
        control_end(GUEST_CTL_NO_MEMORY, 0);
    if (boot_info.screen.version)
        text_add_screen();
    take_seed();
    if (boot_info.generation)
        generation_init(boot_info.generation);
    acpi_init(boot_info.rsdp);
    clock_set_references(acpi_clock_reference);
    clock_init(tsc_entry);
    apic_set_mapper(paging_map_device);
    apic_silence_pic();
    smp_set_source(virtio_settle);
    boot_trap_handlers();
    if (wants_stats())
        syscall_enable_stats();
    if (cmdline_get("strict", NULL, 0, NULL) >= 0)
        unsupported_set_end(end_unsupported);
    trace_init();
    if (trace_is_on)
        signal_trace = trace_signal;
    sched_init();
    connect_sources();
    mount_root();
    start_first_program();
    trap_request_user_return(); /* first_user_return() notes the time */
    sched_idle_loop();
}
