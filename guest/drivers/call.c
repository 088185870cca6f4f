/* SPDX-License-Identifier: BSD-2-Clause */
/* See call.h.  Owns the area; knows neither records nor who reads them. */
#include "drivers/call.h"

#include "arch/boot_info.h"
#include "arch/generation.h"
#include "drivers/call_channel.h"
#include "drivers/control.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"

#define AREA_ORDER 6u /* 256 KiB: the next power of two */
_Static_assert(sizeof(struct guest_call_area) <= (PAGE_SIZE << AREA_ORDER), "call area");

static int start(void);
static int port_op(enum guest_call_op op);

static struct call_port port __attribute__((section(".data.hot.calls"))) = {
    .start = start,
    .op = port_op,
    .say_ready = control_ready,
    .stands_still = true,
};
static struct spinlock start_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

struct call_port *call_port_get(void)
{
    return &port;
}

/* The monitor changes the area meanwhile, and looks at what was written before. */
static int port_op(enum guest_call_op op)
{
    control_out(GUEST_CTL_PORT, GUEST_CTL_WORD(GUEST_CTL_CALL, op));
    generation_check();
    return 0;
}

void call_attention(void)
{
    if (port.area != NULL && port.on_request != NULL)
        port.on_request();
}

static int make_area(void)
{
    paddr_t pa;
    if (!page_alloc(AREA_ORDER, 0, &pa))
        return -ENOMEM;
    struct guest_call_area *area = phys_to_virt(pa);
    leaks_keep(area);
    memset(area, 0, GUEST_CALL_HEADER);
    port.area = area;
    if (control_is_port()) {
        control_out(GUEST_CTL_AREA_PORT, (uint32_t)(pa.raw >> PAGE_SHIFT));
        return 0;
    }
    port.op = call_channel_op;
    port.stands_still = false;
    call_channel_start(&port);
    return 0;
}

static int start(void)
{
    if (!(control_is_port() || control_is_channel()) || cmdline_get("call", NULL, 0, NULL) < 0)
        return -ENXIO;
    spin_lock(&start_lock);
    int error = port.area == NULL ? make_area() : 0;
    spin_unlock(&start_lock);
    return error;
}

void call_report_crash(const struct guest_crash *crash)
{
    if (start() != 0)
        return;
    if (control_is_channel()) {
        control_send(GUEST_CTL_WORD(GUEST_CTL_CRASH, 0), crash, sizeof(*crash));
        return;
    }
    memcpy(port.area->out, crash, sizeof(*crash));
    control_out(GUEST_CTL_PORT, GUEST_CTL_WORD(GUEST_CTL_CRASH, 0));
}
