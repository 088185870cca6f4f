; SPDX-License-Identifier: BSD-2-Clause
;
; Where the other CPUs begin (arch/smp.h): a page of real-mode code, copied below
; 1 MiB, that goes to 64-bit mode in one step, and behind it, at the kernel's
; address, the search for the CPU's own stack.  Intel SDM 3A, 8.4 and 9.8.5.

%include "offsets.inc"

%define CR0_AP    0x80050033            ; PG AM WP NE ET MP PE
%define MSR_EFER  0xc0000080
%define EFER_AP   0x901                 ; NXE LME SCE

extern ap_slots
extern smp_ap_entry

section .text.ap progbits alloc exec nowrite align=16
global ap_code, ap_code_64, ap_code_end

bits 16
ap_code:                                ; struct ap_page
        jmp     short .start
        times AP_PAGE_GDT - ($ - ap_code) db 0
        dq 0
        dq 0x00af9b000000ffff           ; kernel code, 64 bit
        dq 0x00cf93000000ffff           ; kernel data
.start:
        cli
        cld
        mov     ax, cs
        mov     ds, ax
        o32 lgdt [AP_PAGE_GDT_POINTER]
        mov     eax, [AP_PAGE_CR4]      ; the first CPU's
        mov     cr4, eax
        mov     eax, [AP_PAGE_CR3]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        mov     eax, EFER_AP
        xor     edx, edx
        wrmsr
        mov     eax, CR0_AP             ; protection and paging at once: long mode
        mov     cr0, eax
        jmp     far dword [AP_PAGE_ENTRY]

bits 64
ap_code_64:
        mov     rax, ap_start64
        jmp     rax
ap_code_end:

; Which one am I?  The slot with my APIC identifier, if it still waits for me.
ap_start64:
        xor     eax, eax
        cpuid
        cmp     eax, 0xb
        jb      .short_id
        mov     eax, 0xb                ; extended topology: the identifier in 32 bits
        xor     ecx, ecx
        cpuid
        mov     esi, edx
        test    ebx, ebx
        jnz     .search
.short_id:
        mov     eax, 1
        cpuid
        shr     ebx, 24
        mov     esi, ebx
.search:
        mov     rbx, ap_slots
        xor     edi, edi
.next:
        cmp     dword [rbx + AP_SLOT_STATE], AP_STATE_CALLED
        jne     .other
        cmp     [rbx + AP_SLOT_APIC_ID], esi
        je      .mine
.other:
        add     rbx, AP_SLOT_SIZE
        inc     edi                     ; the CPU's number, smp_ap_entry()'s argument
        cmp     edi, AP_SLOTS
        jb      .next
.stop:
        cli
        hlt                             ; not called, or not any more: until the next INIT
        jmp     .stop
.mine:
        mov     eax, AP_STATE_CALLED
        mov     edx, AP_STATE_CLAIMED
        lock cmpxchg [rbx + AP_SLOT_STATE], edx
        jne     .stop
        mov     rsp, [rbx + AP_SLOT_STACK]
        xor     ebp, ebp                ; backtraces end here
        call    smp_ap_entry
        ud2
