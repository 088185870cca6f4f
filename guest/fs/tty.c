/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals over a character device: input is pumped from the device to the line
 * discipline in interrupt context, so that Ctrl-C works without a reader.  File
 * operations and job control: tty_file.c.
 */
#include "fs/tty.h"

#include "fs/device.h"
#include "fs/inode.h"
#include "fs/pty_internal.h"
#include "fs/stream.h"
#include "fs/tty_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define PUMP_CHUNK 128u
#define PUMPING 1u
#define PUMP_AGAIN 2u

static struct spinlock list_lock = SPINLOCK_INIT(LOCK_RANK_FS);
static struct list ttys = LIST_INIT(ttys);
static struct tty *console_tty; /* NULL until it is opened, or when streams are plain */
static struct chardev *console_dev;
static bool console_is_terminal;
const struct tty_process_ops *tty_process;

void tty_set_process_ops(const struct tty_process_ops *ops)
{
    tty_process = ops;
}

void tty_init_common(struct tty *tty, const struct ldisc_ops *ldisc_ops, const struct tty_ops *ops,
                     uint64_t device)
{
    memset(tty, 0, sizeof(*tty));
    ldisc_init(&tty->ldisc, ldisc_ops);
    spin_init(&tty->job_lock, LOCK_RANK_ANY);
    ref_init(&tty->refs);
    tty->ops = ops;
    tty->device = device;
    spin_lock(&list_lock);
    list_push_back(&ttys, &tty->link);
    spin_unlock(&list_lock);
}

struct tty *tty_get(struct tty *tty)
{
    ref_get(&tty->refs);
    return tty;
}

/* Under the list's lock, so that nobody finds a terminal without references. */
void tty_put(struct tty *tty)
{
    spin_lock(&list_lock);
    bool last = ref_put(&tty->refs);
    if (last)
        list_remove(&tty->link);
    spin_unlock(&list_lock);
    if (last)
        tty->ops->free(tty);
}

int tty_open(struct tty *tty, struct file *file)
{
    if (atomic_load_explicit(&tty->exclusive, memory_order_relaxed) && !fs_current()->privileged)
        return -EBUSY;
    struct tty_handle *handle = kmalloc(sizeof(*handle));
    if (handle == NULL)
        return -ENOMEM;
    spin_lock(&tty->job_lock);
    bool first = tty->opens++ == 0;
    *handle = (struct tty_handle){tty_get(tty), atomic_load(&tty->hangups)};
    spin_unlock(&tty->job_lock);
    if (tty->ops != NULL)
        ldisc_revive(&tty->ldisc);
    if (first && tty->ops != NULL)
        tty->ops->first_open(tty);
    file->ops = &tty_file_ops;
    file->private_data = handle;
    return 0;
}

void tty_close(struct tty_handle *handle)
{
    struct tty *tty = handle->tty;
    spin_lock(&tty->job_lock);
    bool last = --tty->opens == 0;
    spin_unlock(&tty->job_lock);
    if (last && tty->ops != NULL)
        tty->ops->last_close(tty);
    tty_put(tty);
    kfree(handle);
}

void tty_hang_up(struct tty *tty)
{
    spin_lock(&tty->job_lock);
    int leader = tty->sid;
    tty->sid = tty->pgid = 0;
    atomic_fetch_add(&tty->hangups, 1);
    spin_unlock(&tty->job_lock);
    ldisc_hang_up(&tty->ldisc);
    if (leader != 0 && tty_process != NULL) {
        tty_process->signal_process(leader, TTY_SIGHUP);
        tty_process->signal_process(leader, TTY_SIGCONT);
    }
}

void tty_raise(struct tty *tty, int signo)
{
    spin_lock(&tty->job_lock);
    int pgid = tty->pgid;
    spin_unlock(&tty->job_lock);
    if (pgid != 0 && tty_process != NULL)
        tty_process->signal_group(pgid, signo);
}

void tty_resize(struct tty *tty, const struct winsize *size)
{
    spin_lock(&tty->job_lock);
    bool changed = memcmp(&tty->size, size, sizeof(*size)) != 0;
    tty->size = *size;
    tty->size_known = true;
    spin_unlock(&tty->job_lock);
    if (changed)
        tty_raise(tty, TTY_SIGWINCH);
}

/* ---- a terminal on a device ----------------------------------------------- */

static struct tty *tty_of_ldisc(struct ldisc *ldisc)
{
    return CONTAINER_OF(ldisc, struct tty, ldisc);
}

static size_t device_output(struct ldisc *ldisc, const uint8_t *data, size_t size)
{
    struct chardev *dev = tty_of_ldisc(ldisc)->dev;
    ssize_t taken = dev->ops->write(dev, data, size);
    return taken < 0 ? size : (size_t)taken; /* nobody will ever read it */
}

static void ldisc_signal(struct ldisc *ldisc, int signo)
{
    tty_raise(tty_of_ldisc(ldisc), signo);
}

static const struct ldisc_ops device_ldisc_ops = {
    .output = device_output,
    .signal = ldisc_signal,
};

