/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll and timerfd calls. */
#include "arch/clock.h"
#include "fs/epoll.h"
#include "fs/timerfd.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"
#include "syscall/time_util.h"

enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };
#define RESULTS_AT_ONCE 128u
#define FEW 16u /* results that need no memory */
#define EVENTS_MAX (INT32_MAX / (int32_t)sizeof(struct epoll_result))

static int64_t install(struct file *file, bool close_on_exec)
{
    int64_t fd = fd_install(fd_current(), file, 0, fd_current_limit(), close_on_exec);

    if (fd == -EINVAL)
        fd = -EMFILE;
    if (fd < 0)
        file_put(file);
    return fd;
}

int64_t sys_epoll_create1(const struct syscall_args *args)
{
    struct file *file;

    if (args->arg[0] & ~(uint64_t)O_CLOEXEC)
        return -EINVAL;
    file = epoll_create();
    return file ? install(file, args->arg[0] & O_CLOEXEC) : -ENOMEM;
}

int64_t sys_epoll_create(const struct syscall_args *args)
{
    struct file *file;

    if ((int)args->arg[0] <= 0)
        return -EINVAL;
    file = epoll_create();
    return file ? install(file, false) : -ENOMEM;
}

static struct file *epoll_arg(uint64_t fd, int64_t *error)
{
    struct file *file = fd_arg(fd);

    *error = file ? 0 : -EBADF;
    if (file && !is_epoll(file)) {
        *error = -EINVAL;
        file_put(file);
        file = NULL;
    }
    return file;
}

static int64_t control(struct file *epoll, struct file *target, uint64_t operation, int fd,
                       const struct epoll_result *event)
{
    switch (operation) {
    case EPOLL_CTL_ADD:
        return epoll_add(epoll, target, fd, event->events, event->data);
    case EPOLL_CTL_MOD:
        return epoll_modify(epoll, target, fd, event->events, event->data);
    case EPOLL_CTL_DEL:
        return epoll_delete(epoll, target, fd);
    default:
        return -EINVAL;
    }
}

int64_t sys_epoll_ctl(const struct syscall_args *args)
{
    struct epoll_result event = {0};
    struct file *epoll, *target;
    int64_t result;

    if ((int)args->arg[1] != EPOLL_CTL_DEL &&
        copy_from_user(&event, UADDR(args->arg[3]), sizeof(event)))
        return -EFAULT;
    target = fd_arg(args->arg[2]);
    epoll = epoll_arg(args->arg[0], &result);
    if (!target)
        result = -EBADF;
    else if (epoll)
        result = control(epoll, target, (uint32_t)args->arg[1], (int)args->arg[2], &event);
    else if (!result)
        result = -EINVAL;
    file_put(epoll);
    file_put(target);
    return result;
}

static int64_t put_results(uint64_t address, const struct epoll_result *results, int64_t count)
{
    size_t size = (size_t)count * sizeof(*results);
    size_t left = copy_to_user_partial(UADDR(address), results, size);

    if (LIKELY(left == 0))
        return count;
    return size - left < sizeof(*results) ? -EFAULT : (int64_t)((size - left) / sizeof(*results));
}

/* All results that the caller has room for, as many at a time as results has. */
static int64_t wait_and_put(struct file *epoll, struct epoll_result *results, uint32_t room,
                            const struct syscall_args *args, uint64_t deadline_ns)
{
    uint32_t count = (uint32_t)args->arg[2];
    uint64_t pass = 0, address = args->arg[1];
    int64_t found = epoll_wait(epoll, results, room, deadline_ns, &pass);
    int64_t done = 0;

    while (found > 0) {
        int64_t put = put_results(address, results, found);

        if (put < 0)
            return done ? done : put;
        done += put;
        if (put < room || done == count)
            return done;
        address += (uint64_t)put * sizeof(struct epoll_result);
        found = epoll_look(epoll, results, MIN(room, count - (uint32_t)done), &pass);
    }
    return done ? done : found;
}

static __attribute__((noinline)) int64_t
wait_many(struct file *epoll, const struct syscall_args *args, uint64_t deadline_ns)
{
    uint32_t room = MIN((uint32_t)args->arg[2], RESULTS_AT_ONCE);
    struct epoll_result *results = kcalloc(room, sizeof(*results));
    int64_t result = results ? wait_and_put(epoll, results, room, args, deadline_ns) : -ENOMEM;

    kfree(results);
    return result;
}

static __attribute__((noinline)) int64_t
wait_few(struct file *epoll, const struct syscall_args *args, uint64_t deadline_ns)
{
    struct epoll_result results[FEW];
    uint64_t pass = 0;
    int64_t found = epoll_wait(epoll, results, (uint32_t)args->arg[2], deadline_ns, &pass);

    return found > 0 ? put_results(args->arg[1], results, found) : found;
}

static int64_t wait_events(const struct syscall_args *args, uint64_t deadline_ns)
{
    uint32_t count = (uint32_t)args->arg[2];
    int64_t result;
    bool counted;

    if ((int)args->arg[2] <= 0 || (int)args->arg[2] > EVENTS_MAX)
        return -EINVAL;
    if (!user_range_ok(UADDR(args->arg[1]), count * sizeof(struct epoll_result)))
        return -EFAULT;
    struct file *epoll = fd_borrow(current_task()->files, (int)args->arg[0], &counted);
    if (UNLIKELY(!epoll))
        return -EBADF;
    if (UNLIKELY(!is_epoll(epoll)))
        result = epoll->mode & FMODE_PATH ? -EBADF : -EINVAL;
    else if (LIKELY(count <= FEW))
        result = wait_few(epoll, args, deadline_ns);
    else
        result = wait_many(epoll, args, deadline_ns);
    fd_return(epoll, counted);
    return result;
}

