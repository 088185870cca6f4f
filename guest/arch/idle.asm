; SPDX-License-Identifier: BSD-2-Clause
;
; Waiting for an interrupt (cpu.h).  STI takes effect after the instruction behind
; it, so no interrupt should come between it and HLT; where a hypervisor forgets
; that shadow (nested ones have), the handler would return to HLT with the wake
; already delivered, and the CPU would sleep on.  So interrupt() in traps.c looks
; for this address and returns behind the HLT.

    bits 64
    section .text

global cpu_idle_wait
global cpu_idle_halt
global cpu_idle_halted
cpu_idle_wait:
    sti
cpu_idle_halt:
    hlt
cpu_idle_halted:
    cli
    ret
