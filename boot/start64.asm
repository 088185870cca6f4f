; SPDX-License-Identifier: BSD-2-Clause
;
; The hall where both doors (PVH, UEFI) meet: 64-bit mode, kernel mapped at its
; link address, RDI = guest-physical address of struct pvh_start_info, RSI = TSC
; at entry.  Gives C a stack and leaves for guest/main.c.
;
; Boot page tables, later the kernel's own (guest/mm/paging.c): one PML4 and one
; PDPT carry everything, because each page a boot touches costs:
;   PML4[511] -> PDPT   PDPT[0..509]: direct map, 1 GiB each (DIRECT_MAP_BASE)
;                       PDPT[510]: kernel image    PDPT[511]: devices, stacks
;   PDPT[0] and PDPT[510] share one PD: the first GiB in 2 MiB pages.
;   PML4[0] -> PDPT only until the kernel runs at its link address.

%define VIRT_BASE 0xffffffff80000000
%define PHYS(label) ((label) - VIRT_BASE)
%define PTE_TABLE 0x63                  ; present, writable, accessed, dirty
%define PTE_BIG   0xe3                  ; the same, 2 MiB

extern kernel_main
extern kernel_hot_start, kernel_hot_end

section .text.boot progbits alloc exec nowrite align=16
bits 64
global start64
start64:
        mov     rsp, boot_stack_top
        ; Small variables that every boot uses: a page that is first read and then
        ; written would be mapped twice by a host that maps on demand.
        mov     rax, kernel_hot_start
.touch:
        lock or byte [rax], 0
        add     rax, 4096
        cmp     rax, kernel_hot_end
        jb      .touch
        xor     ebp, ebp                ; backtraces end here
        call    kernel_main
        ud2

; The boot flow's stack; it becomes the idle thread's of the first CPU.
section .bss..large.stack nobits alloc noexec write align=16
        resb 8192
boot_stack_top:

section .data.hot.tables progbits alloc noexec write align=4096
global boot_pml4, boot_pdpt, boot_pd
boot_pml4:
        dq PHYS(boot_pdpt) + PTE_TABLE
        times 510 dq 0
        dq PHYS(boot_pdpt) + PTE_TABLE
boot_pdpt:
        dq PHYS(boot_pd) + PTE_TABLE
        times 509 dq 0
        dq PHYS(boot_pd) + PTE_TABLE
        dq 0
boot_pd:
%assign i 0
%rep 512
        dq (i << 21) + PTE_BIG
%assign i i + 1
%endrep
