; SPDX-License-Identifier: BSD-2-Clause
;
; The built-in guest kernel: the ELF file as it is, at a page boundary of the
; monitor's own file, so that its segments are mapped from there.

section .guest_image progbits alloc noexec nowrite align=4096
global guest_image_start:data hidden
global guest_image_end:data hidden
guest_image_start:
    incbin "guest.elf"
guest_image_end:
    align 4096, db 0

section .note.GNU-stack noalloc noexec nowrite progbits
