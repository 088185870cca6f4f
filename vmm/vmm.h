/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvmm: run one Linux program in its own virtual machine.
 *
 * The library keeps no global state, never prints, never exits and installs no
 * signal handlers; a process may hold many VMs.  Every call that can fail
 * returns 0 or a negative errno and, where it takes a struct vmm_error, says
 * in one line what was wrong and what to do.
 *
 * Threads: a struct vmm_config belongs to one thread at a time.  A struct vmm
 * is driven by the one thread that calls vmm_run(); vmm_signal(), vmm_resize()
 * and vmm_stop() may be called from any thread and from signal handlers.
 *
 * Strings and descriptors given to a config are copied (strings) or borrowed
 * (descriptors: the caller keeps them open until vmm_destroy()).
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMM_VERSION "0.1.0"

struct vmm; /* one virtual machine */
struct vmm_config; /* what it is made of; reusable for several */

enum vmm_engine {
    VMM_ENGINE_AUTO, /* KVM when it really works, else QEMU */
    VMM_ENGINE_KVM, /* refuse when KVM does not work */
    VMM_ENGINE_QEMU, /* qemu-system-x86_64; no isolation under TCG */
};

/*
 * What QEMU is, for the QEMU engine: the smallest machine; a PC with ACPI and PCI; or a PC
 * that boots from a disk by UEFI firmware (takes OVMF and mtools; the built-in kernel).
 */
enum vmm_machine { VMM_MACHINE_MICROVM, VMM_MACHINE_Q35, VMM_MACHINE_PC, VMM_MACHINE_EFI };

/* Whose fault a failure is; the CLI turns it into an exit status. */
enum vmm_fault {
    VMM_FAULT_NONE,
    VMM_FAULT_USAGE, /* an option or the host: 125 */
    VMM_FAULT_NOT_EXECUTABLE, /* the program is there but cannot run: 126 */
    VMM_FAULT_NOT_FOUND, /* the program is not there: 127 */
};

struct vmm_error {
    enum vmm_fault fault;
    char text[500]; /* one line, no newline at its end */
};

enum vmm_log_level { VMM_LOG_INFO, VMM_LOG_DEBUG };
typedef void vmm_log_fn(void *arg, enum vmm_log_level level, const char *line);

/* ---- Configuration ------------------------------------------------------- */

int vmm_config_new(struct vmm_config **config);
void vmm_config_free(struct vmm_config *config); /* NULL is allowed */

int vmm_config_set_engine(struct vmm_config *config, enum vmm_engine engine);
/*
 * Other machines than the microvm need VMM_ENGINE_QEMU.  cpu: a model as QEMU's -cpu has
 * it, NULL for the one with most features.
 */
int vmm_config_set_machine(struct vmm_config *config, enum vmm_machine machine, const char *cpu);
/* Bytes; 16 MiB to 256 GiB, a multiple of 4096.  Default 256 MiB. */
int vmm_config_set_memory(struct vmm_config *config, uint64_t memory_bytes);
int vmm_config_set_cpus(struct vmm_config *config, unsigned int cpus); /* 1..64 */

/* The program on the host, and its whole argument vector (argv[0] included). */
int vmm_config_set_program(struct vmm_config *config, const char *path, int argc,
                           const char *const *argv);
int vmm_config_add_env(struct vmm_config *config, const char *name_value);
int vmm_config_set_cwd(struct vmm_config *config, const char *guest_dir);
int vmm_config_set_hostname(struct vmm_config *config, const char *name);
/* A host file or directory tree, to appear at guest_path (NULL: same path). */
int vmm_config_add_file(struct vmm_config *config, const char *host_path, const char *guest_path);
/* A raw disk image, as /dev/vda and on. */
int vmm_config_add_disk(struct vmm_config *config, const char *path, bool read_only);

/* Another kernel than the built-in one: ELF with a PVH note, or a bzImage. */
int vmm_config_set_kernel(struct vmm_config *config, const char *path);
int vmm_config_set_initrd(struct vmm_config *config, const char *path);
int vmm_config_set_append(struct vmm_config *config, const char *words);

