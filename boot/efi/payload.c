/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where kernel, archive and command line come from: sections of this image if it has
 * them, else files of its volume (boot/guest_abi.h has the names).
 */
#include "boot/efi/crc32c.h"
#include "boot/efi/loader.h"

#define READ_MAX (4ull << 20) /* some drivers do not like more at once */
#define PATH_MAX 64u
#define BELOW_4G (1ull << 32)
#define MIB (1ull << 20)

struct source {
    const char *section, *file;
    struct part *part;
};

static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

/* ---- sections of this image ------------------------------------------------ */

/* PE format: Microsoft's "PE Format", COFF file header and section table. */
#define PE_OFFSET_AT 0x3cu
struct pe_file_header {
    uint32_t signature;
    uint16_t machine, section_count;
    uint32_t time, symbols, symbol_count;
    uint16_t optional_size, characteristics;
};
struct pe_section {
    char name[8];
    uint32_t memory_size, address, file_size, file_offset, relocations, lines;
    uint16_t relocation_count, line_count;
    uint32_t characteristics;
};
_Static_assert(sizeof(struct pe_file_header) == 24 && sizeof(struct pe_section) == 40, "PE");

static bool name_is(const struct pe_section *section, const char *name)
{
    for (unsigned int i = 0; i < sizeof(section->name); i++) {
        if (section->name[i] != name[i])
            return false;
        if (!name[i])
            return true;
    }
    return true;
}

/* The firmware has read the headers, and loaded the sections where they say. */
static bool find_section(const struct loader *loader, const char *name, struct part *part)
{
    const uint8_t *base = loader->loaded->ImageBase;
    uint64_t size = loader->loaded->ImageSize;
    struct pe_file_header header;
    struct pe_section section;
    uint32_t at;

    copy_bytes(&at, base + PE_OFFSET_AT, sizeof(at));
    if (at > size - sizeof(header))
        return false;
    copy_bytes(&header, base + at, sizeof(header));
    uint64_t next = at + sizeof(header) + header.optional_size;
    for (unsigned int i = 0; i < header.section_count; i++, next += sizeof(section)) {
        if (next > size - sizeof(section))
            return false;
        copy_bytes(&section, base + next, sizeof(section));
        if (!name_is(&section, name) || section.address > size ||
            section.memory_size > size - section.address)
            continue;
        part->bytes = base + section.address;
        part->size = section.memory_size;
        return true;
    }
    return false;
}

/* ---- files of the volume --------------------------------------------------- */

static EFI_STATUS open_volume(const struct loader *loader, EFI_FILE_HANDLE *root)
{
    EFI_FILE_IO_INTERFACE *volume;
    EFI_STATUS status = EFI_NOT_FOUND;

    if (loader->loaded->DeviceHandle)
        status = loader->boot->HandleProtocol(loader->loaded->DeviceHandle, &file_system_guid,
                                              (void **)&volume);
    if (status == EFI_SUCCESS)
        status = volume->OpenVolume(volume, root);
    if (status != EFI_SUCCESS)
        return fail(status, "there is no file system where this loader comes from");
    return EFI_SUCCESS;
}

static EFI_STATUS read_all(const struct loader *loader, EFI_FILE_HANDLE file, struct part *part)
{
    union {
        EFI_FILE_INFO info;
        uint8_t bytes[sizeof(EFI_FILE_INFO) + 512]; /* with the name */
    } u;
    UINTN size = sizeof(u);
    EFI_STATUS status = file->GetInfo(file, &file_info_guid, &size, &u);

    if (status != EFI_SUCCESS)
        return fail(status, "cannot read %s", part->name);
    part->size = u.info.FileSize;
    if (part->size == 0)
        return EFI_SUCCESS;
    uint64_t to = pages_alloc(loader, EfiLoaderData, part->size, BELOW_4G);
    if (!to)
        to = pages_alloc(loader, EfiLoaderData, part->size, UINT64_MAX);
    if (!to)
        return fail(EFI_OUT_OF_RESOURCES, "too little memory: %s takes %u MiB", part->name,
                    (part->size + MIB - 1) / MIB);
    part->bytes = (const uint8_t *)to;
    for (uint64_t done = 0; done < part->size; done += size) {
        size = part->size - done < READ_MAX ? part->size - done : READ_MAX;
        status = file->Read(file, &size, (void *)(to + done));
        if (status == EFI_SUCCESS && size == 0)
            status = EFI_VOLUME_CORRUPTED;
        if (status != EFI_SUCCESS)
            return fail(status, "cannot read %s", part->name);
    }
    return EFI_SUCCESS;
}

