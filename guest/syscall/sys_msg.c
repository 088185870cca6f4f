/* SPDX-License-Identifier: BSD-2-Clause */
/* msgget, msgsnd, msgrcv, msgctl. */
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/msg_queue.h"

#define QUEUES_MAX 32000u
#define MESSAGE_MAX 8192u /* bytes, kernel.msgmax */
#define QUEUE_BYTES_MAX 16384u /* kernel.msgmnb */
#define CAP_SYS_RESOURCE 24

static void free_queue(struct ipc_object *object);
struct ipc_table msg_queues = {
    .lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT), .waiters = LIST_INIT(msg_queues.lock.waiters)},
    .limit = QUEUES_MAX,
    .free = free_queue};

static struct msg_queue *queue_of(struct ipc_object *object)
{
    return (struct msg_queue *)object;
}

static void free_queue(struct ipc_object *object)
{
    LIST_FOR_EACH_SAFE(link, next, &queue_of(object)->messages)
    kfree(LIST_ENTRY(link, struct ipc_message, link));
    kfree(object);
}

static struct ipc_object *create(const struct ipc_get *get, int *error)
{
    struct msg_queue *queue = kzalloc(sizeof(*queue));

    (void)get;
    *error = queue ? 0 : -ENOMEM;
    if (!queue)
        return NULL;
    list_init(&queue->messages);
    list_init(&queue->receivers);
    list_init(&queue->senders);
    queue->bytes_max = QUEUE_BYTES_MAX;
    return &queue->object;
}

int64_t sys_msgget(const struct syscall_args *args)
{
    struct ipc_get get = {
        .key = (int32_t)args->arg[0], .flags = (uint32_t)args->arg[1], .create = create};

    return ipc_get(&msg_queues, &get);
}

int64_t sys_msgsnd(const struct syscall_args *args)
{
    uint64_t size = args->arg[2];
    struct ipc_object *object;
    struct ipc_message *message;
    uint64_t type;
    int error;

    if (get_user_u64(&type, UADDR(args->arg[1])))
        return -EFAULT;
    if (size > MESSAGE_MAX || (int)args->arg[0] < 0 || (int64_t)type < 1)
        return -EINVAL;
    message = kmalloc(sizeof(*message) + size);
    if (!message)
        return -ENOMEM;
    message->type = (int64_t)type;
    message->size = size;
    if (copy_from_user(message->bytes, UADDR(args->arg[1] + sizeof(type)), size)) {
        kfree(message);
        return -EFAULT;
    }
    object = ipc_find(&msg_queues, (int)args->arg[0]);
    error = object ? 0 : -EINVAL;
    if (object) {
        mutex_lock(&object->lock);
        error = msg_send(queue_of(object), message, !(args->arg[3] & IPC_NOWAIT));
        mutex_unlock(&object->lock);
        ipc_put(&msg_queues, object);
    }
    if (error)
        kfree(message);
    return error;
}

static void select_type(struct msg_receive *receive, int64_t type, uint32_t flags)
{
    receive->type = type;
    if (flags & MSG_COPY) {
        receive->selection = SELECT_NUMBER;
    } else if (type == 0) {
        receive->selection = SELECT_ANY;
    } else if (type < 0) {
        receive->selection = SELECT_LEAST;
        receive->type = type == INT64_MIN ? INT64_MAX : -type;
    } else {
        receive->selection = (flags & MSG_EXCEPT) ? SELECT_NOT_EQUAL : SELECT_EQUAL;
    }
}

static int64_t put_message(const struct ipc_message *message, uint64_t to, uint64_t room)
{
    uint64_t size = MIN(message->size, room);

    if (put_user_u64(UADDR(to), (uint64_t)message->type) ||
        copy_to_user(UADDR(to + sizeof(uint64_t)), message->bytes, size))
        return -EFAULT;
    return (int64_t)size;
}

int64_t sys_msgrcv(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[4];
    struct msg_receive receive = {
        .size = args->arg[2], .truncate = flags & MSG_NOERROR, .pid = current_process()->pid};
    struct ipc_object *object;
    int64_t result;

    if ((int)args->arg[0] < 0 || args->arg[2] > INT64_MAX)
        return -EINVAL;
    if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
        return -EINVAL;
    select_type(&receive, (int64_t)args->arg[3], flags);
    object = ipc_find(&msg_queues, (int)args->arg[0]);
    if (!object)
        return -EINVAL;
    mutex_lock(&object->lock);
    result = msg_receive(queue_of(object), &receive, !(flags & IPC_NOWAIT));
    mutex_unlock(&object->lock);
    ipc_put(&msg_queues, object);
    if (!result)
        result = put_message(receive.message, args->arg[1], args->arg[2]);
    kfree(receive.message);
    return result;
}