/* Descriptors of the program's streams (default 0, 1, 2). */
int vmm_config_set_stdio(struct vmm_config *config, int in_fd, int out_fd, int err_fd);
/* The program sees a terminal; the caller has put its own into raw mode. */
int vmm_config_set_terminal(struct vmm_config *config, unsigned int rows, unsigned int columns);
/* Kernel messages of the guest go there (default: nowhere but into errors). */
int vmm_config_set_console(struct vmm_config *config, int fd, unsigned int log_level);
int vmm_config_set_timeout(struct vmm_config *config, uint64_t timeout_ms); /* 0: none */
/* false: no seccomp, Landlock, dropped capabilities.  For debugging only. */
int vmm_config_set_sandbox(struct vmm_config *config, bool on);
int vmm_config_set_stats(struct vmm_config *config, bool on); /* count system calls */
/* The VM ends at the first thing that the guest kernel does not support, and names it. */
int vmm_config_set_strict(struct vmm_config *config, bool on);
/* System calls as text, or counted at the end, where kernel messages go. */
enum vmm_trace { VMM_TRACE_OFF, VMM_TRACE_CALLS, VMM_TRACE_SUMMARY };
int vmm_config_set_trace(struct vmm_config *config, enum vmm_trace trace);
int vmm_config_set_log(struct vmm_config *config, vmm_log_fn *log, void *arg);

/* ---- A machine ----------------------------------------------------------- */

enum vmm_outcome {
    VMM_EXITED, /* value: exit code */
    VMM_KILLED, /* value: signal number */
    VMM_START_FAILED, /* value: errno inside the guest */
    VMM_PANICKED, /* the guest kernel found a bug in itself */
    VMM_TIMED_OUT,
    VMM_STOPPED, /* vmm_stop() */
    VMM_POWERED_OFF, /* a foreign kernel switched the machine off or reset it */
    VMM_BROKEN, /* the guest or a host file did what ends a VM; see error */
    VMM_UNSUPPORTED, /* strict: the program used what the guest kernel lacks; see the console */
};

struct vmm_result {
    enum vmm_outcome outcome;
    int value;
    bool core_dumped; /* VMM_KILLED by a signal that dumps core */
};

enum vmm_exit_kind {
    VMM_EXIT_PIO,
    VMM_EXIT_MMIO,
    VMM_EXIT_HLT,
    VMM_EXIT_SHUTDOWN,
    VMM_EXIT_SIGNAL, /* interrupted by a signal or vmm_stop() */
    VMM_EXIT_OTHER,
    VMM_EXIT_KINDS,
};

/* Times in nanoseconds from vmm_create(), 0 when not reached or not known. */
struct vmm_stats {
    size_t size; /* set by the caller: sizeof(struct vmm_stats) */
    enum vmm_engine engine; /* the one in use */
    uint64_t opened_ns; /* everything is opened */
    uint64_t started_ns; /* first guest instruction */
    uint64_t user_ns; /* first instruction of the program */
    uint64_t ended_ns;
    uint64_t boot_tsc; /* guest: entry to first user instruction, ticks */
    uint64_t tsc_khz;
    uint64_t exits[VMM_EXIT_KINDS]; /* exits to userspace, by kind */
    uint64_t memory_bytes; /* configured */
    uint64_t guest_pages_used_max;
    uint64_t context_switches, page_faults, interrupts;
    uint32_t syscalls[512]; /* by Linux number, with vmm_config_set_stats() */
};

/*
 * Opens everything and builds the machine; runs nothing.  The config may be
 * changed or freed afterwards.  On failure *vm is NULL.
 */
