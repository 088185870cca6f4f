/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU process and what it inherits: kernel and archive as memory files,
 * one socket pair per channel, a pipe for its messages.  Nothing has a name in
 * the file system, so nothing can be left behind; the process dies with the
 * thread that started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/load/bzimage.h"
#include "vmm/load/elf_image.h"
#include "vmm/load/guest_image.h"
#include "vmm/qemu/qemu.h"

#define TEMPORARY_DIR "/tmp"
#define MEBIBYTE (1ull << 20)
/* What the kernel, its tables and the first program need at least. */
#define MEMORY_BESIDE_FILES (8 * MEBIBYTE)

/* A file without a name: in memory, else unlinked on disk. */
static int open_temporary(const char *what, struct vmm_error *error)
{
    int fd = memfd_create(what, MFD_CLOEXEC);
    if (fd < 0)
        fd = open(TEMPORARY_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return vmm_fail(error, -errno, VMM_FAULT_USAGE,
                        "cannot make a temporary file for the %s: %s", what, strerror(errno));
    return fd;
}

static int write_kernel(const struct guest_image *image, int fd, struct vmm_error *error)
{
    for (uint64_t done = 0; done < image->size;) {
        ssize_t part = write(fd, image->bytes + done, image->size - done);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return vmm_fail(error, -errno, VMM_FAULT_USAGE,
                            "cannot write the kernel to a temporary file: %s", strerror(errno));
        done += (uint64_t)part;
    }
    return 0;
}

static int open_kernel(struct qemu *qemu, struct vmm_error *error)
{
    struct guest_image image;
    struct elf_image elf;
    int result = 0;
    if (qemu->config->kernel) {
        result = guest_image_open_file(&image, qemu->config->kernel, error);
        if (result)
            return result;
        bool is_elf = elf_image_recognise(&image);
        if (is_elf)
            result = elf_image_parse(&image, &elf, error);
        else if (bzimage_initrd_limit(&image) == 0)
            result = vmm_fail(error, -ENOEXEC, VMM_FAULT_USAGE,
                              "kernel %s: neither an ELF file with a PVH note nor a bzImage",
                              qemu->config->kernel);
        if (!result)
            result = elf_image_suits(&image, is_elf ? &elf : NULL, qemu->config, error);
        if (result)
            guest_image_close(&image);
        else
            qemu->kernel_fd = image.fd; /* ours now */
        return result;
    }
    guest_image_open_builtin(&image);
    qemu->kernel_fd = open_temporary("kernel", error);
    result = qemu->kernel_fd < 0 ? qemu->kernel_fd : write_kernel(&image, qemu->kernel_fd, error);
    guest_image_close(&image);
    return result;
}

/* QEMU puts these files into the guest's memory, beside the kernel; too little is told by us. */
int qemu_check_memory(const struct qemu *qemu, uint64_t file_bytes, uint64_t beside,
                      struct vmm_error *error)
{
    uint64_t memory = qemu->config->memory_bytes;
    uint64_t needed = (file_bytes + beside + MEBIBYTE - 1) & ~(MEBIBYTE - 1);
    if (needed <= memory)
        return 0;
    return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE,
                    "-m %lluM: too little: with QEMU the files are in the guest's memory, %llu MiB "
                    "of them; give -m %lluM or more",
                    (unsigned long long)(memory / MEBIBYTE),
                    (unsigned long long)((file_bytes + MEBIBYTE - 1) / MEBIBYTE),
                    (unsigned long long)(needed / MEBIBYTE));
}

static int open_archive(struct qemu *qemu, const struct archive *archive, struct vmm_error *error)
{
    struct stat status = {.st_size = 0};
    if (archive) {
        int result = qemu_check_memory(qemu, archive->size, MEMORY_BESIDE_FILES, error);
        if (result)
            return result;
        qemu->archive_fd = open_temporary("boot archive", error);
        return qemu->archive_fd < 0 ? qemu->archive_fd
                                    : archive_write(archive, qemu->archive_fd, error);
    }
    if (!qemu->config->initrd)
        return 0;
    qemu->initrd_fd = open(qemu->config->initrd, O_RDONLY | O_CLOEXEC);
    if (qemu->initrd_fd < 0)
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "--initrd %s: %s", qemu->config->initrd,
                        strerror(errno));
    fstat(qemu->initrd_fd, &status);
    return qemu_check_memory(qemu, (uint64_t)status.st_size, MEMORY_BESIDE_FILES, error);
}