/* ---- msgctl ---- */

static int64_t remove_queue(struct msg_queue *queue)
{
    int64_t result;

    mutex_lock(&queue->object.lock);
    result = ipc_owner(&queue->object);
    mutex_unlock(&queue->object.lock);
    if (result)
        return result;
    if (!ipc_remove(&msg_queues, &queue->object))
        return -EIDRM;
    mutex_lock(&queue->object.lock);
    msg_end_all(queue, -EIDRM);
    mutex_unlock(&queue->object.lock);
    return 0;
}

static int64_t give_status(struct msg_queue *queue, uint32_t command, uint64_t to)
{
    struct linux_msqid_ds status = {0};
    int64_t result;

    mutex_lock(&queue->object.lock);
    result = command == MSG_STAT_ANY ? 0 : ipc_permission(&queue->object, 4);
    ipc_fill_perm(&queue->object, &status.perm);
    status.send_time = queue->send_time;
    status.receive_time = queue->receive_time;
    status.change_time = queue->object.change_time;
    status.bytes = queue->bytes;
    status.messages = queue->count;
    status.bytes_max = queue->bytes_max;
    status.last_sender = queue->last_sender;
    status.last_receiver = queue->last_receiver;
    mutex_unlock(&queue->object.lock);
    if (result)
        return result;
    if (copy_to_user(UADDR(to), &status, sizeof(status)))
        return -EFAULT;
    return command == IPC_STAT ? 0 : queue->object.id;
}

static int64_t set_status(struct msg_queue *queue, uint64_t from)
{
    struct linux_msqid_ds status;
    int64_t result;

    if (copy_from_user(&status, UADDR(from), sizeof(status)))
        return -EFAULT;
    mutex_lock(&queue->object.lock);
    result = ipc_owner(&queue->object);
    if (!result && status.bytes_max > QUEUE_BYTES_MAX && !task_capable(CAP_SYS_RESOURCE))
        result = -EPERM;
    if (!result) {
        ipc_set_perm(&queue->object, &status.perm);
        queue->bytes_max = status.bytes_max;
        msg_wake_senders(queue);
    }
    mutex_unlock(&queue->object.lock);
    return result;
}

static int64_t give_limits(uint32_t command, uint64_t to)
{
    struct linux_msginfo info = {.pool = (int32_t)(QUEUES_MAX * QUEUE_BYTES_MAX / 1024),
                                 .map = (int32_t)QUEUE_BYTES_MAX,
                                 .size_max = (int32_t)MESSAGE_MAX,
                                 .bytes_max = (int32_t)QUEUE_BYTES_MAX,
                                 .queues = (int32_t)QUEUES_MAX,
                                 .segment_size = 16,
                                 .all = (int32_t)QUEUE_BYTES_MAX,
                                 .segments = 0xffff};

    if (command == MSG_INFO) {
        mutex_lock(&msg_queues.lock);
        info.pool = (int32_t)msg_queues.count;
        info.map = info.all = 0;
        for (uint32_t i = 0; i < msg_queues.capacity; i++) {
            if (!msg_queues.slots[i])
                continue;
            info.map +=
                (int32_t)queue_of(msg_queues.slots[i])->count; /* a hint, without its lock */
            info.all += (int32_t)queue_of(msg_queues.slots[i])->bytes;
        }
        mutex_unlock(&msg_queues.lock);
    }
    return copy_to_user(UADDR(to), &info, sizeof(info)) ? -EFAULT : ipc_index_max(&msg_queues);
}

static int64_t control(struct msg_queue *queue, uint32_t command, uint64_t arg)
{
    switch (command) {
    case IPC_RMID:
        return remove_queue(queue);
    case IPC_SET:
        return set_status(queue, arg);
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
        return give_status(queue, command, arg);
    default:
        return -EINVAL;
    }
}

int64_t sys_msgctl(const struct syscall_args *args)
{
    uint32_t command = (uint32_t)args->arg[1];
    struct ipc_object *object;
    int64_t result;
    int id = (int)args->arg[0];

    if (id < 0 || (int32_t)command < 0)
        return -EINVAL;
    if (command == IPC_INFO || command == MSG_INFO)
        return give_limits(command, args->arg[2]);
    if (command == MSG_STAT || command == MSG_STAT_ANY)
        object = ipc_find_index(&msg_queues, id);
    else
        object = ipc_find(&msg_queues, id);
    if (!object)
        return -EINVAL;
    result = control(queue_of(object), command, args->arg[2]);
    ipc_put(&msg_queues, object);
    return result;
}