int vmm_create(const struct vmm_config *config, struct vmm **vm, struct vmm_error *error);
/*
 * Closes the sandbox (it covers the calling thread, and the threads that the
 * VM starts) and runs the VM in the calling thread until it ends.  Returns 0
 * with *result filled, or a negative errno when it could not run at all.
 * The sandbox stays closed: what is not on its list, opening a file or the
 * first printf() for example, then kills the process.  A program that has more
 * to do calls this in a thread of its own.
 */
int vmm_run(struct vmm *vm, struct vmm_result *result, struct vmm_error *error);
/* Raises a signal in the guest's first process; -ENOTSUP with a foreign kernel alone. */
int vmm_signal(struct vmm *vm, int signal_number);
int vmm_resize(struct vmm *vm, unsigned int rows, unsigned int columns);
int vmm_stop(struct vmm *vm);
int vmm_get_stats(const struct vmm *vm, struct vmm_stats *stats);
void vmm_destroy(struct vmm *vm); /* NULL is allowed */
/*
 * For a program that ends now, instead of vmm_destroy(): taking a KVM machine
 * down idles some 10 ms in the host's kernel, and the program's parent would
 * wait for it.  Leaves that to a short-lived process which dies with this one.
 * Closes descriptors 0, 1 and 2: flush output before, and call _exit() next.
 * Negative errno: nothing has changed, the end just takes longer.
 */
int vmm_abandon(void);

/* ---- Function calls ------------------------------------------------------ */

/*
 * A program that serves functions (guest/sdk/vmm_guest.h, or the files described in
 * vmm-call(7)) is started once and then called.  The VM stands still between calls: no
 * instruction of it runs but inside vmm_start(), vmm_call() and vmm_call_with().
 *
 * Any thread may call; a VM does one call at a time, others wait.  Calls run in the
 * caller's thread as long as there is one caller (else, after vmm_warm(), and for other CPUs
 * in threads of the library), without the sandbox of vmm_run(): the embedder's thread
 * stays what it is.  No signal is taken from the embedder: SIGRTMAX is blocked during a call and
 * used to interrupt it.  After fork() the child can but destroy its VMs.
 */
#define VMM_NAME_MAX 255u /* bytes of a function's name */
#define VMM_INPUT_MAX (16u << 20) /* bytes of a call's input, and of its output */

/* The program serves functions; vmm_start() and vmm_call() instead of vmm_run(). */
int vmm_config_set_functions(struct vmm_config *config, bool on);

/*
 * A function of the embedder's that the guest may call, during a call.  in: a copy of the
 * guest's bytes; out: *out_length is 0 and may grow to out_capacity.  0, or a positive status of
 * failure that the guest sees.  It runs in a thread of the VM while the VM stands still; it may
 * call other VMs, but not its own (-EDEADLK).
 */
typedef int vmm_host_fn(void *arg, const void *in, size_t in_length, void *out, size_t out_capacity,
                        size_t *out_length);
int vmm_export(struct vmm_config *config, const char *name, vmm_host_fn *function, void *arg);

enum vmm_call_outcome {
    VMM_CALL_DONE,
    VMM_CALL_FAILED, /* the function said so; see status, and text or output */
    VMM_CALL_CRASHED, /* the program was killed by a signal: see signal, address, error */
    VMM_CALL_EXITED, /* the program ended with status instead of replying */
    VMM_CALL_TIMED_OUT, /* deadline or CPU time */
    VMM_CALL_CANCELLED, /* vmm_cancel() or vmm_stop() */
    VMM_CALL_REFUSED, /* never begun: see the error */
    VMM_CALL_TOO_LARGE, /* the output does not fit; out_length says how large it is */
    VMM_CALL_BROKEN, /* the guest kernel or the machine failed, or broke the protocol */
};

/* A call, its limits and its result.  Set everything else to 0. */
struct vmm_call {
    size_t size; /* sizeof(struct vmm_call) */
    const char *name;
    const void *in;
    size_t in_length;
    void *out; /* what does not fit is dropped: VMM_CALL_TOO_LARGE */
    size_t out_capacity;
    uint64_t timeout_ns; /* wall clock; 0: none */
    uint64_t cpu_ns; /* of each of the VM's CPUs; 0: none */

