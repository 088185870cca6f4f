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
    VMM_ENGINE_QEMU, /* qemu-system-x86_64, microvm; no isolation under TCG */
};

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
