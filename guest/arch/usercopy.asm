; SPDX-License-Identifier: BSD-2-Clause
;
; Copies that may fault on a program's address.  Each instruction that touches
; program memory has an entry in .extable: the trap handler continues at the
; fixup when the fault cannot be resolved.  Ranges were checked by the caller
; (mm/uaccess.c), which also lifts SMAP around the calls.
; The System V calling convention; only volatile registers are used.

bits 64
default rel

; One entry: may fault at the first address, go on at the second.
%macro fixup 2
section .extable progbits alloc noexec nowrite align=8
    dq %1, %2
section .text
%endmacro

section .text

; size_t arch_user_copy(void *dst, const void *src, size_t size): bytes not copied
global arch_user_copy:function
arch_user_copy:
    mov rcx, rdx
    and edx, 7
    shr rcx, 3
.words:
    rep movsq
    mov ecx, edx
.bytes:
    rep movsb
    mov rax, rcx
    ret
.words_fault:               ; rcx words are left: find the exact byte
    lea rcx, [rdx + rcx * 8]
    jmp .bytes
.bytes_fault:
    mov rax, rcx
    ret
fixup arch_user_copy.words, arch_user_copy.words_fault
fixup arch_user_copy.bytes, arch_user_copy.bytes_fault

; size_t arch_user_clear(void *dst, size_t size): bytes not cleared
global arch_user_clear:function
arch_user_clear:
    xor eax, eax
    mov rcx, rsi
    and esi, 7
    shr rcx, 3
.words:
    rep stosq
    mov ecx, esi
.bytes:
    rep stosb
    mov rax, rcx
    ret
.words_fault:
    lea rcx, [rsi + rcx * 8]
    jmp .bytes
.bytes_fault:
    mov rax, rcx
    ret
fixup arch_user_clear.words, arch_user_clear.words_fault
fixup arch_user_clear.bytes, arch_user_clear.bytes_fault

; ssize_t arch_user_copy_string(char *dst, const char *src, size_t size)
; Length without NUL, size when there is no NUL in size bytes, -1 on a fault.
global arch_user_copy_string:function
arch_user_copy_string:
    xor eax, eax
    mov r8, 0x0101010101010101
    mov r9, 0x8080808080808080
.next_word:                 ; a word has a zero byte if (w - 01..) & ~w & 80.. is not 0
    lea rcx, [rax + 8]
    cmp rcx, rdx
    ja .next_byte
.word:
    mov r10, [rsi + rax]
    mov r11, r10
    mov rcx, r10
    sub r11, r8
    not rcx
    and r11, rcx
    mov [rdi + rax], r10    ; what lies behind the NUL comes along: there is room
    and r11, r9
    jnz .end
    add rax, 8
    jmp .next_word
.end:                       ; the lowest bit is that of the first zero byte
    bsf r11, r11
    shr r11d, 3
    add rax, r11
    ret
.next_byte:
    cmp rax, rdx
    jae .done
.byte:
    mov cl, [rsi + rax]
    mov [rdi + rax], cl
    test cl, cl
    jz .done
    inc rax
    jmp .next_byte
.done:
    ret
.byte_fault:
    mov rax, -1
    ret
fixup arch_user_copy_string.word, arch_user_copy_string.next_byte
fixup arch_user_copy_string.byte, arch_user_copy_string.byte_fault

; Single values: 0, or -1 on a fault.  (value in or out, program's address)
%macro load 2
global %1:function
%1:
.touch:
    mov %2, [rsi]
    mov [rdi], %2
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup %1.touch, %1.fault
%endmacro
load arch_user_load32, eax
load arch_user_load64, rax

%macro store 2
global %1:function
%1:
.touch:
    mov [rdi], %2
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup %1.touch, %1.fault
%endmacro
store arch_user_store32, esi
store arch_user_store64, rsi

; int arch_user_cmpxchg32(uint32_t *address, uint32_t expected, uint32_t desired, uint32_t *old)
global arch_user_cmpxchg32:function
arch_user_cmpxchg32:
    mov eax, esi
.touch:
    lock cmpxchg [rdi], edx
    mov [rcx], eax
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup arch_user_cmpxchg32.touch, arch_user_cmpxchg32.fault

; int arch_user_xchg32(uint32_t *address, uint32_t operand, uint32_t *old)
global arch_user_xchg32:function
arch_user_xchg32:
.touch:
    xchg [rdi], esi
    mov [rdx], esi
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup arch_user_xchg32.touch, arch_user_xchg32.fault

; int arch_user_fetch_add32(uint32_t *address, uint32_t operand, uint32_t *old)
global arch_user_fetch_add32:function
arch_user_fetch_add32:
.touch:
    lock xadd [rdi], esi
    mov [rdx], esi
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup arch_user_fetch_add32.touch, arch_user_fetch_add32.fault

; The FPU's registers: 0, or -1 when memory or what it holds cannot be used.
; int arch_user_fxsave(void *area), int arch_user_fxrstor(const void *area)
; int arch_user_xsave(void *area, uint64_t mask), int arch_user_xrstor(const void *area, uint64_t mask)
%macro fpu 2-3
global %1:function
%1:
    %if %0 > 2
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    %endif
.touch:
    %2 [rdi]
    xor eax, eax
    ret
.fault:
    mov eax, -1
    ret
fixup %1.touch, %1.fault
%endmacro
fpu arch_user_fxsave, o64 fxsave
fpu arch_user_fxrstor, o64 fxrstor
fpu arch_user_xsave, o64 xsave, mask
fpu arch_user_xrstor, o64 xrstor, mask
