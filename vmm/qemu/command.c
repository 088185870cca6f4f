/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's command line.  Each option is there for a reason, and what is not
 * needed is off, ACPI above all: it is the dearest part of a start.  PIT and
 * RTC stay: the guest's clock starts from them.  Opens nothing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/qemu/qemu.h"

#define ARGUMENTS_MAX 96u

static int add(struct qemu *qemu, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int add(struct qemu *qemu, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(text) || qemu->argc + 1 >= ARGUMENTS_MAX)
        return -E2BIG;
    qemu->argv[qemu->argc] = arena_copy(&qemu->arena, text, (size_t)length);
    if (!qemu->argv[qemu->argc])
        return -ENOMEM;
    qemu->argv[++qemu->argc] = NULL;
    return 0;
}

static int add_pair(struct qemu *qemu, const char *option, const char *value)
{
    int result = add(qemu, "%s", option);
    return result ? result : add(qemu, "%s", value);
}

/* A path inside a comma-separated option: commas are doubled. */
static bool quote(const char *path, char *buffer, size_t size)
{
    size_t used = 0;
    for (; *path; path++) {
        if (used + 3 > size)
            return false;
        if (*path == ',')
            buffer[used++] = ',';
        buffer[used++] = *path;
    }
    buffer[used] = '\0';
    return true;
}

static int add_machine(struct qemu *qemu)
{
    const struct vmm_config *config = qemu->config;
    /* A foreign kernel may want any of it; ours needs ACPI for more CPUs only. */
    const char *machine = "microvm,acpi=off,pic=off";
    if (config->kernel && !config->program)
        machine = "microvm";
    else if (config->cpus > 1)
        machine = "microvm,acpi=on,ioapic2=off,pic=off";
    int result = add(qemu, "-M");
    if (!result)
        result = add(qemu, "%s,memory-backend=ram", machine);
    /* Memory is the host's when it is touched, as with KVM: a guest may be given
     * more than there is. */
    if (!result)
        result = add(qemu, "-object");
    if (!result)
        result = add(qemu, "memory-backend-ram,id=ram,reserve=off,size=%lluB",
                     (unsigned long long)config->memory_bytes);
    if (!result)
        result = add(qemu, "-m");
    if (!result)
        result = add(qemu, "%lluB", (unsigned long long)config->memory_bytes);
    if (!result)
        result = add_pair(qemu, "-accel", qemu->use_kvm ? "kvm,kernel-irqchip=split" : "tcg");
    if (!result)
        result = add_pair(qemu, "-cpu", "max");
    if (!result && config->cpus > 1)
        result = add(qemu, "-smp");
    if (!result && config->cpus > 1)
        result = add(qemu, "%u", config->cpus);
    return result;
}

/* Nothing by default, no window, no user configuration; end instead of rebooting. */
static int add_silence(struct qemu *qemu)
{
    static const char words[][20] = {"-nodefaults", "-no-user-config", "-no-reboot", "-display",
                                     "none"};
    int result = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !result; i++)
        result = add(qemu, "%s", words[i]);
    /* QEMU's own seccomp filter: no new processes, no privileges. */
    if (!result && qemu->config->sandbox)
        result =
            add_pair(qemu, "-sandbox",
                     "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    return result;
}

static int add_channel(struct qemu *qemu, enum qemu_channel channel, const char *name,
                       unsigned int number)
{
    int result = add(qemu, "-chardev");
    if (!result)
        result = add(qemu, "socket,id=%s,fd=%d", name, qemu->far_ends[channel]);
    if (!result)
        result = add(qemu, "-device");
    return result ? result
                  : add(qemu, "virtserialport,chardev=%s,name=%s,nr=%u", name, name, number);
}

