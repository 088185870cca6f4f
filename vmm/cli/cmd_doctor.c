/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm doctor": what the host offers, in words, with advice.  The facts come
 * from vmm_probe_host().
 */
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"

static const char *kvm_word(enum vmm_verdict verdict)
{
    switch (verdict) {
    case VMM_KVM_WORKS:
        return "works";
    case VMM_KVM_MISSING:
        return "missing";
    case VMM_KVM_DENIED:
        return "denied";
    case VMM_KVM_UNUSABLE:
        return "unusable";
    }
    return "unknown";
}

static const char *kvm_advice(enum vmm_verdict verdict)
{
    switch (verdict) {
    case VMM_KVM_WORKS:
        return NULL;
    case VMM_KVM_MISSING:
        return "enable virtualization in the firmware (or nested virtualization in the cloud), "
               "then: modprobe kvm_intel or kvm_amd";
    case VMM_KVM_DENIED:
        return "let your user open /dev/kvm: adduser USER kvm, then log in again";
    case VMM_KVM_UNUSABLE:
        return "ask for a host with hardware virtualization that reaches this machine";
    }
    return NULL;
}

static void add_line(struct text *text, const char *what, const char *state, const char *detail)
{
    text_add(text, "%-16s %-10s %s\n", what, state, detail);
}

static void add_advice(struct text *text, const char *advice)
{
    if (advice)
        text_add(text, "%-16s %-10s to do: %s\n", "", "", advice);
}

static void add_verdict(struct text *text, const struct vmm_host *host)
{
    if (host->kvm == VMM_KVM_WORKS)
        text_add(text, "\nPrograms run under KVM: hardware isolates the guest from this host.\n");
    else if (host->qemu_path[0])
        text_add(text, "\nPrograms run under QEMU's TCG, for convenience and tests: QEMU's own "
                       "security policy\ngrants no isolation to TCG, so do not run code you "
                       "distrust.  --engine kvm refuses.\n");
    else
        text_add(text, "\nNothing can run here: make KVM work, or install QEMU "
                       "(apt install qemu-system-x86).\n");
}

int cmd_doctor(int argc, char **argv)
{
    struct vmm_host host = {.size = sizeof(host)};
    struct text text = {0};

    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return cmd_help("doctor");
    if (argc > 0)
        return cli_fail(CLI_FAILED, "doctor takes no arguments; unknown: %s", argv[0]);
    int result = vmm_probe_host(&host);
    if (result)
        return cli_fail(CLI_FAILED, "doctor: %s", strerror(-result));
    add_line(&text, "KVM", kvm_word(host.kvm), host.kvm_text);
    add_advice(&text, kvm_advice(host.kvm));
    add_line(&text, "QEMU", host.qemu_path[0] ? "found" : "missing", host.qemu_text);
    if (!host.qemu_path[0] && host.kvm != VMM_KVM_WORKS)
        add_advice(&text, "apt install qemu-system-x86");
    add_line(&text, "seccomp", host.seccomp ? "yes" : "no",
             host.seccomp ? "the monitor limits its own system calls" : "the sandbox needs it");
    if (!host.seccomp)
        add_advice(&text, "a kernel with CONFIG_SECCOMP_FILTER, or --no-sandbox");
    add_line(&text, "Landlock", host.landlock ? "yes" : "no",
             host.landlock ? "the monitor gives up the file system"
                           : "the sandbox does without (seccomp denies opening files)");
    add_line(&text, "user namespaces", host.user_namespaces ? "yes" : "no",
             host.user_namespaces ? "available" : "not needed by vmm run");
    add_verdict(&text, &host);
    if (text.failed)
        return cli_fail(CLI_FAILED, "out of memory");
    if (!cli_write(STDOUT_FILENO, text.bytes, text.length))
        return CLI_FAILED;
    return host.kvm == VMM_KVM_WORKS || host.qemu_path[0] ? CLI_OK : CLI_FAILED;
}