/* QEMU opens disks itself; what is wrong with one is better said by us. */
static int check_disks(const struct vmm_config *config, struct vmm_error *error)
{
    if (config->disk_count > QEMU_DISKS_MAX)
        return vmm_fail(error, -E2BIG, VMM_FAULT_USAGE, "--disk: QEMU's microvm takes %u at most",
                        QEMU_DISKS_MAX);
    for (size_t i = 0; i < config->disk_count; i++) {
        const struct vmm_config_disk *disk = &config->disks[i];
        int fd = open(disk->path, (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return vmm_fail(error, -errno, VMM_FAULT_USAGE, "--disk %s: %s%s", disk->path,
                            strerror(errno),
                            errno == EACCES || errno == EROFS ? " (read-only: add ,ro)" : "");
        close(fd);
    }
    return 0;
}

int qemu_open(struct qemu *qemu, const struct archive *archive, struct vmm_error *error)
{
    int result = check_disks(qemu->config, error);
    if (!result && qemu->config->machine == VMM_MACHINE_EFI) {
        result = qemu_open_efi(qemu, archive, error);
    } else if (!result) {
        result = open_kernel(qemu, error);
        if (!result)
            result = open_archive(qemu, archive, error);
    }
    if (result)
        return result;
    for (unsigned int i = 0; i < CHANNEL_COUNT; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return vmm_fail(error, -errno, VMM_FAULT_USAGE, "socketpair: %s", strerror(errno));
        qemu->channels[i] = pair[0];
        qemu->far_ends[i] = pair[1];
        fcntl(pair[0], F_SETFL, O_NONBLOCK);
    }
    if (pipe2(qemu->error_pipe, O_CLOEXEC) != 0 ||
        pipe2(qemu->request_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "pipe: %s", strerror(errno));
    fcntl(qemu->error_pipe[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static void keep_over_exec(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, 0);
}

/*
 * The child between fork() and exec: other threads' locks may be taken, so it
 * only makes system calls.  A process group of its own keeps the terminal's ^C
 * away.
 */
static _Noreturn void child(const struct qemu *qemu, pid_t parent, int null_fd)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    keep_over_exec(qemu->kernel_fd);
    keep_over_exec(qemu->archive_fd);
    keep_over_exec(qemu->initrd_fd);
    for (unsigned int i = 0; i < CHANNEL_COUNT; i++)
        keep_over_exec(qemu->far_ends[i]);
    dup2(null_fd, STDIN_FILENO);
    dup2(null_fd, STDOUT_FILENO);
    dup2(qemu->error_pipe[1], STDERR_FILENO);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(qemu->path, qemu->argv, (char *const *)(uintptr_t)environment);
    _exit(127);
}

int qemu_spawn(struct qemu *qemu, struct vmm_error *error)
{
    sigset_t all, old;
    pid_t parent = getpid();
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "/dev/null: %s", strerror(errno));
    /* No handler of ours may run in the child. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t pid = fork();
    if (pid == 0)
        child(qemu, parent, null_fd);
    int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(null_fd);
    if (pid < 0)
        return vmm_fail(error, -fork_error, VMM_FAULT_USAGE, "cannot start %s: %s", qemu->path,
                        strerror(fork_error));
    qemu->pid = pid;
    qemu->alive = true;
    for (unsigned int i = 0; i < CHANNEL_COUNT; i++) {
        close(qemu->far_ends[i]);
        qemu->far_ends[i] = -1;
    }
    close(qemu->error_pipe[1]);
    qemu->error_pipe[1] = -1;
    qemu->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (qemu->pid_fd < 0) {
        int result = -errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        qemu->alive = false;
        return vmm_fail(error, result, VMM_FAULT_USAGE, "pidfd_open: %s", strerror(-result));
    }
    fcntl(qemu->pid_fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

void qemu_kill(struct qemu *qemu)
{
    if (qemu->alive)
        syscall(SYS_pidfd_send_signal, qemu->pid_fd, SIGKILL, NULL, 0);
}

void qemu_reap(struct qemu *qemu)
{
    siginfo_t info;
    if (!qemu->alive)
        return;
    while (waitid(P_PIDFD, (id_t)qemu->pid_fd, &info, WEXITED) != 0 && errno == EINTR)
        ;
    qemu->alive = false;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void qemu_close(struct qemu *qemu)
{
    qemu_kill(qemu);
    qemu_reap(qemu);
    for (unsigned int i = 0; i < CHANNEL_COUNT; i++) {
        close_fd(&qemu->channels[i]);
        close_fd(&qemu->far_ends[i]);
    }
    for (unsigned int i = 0; i < 2; i++) {
        close_fd(&qemu->error_pipe[i]);
        close_fd(&qemu->request_pipe[i]);
    }
    close_fd(&qemu->kernel_fd);
    close_fd(&qemu->archive_fd);
    close_fd(&qemu->initrd_fd);
    close_fd(&qemu->pid_fd);
}