static int add_devices(struct qemu *qemu)
{
    int result = add_pair(qemu, "-global", "virtio-mmio.force-legacy=false");
    /* Port 0 is for a console, which has no way to say that it is closed. */
    if (!result)
        result = add_pair(qemu, "-device", "virtio-serial-device,max_ports=4");
    if (!result)
        result = add_channel(qemu, CHANNEL_STDIO, GUEST_STDIO_PORT_NAME, 1);
    if (!result)
        result = add_channel(qemu, CHANNEL_STDERR, GUEST_STDERR_PORT_NAME, 2);
    if (!result)
        result = add_channel(qemu, CHANNEL_CTL, GUEST_CTL_PORT_NAME, 3);
    if (!result)
        result = add_pair(qemu, "-device", "virtio-rng-device");
    if (!result)
        result = add(qemu, "-device");
    if (!result)
        result = add(qemu, "isa-debug-exit,iobase=%#x,iosize=4", QEMU_DEBUG_EXIT_PORT);
    if (!result)
        result = add(qemu, "-chardev");
    if (!result)
        result = add(qemu, "socket,id=console,fd=%d", qemu->far_ends[CHANNEL_CONSOLE]);
    if (!result)
        result = add_pair(qemu, "-serial", "chardev:console");
    return result;
}

static int add_disks(struct qemu *qemu)
{
    int result = 0;
    for (size_t i = 0; i < qemu->config->disk_count && !result; i++) {
        const struct vmm_config_disk *disk = &qemu->config->disks[i];
        char path[4096];
        if (!quote(disk->path, path, sizeof(path)))
            return -ENAMETOOLONG;
        result = add(qemu, "-drive");
        if (!result)
            result = add(qemu, "if=none,id=disk%zu,format=raw,readonly=%s,file=%s", i,
                         disk->read_only ? "on" : "off", path);
        if (!result)
            result = add(qemu, "-device");
        if (!result)
            result = add(qemu, "virtio-blk-device,drive=disk%zu", i);
    }
    return result;
}

/* Words for our kernel; a foreign one gets what the user wrote. */
static int add_kernel(struct qemu *qemu, bool has_archive)
{
    const struct vmm_config *config = qemu->config;
    char words[GUEST_CMDLINE_MAX];
    int used = 0;
    words[0] = '\0';
    if (!config->kernel || config->program)
        used = snprintf(words, sizeof(words), "ctl=%#x loglevel=%u%s%s%s%s", QEMU_DEBUG_EXIT_PORT,
                        config->console_fd >= 0 ? config->log_level : 4,
                        config->stats ? " stats" : "", config_report_words(config)[0] ? " " : "",
                        config_report_words(config), config->append ? " " : "");
    /* Without ACPI, QEMU announces the devices by itself. */
    for (unsigned int slot = 0; slot < QEMU_VIRTIO_SLOTS && config->cpus > 1 && used; slot++)
        used += snprintf(words + used, sizeof(words) - (size_t)used,
                         "%svirtio_mmio.device=%u@%#x:%u%s", config->append ? "" : " ",
                         QEMU_VIRTIO_SIZE, QEMU_VIRTIO_BASE + slot * QEMU_VIRTIO_SIZE,
                         QEMU_VIRTIO_ACPI_GSI + slot, config->append ? " " : "");
    size_t append_size = config->append ? strlen(config->append) + 1 : 0;
    if ((size_t)used + append_size > sizeof(words))
        return -E2BIG;
    if (append_size)
        memcpy(words + used, config->append, append_size);
    int result = add(qemu, "-kernel");
    if (!result)
        result = add(qemu, "/proc/self/fd/%d", qemu->kernel_fd);
    if (!result && words[0])
        result = add_pair(qemu, "-append", words);
    int initrd = has_archive ? qemu->archive_fd : qemu->initrd_fd;
    if (!result && initrd >= 0)
        result = add(qemu, "-initrd");
    if (!result && initrd >= 0)
        result = add(qemu, "/proc/self/fd/%d", initrd);
    return result;
}

int qemu_build_command(struct qemu *qemu, bool has_archive, struct vmm_error *error)
{
    qemu->argv = arena_alloc(&qemu->arena, ARGUMENTS_MAX * sizeof(*qemu->argv));
    qemu->argc = 0;
    int result = qemu->argv ? add(qemu, "%s", qemu->path) : -ENOMEM;
    if (!result)
        result = add_machine(qemu);
    if (!result)
        result = add_silence(qemu);
    if (!result)
        result = add_devices(qemu);
    if (!result)
        result = add_disks(qemu);
    if (!result)
        result = add_kernel(qemu, has_archive);
    if (result)
        return vmm_fail(error, result, VMM_FAULT_USAGE, "QEMU's command line: %s",
                        result == -E2BIG ? "too long (--append?)" : strerror(-result));
    return 0;
}
