; SPDX-License-Identifier: BSD-2-Clause
;
; Every way into the kernel and out of it.  Builds struct trap_frame (arch/trap.h)
; and calls C.  GS base: the kernel's percpu in kernel mode, the program's in user
; mode; swapgs on each change.

%include "offsets.inc"

%define ENOSYS 38
%define FLAGS_NEED_IRET 0x10100         ; RF, TF: only IRET restores them properly

extern trap_dispatch
extern trap_handlers
extern trap_syscall
extern trap_user_return
extern cpu_features_smap

section .text.entry progbits alloc exec nowrite align=16
bits 64

%macro PUSH_ARGUMENTS 0                 ; struct syscall_args
        push    r9
        push    r8
        push    r10
        push    rdx
        push    rsi
        push    rdi
%endmacro

%macro PUSH_REGISTERS 0                 ; RAX and RCX are pushed by hand: their meaning differs
        PUSH_ARGUMENTS
        push    r11
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
%endmacro

%macro POP_VOLATILE 0
        pop     r11
        pop     rdi
        pop     rsi
        pop     rdx
        pop     r10
        pop     r8
        pop     r9
        pop     rax
        pop     rcx
%endmacro

%macro POP_REGISTERS 0
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        POP_VOLATILE
%endmacro

; An exception keeps the AC flag it found, a program's or that of a user copy, and
; AC switches SMAP off.  (SYSCALL clears it by SFMASK.)
%macro CLEAR_AC 0
        cmp     byte [rel cpu_features_smap], 0
        je      %%none
        clac
%%none:
%endmacro

; SYSCALL: RCX = return address, R11 = flags, interrupts off by SFMASK.
global syscall_entry
syscall_entry:
        swapgs
        mov     [gs:PERCPU_USER_RSP], rsp
        mov     rsp, [gs:PERCPU_STACK_TOP]
        push    SEL_USER_DS
        push    qword [gs:PERCPU_USER_RSP]
        push    r11
        push    SEL_USER_CS
        push    rcx
        push    0                       ; error code
        push    VECTOR_SYSCALL
        push    rax                     ; orig_rax
        push    rcx
        push    -ENOSYS                 ; rax
        PUSH_REGISTERS
        xor     ebp, ebp
        cmp     rax, [trap_handlers + HANDLERS_CALL_COUNT]
        jae     .general
        mov     rcx, [trap_handlers + HANDLERS_CALLS]
        lea     rdi, [rsp + FRAME_ARGS]
        call    [rcx + rax * 8]
        mov     [rsp + FRAME_RAX], rax
        cmp     rax, -4095
        jae     .error
.leave:
        ; The shortest way out: nothing of the frame but RAX has changed, or there would
        ; be work; so RCX and R11 agree with RIP and flags, and RIP lies in user space.
        cmp     dword [gs:PERCPU_USER_WORK], 0
        jne     exit_to_user
        test    dword [rsp + FRAME_RFLAGS], FLAGS_NEED_IRET
        jnz     exit_to_user
        mov     rbp, [rsp + FRAME_RBP]
        add     rsp, FRAME_R11          ; the others before it have been kept by C
        POP_VOLATILE
        mov     rsp, [rsp + FRAME_RSP - FRAME_ORIG_RAX]
        swapgs
        o64 sysret
.error:
        ; An interrupted call: the signal code decides how it goes on, even if the signal is gone.
        lea     rcx, [rax + RESTART_LAST]
        cmp     rcx, RESTART_LAST - RESTART_FIRST
        ja      .leave
        mov     dword [gs:PERCPU_USER_WORK], 1
        jmp     exit_to_user
.general:
        mov     rdi, rsp
        call    trap_syscall

