/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of things, from the firmware's call to the last jump.  See loader.h. */
#include "boot/efi/loader.h"

#define BELOW_4G (1ull << 32)

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;

/* Newlines and tabs of a text file are blanks to the kernel; a NUL ends it. */
static EFI_STATUS take_cmdline(struct loader *loader)
{
    const struct part *part = &loader->parts[GUEST_BOOT_CMDLINE];
    uint64_t size = 0;

    while (size < part->size && part->bytes[size])
        size++;
    while (size && part->bytes[size - 1] <= ' ')
        size--;
    if (size >= sizeof(loader->block->cmdline))
        return fail(EFI_BAD_BUFFER_SIZE, "%s has %u characters, at most %u are taken", part->name,
                    size, (uint64_t)sizeof(loader->block->cmdline) - 1);
    for (uint64_t i = 0; i < size; i++)
        loader->block->cmdline[i] = (char)(part->bytes[i] < ' ' ? ' ' : part->bytes[i]);
    return EFI_SUCCESS;
}

/* Moves a part away from where the kernel goes, and below limit. */
static EFI_STATUS move_part(const struct loader *loader, struct part *part, uint64_t limit)
{
    uint64_t start = (uint64_t)part->bytes, end = start + part->size;

    if (!part->size ||
        (end <= limit && (end <= loader->kernel.start || start >= loader->kernel.end)))
        return EFI_SUCCESS;
    uint64_t to = pages_alloc(loader, EfiLoaderData, part->size, limit);
    if (!to)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory for %s", part->name);
    copy_bytes((void *)to, part->bytes, part->size);
    part->bytes = (const uint8_t *)to;
    return EFI_SUCCESS;
}

static EFI_STATUS take_kernel(struct loader *loader)
{
    struct part *part = &loader->parts[GUEST_BOOT_KERNEL];
    const char *wrong = kernel_parse(part->bytes, part->size, &loader->kernel);

    if (wrong)
        return fail(EFI_LOAD_ERROR, "%s is no kernel: %s", part->name, wrong);
    memory_reserve_kernel(loader);
    return move_part(loader, part, BELOW_4G);
}

static EFI_STATUS prepare(struct loader *loader)
{
    EFI_STATUS status = payload_find(loader);

    if (status == EFI_SUCCESS)
        status = payload_check(loader);
    if (status == EFI_SUCCESS)
        status = take_kernel(loader);
    if (status == EFI_SUCCESS)
        status = move_part(loader, &loader->parts[GUEST_BOOT_ARCHIVE], UINT64_MAX);
    if (status == EFI_SUCCESS)
        status = memory_alloc(loader);
    if (status == EFI_SUCCESS)
        status = take_cmdline(loader);
    if (status != EFI_SUCCESS)
        return status;
    machine_describe(loader);
    handoff_prepare(loader);
    return memory_prepare(loader);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    struct loader loader = {.image = image, .system = system, .boot = system->BootServices};

    say_init(system);
    /* No watchdog of the firmware while large files are read, nor behind us. */
    loader.boot->SetWatchdogTimer(0, 0, 0, NULL);
    loader.has_crc32 = machine_has_crc32();
    EFI_STATUS status =
        loader.boot->HandleProtocol(image, &loaded_image_guid, (void **)&loader.loaded);
    if (status == EFI_SUCCESS)
        status = prepare(&loader);
    if (status == EFI_SUCCESS)
        status = memory_exit(&loader);
    if (status == EFI_SUCCESS)
        handoff_go(&loader);
    wait_for_key(&loader);
    return status;
}
