/* SPDX-License-Identifier: BSD-2-Clause */
/* getdents(2): records are built in a kernel buffer, then copied. */
#include "fs/notify.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define BUFFER_MAX 32768u

struct dirent_buffer {
    struct dir_context context;
    char *data;
    size_t size, used;
    bool old_format; /* struct linux_dirent */
    bool too_small; /* not even one record fits */
};

static bool emit(struct dir_context *context, const char *name, size_t name_length, uint64_t inode,
                 uint8_t type, uint64_t next_pos)
{
    struct dirent_buffer *buffer = CONTAINER_OF(context, struct dirent_buffer, context);
    size_t header = buffer->old_format ? offsetof(struct linux_dirent, name)
                                       : offsetof(struct linux_dirent64, name);
    size_t length = ALIGN_UP(header + name_length + 1 + buffer->old_format, 8ul);
    char *record = buffer->data + buffer->used;

    if (length > buffer->size - buffer->used) {
        buffer->too_small = buffer->used == 0;
        return false;
    }
    memset(record, 0, length);
    if (buffer->old_format) {
        struct linux_dirent *entry = (struct linux_dirent *)(void *)record;

        entry->ino = inode;
        entry->next_pos = next_pos;
        entry->record_length = (uint16_t)length;
        record[length - 1] = (char)type;
    } else {
        struct linux_dirent64 *entry = (struct linux_dirent64 *)(void *)record;

        entry->ino = inode;
        entry->next_pos = (int64_t)next_pos;
        entry->record_length = (uint16_t)length;
        entry->type = type;
    }
    memcpy(record + header, name, name_length);
    buffer->used += length;
    return true;
}

static int64_t read_entries(struct file *file, struct dirent_buffer *buffer, uint64_t address)
{
    int64_t result;

    mutex_lock(&file->pos_lock);
    buffer->context.pos = (uint64_t)file->pos;
    result = file->ops->iterate(file, &buffer->context);
    if (!result && UNLIKELY(notify_wanted()))
        notify_file(file, IN_ACCESS);
    if (!result && buffer->too_small)
        result = -EINVAL;
    if (!result && copy_to_user(UADDR(address), buffer->data, buffer->used))
        result = -EFAULT;
    if (!result) {
        file->pos = (loff_t)buffer->context.pos;
        result = (int64_t)buffer->used;
    }
    mutex_unlock(&file->pos_lock);
    return result;
}

static int64_t getdents(const struct syscall_args *args, bool old_format)
{
    struct dirent_buffer buffer = {.context = {.emit = emit}, .old_format = old_format};
    struct file *file = fd_arg(args->arg[0]);
    int64_t result = -ENOTDIR;

    if (!file)
        return -EBADF;
    if (file->ops->iterate && file->inode && file->inode->attr.nlink == 0) {
        result = -ENOENT; /* removed */
    } else if (file->ops->iterate) {
        buffer.size = MIN((uint32_t)args->arg[2], BUFFER_MAX);
        buffer.data = kmalloc(MAX(buffer.size, 16ul));
        result = buffer.data ? read_entries(file, &buffer, args->arg[1]) : -ENOMEM;
        kfree(buffer.data);
    }
    file_put(file);
    return result;
}

int64_t sys_getdents(const struct syscall_args *args)
{
    return getdents(args, true);
}

int64_t sys_getdents64(const struct syscall_args *args)
{
    return getdents(args, false);
}
