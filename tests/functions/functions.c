/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions in C with a libc: what the tests of function calls call.  Good ones, and those
 * that fail, crash, end, never end, or look for what an earlier call left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vmm_guest.h>

static unsigned int initialised;

VMM_INIT
{
    initialised++;
    return getenv("FAIL_INIT") ? atoi(getenv("FAIL_INIT")) : 0;
}

/* The reply is text, which lies in the program until the next call. */
__attribute__((format(printf, 2, 3))) static int say(struct vmm_request *request,
                                                     const char *format, ...)
{
    static char text[300];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return vmm_reply(request, text, (size_t)length);
}

static unsigned long number(const struct vmm_request *request)
{
    return strtoul((const char *)request->in, NULL, 0);
}

/* ---- good ones ---- */

VMM_FUNCTION(echo)
{
    return vmm_reply(request, request->in, request->in_length);
}

VMM_FUNCTION(nothing)
{
    return 0;
}

VMM_FUNCTION(sum)
{
    const char *at = (const char *)request->in;
    char *end;
    long total = 0;

    for (long value = strtol(at, &end, 10); end != at; value = strtol(at, &end, 10)) {
        total += value;
        at = end;
    }
    return say(request, "%ld", total);
}

VMM_FUNCTION(upper)
{
    for (size_t i = 0; i < request->in_length; i++)
        if (request->in[i] >= 'a' && request->in[i] <= 'z')
            request->in[i] -= 'a' - 'A';
    return vmm_reply(request, request->in, request->in_length);
}

VMM_FUNCTION(reverse)
{
    unsigned char *out = vmm_reply_buffer(request, request->in_length);

    if (!out)
        return vmm_fail(request, 1, "no memory");
    for (size_t i = 0; i < request->in_length; i++)
        out[i] = request->in[request->in_length - 1 - i];
    return 0;
}

VMM_FUNCTION(init)
{
    return say(request, "%u", initialised);
}

/* N bytes: 0, 1, ... 255, 0, ... */
VMM_FUNCTION(big)
{
    unsigned long size = number(request);
    unsigned char *out = vmm_reply_buffer(request, size);

    if (!out)
        return vmm_fail(request, 1, "too big");
    for (unsigned long i = 0; i < size; i++)
        out[i] = (unsigned char)i;
    return 0;
}

VMM_FUNCTION(time)
{
    struct timespec wall, monotonic;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return say(request, "%lld.%09ld %lld.%09ld", (long long)wall.tv_sec, wall.tv_nsec,
               (long long)monotonic.tv_sec, monotonic.tv_nsec);
}

VMM_FUNCTION(hostname)
{
    char name[65];

    gethostname(name, sizeof(name));
    return say(request, "%s", name);
}

VMM_FUNCTION(sleep)
{
    usleep((useconds_t)number(request) * 1000);
    return 0;
}

/* N MiB, each page written. */
VMM_FUNCTION(alloc)
{
    size_t size = number(request) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return vmm_fail(request, errno, "mmap");
    for (size_t at = 0; at < size; at += 4096)
        memory[at] = 1;
    munmap(memory, size);
    return 0;
}

/* A process of its own does the work. */
VMM_FUNCTION(fork)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit((int)number(request));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return vmm_fail(request, errno, "fork");
    return say(request, "%d", WEXITSTATUS(status));
}

/* ---- random numbers: 32 bytes, hexadecimal ---- */

