/* SPDX-License-Identifier: BSD-2-Clause */
/* See machine_end.h.  Knows what a PC offers to end it; not how output gets anywhere. */
#include "drivers/machine_end.h"

#include "arch/boot_info.h"
#include "arch/cpu.h"
#include "drivers/acpi_power.h"
#include "lib/printf.h"
#include "lib/string.h"

#define PORT_RESET_CONTROL 0xcf9u
#define PORT_KEYBOARD_COMMAND 0x64u
#define KEYBOARD_PULSE_RESET 0xfeu
#define SIGNAL_MASK 0x7fu

static void say(enum guest_ctl_kind kind, uint8_t value)
{
    switch (kind) {
    case GUEST_CTL_EXIT:
        klog(LOG_WARNING, "the program has ended with status %u", value);
        break;
    case GUEST_CTL_KILLED:
        klog(LOG_WARNING, "the program was ended by signal %u", value & SIGNAL_MASK);
        break;
    case GUEST_CTL_NO_MEMORY:
        klog(LOG_ERR, "this machine has too little memory");
        break;
    case GUEST_CTL_REBOOT:
        klog(LOG_WARNING, "the program asks for the end of the machine");
        break;
    default: /* said already */
        break;
    }
}

/* Whatever a PC offers to make itself, or a monitor, begin anew. */
static NORETURN void reset(void)
{
    acpi_reset();
    outb(PORT_RESET_CONTROL, 0x02);
    outb(PORT_RESET_CONTROL, 0x06);
    outb(PORT_KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    cpu_triple_fault();
}

NORETURN void machine_end(enum guest_ctl_kind kind, uint8_t value)
{
    char how[16] = "";

    say(kind, value);
    if (cmdline_get("exit", how, sizeof(how), NULL) > 0 && strcmp(how, "halt") == 0) {
        klog(LOG_WARNING, "halted");
        cpu_stop();
    }
    /* Before there is memory no tables can be read. */
    if (strcmp(how, "reboot") != 0 && kind != GUEST_CTL_NO_MEMORY)
        acpi_power_off();
    reset();
}
