/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that serves functions over /dev/vmm/call by hand, well-behaved ones and others.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD_MAX ((16u << 20) + 1024)

static char *record, *reply;
static int file;
static unsigned int calls; /* how often this VM was called: a reset forgets it */

static ssize_t read_request(void)
{
    size_t length = 0;
    ssize_t done;
    while ((done = read(file, record + length, RECORD_MAX - length)) > 0) {
        length += (size_t)done;
        if (length < RECORD_MAX)
            return (ssize_t)length; /* it did not fill the buffer: this was all */
    }
    return done;
}

static void answer(int status, const void *bytes, size_t length)
{
    int head = sprintf(reply, "%d", status) + 1;
    memmove(reply + head, bytes, length);
    if (write(file, reply, (size_t)head + length) < 0)
        perror("reply");
}

static void answer_text(int status, const char *text)
{
    answer(status, text, strlen(text));
}

static unsigned long number(const char *in, size_t length)
{
    char text[32] = "";
    memcpy(text, in, length < sizeof(text) - 1 ? length : sizeof(text) - 1);
    return strtoul(text, NULL, 10);
}

static void grow(const char *in, size_t length)
{
    size_t size = number(in, length);
    int head = sprintf(reply, "0") + 1;
    memset(reply + head, 'x', size);
    if (write(file, reply, (size_t)head + size) < 0)
        answer_text(9, strerror(errno));
}

static void fork_and_answer(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    waitpid(child, &status, 0);
    answer_text(0, WEXITSTATUS(status) == 7 ? "child done" : "child lost");
}

/* Things a function should not do. */
static void misbehave(const char *name)
{
    if (strcmp(name, "crash") == 0)
        *(volatile int *)(uintptr_t)0x1234 = 1;
    else if (strcmp(name, "abort") == 0)
        abort();
    else if (strcmp(name, "exit") == 0)
        exit(3);
    else if (strcmp(name, "spin") == 0)
        for (;;)
            __asm__ volatile("");
    else if (strcmp(name, "sleep") == 0)
        sleep(1000);
    else if (strcmp(name, "mute") == 0)
        raise(SIGSTOP);
    else if (strcmp(name, "junk") == 0)
        answer_text(0, write(file, "what\0?", 6) < 0 ? strerror(errno) : "taken");
    else if (strcmp(name, "overwrite") == 0)
        for (char *p = record;; p++)
            *p = 'x';
    else
        answer(65536, "", 0);
}

static void serve(const char *name, const char *in, size_t length)
{
    calls++;
    if (strcmp(name, "echo") == 0) {
        answer(0, in, length);
    } else if (strcmp(name, "count") == 0) {
        char text[16];
        answer(0, text, (size_t)sprintf(text, "%u", calls));
    } else if (strcmp(name, "fail") == 0) {
        answer_text(7, "no \033[31mluck\ntoday");
    } else if (strcmp(name, "fail999") == 0) {
        answer_text(999, "");
    } else if (strcmp(name, "grow") == 0) {
        grow(in, length);
    } else if (strcmp(name, "fork") == 0) {
        fork_and_answer();
    } else if (strcmp(name, "print") == 0) {
        puts("printed");
        fflush(stdout);
        answer_text(0, "returned");
    } else if (strcmp(name, "nap") == 0) {
        usleep(1000 * (useconds_t)number(in, length));
        answer_text(0, "slept");
    } else if (strcmp(name, "twice") == 0) {
        answer_text(0, "once");
        answer_text(0, "again");
    } else {
        misbehave(name);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "never") == 0)
        for (;;)
            pause();
    if (argc > 1 && strcmp(argv[1], "leave") == 0)
        return 5;
    file = open("/dev/vmm/call", O_RDWR);
    record = malloc(RECORD_MAX);
    reply = malloc(RECORD_MAX);
    if (file < 0) {
        perror("/dev/vmm/call");
        return 1;
    }
    for (;;) {
        ssize_t length = read_request();
        char *end = length > 0 ? memchr(record, 0, (size_t)length) : NULL;
        if (!end)
            return 2;
        serve(record, end + 1, (size_t)(record + length - end - 1));
    }
}