VMM_FUNCTION(random)
{
    unsigned char bytes[32];
    char text[65];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return vmm_fail(request, errno, "getrandom");
    for (unsigned int i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", bytes[i]);
    return say(request, "%s", text);
}

VMM_FUNCTION(generation)
{
    char text[64];
    int file = open("/dev/vmm/generation", O_RDONLY);
    ssize_t length = read(file, text, sizeof(text));

    close(file);
    return length > 0 ? say(request, "%.*s", (int)length - 1, text)
                      : vmm_fail(request, 1, "no generation ID");
}

/* ---- the embedder's functions ---- */

VMM_FUNCTION(host)
{
    char *out = vmm_reply_buffer(request, VMM_GUEST_DATA_MAX);
    size_t length;

    if (!out)
        return vmm_fail(request, 1, "no memory");
    int status =
        vmm_host_call("twice", request->in, request->in_length, out, VMM_GUEST_DATA_MAX, &length);
    vmm_reply(request, out, length);
    return status < 0 ? vmm_fail(request, 1000 - status, "vmm_host_call") : status;
}

/* The input is a name: it is called without input, with room for 8 bytes. */
VMM_FUNCTION(host_named)
{
    static char out[8];
    size_t length;
    int status = vmm_host_call((const char *)request->in, NULL, 0, out, sizeof(out), &length);

    return say(request, "%d %zu", status, length);
}

/* ---- bad ones ---- */

VMM_FUNCTION(fail)
{
    return vmm_fail(request, 7, "as it was asked to");
}

VMM_FUNCTION(too_long)
{
    return vmm_reply(request, request->in, (size_t)VMM_GUEST_DATA_MAX + 1);
}

VMM_FUNCTION(bad_reply)
{
    return vmm_reply(request, (const void *)8, 100);
}

/* Of 200000 bytes, the last 100000 are not there. */
VMM_FUNCTION(bad_end_of_reply)
{
    char *memory = mmap(NULL, 200704, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(memory + 102400, 98304);
    return vmm_reply(request, memory, 200000);
}

__attribute__((noinline)) static void store(volatile int *where)
{
    *where = 1;
}

VMM_FUNCTION(crash)
{
    store(NULL);
    return 0;
}

VMM_FUNCTION(abort)
{
    abort();
}

VMM_FUNCTION(spin)
{
    for (;;)
        ;
    return 0;
}

VMM_FUNCTION(spin_in_kernel)
{
    for (;;)
        getppid();
    return 0;
}

VMM_FUNCTION(wait)
{
    for (;;)
        pause();
    return 0;
}

VMM_FUNCTION(exit)
{
    exit((int)number(request));
}

VMM_FUNCTION(fork_and_exit)
{
    if (fork() == 0)
        for (;;)
            pause();
    exit(4);
}

/* Processes until there are no more, each as busy as it can be. */
VMM_FUNCTION(fork_bomb)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;)
        fork();
    return 0;
}

/* All memory that can be had. */
VMM_FUNCTION(hog)
{
    for (;;) {
        char *memory = malloc(1 << 20);
        if (memory)
            memset(memory, 1, 1 << 20);
    }
    return 0;
}

/* The kernel is told twice, and told nonsense; then, properly. */
VMM_FUNCTION(answer_twice)
{
    int file = open("/dev/vmm/call", O_RDWR);
    ssize_t nonsense = write(file, "done", 4), error = errno;
    ssize_t first = write(file, "0\0first", 7);

    (void)request;
    /* The call is over here; what follows runs in the next one. */
    ssize_t second = write(file, "0\0second", 8);
    (void)!write(2, second < 0 && errno == ESRCH ? "" : "a second reply went out\n", 0);
    close(file);
    if (nonsense >= 0 || error != EINVAL || first != 7)
        _exit(9);
    return 0;
}

/* ---- what was left ---- */

static char held[256];

/* What the call before gave it. */
VMM_FUNCTION(leak)
{
    static char before[sizeof(held)];
    size_t length = request->in_length < sizeof(held) ? request->in_length : sizeof(held) - 1;

    memcpy(before, held, sizeof(held));
    memcpy(held, request->in, length);
    held[length] = 0;
    return vmm_reply(request, before, strlen(before));
}

/* The same through a file, a pipe and freed memory: "file pipe heap". */
VMM_FUNCTION(leak_more)
{
    static int ends[2] = {-1, -1};
    char file_text[64] = "", pipe_text[64] = "", heap_text[64] = "";
    size_t length = request->in_length < 60 ? request->in_length : 60;
    int file = open("/tmp/leak", O_RDWR | O_CREAT, 0600);

    if (ends[0] < 0 && pipe2(ends, O_NONBLOCK) != 0)
        return vmm_fail(request, errno, "pipe");
    (void)!read(file, file_text, sizeof(file_text) - 1);
    (void)!pwrite(file, request->in, length, 0);
    close(file);
    (void)!read(ends[0], pipe_text, sizeof(pipe_text) - 1);
    (void)!write(ends[1], request->in, length);
    char *memory = malloc(5000);
    if (memory && memory[100] >= ' ')
        snprintf(heap_text, sizeof(heap_text), "%.60s", memory + 100);
    if (memory)
        memcpy(memory + 100, request->in, length + 1);
    free(memory);
    return say(request, "[%s] [%s] [%s]", file_text, pipe_text, heap_text);
}
