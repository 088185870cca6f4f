/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's last words (lib/panic.h): message, registers, symbolised backtrace;
 * then the VM stops.
 */
#include "lib/panic.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/symbols.h"

extern char kernel_text_start[], kernel_text_end[];

static void (*stop_machine)(void);
static atomic_uint speaker; /* number + 1 of the CPU that panicked first */

void panic_set_stop(void (*stop)(void))
{
    stop_machine = stop;
}

const char *symbol_lookup(unsigned long address, unsigned long *offset)
{
    unsigned long base = (unsigned long)kernel_text_start;

    *offset = 0;
    if (address < base || address >= (unsigned long)kernel_text_end || kernel_symbol_count == 0)
        return "?";
    const char *name = kernel_symbol_names;
    unsigned long start = kernel_symbol_distances[0];
    for (unsigned int i = 1; i < kernel_symbol_count; i++) {
        if (start + kernel_symbol_distances[i] > address - base)
            break;
        start += kernel_symbol_distances[i];
        name += strlen(name) + 1;
    }
    *offset = address - base - start;
    return name;
}

static void print_address(unsigned long address)
{
    unsigned long offset;
    const char *name = symbol_lookup(address, &offset);

    klog(LOG_EMERG, "  %#lx %s+%#lx", address, name, offset);
}

/* Follows frame pointers; each must lie above the last and be a kernel address. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
    klog(LOG_EMERG, "backtrace:");
    print_address(rip);
    for (unsigned int depth = 0; depth < 32; depth++) {
        if (rbp < 0xffffff8000000000ul || rbp % 8 != 0)
            break;
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0)
            break;
        print_address(frame[1]);
        if (frame[0] <= rbp || frame[0] - rbp > 65536)
            break;
        rbp = frame[0];
    }
}

void backtrace_switched_out(uint64_t rsp)
{
    const uint64_t *saved = (const uint64_t *)rsp; /* R15 R14 R13 R12 RBX RBP, return address */

    backtrace(saved[6], saved[5]);
}

static void print_registers(const struct trap_frame *f)
{
    klog(LOG_EMERG, "rip %016lx cs %02lx rflags %06lx rsp %016lx ss %02lx", f->rip, f->cs,
         f->rflags, f->rsp, f->ss);
    klog(LOG_EMERG, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
    klog(LOG_EMERG, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
    klog(LOG_EMERG, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx", f->r9, f->r10, f->r11, f->r12);
    klog(LOG_EMERG, "r13 %016lx r14 %016lx r15 %016lx", f->r13, f->r14, f->r15);
}

static void stop(void)
{
    smp_stop_others();
    if (stop_machine)
        stop_machine();
    cpu_stop();
}

static void say(const char *format, va_list args)
{
    char text[200];
    unsigned int me = this_cpu()->cpu + 1, first = 0;

    /* A panic in a panic: no more words.  Elsewhere: the first one ends the machine. */
    if (!atomic_compare_exchange_strong(&speaker, &first, me)) {
        if (first != me)
            cpu_stop();
        stop();
    }
    vsnprintf(text, sizeof(text), format, args);
    klog(LOG_EMERG, "kernel panic: %s", text);
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    backtrace((uint64_t)__builtin_return_address(0), (uint64_t)__builtin_frame_address(0));
    stop();
    __builtin_unreachable();
}

void panic_frame(const struct trap_frame *frame, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    print_registers(frame);
    backtrace(frame->rip, frame->rbp);
    stop();
    __builtin_unreachable();
}
