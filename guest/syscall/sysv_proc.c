/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sysvipc/{msg,sem,shm}, proc(5): a line for each object, in the order of indices. */
#include "fs/procfs.h"
#include "mm/page_alloc.h"
#include "syscall/mqueue.h"
#include "syscall/msg_queue.h"
#include "syscall/sem_set.h"
#include "syscall/shm_segment.h"

static void show_queue(struct ipc_object *object, struct proc_text *text)
{
    const struct msg_queue *queue = (const struct msg_queue *)object;

    proc_print(text, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10lu %10lu %10lu\n",
               object->key, object->id, object->mode, queue->bytes, queue->count,
               (uint32_t)queue->last_sender, (uint32_t)queue->last_receiver, object->uid,
               object->gid, object->cuid, object->cgid, (uint64_t)queue->send_time,
               (uint64_t)queue->receive_time, (uint64_t)object->change_time);
}

static void show_set(struct ipc_object *object, struct proc_text *text)
{
    const struct sem_set *set = (const struct sem_set *)object;

    proc_print(text, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lu %10lu\n", object->key, object->id,
               object->mode, set->count, object->uid, object->gid, object->cuid, object->cgid,
               (uint64_t)set->operation_time, (uint64_t)object->change_time);
}

static uint64_t resident_bytes(const struct shm_segment *segment)
{
    uint64_t bytes = 0;

    for (uint64_t at = 0; at < segment->size; at += PAGE_SIZE)
        if (segment->memory.ops->resident(segment->memory.object, at))
            bytes += PAGE_SIZE;
    return bytes;
}

static void show_segment(struct ipc_object *object, struct proc_text *text)
{
    const struct shm_segment *segment = (const struct shm_segment *)object;

    proc_print(text, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu",
               object->key, object->id, object->mode, segment->size, (uint32_t)segment->creator_pid,
               (uint32_t)segment->last_pid, segment->attached, object->uid, object->gid,
               object->cuid, object->cgid, (uint64_t)segment->attach_time,
               (uint64_t)segment->detach_time, (uint64_t)object->change_time);
    proc_print(text, " %21lu %21u\n", resident_bytes(segment), 0); /* nothing is swapped */
}

static const struct {
    struct ipc_table *table;
    const char *header;
    void (*show)(struct ipc_object *object, struct proc_text *text); /* its lock is held */
} kinds[PROCFS_SYSV_KINDS] = {
    [PROCFS_SYSV_MSG] = {&msg_queues,
                         "       key      msqid perms      cbytes       qnum lspid lrpid   uid   "
                         "gid  cuid  cgid      stime      rtime      ctime\n",
                         show_queue},
    [PROCFS_SYSV_SEM] = {&sem_sets,
                         "       key      semid perms      nsems   uid   gid  cuid  cgid      "
                         "otime      ctime\n",
                         show_set},
    [PROCFS_SYSV_SHM] = {&shm_segments,
                         "       key      shmid perms                  size  cpid  lpid nattch   "
                         "uid   gid  cuid  cgid      atime      dtime      ctime                 "
                         "  rss                  swap\n",
                         show_segment},
};

static void show_kind(enum procfs_sysv kind, struct proc_text *text)
{
    struct ipc_table *table = kinds[kind].table;
    int last = ipc_index_max(table);

    proc_print(text, "%s", kinds[kind].header);
    for (int i = 0; i <= last; i++) {
        struct ipc_object *object = ipc_find_index(table, i);

        if (!object)
            continue;
        mutex_lock(&object->lock);
        if (!object->removed)
            kinds[kind].show(object, text);
        mutex_unlock(&object->lock);
        ipc_put(table, object);
    }
}

void ipc_connect_sources(void)
{
    procfs_set_sysv_source(show_kind);
    mqueue_connect_sources();
}
