; SPDX-License-Identifier: BSD-2-Clause
;
; The empty kernel: a PVH note, one OUT to isa-debug-exit.  What QEMU itself costs.
bits 32
section .note note alloc noexec nowrite align=4
    dd 4, 4, 18             ; name size, value size, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd start
section .text
global start
start:
    xor eax, eax
    mov edx, 0x5f0
    out dx, eax
.stop:
    hlt
    jmp .stop