    /* Results. */
    size_t out_length; /* bytes in out; with FAILED, of the function's message */
    enum vmm_call_outcome outcome;
    int status; /* FAILED: the function's; EXITED: the exit code */
    int signal; /* CRASHED */
    uint64_t address; /* CRASHED: what was accessed; 0: no address */
    uint64_t exits; /* to the monitor, of this call */
    struct vmm_error error; /* one line, with the backtrace of a crash */
};

/* Runs the program until it waits for its first request: it is ready then. */
int vmm_start(struct vmm *vm, struct vmm_error *error);
/*
 * Calls a function.  0: done.  Positive: the function failed with this status.  Negative:
 * -EINVAL, -E2BIG (input) or -ENOENT (no such function; by the program's own word) refused,
 * -EFAULT crashed, -ECHILD exited, -ETIMEDOUT, -ECANCELED, -ENOBUFS output too large, -EIO broken,
 * -EDEADLK from inside a call of the same VM, -ESHUTDOWN: it ended in an earlier call.  After
 * -EFAULT, -ECHILD, -ETIMEDOUT, -ECANCELED and -EIO the VM is good for vmm_reset() and
 * vmm_destroy() only.
 */
int vmm_call(struct vmm *vm, const char *name, const void *in, size_t in_length, void *out,
             size_t out_capacity, size_t *out_length);
/* The same with limits and with more to say. */
int vmm_call_with(struct vmm *vm, struct vmm_call *call);
/* Any thread, async-signal-safe: the call that runs now, if there is one, ends at once. */
int vmm_cancel(struct vmm *vm);

/* ---- Snapshots ----------------------------------------------------------- */

/*
 * All of a VM at one moment: memory, CPUs, devices.  A snapshot never changes; any number of VMs
 * may be cloned from it, at the same time and in any thread, and share what they do not
 * write.  KVM engine only (-ENOTSUP).  Disks are not part of it.
 */
struct vmm_snapshot;

/*
 * Of a VM that stands still: started, and between calls.  Or, if vmm_config_set_snapshots() allowed
 * it, from another thread while vmm_run() runs: all CPUs stop for it.  The VM goes on unharmed.
 */
int vmm_snapshot_take(struct vmm *vm, struct vmm_snapshot **snapshot, struct vmm_error *error);
/*
 * Two files: path (state) and path.mem (memory, sparse).  Written aside and renamed; replaces
 * what was there.  Whoever reads them reads all of the guest's memory.
 */
int vmm_snapshot_save(struct vmm_snapshot *snapshot, const char *path, struct vmm_error *error);
/*
 * Checks the files and this host's CPU.  The files must not be changed or truncated while VMs use
 * them (replacing them by others of the same name is fine).
 */
int vmm_snapshot_open(const char *path, struct vmm_snapshot **snapshot, struct vmm_error *error);
void vmm_snapshot_free(struct vmm_snapshot *snapshot); /* NULL is allowed; clones live on */

/* What the files say; KVM is not needed.  Texts are cut off. */
struct vmm_snapshot_info {
    size_t size; /* set by the caller */
    uint64_t memory_bytes, taken_ns; /* since 1970 */
    unsigned int cpus;
    bool functions; /* the program serves functions */
    char program[256], hostname[72]; /* program: its path on the host that took it */
};
int vmm_snapshot_info(const char *path, struct vmm_snapshot_info *info, struct vmm_error *error);

/*
 * A new VM that goes on where the snapshot was taken, with random numbers, clocks and generation ID
 * of its own.  Of the config: streams, console, timeout, host name, exports and log count, all
 * else is the snapshot's; NULL: defaults.  A program that serves functions is started already.
 */
int vmm_clone(struct vmm_snapshot *snapshot, const struct vmm_config *config, struct vmm **vm,
              struct vmm_error *error);
