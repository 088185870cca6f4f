/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signalfd(2): pending signals of whoever reads, as records.  Readers and polls of a process are
 * on a queue that it shares with few others, which each signal to it wakes: a queue of its own
 * could end before an epoll that watches it.
 */
#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "proc/pidfd.h"
#include "syscall/linux_abi.h"

struct signalfd_record { /* struct signalfd_siginfo */
    uint32_t signo;
    int32_t err, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t timer_id, band, overrun, trap_number;
    int32_t status, int_value;
    uint64_t pointer, utime, stime, address;
    uint16_t address_lsb, pad2;
    int32_t syscall;
    uint64_t call_address;
    uint32_t arch;
    uint8_t pad[28];
};
_Static_assert(sizeof(struct signalfd_record) == 128, "signalfd_siginfo");

#define QUEUES 128u

/* Made with the first signalfd; until then signals find nobody here. */
static struct wait_queue queues[QUEUES];
static atomic_bool queues_made;
static struct mutex make_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                 .waiters = LIST_INIT(make_lock.waiters)};

static void make_queues(void)
{
    mutex_lock(&make_lock);
    if (!atomic_load(&queues_made)) {
        for (uint32_t i = 0; i < QUEUES; i++)
            wait_queue_init(&queues[i]);
        atomic_store(&queues_made, true);
    }
    mutex_unlock(&make_lock);
}

static struct wait_queue *queue_of(const struct process *process)
{
    return &queues[(uint32_t)process->pid % QUEUES];
}

static struct wait_queue *own_queue(void)
{
    return queue_of(current_task()->process);
}

void signalfd_notify(const struct process *process)
{
    /* The signal must be seen by whoever makes the queues and then looks for it. */
    atomic_thread_fence(memory_order_seq_cst);
    if (UNLIKELY(atomic_load(&queues_made)))
        wake_all(queue_of(process), POLL_IN | POLL_RDNORM);
}

static uint64_t mask_of(const struct file *file)
{
    return (uint64_t)(uintptr_t)file->private_data;
}

static void fill(struct signalfd_record *record, const struct kernel_siginfo *info)
{
    *record = (struct signalfd_record){
        .signo = (uint32_t)info->signo, .err = info->err, .code = info->code};
    if (info->code == SI_TIMER) {
        record->timer_id = (uint32_t)info->timer.timer_id;
        record->overrun = (uint32_t)info->timer.overrun;
        record->pointer = info->timer.value;
        record->int_value = (int32_t)info->timer.value;
        return;
    }
    if (info->code > 0 && (SIGMASK(info->signo) & (SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) |
                                                   SIGMASK(SIGFPE) | SIGMASK(SIGILL)))) {
        record->address = info->fault.address;
        return;
    }
    record->pid = (uint32_t)info->kill.pid;
    record->uid = info->kill.uid;
    if (info->signo == SIGCHLD && info->code > 0) {
        record->status = info->kill.child.status;
        record->utime = (uint64_t)info->kill.child.utime;
        record->stime = (uint64_t)info->kill.child.stime;
    } else {
        record->pointer = info->kill.value;
        record->int_value = (int32_t)info->kill.value;
    }
}

/* The first record, for which it may wait: the signal's number, or an errno. */
static int take_first(struct file *file, struct kernel_siginfo *info)
{
    struct wait_entry entry;
    int error = 0, signo = signal_take(mask_of(file), info);

    if (signo)
        return signo;
    if (atomic_load(&file->flags) & O_NONBLOCK)
        return -EAGAIN;
    struct wait_queue *queue = own_queue();
    wait_begin(queue, &entry);
    while ((signo = signal_take(mask_of(file), info)) == 0 &&
           (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(queue, &entry);
    wait_end(queue, &entry);
    return signo ? signo : error;
}

static ssize_t signalfd_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct signalfd_record record;
    struct kernel_siginfo info;
    ssize_t done = 0;

    (void)pos;
    if (buf->remaining < sizeof(record))
        return -EINVAL;
    int signo = take_first(file, &info);
    if (signo < 0)
        return signo;
    while (signo > 0) {
        fill(&record, &info);
        ssize_t put = iobuf_put(buf, &record, sizeof(record));
        if (put != sizeof(record))
            return done ? done : -EFAULT;
        done += put;
        signo = buf->remaining >= sizeof(record) ? signal_take(mask_of(file), &info) : 0;
    }
    return done;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *table)
{
    if (table)
        table->add(table, own_queue());
    return signal_pending_set() & mask_of(file) ? POLL_IN | POLL_RDNORM : 0;
}

static const struct file_ops signalfd_ops = {.read = signalfd_read, .poll = signalfd_poll};

struct file *signalfd_create(uint64_t mask, uint32_t flags)
{
    struct file *file = file_create(&signalfd_ops, FMODE_READ, flags, NULL);

    if (!file)
        return NULL;
    if (UNLIKELY(!atomic_load(&queues_made)))
        make_queues();
    signalfd_set_mask(file, mask);
    file->inode = inode_create_anonymous(0600);
    if (!file->inode) {
        file_put(file);
        return NULL;
    }
    return file;
}

bool signalfd_set_mask(struct file *file, uint64_t mask)
{
    if (file->ops != &signalfd_ops)
        return false;
    mask &= ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
    file->private_data = (void *)(uintptr_t)mask;
    wake_all(own_queue(), 0);
    return true;
}