static void move_input(struct tty *tty)
{
    uint8_t chunk[PUMP_CHUNK];
    size_t room;
    while ((room = ldisc_room(&tty->ldisc)) != 0) {
        ssize_t count = tty->dev->ops->read(tty->dev, chunk, MIN(room, sizeof(chunk)));
        leaks_keep(tty); /* the console stays */
        if (count < 0)
            ldisc_hang_up(&tty->ldisc);
        if (count <= 0)
            return;
        ldisc_receive(&tty->ldisc, chunk, (size_t)count);
    }
}

/* One CPU at a time, or bytes would change places; a second one makes the first look again. */
void tty_pump_input(struct tty *tty)
{
    if (tty->dev == NULL)
        return;
    unsigned int old = atomic_fetch_or(&tty->pumping, PUMPING | PUMP_AGAIN);
    if (old & PUMPING)
        return;
    do {
        atomic_fetch_and(&tty->pumping, ~PUMP_AGAIN);
        move_input(tty);
        old = PUMPING;
    } while (!atomic_compare_exchange_strong(&tty->pumping, &old, 0));
}

static void device_readable(struct chardev *dev)
{
    tty_pump_input(dev->user);
}

static void device_writable(struct chardev *dev)
{
    struct tty *tty = dev->user;
    ldisc_pump_output(&tty->ldisc);
}

/* What the device says; does nothing if it knows no size. */
static void read_device_size(struct tty *tty)
{
    struct winsize size = {0};
    if (tty->dev->ops->get_size(tty->dev, &size.rows, &size.columns))
        tty_resize(tty, &size);
}

static void device_resized(struct chardev *dev)
{
    read_device_size(dev->user);
}

void tty_get_size(struct tty *tty, struct winsize *size)
{
    if (!tty->size_known && tty->dev != NULL)
        read_device_size(tty);
    spin_lock(&tty->job_lock);
    *size = tty->size;
    spin_unlock(&tty->job_lock);
}

static struct tty *console_get(void)
{
    if (console_tty != NULL || !console_is_terminal)
        return console_tty;
    struct tty *tty = kmalloc(sizeof(*tty));
    if (tty == NULL)
        return NULL;
    tty_init_common(tty, &device_ldisc_ops, NULL, MAKE_DEVICE(DEVICE_MAJOR_TTY_AUX, 1));
    tty->dev = console_dev;
    console_dev->user = tty;
    console_dev->on_readable = device_readable;
    console_dev->on_writable = device_writable;
    console_dev->on_resize = device_resized;
    console_tty = tty;
    return tty;
}

/* ---- sessions ------------------------------------------------------------- */

struct tty *tty_of_session(int sid)
{
    struct tty *found = NULL;
    spin_lock(&list_lock);
    LIST_FOR_EACH(it, &ttys)
    {
        struct tty *tty = LIST_ENTRY(it, struct tty, link);
        if (sid != 0 && tty->sid == sid)
            found = tty;
    }
    if (found != NULL)
        tty_get(found);
    spin_unlock(&list_lock);
    return found;
}

void tty_console_set_session(int sid, int pgid)
{
    struct tty *tty = console_get();
    if (tty == NULL)
        return;
    spin_lock(&tty->job_lock);
    tty->sid = sid;
    tty->pgid = pgid;
    spin_unlock(&tty->job_lock);
}

void tty_console_listen(void)
{
    if (console_tty != NULL)
        tty_pump_input(console_tty);
}

void tty_session_ended(int sid)
{
    struct tty *tty = tty_of_session(sid);
    if (tty == NULL)
        return;
    tty_release_session(tty); /* files stay as they are, as on Linux's pseudo-terminals */
    tty_put(tty);
}

void tty_hang_up_session(int sid)
{
    struct tty *tty = tty_of_session(sid);
    if (tty == NULL)
        return;
    tty_hang_up(tty);
    tty_put(tty);
}

uint64_t tty_device_of_session(int sid, int *pgid)
{
    struct tty *tty = tty_of_session(sid);
    *pgid = -1;
    if (tty == NULL)
        return 0;
    uint64_t device = tty->device;
    spin_lock(&tty->job_lock);
    *pgid = tty->pgid;
    spin_unlock(&tty->job_lock);
    tty_put(tty);
    return device;
}

/* ---- device nodes --------------------------------------------------------- */

/* /dev/tty: the caller's controlling terminal; /dev/console. */
static int open_major5(struct inode *inode, struct file *file)
{
    struct tty *tty = NULL;
    switch (DEVICE_MINOR(inode->attr.rdev)) {
    case 0:
        tty = tty_process == NULL ? NULL : tty_of_session(tty_process->sid());
        break;
    case 1:
        if (!console_is_terminal)
            return console_dev == NULL ? -ENXIO : stream_open_file(console_dev, file);
        tty = console_get();
        if (tty == NULL)
            return -ENOMEM;
        tty_get(tty);
        tty_open_acquires(tty, file);
        break;
    case 2:
        return pty_open_master(inode, file);
    default:
        break;
    }
    if (tty == NULL)
        return -ENXIO;
    int error = tty_open(tty, file);
    tty_put(tty);
    return error;
}

void tty_init(struct chardev *console, bool terminal)
{
    console_dev = console;
    console_is_terminal = terminal && console != NULL;
    device_register(DEVICE_MAJOR_TTY_AUX, open_major5);
    pty_init();
}
