/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC that boots by UEFI firmware: which firmware, and the disk that it boots, as "vmm
 * image disk" makes it.  The kernel's words are on the disk.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmm/image/image.h"
#include "vmm/load/archive.h"
#include "vmm/qemu/qemu.h"

#define TEMPORARY_DIR "/tmp"
/* What OVMF keeps, at its busiest, beside the files that it has read for us. */
#define MEMORY_FIRMWARE (62ull << 20)

/* Where distributions put OVMF: the code alone, or all in one file. */
static const char *find_firmware(void)
{
    static const char *const places[] = {
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "/usr/share/edk2-ovmf/x64/OVMF_CODE.fd",
        "/usr/share/qemu/ovmf-x86_64-code.bin",
        "/usr/share/ovmf/OVMF.fd",
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

int qemu_open_efi(struct qemu *qemu, const struct archive *archive, struct vmm_error *error)
{
    char words[GUEST_CMDLINE_MAX];
    int result = qemu_build_words(qemu->config, words, sizeof(words));

    if (result)
        return vmm_fail(error, result, VMM_FAULT_USAGE, "--append: too long");
    if (qemu->config->kernel)
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE,
                        "--kernel: --machine efi boots the built-in kernel only");
    qemu->firmware = find_firmware();
    if (!qemu->firmware)
        return vmm_fail(error, -ENOENT, VMM_FAULT_USAGE,
                        "--machine efi: no UEFI firmware is installed (apt install ovmf)");
    result = qemu_check_memory(qemu, archive ? archive->size : 0, MEMORY_FIRMWARE, error);
    if (result)
        return result;
    qemu->kernel_fd = image_temporary(TEMPORARY_DIR);
    if (qemu->kernel_fd < 0)
        return vmm_fail(error, qemu->kernel_fd, VMM_FAULT_USAGE,
                        "cannot make a temporary file for the boot disk: %s",
                        strerror(-qemu->kernel_fd));
    return image_write(VMM_IMAGE_DISK, archive, words, qemu->kernel_fd, TEMPORARY_DIR, error);
}

const char *qemu_loader_failure(struct qemu *qemu, size_t *length)
{
    static const char prefix[] = "vmm: ", end[] = GUEST_BOOT_GIVES_UP;
    struct tail *tail = &qemu->console_tail;
    const char *start = NULL;

    if (qemu->config->machine != VMM_MACHINE_EFI || qemu->has_result ||
        !memmem(tail->bytes, tail->length, end, sizeof(end) - 1))
        return NULL;
    /* The last such line: firmware may have said it on several consoles. */
    for (const char *at = tail->bytes; (at = memmem(at, (size_t)(tail->bytes + tail->length - at),
                                                    prefix, sizeof(prefix) - 1)) != NULL;
         at++)
        start = at;
    if (!start)
        return NULL;
    start += sizeof(prefix) - 1;
    *length = 0;
    while (start + *length < tail->bytes + tail->length && start[*length] >= ' ')
        ++*length;
    return start;
}
