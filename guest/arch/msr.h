/* SPDX-License-Identifier: BSD-2-Clause */
/* Model-specific registers and control-register bits.  Intel SDM 4, chapter 2; SDM 3A, 2.5. */
#ifndef ARCH_MSR_H
#define ARCH_MSR_H

#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_SFMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_X2APIC (1ul << 10)
#define APIC_BASE_ENABLE (1ul << 11)
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u /* + register offset / 16 */

#define CR4_TSD (1ul << 2)
#define CR4_PGE (1ul << 7)
#define CR4_OSFXSR (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_UMIP (1ul << 11)
#define CR4_FSGSBASE (1ul << 16)
#define CR4_OSXSAVE (1ul << 18)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)

/* XCR0: x87, SSE, AVX, AVX-512 (opmask, ZMM_Hi256, Hi16_ZMM).  SDM 1, 13.1. */
#define XCR0_X87_SSE 0x3ul
#define XCR0_AVX 0x4ul
#define XCR0_AVX512 0xe0ul

#endif
