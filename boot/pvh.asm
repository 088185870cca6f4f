; SPDX-License-Identifier: BSD-2-Clause
;
; The 32-bit door: PVH entry (Xen docs/misc/pvh.pandoc).  Flat protected mode,
; paging off, EBX = guest-physical address of struct pvh_start_info.  Turns on
; long mode with the boot page tables and goes to the hall (start64.asm).
; Knows nothing of the machine.

%define VIRT_BASE 0xffffffff80000000
%define PHYS(label) ((label) - VIRT_BASE)

%define CR0_BOOT  0x80050033            ; PG AM WP NE ET MP PE
%define CR4_BOOT  0x620                 ; OSXMMEXCPT OSFXSR PAE
%define MSR_EFER  0xc0000080
%define EFER_BOOT 0x901                 ; NXE LME SCE

extern start64
extern boot_cpuid
extern kernel_hot_segment, kernel_end
extern door64

%include "offsets.inc"
%include "tables.inc"

section .note.pvh note alloc noexec nowrite align=4
        dd 4, 8, 18                     ; name size, descriptor size, PHYS32_ENTRY
        db "Xen", 0
        dq PHYS(pvh_entry)
        dd 4, 4, NOTE_KERNEL            ; this kernel is ours: guest_abi.h
        db "vmm", 0
        dd NOTE_VERSION
        dd 4, 8, NOTE_DOOR64
        db "vmm", 0
        dq PHYS(door64)

section .text.boot progbits alloc exec nowrite align=16
bits 32
global pvh_entry
pvh_entry:
        cld
        rdtsc                           ; the first instruction's time, for statistics
        movd    mm0, eax
        movd    mm1, edx
        mov     esp, ebx                ; CPUID changes EBX; there is no stack yet
        ; After a reset some monitors load again what the file has, and leave the rest
        ; as it was: what has no place in the file is cleared then.  (Counted, not
        ; looked at: the first access to a page had better be a write.)
        inc     dword [PHYS(boot_count)]
        cmp     dword [PHYS(boot_count)], 1
        je      .cleared
        mov     edi, PHYS(kernel_hot_segment)
        mov     ecx, PHYS(kernel_end)
        sub     ecx, edi
        shr     ecx, 2
        xor     eax, eax
        rep stosd
        inc     dword [PHYS(boot_count)]
.cleared:
        ; CR4 is written once, with all that the CPU offers, before anything is
        ; mapped: changes of paging mode are expensive under a hypervisor.  So is
        ; CPUID: our monitor tells what it says in a module, and if nobody does
        ; it is asked once; the answers wait in MMX registers for arch/cpu.c.
        mov     ecx, [ebx + START_INFO_MODULES]
        mov     esi, [ebx + START_INFO_MODLIST]
.next_module:
        jecxz   .ask
        mov     edi, [esi + MODULE_CMDLINE]
        test    edi, edi
        jz      .other_module
        cmp     dword [edi], "cpu"      ; GUEST_MODULE_CPU with its NUL
        jne     .other_module
        mov     edi, [esi + MODULE_PADDR]
        cmp     dword [edi], CPU_VERSION
        jne     .ask
        movd    mm3, [edi + CPU_LEAF1_EAX]
        movd    mm4, [edi + CPU_LEAF1_ECX]
        movd    mm5, [edi + CPU_LEAF1_EDX]
        movd    mm6, [edi + CPU_LEAF7_EBX]
        movd    mm7, [edi + CPU_LEAF7_ECX]
        movd    mm2, [edi + CPU_EXTENDED1_EDX]
        jmp     .known
.other_module:
        add     esi, MODULE_SIZE
        dec     ecx
        jmp     .next_module
.ask:
        mov     eax, 0x80000001
        cpuid
        movd    mm2, edx
        mov     eax, 1
        cpuid
        movd    mm3, eax
        movd    mm4, ecx
        movd    mm5, edx
        pxor    mm6, mm6
        pxor    mm7, mm7
        xor     eax, eax
        cpuid
        cmp     eax, 7
        jb      .known
        mov     eax, 7
        xor     ecx, ecx
        cpuid
        movd    mm6, ebx
        movd    mm7, ecx
