/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest kernel: writes garbage to every device register and port,
 * builds rings out of garbage and rings their bells.  It knows where devices
 * of our monitor are, and nothing of their manners.  Compiled for the 32-bit
 * PVH entry; the seed is the number on its command line.
 */
#include <stdint.h>

#include "boot/guest_abi.h"

#define SLOTS 8u
#define RING_AREA 0x00800000u /* free memory of the guest */
#define RING_WORDS 0x40000u
#define ROUNDS 60000u

/* virtio-mmio registers, virtio 1.2, 4.2.2 */
enum {
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SEL = 0x24,
    QUEUE_SEL = 0x30,
    QUEUE_NUM = 0x38,
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = 0x50,
    STATUS = 0x70,
    QUEUE_DESC = 0x80,
    QUEUE_DRIVER = 0x90,
    QUEUE_DEVICE = 0xa0,
};

__asm__(
    ".section .note.pvh, \"a\", @note\n\t.long 4, 4, 18\n\t.asciz \"Xen\"\n\t.long start\n\t.text\n"
    ".globl start\nstart:\n\tmov $stack_end, %esp\n\tpush %ebx\n\tcall run\n\t"
    ".bss\n\t.align 16\n\t.skip 8192\nstack_end:\n\t.text\n");

static uint32_t state;

static uint32_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Often something extreme. */
static uint32_t value(void)
{
    static const uint32_t odd[] = {0,      1,          2,           3,           0xff,     0x8000,
                                   0xffff, 0x7fffffff, 0x80000000u, 0xffffffffu, RING_AREA};
    return rnd() & 1 ? rnd() : odd[rnd() % (sizeof(odd) / sizeof(odd[0]))];
}

static volatile uint32_t *reg(uint32_t slot, uint32_t offset)
{
    return (volatile uint32_t *)(uintptr_t)(uint32_t)(GUEST_VIRTIO_MMIO_BASE +
                                                      slot * GUEST_VIRTIO_MMIO_STRIDE + offset);
}

static void out(uint32_t port, uint32_t v, uint32_t size)
{
    if (size == 1)
        __asm__ volatile("outb %%al, %%dx" ::"a"(v), "d"(port));
    else if (size == 2)
        __asm__ volatile("outw %%ax, %%dx" ::"a"(v), "d"(port));
    else
        __asm__ volatile("outl %%eax, %%dx" ::"a"(v), "d"(port));
}

static void in(uint32_t port)
{
    uint32_t v;
    __asm__ volatile("inl %%dx, %%eax" : "=a"(v) : "d"(port));
}

/* Words that look like descriptors, available rings and nonsense, in turns. */
static void fill_rings(void)
{
    volatile uint32_t *words = (volatile uint32_t *)RING_AREA;

    for (uint32_t i = 0; i < RING_WORDS; i += 1 + rnd() % 64) {
        uint32_t kind = rnd() % 4;
        words[i] = kind == 0   ? value()
                   : kind == 1 ? RING_AREA + rnd() % (4 * RING_WORDS)
                   : kind == 2 ? (rnd() & 0xff00ff) | (rnd() % 8)
                               : rnd() % 65536 << 16 | rnd() % 8;
    }
}

/* A queue set up by the book, over garbage; then kicked. */
static void start_queue(uint32_t slot)
{
    uint32_t queues = 1 + rnd() % 8;

    *reg(slot, STATUS) = 0;
    *reg(slot, STATUS) = 1;
    *reg(slot, STATUS) = 3;
    for (uint32_t i = 0; i < 2; i++) {
        *reg(slot, DRIVER_FEATURES_SEL) = i;
        *reg(slot, DRIVER_FEATURES) = i ? 1 : rnd();
    }
    *reg(slot, STATUS) = 11;
    for (uint32_t i = 0; i < queues; i++) {
        *reg(slot, QUEUE_SEL) = i;
        *reg(slot, QUEUE_NUM) = rnd() & 1 ? 1u << rnd() % 10 : value();
        for (uint32_t part = QUEUE_DESC; part <= QUEUE_DEVICE; part += 0x10) {
            *reg(slot, part) =
                rnd() & 7 ? RING_AREA + (rnd() % (4 * RING_WORDS) & ~0xfffu) : value();
            *reg(slot, part + 4) = rnd() & 15 ? 0 : value();
        }
        *reg(slot, QUEUE_READY) = 1;
    }
    *reg(slot, STATUS) = 15;
    for (uint32_t i = 0; i < 8; i++)
        *reg(slot, QUEUE_NOTIFY) = rnd() % (queues + 1);
}

static void attack(void)
{
    uint32_t port;

    switch (rnd() % 8) {
    case 0:
        fill_rings();
        break;
    case 1:
    case 2:
    case 3:
        start_queue(rnd() % SLOTS);
        break;
    case 4:
        *reg(rnd() % SLOTS, rnd() % 0x400 * 4) = value();
        break;
    case 5:
        (void)*(volatile uint8_t *)(uintptr_t)reg(rnd() % SLOTS, rnd() % 0x1000);
        break;
    case 6:
        *(volatile uint32_t *)(uintptr_t)(uint32_t)(GUEST_IOAPIC_GPA + (rnd() & 0x1c)) = value();
        break;
    default:
        port = rnd() & 0xffff;
        if (port - GUEST_CTL_PORT >= 8 || port < GUEST_CTL_PORT) /* else it just ends */
            out(port, value(), 1u << rnd() % 3);
        in(rnd() & 0xffff);
    }
}

__attribute__((used)) static void run(const struct pvh_start_info *info)
{
    const char *word = (const char *)(uintptr_t)(uint32_t)info->cmdline_paddr;

    state = 2463534242u;
    for (; word && *word; word++)
        state = state * 31 + (uint8_t)*word;
    for (uint32_t i = 0; i < ROUNDS; i++)
        attack();
    out(GUEST_CTL_PORT, GUEST_CTL_WORD(GUEST_CTL_EXIT, 55), 4);
    for (;;)
        __asm__ volatile("hlt");
}
