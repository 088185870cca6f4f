/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BOOTX64.EFI: the parts of the loader that call the firmware.  It finds kernel, boot
 * archive and command line, asks the firmware what a kernel must know, leaves the boot
 * services and enters the kernel's 64-bit door.  UEFI specification 2.10.
 *
 * Single-threaded, physical = virtual.  Until the boot services end every error is said on
 * the firmware's console; memory of a loader that gives up is the firmware's to take back.
 */
#ifndef BOOT_EFI_LOADER_H
#define BOOT_EFI_LOADER_H

#include <efi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/efi/kernel.h"
#include "boot/guest_abi.h"

#define PAGE 4096ull
#define MEMMAP_ENTRIES_MAX 512u
#define MODULES_MAX 4u

/* What the kernel reads: below 1 GiB, copied by it before it uses memory. */
struct boot_block {
    struct pvh_start_info start;
    struct pvh_module modules[MODULES_MAX];
    char seed_name[16], cpu_name[16], screen_name[16];
    struct guest_cpu cpu;
    struct guest_screen screen;
    uint8_t seed[GUEST_SEED_SIZE];
    char cmdline[GUEST_CMDLINE_MAX];
    struct pvh_memmap_entry memmap[MEMMAP_ENTRIES_MAX];
};

#define HANDOFF_CODE_MAX 1024u

/* The first fields are known to enter.asm. */
struct handoff {
    uint64_t cr3, door, start_info, segment_count;
    struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
};
_Static_assert(offsetof(struct handoff, segments) == 32 && sizeof(struct kernel_segment) == 32,
               "enter.asm");

struct handoff_pages {
    uint64_t pml5[512], pml4[512], pdpt[512], pds[4][512];
    uint8_t code[HANDOFF_CODE_MAX];
    struct handoff handoff;
};

struct part {
    const char *name; /* for messages */
    const uint8_t *bytes; /* NULL: not there */
    uint64_t size;
};

struct loader {
    EFI_HANDLE image;
    EFI_SYSTEM_TABLE *system;
    EFI_BOOT_SERVICES *boot;
    EFI_LOADED_IMAGE *loaded;
    bool has_crc32; /* the CPU has the instruction */
    struct part parts[GUEST_BOOT_PARTS], sums;
    struct kernel kernel;
    struct boot_block *block;
    struct handoff_pages *handoff;
    struct memory_pages *memory;
};

/* say.c: "vmm: ..." on the console (%s, %u, %x: 64 bits each); returns status. */
void say_init(EFI_SYSTEM_TABLE *system);
EFI_STATUS fail(EFI_STATUS status, const char *format, ...);
void wait_for_key(const struct loader *loader);
void copy_bytes(void *to, const void *from, uint64_t size);

/* payload.c: loader->parts, from this image or its volume, checked against their sums. */
EFI_STATUS payload_find(struct loader *loader);
EFI_STATUS payload_check(const struct loader *loader);

/*
 * memory.c: everything that is needed at the end, in one piece, as firmware takes its time for
 * each: block, handoff and memory of the loader.
 */
EFI_STATUS memory_alloc(struct loader *loader);
/* Pages below limit (exclusive), 0: none. */
uint64_t pages_alloc(const struct loader *loader, EFI_MEMORY_TYPE type, uint64_t bytes,
                     uint64_t limit);
/* Keeps everybody away from where the kernel will be, as far as it is free. */
void memory_reserve_kernel(const struct loader *loader);
/* The kernel's place must be free once the boot services end, and there must be enough. */
EFI_STATUS memory_prepare(struct loader *loader);
/* Ends the boot services and fills in the memory map.  There is no way back. */
EFI_STATUS memory_exit(struct loader *loader);

/* machine.c: modules and tables of loader->block. */
void machine_describe(struct loader *loader);
bool machine_has_crc32(void);
/* Silences the interrupt controllers of a PC that firmware has left running. */
void machine_quiet(void);
uint64_t machine_read_cr4(void);

/* handoff.c: everything that the last jump needs; then the jump. */
void handoff_prepare(const struct loader *loader);
_Noreturn void handoff_go(const struct loader *loader);

#endif
