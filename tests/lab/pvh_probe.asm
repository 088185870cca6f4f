; SPDX-License-Identifier: BSD-2-Clause
;
; The smallest PVH guest: checks the magic of its start info and ends the VM
; through the control port with exit code 42 (43: no start info).

bits 32
CTL_PORT equ 0x5f0
CTL_EXIT equ 1 << 8
START_MAGIC equ 0x336ec578

section .text
global pvh_entry
pvh_entry:
    mov eax, CTL_EXIT | 43
    cmp dword [ebx], START_MAGIC
    jne .tell
    mov eax, CTL_EXIT | 42
.tell:
    mov dx, CTL_PORT
    out dx, eax
    hlt
    jmp .tell

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 4, 18
    db "Xen", 0
    dd pvh_entry