.known:
        movd    edx, mm2                ; long mode and NX?
        and     edx, (1 << 29) | (1 << 20)
        cmp     edx, (1 << 29) | (1 << 20)
        jne     no_long_mode
        mov     ebp, CR4_BOOT
        movd    ecx, mm4
        movd    edx, mm5
        bt      edx, 13
        jnc     .no_pge
        or      ebp, 1 << 7             ; PGE
.no_pge:
        bt      ecx, 26
        jnc     .no_xsave
        or      ebp, 1 << 18            ; OSXSAVE
.no_xsave:
        movd    ebx, mm6
        movd    ecx, mm7
        test    ebx, 1
        jz      .no_fsgsbase
        or      ebp, 1 << 16            ; FSGSBASE
.no_fsgsbase:
        bt      ebx, 7
        jnc     .no_smep
        or      ebp, 1 << 20            ; SMEP
.no_smep:
        bt      ebx, 20
        jnc     .no_smap
        or      ebp, 1 << 21            ; SMAP
.no_smap:
        bt      ecx, 2
        jnc     .set_cr4
        or      ebp, 1 << 11            ; UMIP
.set_cr4:
        mov     cr4, ebp
        mov     ebx, esp
        BUILD_BOOT_TABLES
        mov     eax, PHYS(boot_pml4)
        mov     cr3, eax
        mov     ecx, MSR_EFER
        mov     eax, EFER_BOOT
        xor     edx, edx
        wrmsr
        mov     eax, CR0_BOOT
        mov     cr0, eax
        lgdt    [PHYS(boot_gdt_pointer)]
        jmp     0x08:PHYS(long_mode)

; Nothing to report with but the serial port: say it there, byte by byte, and end
; the machine, so that a monitor need not wait.
no_long_mode:
        mov     esi, PHYS(no_long_mode_text)
.next:
        lodsb
        test    al, al
        jz      .stop
        mov     dx, 0x3f8
        out     dx, al
        jmp     .next
.stop:
        cli
        mov     al, 0xfe                ; the keyboard controller's reset
        out     0x64, al
        lidt    [PHYS(no_idt_pointer)]
        int3                            ; without a table: shutdown, which resets

bits 64
long_mode:
        mov     eax, 0x10
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     fs, eax
        mov     gs, eax
        movd    esi, mm0
        movd    edi, mm1
        shl     rdi, 32
        or      rsi, rdi                ; TSC at entry
        mov     edi, ebx                ; start info
        mov     rax, boot_cpuid
        movd    [rax + CPUID_LEAF1_EAX], mm3
        movd    [rax + CPUID_LEAF1_ECX], mm4
        movd    [rax + CPUID_LEAF1_EDX], mm5
        movd    [rax + CPUID_LEAF7_EBX], mm6
        movd    [rax + CPUID_LEAF7_ECX], mm7
        movd    [rax + CPUID_EXTENDED1_EDX], mm2
        mov     [rax + CPUID_CR4], ebp
        emms
        mov     rax, start64
        jmp     rax

; With the code: one page less to touch.
section .text.boot
no_long_mode_text:
        db "vmm guest: this CPU has no 64-bit mode with NX; choose another CPU model", 10, 0

no_idt_pointer:
        dw 0
        dd 0

        align 8
boot_gdt:
        dq 0
        dq 0x00af9b000000ffff           ; kernel code, 64 bit
        dq 0x00cf93000000ffff           ; kernel data
        dq 0x00cf9b000000ffff           ; 32-bit code, for boot/door64.asm
global boot_gdt_pointer
boot_gdt_pointer:
        dw boot_gdt_pointer - boot_gdt - 1
        dq PHYS(boot_gdt)               ; 32-bit mode takes the lower half

section .bss.hot.boot nobits alloc noexec write align=4
boot_count:
        resd 1
