/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of /dev/vmm/call to functions, their replies back.  A server is what one thread needs;
 * it lies in one mapping with the beginning of its requests, so that a small call writes few pages.
 */
#include "sdk/vmm_guest.h"

#include "sdk/system.h"

/* What is larger is given back after the call. */
#define KEEP_BYTES (1u << 20)
#define RECORD_MAX (VMM_GUEST_NAME_MAX + 1u + VMM_GUEST_DATA_MAX)

struct server {
    struct vmm_request request; /* first: functions are given its address */
    vmm_guest_function *function; /* takes all, or NULL: by name */
    long file;
    unsigned char *replies; /* for vmm_reply_buffer(); NULL: never used */
    size_t replies_used;
    char status[12];
    /* One byte more than a record has, so that a read is never filled wholly; and a 0. */
    unsigned char record[RECORD_MAX + 2];
};

/* Made by the linker; a program may have none. */
extern const struct vmm_guest_entry __start_vmm_functions[] __attribute__((weak));
extern const struct vmm_guest_entry __stop_vmm_functions[] __attribute__((weak));
extern int (*const __start_vmm_inits[])(void) __attribute__((weak));
extern int (*const __stop_vmm_inits[])(void) __attribute__((weak));

int vmm_reply(struct vmm_request *request, const void *data, size_t length)
{
    request->out = data;
    request->out_length = length;
    return 0;
}

void *vmm_reply_buffer(struct vmm_request *request, size_t length)
{
    struct server *server = (struct server *)request;

    if (length > VMM_GUEST_DATA_MAX) {
        return NULL;
    }
    if (server->replies == NULL) {
        server->replies = map_memory(VMM_GUEST_DATA_MAX);
    }
    if (server->replies != NULL) {
        vmm_reply(request, server->replies, length);
        server->replies_used = length;
    }
    return server->replies;
}

int vmm_fail(struct vmm_request *request, int status, const char *text)
{
    vmm_reply(request, text, text != NULL ? string_length(text) : 0);
    return status;
}

static int call_by_name(struct vmm_request *request)
{
    for (const struct vmm_guest_entry *entry = __start_vmm_functions; entry < __stop_vmm_functions;
         entry++) {
        if (strings_equal(entry->name, request->name)) {
            return entry->function(request);
        }
    }
    return VMM_GUEST_NO_FUNCTION;
}

/* A record, NAME\0input, as the kernel gives it: checked by it and by the monitor. */
static int call(struct server *server, size_t length)
{
    struct vmm_request *request = &server->request;
    size_t name_length;
    int status;

    server->record[length] = 0; /* ends a name in any case */
    name_length = string_length((const char *)server->record);
    request->name = (const char *)server->record;
    request->in = server->record + name_length + (name_length < length);
    request->in_length = (size_t)(server->record + length - request->in);
    request->out = NULL;
    request->out_length = 0;
    status = server->function != NULL ? server->function(request) : call_by_name(request);
    if (status < 0) {
        status = status >= -VMM_GUEST_STATUS_MAX ? -status : VMM_GUEST_STATUS_MAX;
    } else if (status > VMM_GUEST_STATUS_MAX && status != VMM_GUEST_NO_FUNCTION) {
        status = VMM_GUEST_STATUS_MAX;
    }
    if (request->out_length > VMM_GUEST_DATA_MAX) {
        status = vmm_fail(request, EMSGSIZE, "the output is too long");
    }
    return status;
}

/* Large records should not stay in memory: whole pages behind the first ones. */
static void give_back(unsigned char *start, size_t used)
{
    unsigned char *from = (unsigned char *)(((uintptr_t)start + KEEP_BYTES) & ~(uintptr_t)4095);

    if (used > KEEP_BYTES) {
        system_call(SYS_madvise, (long)from, (const void *)(start + used - from), MADV_DONTNEED);
    }
}

/* 0, or the negative errno of a reply that the kernel does not take. */
static long serve_one(struct server *server)
{
    long length = system_call(SYS_read, server->file, server->record, RECORD_MAX + 1);
    struct iovec reply[2];
    size_t in_length;
    long result;

    if (length < 0) {
        return length == -EINTR ? 0 : length;
    }
    int status = call(server, (size_t)length);

    in_length = server->request.in_length;
    reply[0] = (struct iovec){"0", 2};
    if (status != 0) {
        reply[0] = (struct iovec){server->status, put_number(server->status, (unsigned int)status)};
    }
    reply[1] = (struct iovec){server->request.out, server->request.out_length};
    result = system_call(SYS_writev, server->file, reply, 2);
    if (result < 0 && result != -ESRCH) { /* the function's output is not memory */
        static const char text[] = "14\0the output is not in the program's memory";

        result = system_call(SYS_write, server->file, text, sizeof(text) - 1);
    }
    give_back(server->record, in_length);
    give_back(server->replies, server->replies_used);
    server->replies_used = 0;
    /* No such request: the function has replied by itself, or a part of its output has gone. */
    return result < 0 && result != -ESRCH ? result : 0;
}

static void complain(const char *text)
{
    system_call(SYS_write, 2, text, (long)string_length(text));
}

int vmm_guest_serve_all(vmm_guest_function *function)
{
    long file = file_open("/dev/vmm/call", O_RDWR | O_CLOEXEC);
    struct server *server;
    long result = 0;

    if (file < 0) {
        complain("this program serves functions: run it with \"vmm call\" or by libvmm\n");
        return 1;
    }
    server = map_memory(sizeof(*server));
    if (server == NULL) {
        complain("no memory for function calls\n");
        return 1;
    }
    server->function = function;
    server->file = file;
    while (result == 0) {
        result = serve_one(server);
    }
    complain("cannot serve function calls any more\n");
    return 1;
}

int vmm_guest_serve(void)
{
    for (int (*const *init)(void) = __start_vmm_inits; init < __stop_vmm_inits; init++) {
        int status = (*init)();

        if (status != 0) {
            return status;
        }
    }
    return vmm_guest_serve_all(NULL);
}

int vmm_guest_ready(void)
{
    long file = file_open("/dev/vmm/ready", O_WRONLY | O_CLOEXEC);
    long result = file;

    if (file >= 0) {
        result = system_call(SYS_write, file, "1", 1);
        system_call(SYS_close, file, NULL, 0);
    }
    return result < 0 ? (int)result : 0;
}
