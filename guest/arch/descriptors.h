/* SPDX-License-Identifier: BSD-2-Clause */
/* GDT, IDT and TSS: one GDT and TSS per CPU, one IDT for all.  Intel SDM 3A, chapters 3, 6, 8. */
#ifndef ARCH_DESCRIPTORS_H
#define ARCH_DESCRIPTORS_H

#include "lib/types.h"

void idt_init(void); /* once, first CPU */
void descriptors_load(unsigned int cpu);
void descriptors_set_stack(unsigned int cpu, uint64_t stack_top);
/* Tables and IST stacks of another CPU in zeroed memory, DESCRIPTORS_SIZE bytes, page-aligned. */
#define DESCRIPTORS_SIZE 16384u
void descriptors_prepare(unsigned int cpu, void *memory);

#endif