static EFI_STATUS read_file(const struct loader *loader, EFI_FILE_HANDLE root, const char *path,
                            struct part *part)
{
    CHAR16 wide[PATH_MAX];
    EFI_FILE_HANDLE file;
    unsigned int length = 0;

    for (; path[length] && length < PATH_MAX - 1; length++)
        wide[length] = path[length] == '/' ? '\\' : (CHAR16)path[length];
    wide[length] = 0;
    EFI_STATUS status = root->Open(root, &file, wide, EFI_FILE_MODE_READ, 0);
    if (status == EFI_NOT_FOUND)
        return EFI_SUCCESS; /* whether it must be there is known later */
    if (status != EFI_SUCCESS)
        return fail(status, "cannot open %s", part->name);
    status = read_all(loader, file, part);
    file->Close(file);
    return status;
}

/* ---- both ------------------------------------------------------------------- */

EFI_STATUS payload_find(struct loader *loader)
{
    const struct source sources[] = {
        {GUEST_BOOT_KERNEL_SECTION, GUEST_BOOT_KERNEL_FILE, &loader->parts[GUEST_BOOT_KERNEL]},
        {GUEST_BOOT_ARCHIVE_SECTION, GUEST_BOOT_ARCHIVE_FILE, &loader->parts[GUEST_BOOT_ARCHIVE]},
        {GUEST_BOOT_CMDLINE_SECTION, GUEST_BOOT_CMDLINE_FILE, &loader->parts[GUEST_BOOT_CMDLINE]},
        {GUEST_BOOT_SUMS_SECTION, GUEST_BOOT_SUMS_FILE, &loader->sums},
    };
    const unsigned int count = sizeof(sources) / sizeof(sources[0]);
    bool combined = find_section(loader, sources[0].section, sources[0].part);
    EFI_FILE_HANDLE root = NULL;
    EFI_STATUS status = combined ? EFI_SUCCESS : open_volume(loader, &root);

    for (unsigned int i = 0; i < count && status == EFI_SUCCESS; i++) {
        sources[i].part->name = combined ? sources[i].section : sources[i].file;
        if (combined)
            find_section(loader, sources[i].section, sources[i].part);
        else
            status = read_file(loader, root, sources[i].file, sources[i].part);
    }
    return status;
}

EFI_STATUS payload_check(const struct loader *loader)
{
    struct guest_boot_sums sums;
    bool hardware = loader->has_crc32;

    if (!loader->sums.bytes) { /* put together by hand */
        if (!loader->parts[GUEST_BOOT_KERNEL].bytes)
            return fail(EFI_NOT_FOUND, "%s is missing", loader->parts[GUEST_BOOT_KERNEL].name);
        return EFI_SUCCESS;
    }
    if (loader->sums.size < sizeof(sums))
        return fail(EFI_LOAD_ERROR, "%s is cut off", loader->sums.name);
    copy_bytes(&sums, loader->sums.bytes, sizeof(sums));
    if (sums.magic != GUEST_BOOT_SUMS_MAGIC || sums.version != GUEST_BOOT_SUMS_VERSION ||
        sums.crc32c != crc32c(&sums, offsetof(struct guest_boot_sums, crc32c), hardware))
        return fail(EFI_CRC_ERROR, "%s is damaged", loader->sums.name);
    for (unsigned int i = 0; i < GUEST_BOOT_PARTS; i++) {
        const struct part *part = &loader->parts[i];
        if (!sums.part[i].size)
            continue;
        if (!part->bytes)
            return fail(EFI_NOT_FOUND, "%s is missing", part->name);
        if (part->size != sums.part[i].size)
            return fail(EFI_LOAD_ERROR, "%s has %u bytes, not %u", part->name, part->size,
                        sums.part[i].size);
        if (crc32c(part->bytes, part->size, hardware) != sums.part[i].crc32c)
            return fail(EFI_CRC_ERROR, "%s is damaged", part->name);
    }
    return EFI_SUCCESS;
}
