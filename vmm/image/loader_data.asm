; SPDX-License-Identifier: BSD-2-Clause
;
; The UEFI loader inside the monitor, if it was built (gnu-efi).  In pages of its own:
; what "vmm run" never touches costs it nothing.

section .efi_loader progbits alloc noexec nowrite align=4096
global efi_loader_start:data hidden
global efi_loader_end:data hidden
efi_loader_start:
%ifdef HAVE_EFI
    incbin "BOOTX64.EFI"
%endif
efi_loader_end:
    align 4096, db 0

section .note.GNU-stack noalloc noexec nowrite progbits
