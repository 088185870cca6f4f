/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest: enters long mode with paging, goes to ring 3, comes back by
 * SYSCALL, returns by SYSRET, and comes back again; then says so on a port.
 * It runs in a child that is killed when it takes too long: an unusable KVM
 * may hang in the kernel, and must never hang us.
 */
#include "vmm/kvm/probe.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define MEMORY_BYTES (16u * PAGE)
#define CODE_AT 0x1000u
#define TABLES_AT 0x2000u /* PML4, PDPT, PD, PT */
#define USER_AT 0x6000u
#define GDT_AT 0x7000u
#define PORT 0xf4u
#define ANSWER 0x5au
#define PTE_ALL 0x7ull /* present, writable, user */
#define MSR_EFER_SCE 1ull
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u
#define CODE_64 0x08u
#define USER_CODE_64 0x23u /* GDT entry 4, ring 3 */
#define USER_DATA 0x1bu
/* SYSRET takes its selectors from here: base + 16 and base + 8. */
#define STAR_USER_BASE 0x13ull

/*
 * Ring 0, entered first at CODE_AT, then through LSTAR at CODE_AT + 0x80.
 * r15 counts the system calls.
 */
static const uint8_t kernel_code[] = {
    0x31, 0xc0, /* xor eax, eax */
    0x45, 0x31, 0xff, /* xor r15d, r15d */
    0xb9, 0x00, 0x60, 0x00, 0x00, /* mov ecx, USER_AT */
    0x41, 0xbb, 0x02, 0x00, 0x00, 0x00, /* mov r11d, 2 */
    0x48, 0x0f, 0x07, /* sysretq */
};
static const uint8_t syscall_code[] = {
    0x41, 0xff,   0xc7, /* inc r15d */
    0x41, 0x83,   0xff, 0x02, /* cmp r15d, 2 */
    0x74, 0x03, /* je done */
    0x48, 0x0f,   0x07, /* sysretq */
    0xb0, ANSWER, /* done: mov al, ANSWER */
    0xe6, PORT, /* out PORT, al */
    0xf4, /* hlt */
};
static const uint8_t user_code[] = {
    0x0f, 0x05, /* syscall */
    0x0f, 0x05, /* syscall */
    0xeb, 0xfe, /* jmp $ */
};

static void write_guest(uint8_t *memory)
{
    static const uint64_t gdt[] = {
        0,
        0x00af9b000000ffffull, /* ring 0 code */
        0x00cf93000000ffffull, /* ring 0 data */
        0x00cff3000000ffffull, /* ring 3 data */
        0x00affb000000ffffull, /* ring 3 code */
    };
    uint64_t entries[PAGE / 8] = {0};

    memcpy(memory + CODE_AT, kernel_code, sizeof(kernel_code));
    memcpy(memory + CODE_AT + 0x80, syscall_code, sizeof(syscall_code));
    memcpy(memory + USER_AT, user_code, sizeof(user_code));
    memcpy(memory + GDT_AT, gdt, sizeof(gdt));
    for (unsigned int level = 0; level < 3; level++) {
        entries[0] = (TABLES_AT + (level + 1) * PAGE) | PTE_ALL;
        memcpy(memory + TABLES_AT + level * PAGE, entries, 8);
    }
    for (unsigned int i = 0; i < MEMORY_BYTES / PAGE; i++) {
        entries[i] = i * PAGE | PTE_ALL;
    }
    memcpy(memory + TABLES_AT + 3 * PAGE, entries, sizeof(entries));
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
    return (struct kvm_segment){
        .limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1, .g = 1};
}

static bool set_registers(int vcpu)
{
    struct kvm_regs regs = {.rip = CODE_AT, .rsp = GDT_AT + PAGE, .rflags = 2};
    struct { /* struct kvm_msrs with its entries */
        uint32_t nmsrs, padding;
        struct kvm_msr_entry entries[3];
    } msrs = {
        .nmsrs = 3,
        .entries = {{.index = MSR_STAR, .data = STAR_USER_BASE << 48 | (uint64_t)CODE_64 << 32},
                    {.index = MSR_LSTAR, .data = CODE_AT + 0x80},
                    {.index = MSR_FMASK, .data = 0}},
    };
    struct kvm_sregs sregs;

    if (ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0) {
        return false;
    }
    sregs.cs = segment(CODE_64, 0xb);
    sregs.cs.l = 1;
    sregs.ss = segment(0x10, 0x3);
    sregs.ss.db = 1;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss;
    sregs.gdt.base = GDT_AT;
    sregs.gdt.limit = 5 * 8 - 1;
    sregs.cr3 = TABLES_AT;
    sregs.cr4 = 1u << 5; /* PAE */
    sregs.cr0 = 1ull << 31 | 1u << 4 | 1u << 0; /* PG, ET, PE */
    sregs.efer = 1u << 10 | 1u << 8 | MSR_EFER_SCE; /* LMA, LME */
    return ioctl(vcpu, KVM_SET_SREGS, &sregs) == 0 && ioctl(vcpu, KVM_SET_REGS, &regs) == 0 &&
           ioctl(vcpu, KVM_SET_MSRS, &msrs) == 3;
}

static bool set_cpuid(int kvm, int vcpu)
{
    struct { /* struct kvm_cpuid2 with its entries */
        uint32_t nent, padding;
        struct kvm_cpuid_entry2 entries[128];
    } table = {.nent = 128};

    return ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &table) == 0 &&
           ioctl(vcpu, KVM_SET_CPUID2, &table) == 0;
}

/* In the child.  True when the guest did what a processor does. */
static bool run_probe_guest(int kvm)
{
    struct kvm_userspace_memory_region slot = {.memory_size = MEMORY_BYTES};
    struct kvm_run *run;
    uint8_t *memory;
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    int vcpu;

    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vm < 0 || memory == MAP_FAILED || size < (int)sizeof(*run)) {
        return false;
    }
    write_guest(memory);
    slot.userspace_addr = (uintptr_t)memory;
    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
        return false;
    }
    vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (vcpu < 0) {
        return false;
    }
    run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED || !set_cpuid(kvm, vcpu) || !set_registers(vcpu) ||
        ioctl(vcpu, KVM_RUN, 0) != 0) {
        return false;
    }
    return run->exit_reason == KVM_EXIT_IO && run->io.port == PORT &&
           *((uint8_t *)run + run->io.data_offset) == ANSWER;
}

/* 1: works, 0: does not, negative errno: could not be asked. */
static int ask_in_child(int kvm)
{
    struct pollfd wait = {.fd = -1, .events = POLLIN};
    sigset_t all, before;
    int status = -1;
    pid_t child;

    /* The child must not run handlers of the embedder. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    child = (pid_t)syscall(SYS_clone, CLONE_PIDFD, NULL, &wait.fd, NULL, NULL);
    if (child == 0) {
        _exit(run_probe_guest(kvm) ? 0 : 1);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child < 0) {
        return -errno;
    }
    while (poll(&wait, 1, KVM_PROBE_TIMEOUT_MS) < 0 && errno == EINTR) {
    }
    kill(child, SIGKILL);
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    close(wait.fd);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static enum vmm_verdict say(char *text, size_t size, enum vmm_verdict verdict, const char *line)
{
    if (text != NULL) {
        snprintf(text, size, "%s", line);
    }
    return verdict;
}

bool kvm_is_vendors(void)
{
    unsigned int eax, ebx, ecx, edx;
    bool intel = __get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ebx == signature_INTEL_ebx;

    return access(intel ? "/sys/module/kvm_intel" : "/sys/module/kvm_amd", F_OK) == 0;
}

enum vmm_verdict kvm_probe(char *text, size_t size)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    int works;

    if (kvm < 0) {
        return errno == EACCES || errno == EPERM
                   ? say(text, size, VMM_KVM_DENIED,
                         "/dev/kvm: permission denied (is this user in the group kvm?)")
                   : say(text, size, VMM_KVM_MISSING,
                         "/dev/kvm does not exist or cannot be opened (no kvm_intel or kvm_amd)");
    }
    if (kvm_is_vendors()) {
        close(kvm);
        return say(text, size, VMM_KVM_WORKS, "/dev/kvm works (hardware virtualisation)");
    }
    works = ask_in_child(kvm);
    close(kvm);
    if (works == 1) {
        return say(text, size, VMM_KVM_WORKS, "/dev/kvm works (it ran the probe guest)");
    }
    return say(text, size, VMM_KVM_UNUSABLE,
               "/dev/kvm opens, but a small guest (ring 3, SYSCALL) does not run properly in it");
}
