; SPDX-License-Identifier: BSD-2-Clause
;
; The hall where both doors (PVH, UEFI) meet: 64-bit mode, kernel mapped at its
; link address, RDI = guest-physical address of struct pvh_start_info, RSI = TSC
; at entry.  Gives C a stack and leaves for guest/main.c.
;
; The door has built the boot page tables (boot/tables.inc), later the kernel's
; own (guest/mm/paging.c).

extern kernel_main
extern kernel_hot_start, kernel_hot_end

section .text.boot progbits alloc exec nowrite align=16
bits 64
global start64
start64:
        mov     rsp, boot_stack_top
        ; Small variables that every boot uses, zero so far: a page that is first
        ; read and then written would be mapped twice by a host that maps on demand.
        mov     rax, kernel_hot_start
.touch:
        mov     byte [rax], 0
        add     rax, 4096
        cmp     rax, kernel_hot_end
        jb      .touch
        xor     ebp, ebp                ; backtraces end here
        call    kernel_main
        ud2

; The boot flow's stack; it becomes the idle thread's of the first CPU.
section .bss..stack nobits alloc noexec write align=4096
        resb 8192
boot_stack_top:
