/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of a machine, each a kick of a vCPU's thread: the run's time limit,
 * and a look at the mapped files now and then.
 *
 * Why that look: when a mapped file shrinks, KVM_RUN fails with EFAULT, and the
 * VM ends.  But a guest that takes the fault with interrupts enabled makes KVM
 * try it again asynchronously, for ever and without leaving to us (Linux 6.1
 * to 6.12, "async page fault").  The timer counts CPU time of the vCPU's
 * thread, so it costs an idle guest nothing and a busy one an exit a second.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/machine.h"

/* The name in the manual page; older C libraries have only the field. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define NS_PER_SECOND 1000000000l
#define NS_PER_MS 1000000l
#define MS_PER_SECOND 1000u
#define LOOK_INTERVAL_S 1

static int create_timer(clockid_t clock, timer_t *timer)
{
    struct sigevent event;

    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = VCPU_KICK_SIGNAL;
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    return timer_create(clock, &event, timer) != 0 ? -errno : 0;
}

int machine_start_timeout(struct machine *machine, struct machine_timer *timer)
{
    uint64_t timeout_ms = machine->config->timeout_ms;
    struct itimerspec when = {.it_value = {.tv_sec = 0}};
    int result;

    timer->armed = false;
    if (timeout_ms == 0) {
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &machine->deadline);
    machine->deadline.tv_sec += (time_t)(timeout_ms / MS_PER_SECOND);
    machine->deadline.tv_nsec += (long)(timeout_ms % MS_PER_SECOND) * NS_PER_MS;
    if (machine->deadline.tv_nsec >= NS_PER_SECOND) {
        machine->deadline.tv_nsec -= NS_PER_SECOND;
        machine->deadline.tv_sec++;
    }
    result = create_timer(CLOCK_MONOTONIC, &timer->id);
    timer->armed = result == 0;
    when.it_value = machine->deadline;
    if (result == 0 && timer_settime(timer->id, TIMER_ABSTIME, &when, NULL) != 0) {
        result = -errno;
    }
    return result;
}

int machine_start_alarm(struct machine_timer *timer, uint64_t at_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_SECOND),
                                           .tv_nsec = (long)(at_ns % NS_PER_SECOND)}};
    int result = create_timer(CLOCK_MONOTONIC, &timer->id);

    timer->armed = result == 0;
    if (result == 0 && timer_settime(timer->id, TIMER_ABSTIME, &when, NULL) != 0) {
        result = -errno;
    }
    return result;
}

void machine_start_watch(const struct machine *machine, struct machine_timer *timer)
{
    static const struct itimerspec every = {.it_interval = {.tv_sec = LOOK_INTERVAL_S},
                                            .it_value = {.tv_sec = LOOK_INTERVAL_S}};

    timer->armed = machine->archive != NULL && machine->archive->source_count > 0 &&
                   create_timer(CLOCK_THREAD_CPUTIME_ID, &timer->id) == 0;
    if (timer->armed) {
        timer_settime(timer->id, 0, &every, NULL);
    }
}

void machine_stop_timer(struct machine_timer *timer)
{
    if (timer->armed) {
        timer_delete(timer->id);
        timer->armed = false;
    }
}

const char *machine_shrunken_file(const struct machine *machine)
{
    for (size_t i = 0; machine->archive != NULL && i < machine->archive->source_count; i++) {
        const struct archive_source *source = &machine->archive->sources[i];
        struct stat status; /* the kernel's own on x86-64 */

        /* Not fstat(): some C libraries make another call of it, which the sandbox forbids. */
        if (syscall(SYS_fstat, source->fd, &status) == 0 &&
            (uint64_t)status.st_size < source->size) {
            return source->path;
        }
    }
    return NULL;
}
