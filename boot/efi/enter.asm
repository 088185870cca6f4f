; SPDX-License-Identifier: BSD-2-Clause
;
; The last code of the loader, copied to where handoff.c says: position-independent, no
; stack.  RDI = struct handoff.  Puts the kernel's segments in place under page tables of
; its own and enters the 64-bit door (guest_abi.h, GUEST_NOTE_DOOR64).

%define HANDOFF_CR3      0
%define HANDOFF_DOOR     8
%define HANDOFF_START    16
%define HANDOFF_COUNT    24
%define HANDOFF_SEGMENTS 32
%define SEGMENT_TARGET   0
%define SEGMENT_SOURCE   8
%define SEGMENT_FILE     16
%define SEGMENT_MEMORY   24
%define SEGMENT_SIZE     32
%define ZERO_STEP        256

section .text
bits 64
global handoff_code:function hidden
global handoff_code_end:data hidden
handoff_code:
        cli
        cld
        mov     rbx, rdi
        mov     rax, [rbx + HANDOFF_CR3]
        mov     cr3, rax
        mov     r8, [rbx + HANDOFF_COUNT]
        lea     r9, [rbx + HANDOFF_SEGMENTS]
.next:
        test    r8, r8
        jz      .enter
        mov     rdi, [r9 + SEGMENT_TARGET]
        mov     rsi, [r9 + SEGMENT_SOURCE]
        mov     rdx, [r9 + SEGMENT_FILE]
        mov     rcx, rdx
        shr     rcx, 3
        rep     movsq
        mov     ecx, edx
        and     ecx, 7
        rep     movsb
        mov     rdx, [r9 + SEGMENT_MEMORY]
        sub     rdx, [r9 + SEGMENT_FILE]
        xorps   xmm0, xmm0              ; the rest is zero
        jmp     .zero_whole
.zero:
%assign at 0
%rep ZERO_STEP / 16
        movups  [rdi + at], xmm0
%assign at at + 16
%endrep
        add     rdi, ZERO_STEP
.zero_whole:
        sub     rdx, ZERO_STEP
        jae     .zero
        lea     rcx, [rdx + ZERO_STEP]
        xor     eax, eax
        rep     stosb
        add     r9, SEGMENT_SIZE
        dec     r8
        jmp     .next
.enter:
        mov     rdi, [rbx + HANDOFF_START]
        jmp     [rbx + HANDOFF_DOOR]
handoff_code_end:

section .note.GNU-stack noalloc noexec nowrite progbits