/*
 * Returns a VM to the snapshot it was cloned from, or that was taken of it last: nothing of what
 * it did since can be found in it.  Costs as much as the pages that were written.
 */
int vmm_reset(struct vmm *vm, struct vmm_error *error);
/*
 * Makes the first call of a clone as quick as later ones, by a rehearsal: the program is asked for
 * a function without a name, which none has, and the VM is reset.  Its output goes nowhere
 * meanwhile. Costs about as much as cloning; pools do it ahead.
 */
int vmm_warm(struct vmm *vm, struct vmm_error *error);

/* Snapshots may be taken while vmm_run() runs; costs the start of the VM a little. */
int vmm_config_set_snapshots(struct vmm_config *config, bool on);
/* vmm_run() saves one to path when the program says ready, and ends. */
int vmm_config_set_snapshot_at_ready(struct vmm_config *config, const char *path);

/* ---- Pools --------------------------------------------------------------- */

struct vmm_pool;

struct vmm_pool_options {
    size_t size; /* sizeof(struct vmm_pool_options) */
    unsigned int ready; /* clones kept ahead; default 4 */
    unsigned int most; /* VMs at a time, in use or ahead; default 4 * ready, at least ready */
    bool reuse; /* false: a new clone each time; true: reset and used again */
};

struct vmm_pool_stats {
    size_t size;
    unsigned int ready, busy;
    uint64_t calls, created, resets, waits; /* waits: calls that found no VM ready */
};

/* Holds the snapshot (the caller may free it) and a copy of the config; starts one thread. */
int vmm_pool_create(struct vmm_snapshot *snapshot, const struct vmm_config *config,
                    const struct vmm_pool_options *options, struct vmm_pool **pool,
                    struct vmm_error *error);
/*
 * A call in a clean VM.  Waits its turn, first come first served, when `most` VMs are busy; the
 * call's timeout counts from the beginning of the wait.
 */
int vmm_pool_call(struct vmm_pool *pool, struct vmm_call *call);
int vmm_pool_get_stats(struct vmm_pool *pool, struct vmm_pool_stats *stats);
/* Waits for the calls that run; those that wait are cancelled. */
void vmm_pool_destroy(struct vmm_pool *pool);

/* ---- Images -------------------------------------------------------------- */

/* What UEFI firmware boots: a disk (GPT, one FAT volume; takes mtools), or one .efi file. */
enum vmm_image { VMM_IMAGE_DISK, VMM_IMAGE_EFI };

/*
 * Writes the config's program with all that it needs, the kernel and a loader into a file
 * that takes path's place when it is complete.  Words of vmm_config_set_append() are the
 * kernel's command line (vmm-guest(7)).  Disks, streams, memory and CPUs do not count.
 */
int vmm_image_write(const struct vmm_config *config, enum vmm_image kind, const char *path,
                    struct vmm_error *error);

/*
 * For a process that only calls, clones and resets from now on: closes the calling thread and those
 * it starts later.  What stays: /dev/kvm, files `readable` and in the directories `writable`
 * (arrays that end in NULL, or NULL), its sockets, some system calls; others fail with EPERM.
 */
int vmm_enclose(const char *const *readable, const char *const *writable, struct vmm_error *error);

/* ---- This host ----------------------------------------------------------- */

enum vmm_verdict {
    VMM_KVM_WORKS,
    VMM_KVM_MISSING, /* no /dev/kvm */
    VMM_KVM_DENIED, /* may not open it */
    VMM_KVM_UNUSABLE, /* opens, but the probe guest did not run properly */
};

struct vmm_host {
    size_t size; /* set by the caller */
    enum vmm_verdict kvm;
    char kvm_text[200]; /* one line of explanation */
    char qemu_path[256]; /* empty: not installed */
    char qemu_text[200];
    bool landlock, seccomp, user_namespaces;
};

/* Asks the host what it offers; runs the probe guest when in doubt. */
int vmm_probe_host(struct vmm_host *host);

#ifdef __cplusplus
}
#endif

#endif
