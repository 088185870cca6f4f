/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions without a libc: linked with libvmm_guest_start and libvmm_guest alone. */
#include <vmm_guest.h>

static unsigned int calls;

VMM_FUNCTION(echo)
{
    return vmm_reply(request, request->in, request->in_length);
}

VMM_FUNCTION(nothing)
{
    return 0;
}

VMM_FUNCTION(upper)
{
    for (size_t i = 0; i < request->in_length; i++)
        if (request->in[i] >= 'a' && request->in[i] <= 'z')
            request->in[i] -= 'a' - 'A';
    return vmm_reply(request, request->in, request->in_length);
}

/* How often it was called: 1 in a clean VM. */
VMM_FUNCTION(count)
{
    char *out = vmm_reply_buffer(request, 4);

    if (!out)
        return 1;
    calls++;
    for (unsigned int at = 4, rest = calls; at-- > 0; rest /= 10)
        out[at] = (char)('0' + rest % 10);
    return 0;
}

/* Compilers make memset() and memcpy() of these. */
VMM_FUNCTION(copies)
{
    struct {
        char bytes[1000];
    } from = {{1, 2, 3}}, to = from;

    from.bytes[999] = 9;
    return vmm_reply(request, to.bytes[2] == 3 && to.bytes[999] == 0 ? "yes" : "no", 3);
}

VMM_FUNCTION(fail)
{
    return vmm_fail(request, 7, "as it was asked to");
}

VMM_FUNCTION(crash)
{
    *(volatile int *)0x123 = 1;
    return 0;
}

VMM_FUNCTION(spin)
{
    for (;;)
        ;
    return 0;
}

VMM_FUNCTION(host)
{
    unsigned char *out = vmm_reply_buffer(request, 2 * request->in_length);
    size_t length;

    if (!out)
        return 1;
    int status = vmm_host_call("twice", request->in, request->in_length, out,
                               2 * request->in_length, &length);
    vmm_reply(request, out, length);
    return status;
}
