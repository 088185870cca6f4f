/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU engine's parts: a qemu-system-x86_64 process running the same guest
 * kernel on a microvm, supervised over socket pairs.  Internal to vmm/qemu,
 * but for qemu_find().
 *
 * Threads: vmm_run()'s thread owns everything; other threads and signal
 * handlers only write requests into the request pipe.
 */
#ifndef VMM_QEMU_QEMU_H
#define VMM_QEMU_QEMU_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>

#include "boot/guest_abi.h"
#include "vmm/calls/host_call.h"
#include "vmm/engine.h"
#include "vmm/load/arena.h"

/* QEMU's path into path; -ENOENT when none is installed. */
int qemu_find(char *path, size_t size);

/* Where a microvm's parts are (QEMU, hw/i386/microvm.c). */
#define QEMU_DEBUG_EXIT_PORT 0xf4u
#define QEMU_VIRTIO_BASE 0xfeb00000u
#define QEMU_VIRTIO_SIZE 512u
#define QEMU_VIRTIO_ACPI_GSI 16u /* with ACPI and one IOAPIC */
#define QEMU_VIRTIO_SLOTS 8u
#define QEMU_DISKS_MAX (QEMU_VIRTIO_SLOTS - 2u) /* serial and rng take two */

enum qemu_channel {
    CHANNEL_STDIO,
    CHANNEL_STDERR,
    CHANNEL_CTL,
    CHANNEL_CONSOLE,
    CHANNEL_COUNT,
};

#define RELAY_BYTES 65536u
#define TAIL_BYTES 2048u

/* Bytes on their way from one descriptor to another. */
struct relay {
    int from, to;
    bool from_done; /* end-of-file or error seen */
    bool to_gone; /* the reader went away: what comes is dropped */
    bool small_writes; /* to may block: no more than a pipe surely takes */
    size_t start, end; /* what is in the buffer */
    uint64_t taken; /* bytes read in all */
    uint8_t *buffer; /* RELAY_BYTES */
};

/* The last bytes of a stream, for an error's text. */
struct tail {
    size_t length;
    char bytes[TAIL_BYTES];
};

/* What other threads ask for, one atomic write each. */
enum request_kind { REQUEST_SIGNAL, REQUEST_RESIZE, REQUEST_STOP, REQUEST_CANCEL };
struct request {
    uint32_t kind, value[2];
};

/* The largest message to the guest, a few times. */
#define CONTROL_OUT_BYTES (4u * (GUEST_HOST_MSG_BYTES_MAX + sizeof(struct guest_ctl_msg)))

struct control {
    size_t in_length, out_length;
    /* Statistics, or a piece of a record. */
    uint8_t in[sizeof(struct guest_ctl_msg) + GUEST_CALL_PART];
    uint8_t out[CONTROL_OUT_BYTES];
};

/* Function calls, see calls.c; guarded by its lock, which a call holds all the time. */
struct qemu_calls {
    pthread_mutex_t lock;
    bool starting, ready, spoiled;
    _Atomic(uint32_t) number; /* of the call that runs; 0: none does */
    uint32_t last_number;
    struct vmm_call *call; /* that runs */
    bool over; /* its outcome is there */
    struct call_record request;
    struct call_reply reply;
    struct call_inbox inbox;
    struct host_answer answer;
    uint64_t request_asked, answer_asked; /* bytes that the guest has room for */
    atomic_bool host_runs;
    pthread_t host_thread;
    bool has_crash;
    struct guest_crash crash;
};

struct qemu {
    const struct vmm_config *config;
    struct arena arena;
    char path[256];
    bool use_kvm;
    const char *firmware; /* VMM_MACHINE_EFI; kernel_fd is a boot disk's image then */
    char **argv; /* NULL at the end */
    size_t argc;

    int kernel_fd, archive_fd, initrd_fd;
    int channels[CHANNEL_COUNT]; /* our ends */
    int far_ends[CHANNEL_COUNT]; /* QEMU's, closed once it runs */
    int error_pipe[2]; /* QEMU's standard error */
    int request_pipe[2];
    int pid_fd;
    pid_t pid;
    bool alive; /* started and not yet waited for */

    struct relay in, out, err, console;
    struct control control;
    struct qemu_calls calls;
    struct tail console_tail, error_tail;
    bool stdin_end_sent, out_told, err_told;
    bool has_result; /* the guest said how it ended */
    bool killed_by_us;
    struct vmm_result result;
    struct guest_stats guest_stats;
    uint64_t created_ns, opened_ns, started_ns, ended_ns;
};

uint64_t qemu_now_ns(void);

/* command.c: words for our kernel; a foreign one gets what the user wrote.  -E2BIG. */
int qemu_build_words(const struct vmm_config *config, char *words, size_t size);
/* command.c: fills argv. */
int qemu_build_command(struct qemu *qemu, bool has_archive, struct vmm_error *error);
/* spawn.c: kernel, archive, channels; then the process. */
int qemu_open(struct qemu *qemu, const struct archive *archive, struct vmm_error *error);
/* efi.c: firmware and boot disk in the place of kernel and archive. */
int qemu_open_efi(struct qemu *qemu, const struct archive *archive, struct vmm_error *error);
/* efi.c: the loader has given up: what it said.  NULL: it has not.  Points into the console's tail.
 */
const char *qemu_loader_failure(struct qemu *qemu, size_t *length);
/* spawn.c: enough for these files and beside? */
int qemu_check_memory(const struct qemu *qemu, uint64_t file_bytes, uint64_t beside,
                      struct vmm_error *error);
int qemu_spawn(struct qemu *qemu, struct vmm_error *error);
void qemu_kill(struct qemu *qemu);
void qemu_reap(struct qemu *qemu); /* waits for a process that is dead or dying */
void qemu_close(struct qemu *qemu);
/*
 * pump.c: everything between start and end of the process, or until a call is over.  At the
 * deadline (0: none) the VM is ended.
 */
int qemu_pump(struct qemu *qemu, uint64_t deadline_ns, struct vmm_error *error);
/* engine.c: the result of a process that has ended, with words. */
void qemu_explain(struct qemu *qemu, struct vmm_error *error);
/* calls.c: vmm_start() and vmm_call_with(); what the pump and the channel tell them. */
int qemu_start(void *machine, struct vmm_error *error);
int qemu_call(void *machine, struct vmm_call *call);
void qemu_calls_init(struct qemu_calls *calls);
void qemu_calls_destroy(struct qemu_calls *calls);
void qemu_calls_send(struct qemu *qemu);
int qemu_calls_receive(struct qemu *qemu, uint8_t value, const uint8_t *bytes, uint32_t length);
int qemu_calls_crash(struct qemu *qemu, const uint8_t *bytes, uint32_t length);
bool qemu_calls_pause(const struct qemu *qemu); /* the pump's work is done for now */
/* control.c */
size_t control_room(const struct control *control); /* for the bytes of one message */
void control_send(struct control *control, uint32_t word, const void *bytes, uint32_t length);
/* Takes in what has arrived; -EPROTO when the guest breaks the protocol. */
int control_receive(struct qemu *qemu);
void control_flush(struct control *control, int fd);

#endif
