/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the firmware knows of the machine, as struct boot_block: ACPI, random bytes, the
 * time, the screen; and what CPUID says, which the kernel need not ask again.  What a
 * firmware does not have is left out.
 */
#include "boot/efi/loader.h"

#define NS_PER_S 1000000000ull
#define ZONE_UNKNOWN 2047
#define PIC_MASK_1 0x21u
#define PIC_MASK_2 0xa1u
#define LEAF1_SSE42 (1u << 20) /* ECX */
#define SCREEN_SIDE_MAX 16384u

static EFI_GUID acpi2_guid = ACPI_20_TABLE_GUID;
static EFI_GUID acpi1_guid = ACPI_TABLE_GUID;
static EFI_GUID rng_guid = EFI_RNG_PROTOCOL_GUID;
static EFI_GUID graphics_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

static uint64_t rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

bool machine_has_crc32(void)
{
    uint32_t r[4];

    cpuid(1, r);
    return r[2] & LEAF1_SSE42;
}

uint64_t machine_read_cr4(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void machine_quiet(void)
{
    __asm__ volatile("cli");
    outb(PIC_MASK_1, 0xff);
    outb(PIC_MASK_2, 0xff);
}

static bool same_guid(const EFI_GUID *a, const EFI_GUID *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

    for (unsigned int i = 0; i < sizeof(*a); i++)
        if (x[i] != y[i])
            return false;
    return true;
}

static uint64_t find_rsdp(const EFI_SYSTEM_TABLE *system)
{
    uint64_t old = 0;

    for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *table = &system->ConfigurationTable[i];
        if (same_guid(&table->VendorGuid, &acpi2_guid))
            return (uint64_t)table->VendorTable;
        if (same_guid(&table->VendorGuid, &acpi1_guid))
            old = (uint64_t)table->VendorTable;
    }
    return old;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static uint64_t days(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    uint64_t whole =
        (year - 1970) * 365ull + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;

    return whole + before[month - 1] + (leap && month > 2) + day - 1;
}

/* The time in UTC; 0: the firmware has no clock, or it is wrong.  A zone that is not told is UTC.
 */
static uint64_t wall_ns(const struct loader *loader)
{
    EFI_TIME t;

    if (loader->system->RuntimeServices->GetTime(&t, NULL) != EFI_SUCCESS || t.Year < 1970 ||
        t.Year > 2500 || t.Month < 1 || t.Month > 12 || t.Day < 1 || t.Day > 31 || t.Hour > 23 ||
        t.Minute > 59 || t.Second > 59 || t.Nanosecond >= NS_PER_S)
        return 0;
    int64_t seconds = (int64_t)(days(t.Year, t.Month, t.Day) * 86400 + t.Hour * 3600ull +
                                t.Minute * 60ull + t.Second);
    if (t.TimeZone != ZONE_UNKNOWN && t.TimeZone >= -1440 && t.TimeZone <= 1440)
        seconds += t.TimeZone * 60;
    return seconds > 0 ? (uint64_t)seconds * NS_PER_S + t.Nanosecond : 0;
}

static void describe_cpu(const struct loader *loader, struct guest_cpu *cpu)
{
    uint32_t r[4];

    cpu->version = GUEST_CPU_VERSION;
    cpuid(1, r);
    cpu->leaf1_eax = r[0];
    cpu->leaf1_ecx = r[2];
    cpu->leaf1_edx = r[3];
    cpuid(0, r);
    if (r[0] >= 7) {
        cpuid(7, r);
        cpu->leaf7_ebx = r[1];
        cpu->leaf7_ecx = r[2];
    }
    cpuid(0x80000001, r);
    cpu->extended1_edx = r[3];
    cpu->wall_ns = wall_ns(loader);
    cpu->wall_tsc = cpu->wall_ns ? rdtsc() : 0;
}

static bool find_seed(const struct loader *loader, uint8_t *seed)
{
    EFI_RNG_PROTOCOL *rng;

    return loader->boot->LocateProtocol(&rng_guid, NULL, (void **)&rng) == EFI_SUCCESS &&
           rng->GetRNG(rng, NULL, GUEST_SEED_SIZE, seed) == EFI_SUCCESS;
}

static bool find_screen(const struct loader *loader, struct guest_screen *screen)
{
    EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics;

    if (loader->boot->LocateProtocol(&graphics_guid, NULL, (void **)&graphics) != EFI_SUCCESS ||
        !graphics->Mode || !graphics->Mode->Info || !graphics->Mode->FrameBufferBase)
        return false;
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode = graphics->Mode->Info;
    *screen = (struct guest_screen){
        .version = GUEST_SCREEN_VERSION,
        .width = mode->HorizontalResolution,
        .height = mode->VerticalResolution,
        .address = graphics->Mode->FrameBufferBase,
        .pixel_bytes = 4,
        .red_mask = 0xff,
        .green_mask = 0xff00,
        .blue_mask = 0xff0000,
    };
    switch (mode->PixelFormat) {
    case PixelRedGreenBlueReserved8BitPerColor:
        break;
    case PixelBlueGreenRedReserved8BitPerColor:
        screen->red_mask = 0xff0000;
        screen->blue_mask = 0xff;
        break;
    case PixelBitMask:
        screen->red_mask = mode->PixelInformation.RedMask;
        screen->green_mask = mode->PixelInformation.GreenMask;
        screen->blue_mask = mode->PixelInformation.BlueMask;
        if (!((screen->red_mask | screen->green_mask | screen->blue_mask |
               mode->PixelInformation.ReservedMask) >>
              16))
            screen->pixel_bytes = 2;
        break;
    default: /* no memory behind it */
        return false;
    }
    if (mode->PixelsPerScanLine > SCREEN_SIDE_MAX || screen->width > mode->PixelsPerScanLine ||
        screen->height > SCREEN_SIDE_MAX)
        return false;
    screen->stride = mode->PixelsPerScanLine * screen->pixel_bytes;
    return (uint64_t)screen->stride * screen->height <= graphics->Mode->FrameBufferSize;
}

static void add_module(struct boot_block *block, const void *bytes, uint64_t size, char *name,
                       const char *text)
{
    struct pvh_module *module = &block->modules[block->start.nr_modules++];

    *module = (struct pvh_module){.paddr = (uint64_t)bytes, .size = size};
    if (!name)
        return;
    module->cmdline_paddr = (uint64_t)name;
    while ((*name++ = *text++) != '\0')
        ;
}

void machine_describe(struct loader *loader)
{
    struct boot_block *block = loader->block;
    const struct part *archive = &loader->parts[GUEST_BOOT_ARCHIVE];

    block->start = (struct pvh_start_info){
        .magic = PVH_START_MAGIC,
        .version = 1,
        .modlist_paddr = (uint64_t)block->modules,
        .cmdline_paddr = (uint64_t)block->cmdline,
        .rsdp_paddr = find_rsdp(loader->system),
        .memmap_paddr = (uint64_t)block->memmap,
    };
    if (archive->size)
        add_module(block, archive->bytes, archive->size, NULL, NULL);
    describe_cpu(loader, &block->cpu);
    add_module(block, &block->cpu, sizeof(block->cpu), block->cpu_name, GUEST_MODULE_CPU);
    if (find_seed(loader, block->seed))
        add_module(block, block->seed, sizeof(block->seed), block->seed_name, GUEST_MODULE_SEED);
    if (find_screen(loader, &block->screen))
        add_module(block, &block->screen, sizeof(block->screen), block->screen_name,
                   GUEST_MODULE_SCREEN);
}
