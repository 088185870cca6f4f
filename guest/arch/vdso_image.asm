; SPDX-License-Identifier: BSD-2-Clause
;
; The vDSO inside the kernel's image, padded to whole pages.

section .rodata.vdso progbits alloc noexec nowrite align=4096

global vdso_image_start
global vdso_image_end
vdso_image_start:
        incbin  "vdso.so"
        align   4096, db 0
vdso_image_end:
