/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the scheduler stands on, for the host: contexts are ucontexts, memory is the
 * C library's, registers of programs do not exist.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/trap.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/thread_mem.h"
#include "mm/vma.h"
#include "sched/cpus.h"
#include "sched_fakes.h"

#define HOST_STACK (256ul << 10) /* sanitizers want room */

struct percpu *percpu_of[GUEST_CPUS_MAX];
atomic_uint cpus_online;
atomic_ulong cpus_online_mask;
struct cpu_features cpu_features;
atomic_uint host_stacks_in_use;

/* ---- contexts ---- */

/* The kernel keeps one word per context; here it points to a ucontext on the stack. */
struct host_context {
    ucontext_t uc;
    void (*entry)(void *);
    void *arg;
};

static void trampoline(unsigned int hi, unsigned int lo)
{
    struct host_context *c = (struct host_context *)(((uint64_t)hi << 32) | lo);

    c->entry(c->arg);
    fprintf(stderr, "a thread's entry returned\n");
    abort();
}

void context_init_kernel(struct context *context, void *stack_top, void (*entry)(void *), void *arg)
{
    struct host_context *c = (struct host_context *)(((uint64_t)stack_top - sizeof(*c)) & ~63ul);
    uint64_t stack = (uint64_t)stack_top - HOST_STACK;

    memset(c, 0, sizeof(*c));
    getcontext(&c->uc);
    c->entry = entry;
    c->arg = arg;
    c->uc.uc_stack.ss_sp = (void *)stack;
    c->uc.uc_stack.ss_size = (uint64_t)c - stack - 64;
    makecontext(&c->uc, (void (*)(void))trampoline, 2, (unsigned int)((uint64_t)c >> 32),
                (unsigned int)(uint64_t)c);
    context->rsp = (uint64_t)c;
}

void context_init_user(struct context *context, void *stack_top, void (*hook)(void *), void *arg)
{
    context_init_kernel(context, stack_top, hook, arg);
}

void context_switch(struct context *from, const struct context *to)
{
    struct host_context here;
    const struct host_context *there = (const struct host_context *)to->rsp;

    from->rsp = (uint64_t)&here;
    swapcontext(&here.uc, &there->uc);
}

void *kernel_stack_alloc(void)
{
    host_stacks_in_use++;
    return (char *)aligned_alloc(4096, HOST_STACK) + HOST_STACK;
}

void kernel_stack_free(void *stack_top)
{
    host_stacks_in_use--;
    free((char *)stack_top - HOST_STACK);
}

void *fpu_alloc(void)
{
    return calloc(1, 64);
}
void fpu_free(void *area)
{
    free(area);
}
void fpu_save(void *area)
{
    (void)area;
}
void fpu_restore(const void *area)
{
    (void)area;
}
uint64_t user_fs_base_get(void)
{
    return 0;
}
void user_fs_base_set(uint64_t base)
{
    (void)base;
}
uint64_t user_gs_base_get(void)
{
    return 0;
}
void user_gs_base_set(uint64_t base)
{
    (void)base;
}
void cpu_set_kernel_stack(uint64_t stack_top)
{
    (void)stack_top;
}

void host_set_online(unsigned int count)
{
    cpus_online = count;
    cpus_online_mask = (1ul << count) - 1;
}

/* The CPUs of a test are all there from the start. */
void cpus_bring_up(void) {}

/* ---- memory, log, strings ---- */

void *kzalloc(size_t size)
{
    return calloc(1, size);
}
void kfree(void *ptr)
{
    free(ptr);
}
void mm_activate(struct mm *mm)
{
    (void)mm;
}
void mm_put(struct mm *mm)
{
    (void)mm;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    snprintf(dst, size, "%s", src);
    return strlen(src);
}

NORETURN void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void irq_window(void) {}