static uint64_t deadline_from_ms(int32_t ms)
{
    if (ms < 0)
        return WAIT_FOREVER;
    return ms == 0 ? 0 : clock_ns() + (uint64_t)ms * 1000000;
}

int64_t sys_epoll_wait(const struct syscall_args *args)
{
    return wait_events(args, deadline_from_ms((int32_t)args->arg[3]));
}

static int64_t wait_masked(const struct syscall_args *args, uint64_t deadline_ns)
{
    uint64_t mask;
    int64_t result;

    if (LIKELY(!args->arg[4]))
        return wait_events(args, deadline_ns);
    if (args->arg[5] != sizeof(mask))
        return -EINVAL;
    if (get_user_u64(&mask, UADDR(args->arg[4])))
        return -EFAULT;
    signal_set_temporary_mask(mask);
    result = wait_events(args, deadline_ns);
    if (result != -ERESTARTNOHAND)
        signal_restore_mask();
    return result;
}

int64_t sys_epoll_pwait(const struct syscall_args *args)
{
    return wait_masked(args, deadline_from_ms((int32_t)args->arg[3]));
}

int64_t sys_epoll_pwait2(const struct syscall_args *args)
{
    uint64_t deadline_ns = WAIT_FOREVER, ns;

    if (args->arg[3]) {
        int error = get_user_timespec(&ns, UADDR(args->arg[3]));

        if (error)
            return error;
        deadline_ns = ns ? time_add(clock_ns(), ns) : 0;
    }
    return wait_masked(args, deadline_ns);
}

/* ---- timerfd ---- */

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u
enum { CLOCK_WALL = 0, CLOCK_MONO = 1, CLOCK_BOOT = 7, CLOCK_WALL_ALARM = 8, CLOCK_BOOT_ALARM = 9 };

int64_t sys_timerfd_create(const struct syscall_args *args)
{
    int clock = (int)args->arg[0];
    struct file *file;

    if (args->arg[1] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (clock != CLOCK_WALL && clock != CLOCK_MONO && clock != CLOCK_BOOT &&
        clock != CLOCK_WALL_ALARM && clock != CLOCK_BOOT_ALARM)
        return -EINVAL;
    file = timerfd_create(clock == CLOCK_WALL || clock == CLOCK_WALL_ALARM,
                          (uint32_t)args->arg[1] & O_NONBLOCK);
    return file ? install(file, args->arg[1] & O_CLOEXEC) : -ENOMEM;
}

static struct file *timerfd_arg(uint64_t fd, int64_t *error)
{
    struct file *file = fd_arg(fd);

    *error = file ? 0 : -EBADF;
    if (file && !is_timerfd(file)) {
        *error = -EINVAL;
        file_put(file);
        file = NULL;
    }
    return file;
}

static int64_t put_setting(struct file *file, uint64_t address)
{
    struct linux_itimerspec spec;
    uint64_t left, interval;

    timerfd_get(file, &left, &interval);
    spec.value = ns_to_timespec(left);
    spec.interval = ns_to_timespec(interval);
    return copy_to_user(UADDR(address), &spec, sizeof(spec));
}

/* The first expiration on the monotonic clock; 0 disarms. */
static uint64_t first_expiration(const struct file *file, uint64_t value_ns, bool absolute)
{
    if (value_ns == 0)
        return 0;
    if (!absolute)
        return time_add(clock_ns(), value_ns);
    if (timerfd_is_wall(file)) {
        uint64_t base = clock_wall_ns() - clock_ns();

        value_ns = value_ns > base ? value_ns - base : 0;
    }
    return MAX(value_ns, 1ul);
}

int64_t sys_timerfd_settime(const struct syscall_args *args)
{
    struct linux_itimerspec spec;
    uint64_t value, interval;
    struct file *file;
    int64_t result;

    if (copy_from_user(&spec, UADDR(args->arg[2]), sizeof(spec)))
        return -EFAULT;
    if ((args->arg[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
        !timespec_to_ns(&spec.value, &value) || !timespec_to_ns(&spec.interval, &interval))
        return -EINVAL;
    file = timerfd_arg(args->arg[0], &result);
    if (!file)
        return result;
    if (args->arg[3])
        result = put_setting(file, args->arg[3]);
    bool absolute = args->arg[1] & TFD_TIMER_ABSTIME;
    struct timerfd_setting setting = {
        .first_ns = first_expiration(file, value, absolute),
        .interval_ns = interval,
        .follows_wall = absolute && timerfd_is_wall(file),
        .cancel_on_set =
            absolute && timerfd_is_wall(file) && (args->arg[1] & TFD_TIMER_CANCEL_ON_SET),
    };
    if (!result)
        timerfd_set(file, &setting);
    file_put(file);
    return result;
}

int64_t sys_timerfd_gettime(const struct syscall_args *args)
{
    int64_t result;
    struct file *file = timerfd_arg(args->arg[0], &result);

    if (!file)
        return result;
    result = put_setting(file, args->arg[1]);
    file_put(file);
    return result;
}
