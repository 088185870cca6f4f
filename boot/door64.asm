; SPDX-License-Identifier: BSD-2-Clause
;
; The 64-bit door (guest_abi.h, GUEST_NOTE_DOOR64), for loaders that are in long mode
; already, such as boot/efi/.  Paging modes cannot be changed there (five levels,
; PCIDs, what else a firmware uses), so it leaves long mode and goes through the
; 32-bit door: one way of setting up, whoever comes.  Intel SDM 3A, 9.8.5.4.

%define VIRT_BASE 0xffffffff80000000
%define PHYS(label) ((label) - VIRT_BASE)
%define CR4_KEPT  0x1020                ; LA57 PAE: not to be changed with paging on
%define CR0_PG    (1 << 31)
%define DATA      0x10                  ; boot_gdt
%define CODE_32   0x18

extern pvh_entry
extern boot_gdt_pointer

section .text.door64 progbits alloc exec nowrite align=16
bits 64
global door64
door64:
        cli
        mov     ebx, edi                ; where the 32-bit door wants it
        mov     rax, cr4
        and     eax, CR4_KEPT
        mov     cr4, rax
        lgdt    [rel boot_gdt_pointer]
        jmp     far dword [rel .compatible_pointer]

.compatible_pointer:
        dd PHYS(.compatible)
        dw CODE_32

bits 32
.compatible:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax
        mov     eax, PHYS(pvh_entry)
        jmp     eax
