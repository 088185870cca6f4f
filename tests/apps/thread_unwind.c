/* SPDX-License-Identifier: BSD-2-Clause */
/* What unwinds the stack: pthread_exit, cancellation, clean-up handlers, backtrace. */
/* variants: dynamic static */
#include "check.h"
#include <execinfo.h>
#include <pthread.h>

static void clean(void *text)
{
    puts(text);
}

static void *leave(void *unused)
{
    (void)unused;
    pthread_cleanup_push(clean, "cleaned at exit");
    pthread_exit("left");
    pthread_cleanup_pop(0);
    return NULL;
}

static void *wait_for_it(void *unused)
{
    pthread_cleanup_push(clean, "cleaned at cancellation");
    for (;;)
        sleep(1000);
    pthread_cleanup_pop(0);
    return unused;
}

int main(void)
{
    pthread_t thread;
    void *value, *frames[16];

    NEED(pthread_create(&thread, NULL, leave, NULL) == 0);
    NEED(pthread_join(thread, &value) == 0);
    puts(value);
    NEED(pthread_create(&thread, NULL, wait_for_it, NULL) == 0);
    NEED(pthread_cancel(thread) == 0);
    NEED(pthread_join(thread, &value) == 0);
    CHECK(value == PTHREAD_CANCELED);
    CHECK(backtrace(frames, 16) > 1);
    fflush(stdout);
    pthread_exit(NULL); /* the last thread: the process ends with 0 */
}