; Leave to user mode with the frame at RSP.
global exit_to_user
exit_to_user:
        cmp     dword [gs:PERCPU_USER_WORK], 0
        jne     .work
        cmp     qword [rsp + FRAME_VECTOR], VECTOR_SYSCALL
        jne     .iret
        ; SYSRET loads RIP from RCX and flags from R11: only when the frame agrees,
        ; and never with an address that would fault in kernel mode (Intel).
        mov     rcx, [rsp + FRAME_RIP]
        cmp     rcx, [rsp + FRAME_RCX]
        jne     .iret
        mov     r11, [rsp + FRAME_RFLAGS]
        cmp     r11, [rsp + FRAME_R11]
        jne     .iret
        test    r11, FLAGS_NEED_IRET
        jnz     .iret
        mov     rax, rcx
        shr     rax, 47
        jnz     .iret
        cmp     qword [rsp + FRAME_CS], SEL_USER_CS
        jne     .iret
        POP_REGISTERS
        mov     rsp, [rsp + FRAME_RSP - FRAME_ORIG_RAX]
        swapgs
        o64 sysret
.iret:
        POP_REGISTERS
        add     rsp, 24                 ; orig_rax, vector, error
        swapgs
        iretq
.work:
        mov     rdi, rsp
        call    trap_user_return
        jmp     exit_to_user

; Exceptions and interrupts.  Stubs push an error code where the CPU does not,
; then the vector.
%macro STUB 1
align 16
        %if %1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21
        nop
        nop
        %else
        push    0
        %endif
        push    %1
        jmp     trap_common
%endmacro

; Apart from the rest: a boot needs one or two of them.
section .text.stubs progbits alloc exec nowrite align=16
global trap_stubs                       ; 16 bytes each
trap_stubs:
%assign v 0
%rep 256
        %if v >= 128
align 16
        push    0
        push    v
        jmp     trap_common
        %else
        STUB v
        %endif
%assign v v + 1
%endrep

section .text.entry
align 16
trap_common:
        push    -1                      ; orig_rax
        push    rcx
        push    rax
        PUSH_REGISTERS
        xor     ebp, ebp
        cld
        CLEAR_AC
        mov     rdi, rsp
        test    byte [rsp + FRAME_CS], 3
        jz      .from_kernel
        swapgs
        call    trap_dispatch
        jmp     exit_to_user
.from_kernel:
        mov     rbp, [rsp + 32]         ; the interrupted function's frame, for backtraces
        call    trap_dispatch
        POP_REGISTERS
        add     rsp, 24
        iretq

; Exceptions that may strike anywhere, on stacks of their own (IST): NMI, double
; fault, machine check.  Whose GS base is loaded is told by its sign.
%macro PARANOID 2
align 16
global %1
%1:
        %if %2 != 8
        push    0
        %endif
        push    %2
        jmp     paranoid_common
%endmacro

PARANOID trap_nmi, 2
PARANOID trap_double_fault, 8
PARANOID trap_machine_check, 18

paranoid_common:
        push    -1
        push    rcx
        push    rax
        PUSH_REGISTERS
        cld
        CLEAR_AC
        xor     ebx, ebx
        mov     ecx, 0xc0000101         ; MSR_GS_BASE
        rdmsr
        test    edx, edx
        js      .kernel_gs
        swapgs
        inc     ebx
.kernel_gs:
        mov     rdi, rsp
        call    trap_dispatch
        test    ebx, ebx
        jz      .out
        swapgs
.out:
        POP_REGISTERS
        add     rsp, 24
        iretq

section .text.hot progbits alloc exec nowrite align=16

; void context_switch(struct context *from, const struct context *to)
global context_switch
context_switch:
        push    rbp
        push    rbx
        push    r12
        push    r13
        push    r14
        push    r15
        mov     [rdi], rsp
        mov     rsp, [rsi]
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbx
        pop     rbp
        ret

; First code of a new context: RBX = function, R12 = its argument.
global context_start_kernel
context_start_kernel:
        mov     rdi, r12
        call    rbx
        ud2

global context_start_user
context_start_user:
        mov     rdi, r12
        call    rbx
        jmp     exit_to_user

; void trap_exit_to_user(void)
global trap_exit_to_user
trap_exit_to_user:
        mov     rsp, [gs:PERCPU_STACK_TOP]
        sub     rsp, FRAME_SIZE
        jmp     exit_to_user
