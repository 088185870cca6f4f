/* SPDX-License-Identifier: BSD-2-Clause */
/* Ancillary data, cmsg(3): descriptors and credentials between programs and messages. */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/sys_file.h"
#include "syscall/sys_socket.h"

#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SYS_ADMIN 21
#define HEADER_SIZE sizeof(struct linux_cmsghdr)

void release_control(struct socket_control *control)
{
    socket_files_free(control->files);
    control->files = NULL;
}

/* ---- sending ---- */

static int add_files(struct socket_control *control, const int32_t *fds, size_t count)
{
    if (count == 0)
        return 0;
    if (count > SOCKET_FILES_MAX)
        return -EINVAL;
    if (!control->files) {
        control->files = socket_files_create(SOCKET_FILES_MAX);
        if (!control->files)
            return -ENOMEM;
    }
    if (control->files->count + count > SOCKET_FILES_MAX)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        struct file *file = fd_arg_any((uint64_t)fds[i]);

        if (!file)
            return -EBADF;
        control->files->files[control->files->count++] = file;
    }
    return 0;
}

/* unix(7): one's own numbers, or others' with privilege. */
static int check_credentials(const struct socket_credentials *named)
{
    const struct credentials *cred = &current_task()->cred;
    bool pid = named->pid == current_process()->pid || task_capable(CAP_SYS_ADMIN);
    bool uid = named->uid == cred->uid || named->uid == cred->euid || named->uid == cred->suid ||
               task_capable(CAP_SETUID);
    bool gid = named->gid == cred->gid || named->gid == cred->egid || named->gid == cred->sgid ||
               task_capable(CAP_SETGID);

    return pid && uid && gid ? 0 : -EPERM;
}

static int check_pid(int pid)
{
    struct process *process;

    if (pid == current_process()->pid)
        return 0;
    process = process_find(pid);
    if (!process)
        return -ESRCH;
    process_put(process);
    return 0;
}

static int add_record(struct socket_control *control, const struct linux_cmsghdr *header)
{
    const void *data = header + 1;
    size_t size = header->length - HEADER_SIZE;
    int error;

    switch (header->type) {
    case SCM_RIGHTS:
        return add_files(control, data, size / sizeof(int32_t));
    case SCM_CREDENTIALS:
        if (size != sizeof(control->credentials))
            return -EINVAL;
        memcpy(&control->credentials, data, size);
        control->has_credentials = true;
        error = check_credentials(&control->credentials);
        return error ? error : check_pid(control->credentials.pid);
    default:
        return -EINVAL;
    }
}

/* Walks the records in data, a copy. */
static int parse(struct socket_control *control, struct socket *socket, const uint8_t *data,
                 uint64_t length)
{
    uint64_t at = 0;
    int error = 0;

    while (!error && length - at >= HEADER_SIZE) {
        const struct linux_cmsghdr *header = (const void *)(data + at);

        if (header->length < HEADER_SIZE || header->length > length - at)
            return -EINVAL;
        if (header->level == SOL_SOCKET)
            error = socket->family == AF_UNIX ? add_record(control, header) : -EINVAL;
        at += ALIGN_UP(header->length, CMSG_ALIGNMENT);
        if (at > length)
            break;
    }
    return error;
}

int get_control(struct socket_control *control, struct socket *socket, uint64_t from,
                uint64_t length)
{
    uint8_t small[64] __attribute__((aligned(8))), *data = small;
    int error;

    *control = (struct socket_control){0};
    if (length > CONTROL_LENGTH_MAX)
        return -ENOBUFS;
    if (length > sizeof(small)) {
        data = kmalloc(length);
        if (!data)
            return -ENOBUFS;
    }
    error =
        copy_from_user(data, UADDR(from), length) ? -EFAULT : parse(control, socket, data, length);
    if (data != small)
        kfree(data);
    if (!error && control->files && control->files->count == 0)
        release_control(control);
    if (error)
        release_control(control);
    return error;
}

/* ---- receiving ---- */

struct output {
    uint64_t at, left; /* in the program */
    uint32_t *flags;
};

/* Writes a record, cut where the room ends. */
static void put_record(struct output *output, int32_t type, const void *data, size_t size)
{
    struct linux_cmsghdr header = {HEADER_SIZE + size, SOL_SOCKET, type};
    uint64_t space;

    if (output->left < HEADER_SIZE) {
        *output->flags |= MSG_CTRUNC;
        return;
    }
    if (output->left < header.length) {
        *output->flags |= MSG_CTRUNC;
        header.length = output->left;
    }
    if (copy_to_user(UADDR(output->at), &header, sizeof(header)) ||
        copy_to_user(UADDR(output->at + HEADER_SIZE), data, header.length - HEADER_SIZE))
        return;
    space = MIN(ALIGN_UP(HEADER_SIZE + size, CMSG_ALIGNMENT), output->left);
    output->at += space;
    output->left -= space;
}

/* Installs as many of the files as there is room for numbers, then lets go of all. */
static void put_files(struct output *output, struct socket_files *files, bool close_on_exec)
{
    uint64_t room = output->left > HEADER_SIZE ? (output->left - HEADER_SIZE) / sizeof(int32_t) : 0;
    uint32_t count = (uint32_t)MIN(room, files->count), done;
    int32_t fds[SOCKET_FILES_MAX];

    for (done = 0; done < count; done++) {
        struct file *file = file_get(files->files[done]);

        fds[done] = fd_install(fd_current(), file, 0, fd_current_limit(), close_on_exec);
        if (fds[done] < 0) {
            file_put(file);
            break;
        }
    }
    if (done)
        put_record(output, SCM_RIGHTS, fds, done * sizeof(fds[0]));
    if (done < files->count)
        *output->flags |= MSG_CTRUNC;
}

uint64_t put_control(struct socket_control *control, struct socket *socket, uint64_t to,
                     uint64_t length, uint32_t *flags)
{
    bool wants_credentials = control->has_credentials && atomic_load(&socket->pass_credentials);
    struct output output = {.at = to, .left = to ? length : 0, .flags = flags};

    if (!to) {
        if (wants_credentials || control->files)
            *flags |= MSG_CTRUNC;
    } else {
        if (wants_credentials)
            put_record(&output, SCM_CREDENTIALS, &control->credentials,
                       sizeof(control->credentials));
        if (control->files)
            put_files(&output, control->files, *flags & MSG_CMSG_CLOEXEC);
    }
    release_control(control);
    return output.at - to;
}
