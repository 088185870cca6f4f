/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's command line.  Each option is there for a reason, and what a microvm does
 * not need is off, ACPI above all: it is the dearest part of a start.  PIT and
 * RTC stay: the guest's clock starts from them.  Opens nothing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/qemu/qemu.h"

#define ARGUMENTS_MAX 96u

/* The list of arguments as it grows; the first error stays, and nothing is added after it. */
struct command {
    struct qemu *qemu;
    int error;
};

static void add_word(struct command *command, const char *word)
{
    struct qemu *qemu = command->qemu;
    if (!command->error && qemu->argc + 1 >= ARGUMENTS_MAX)
        command->error = -E2BIG;
    if (command->error)
        return;
    qemu->argv[qemu->argc] = arena_copy(&qemu->arena, word, strlen(word));
    if (!qemu->argv[qemu->argc])
        command->error = -ENOMEM;
    else
        qemu->argv[++qemu->argc] = NULL;
}

/* An option with its value. */
static void add(struct command *command, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct command *command, const char *option, const char *format, ...)
{
    char value[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (!command->error && (length < 0 || (size_t)length >= sizeof(value)))
        command->error = -E2BIG;
    add_word(command, option);
    add_word(command, value);
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

static bool is_pc(const struct vmm_config *config)
{
    return config->machine != VMM_MACHINE_MICROVM;
}

static const char *machine_words(const struct vmm_config *config)
{
    if (config->machine == VMM_MACHINE_Q35 || config->machine == VMM_MACHINE_EFI)
        return "q35,sata=off,smbus=off,vmport=off";
    if (config->machine == VMM_MACHINE_PC)
        return "pc,vmport=off";
    /* A foreign kernel may want any of it; ours needs ACPI for more CPUs only. */
    if (config->kernel && !config->program)
        return "microvm";
    return config->cpus > 1 ? "microvm,acpi=on,ioapic2=off,pic=off" : "microvm,acpi=off,pic=off";
}

static void add_machine(struct command *command, const struct vmm_config *config)
{
    unsigned long long memory = config->memory_bytes;
    add(command, "-M", "%s,memory-backend=ram", machine_words(config));
    /* Memory is the host's when it is touched, as with KVM: a guest may be given
     * more than there is. */
    add(command, "-object", "memory-backend-ram,id=ram,reserve=off,size=%lluB", memory);
    add(command, "-m", "%lluB", memory);
    add(command, "-accel", "%s", command->qemu->use_kvm ? "kvm,kernel-irqchip=split" : "tcg");
    add(command, "-cpu", "%s", config->cpu_model ? config->cpu_model : "max");
    if (config->cpus > 1)
        add(command, "-smp", "%u", config->cpus);
}

/* Nothing by default, no window, no user configuration; end instead of rebooting. */
static void add_silence(struct command *command, const struct vmm_config *config)
{
    add_word(command, "-nodefaults");
    add_word(command, "-no-user-config");
    add_word(command, "-no-reboot");
    add(command, "-display", "none");
    /* QEMU's own seccomp filter: no new processes, no privileges. */
    if (config->sandbox)
        add(command, "-sandbox",
            "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_channel(struct command *command, enum qemu_channel channel, const char *name,
                        unsigned int number)
{
    add(command, "-chardev", "socket,id=%s,fd=%d", name, command->qemu->far_ends[channel]);
    add(command, "-device", "virtserialport,chardev=%s,name=%s,nr=%u", name, name, number);
}

/* virtio devices are on PCI where there is one. */
static void add_devices(struct command *command, const struct vmm_config *config)
{
    const char *bus = is_pc(config) ? "pci" : "device";
    if (!is_pc(config))
        add(command, "-global", "virtio-mmio.force-legacy=false");
    /* Port 0 is for a console, which has no way to say that it is closed. */
    add(command, "-device", "virtio-serial-%s,max_ports=4", bus);
    add_channel(command, CHANNEL_STDIO, GUEST_STDIO_PORT_NAME, 1);
    add_channel(command, CHANNEL_STDERR, GUEST_STDERR_PORT_NAME, 2);
    add_channel(command, CHANNEL_CTL, GUEST_CTL_PORT_NAME, 3);
    add(command, "-device", "virtio-rng-%s", bus);
    add(command, "-device", "isa-debug-exit,iobase=%#x,iosize=4", QEMU_DEBUG_EXIT_PORT);
    add(command, "-chardev", "socket,id=console,fd=%d", command->qemu->far_ends[CHANNEL_CONSOLE]);
    add(command, "-serial", "chardev:console");
}

static void add_disks(struct command *command, const struct vmm_config *config)
{
    for (size_t i = 0; i < config->disk_count; i++) {
        const struct vmm_config_disk *disk = &config->disks[i];
        char path[4096];
        if (!command->error && !quote(disk->path, path, sizeof(path)))
            command->error = -ENAMETOOLONG;
        if (command->error)
            return;
        add(command, "-drive", "if=none,id=disk%zu,format=raw,readonly=%s,file=%s", i,
            disk->read_only ? "on" : "off", path);
        add(command, "-device", "virtio-blk-%s,drive=disk%zu", is_pc(config) ? "pci" : "device", i);
    }
}

int qemu_build_words(const struct vmm_config *config, char *words, size_t size)
{
    int used = 0;
    words[0] = '\0';
    if (!config->kernel || config->program)
        used =
            snprintf(words, size, "ctl=%#x loglevel=%u%s%s %s ", QEMU_DEBUG_EXIT_PORT,
                     config->console_fd >= 0 ? config->log_level : 4, config->stats ? " stats" : "",
                     config->functions ? " call" : "", config_report_words(config));
    /* Without ACPI, QEMU announces the devices by itself. */
    bool announce = config->cpus > 1 && !is_pc(config);
    for (unsigned int slot = 0; slot < QEMU_VIRTIO_SLOTS && announce && used; slot++)
        used += snprintf(words + used, size - (size_t)used, "virtio_mmio.device=%u@%#x:%u ",
                         QEMU_VIRTIO_SIZE, QEMU_VIRTIO_BASE + slot * QEMU_VIRTIO_SIZE,
                         QEMU_VIRTIO_ACPI_GSI + slot);
    const char *append = config->append ? config->append : "";
    if ((size_t)used + strlen(append) + 1 > size)
        return -E2BIG;
    memcpy(words + used, append, strlen(append) + 1);
    return 0;
}

/* Firmware, and the disk that it boots: on a bus that our kernel does not look at. */
static void add_firmware(struct command *command)
{
    const struct qemu *qemu = command->qemu;
    add(command, "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=%s", qemu->firmware);
    add(command, "-drive", "if=none,id=boot,format=raw,readonly=on,file=/proc/self/fd/%d",
        qemu->kernel_fd);
    add(command, "-device", "nvme,serial=boot,drive=boot,bootindex=0");
}

static void add_kernel(struct command *command, const struct vmm_config *config, bool has_archive)
{
    const struct qemu *qemu = command->qemu;
    int initrd = has_archive ? qemu->archive_fd : qemu->initrd_fd;
    char words[GUEST_CMDLINE_MAX];
    if (!command->error)
        command->error = qemu_build_words(config, words, sizeof(words));
    if (command->error)
        return;
    add(command, "-kernel", "/proc/self/fd/%d", qemu->kernel_fd);
    if (words[0])
        add(command, "-append", "%s", words);
    if (initrd >= 0)
        add(command, "-initrd", "/proc/self/fd/%d", initrd);
}

int qemu_build_command(struct qemu *qemu, bool has_archive, struct vmm_error *error)
{
    struct command command = {.qemu = qemu};
    qemu->argv = arena_alloc(&qemu->arena, ARGUMENTS_MAX * sizeof(*qemu->argv));
    qemu->argc = 0;
    if (!qemu->argv)
        command.error = -ENOMEM;
    add_word(&command, qemu->path);
    add_machine(&command, qemu->config);
    add_silence(&command, qemu->config);
    add_devices(&command, qemu->config);
    add_disks(&command, qemu->config);
    if (qemu->config->machine == VMM_MACHINE_EFI)
        add_firmware(&command);
    else
        add_kernel(&command, qemu->config, has_archive);
    if (command.error)
        return vmm_fail(error, command.error, VMM_FAULT_USAGE, "QEMU's command line: %s",
                        command.error == -E2BIG ? "too long (--append?)"
                                                : strerror(-command.error));
    return 0;
}
