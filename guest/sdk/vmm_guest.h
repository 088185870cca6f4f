/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs that run in a VM and serve functions: libvmm_guest.  The embedder calls them with
 * vmm_call() of libvmm or with "vmm call".
 *
 *     #include <vmm_guest.h>
 *
 *     VMM_FUNCTION(shout)
 *     {
 *         char *out = vmm_reply_buffer(request, request->in_length);
 *
 *         if (!out)
 *             return vmm_fail(request, 1, "too loud");
 *         for (size_t i = 0; i < request->in_length; i++)
 *             out[i] = upper(request->in[i]);
 *         return 0;
 *     }
 *
 * Build it with   cc shout.c $(pkg-config --cflags --libs vmm-guest)
 * or without libc  cc -ffreestanding -fno-stack-protector shout.c \
 *                     $(pkg-config --cflags --libs vmm-guest-freestanding)
 *
 * The library has a main() that serves; a program with a main() of its own calls
 * vmm_guest_serve().  It needs nothing from libc, takes no signals, makes no threads and allocates
 * by mmap(2): 17 MiB of addresses for requests and as much for replies, of which only what is used
 * becomes memory.
 *
 * Between a reply and the next request the VM stands still: threads, timers and connections of
 * the program go on when the next request comes.  Each request may find a clean copy of
 * the program, as it was when it first waited: keep nothing in memory that a later one must see.
 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Functions ----------------------------------------------------------- */

#define VMM_GUEST_NAME_MAX 255u /* bytes of a function's name */
#define VMM_GUEST_DATA_MAX (16u << 20) /* bytes of a request's input, and of a reply's output */
#define VMM_GUEST_STATUS_MAX 65535 /* the greatest status of a function's own */

/* A request, while its function runs. */
struct vmm_request {
    const char *name;
    /* The library's memory; the function may change it, and reply with it. */
    unsigned char *in;
    size_t in_length; /* bytes; what is behind them may be read as a 0 */
    /*
     * The reply, empty at first: output, or the text of a failure.  The program's memory, or the
     * library's; it is read when the function has returned.
     */
    const void *out;
    size_t out_length; /* bytes, up to VMM_GUEST_DATA_MAX; more is a failure */
};

/* 0: done.  Else a status of failure, 1 to VMM_GUEST_STATUS_MAX. */
typedef int vmm_guest_function(struct vmm_request *request);

struct vmm_guest_entry {
    const char *name;
    vmm_guest_function *function;
};

/*
 * Defines a function and makes it callable by its name.  Within one program file (or shared
 * object) all of them are found; there are no constructors.
 */
#define VMM_FUNCTION(name_)                                                                 \
    static int vmm_function_##name_(struct vmm_request *request);                           \
    __attribute__((                                                                         \
        used, section("vmm_functions"),                                                     \
        aligned(sizeof(void *)))) static const struct vmm_guest_entry vmm_entry_##name_ = { \
        #name_, vmm_function_##name_};                                                      \
    static int vmm_function_##name_(__attribute__((unused)) struct vmm_request *request)

/*
 * Runs once, before the first request is waited for.  0; anything else ends the program with
 * that status, and the VM does not become ready.
 */
#define VMM_INIT                                                                         \
    static int vmm_init_(void);                                                          \
    __attribute__((used, section("vmm_inits"),                                           \
                   aligned(sizeof(void *)))) static int (*const vmm_init_entry_)(void) = \
        vmm_init_;                                                                       \
    static int vmm_init_(void)

/* The reply is data[0..length): it must stay there until the function has returned.  Returns 0. */
int vmm_reply(struct vmm_request *request, const void *data, size_t length);
/*
 * The reply is length bytes that the caller writes there; until it has, their contents are
 * whatever an earlier reply left.  NULL: more than VMM_GUEST_DATA_MAX, or no memory.
 */
void *vmm_reply_buffer(struct vmm_request *request, size_t length);
/* A failure with a text (a string, which stays there; NULL: none).  Returns status. */
int vmm_fail(struct vmm_request *request, int status, const char *text);

/* ---- Serving ------------------------------------------------------------- */

/*
 * Runs VMM_INIT, then serves for ever.  Returns what VMM_INIT returned, or 1 with a message on
 * standard error: the VM was not started for function calls, or no memory.  Several threads or
 * processes may serve (VMM_INIT runs in each); each request goes to one of them.
 */
int vmm_guest_serve(void);
/*
 * The same with a function that takes all requests instead of those of VMM_FUNCTION; it returns
 * VMM_GUEST_NO_FUNCTION for names that it does not know.
 */
int vmm_guest_serve_all(vmm_guest_function *function);
#define VMM_GUEST_NO_FUNCTION 65536

/*
 * For programs that are no functions: it is initialised, a snapshot may be taken.  (A program
 * that serves says so by waiting.)  0, or a negative errno.
 */
int vmm_guest_ready(void);

/* ---- Functions of the embedder's ----------------------------------------- */

/*
 * Calls what the embedder registered with vmm_export().  The VM stands still meanwhile.  Any
 * thread.  At most out_capacity bytes are written to out; *out_length (NULL is allowed) is
 * how long the answer, or the text of a failure, is.  in and out may be the same memory.
 *
 * 0: done; positive: the function failed with this status.  Negative: -ENOENT there is no such
 * function, -ENOBUFS the answer does not fit, -EINVAL name of no or too many bytes, -EMSGSIZE
 * input too long, -ENXIO nobody embeds this VM, -EINTR a signal came first, or another errno.
 */
int vmm_host_call(const char *name, const void *in, size_t in_length, void *out,
                  size_t out_capacity, size_t *out_length);

#ifdef __cplusplus
}
#endif
#endif
