/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between monitor and guest kernel: the only file that guest/,
 * vmm/ and boot/ share.  It holds what crosses the border: PVH structures,
 * the control port, the fixed guest-physical layout and limits.
 *
 * Rule for changing it: fixed-width fields only; never change the meaning or
 * the offset of what is here, add behind it; every size and offset keeps its
 * static assertion; a structure that may grow carries its size or version.
 * The guest must run under monitors that know nothing of the VMM_* parts
 * (QEMU, Firecracker): each of them is optional and announced on the command
 * line, never assumed.
 */
#ifndef BOOT_GUEST_ABI_H
#define BOOT_GUEST_ABI_H

#include <stddef.h>
#include <stdint.h>

/* ---- PVH: Xen public headers, arch-x86/hvm/start_info.h, version 1 ------ */

#define PVH_START_MAGIC 0x336ec578u /* "xEn3" with the top bit of 'n' set */
#define PVH_NOTE_NAME "Xen"
#define PVH_NOTE_PHYS32_ENTRY 18u /* XEN_ELFNOTE_PHYS32_ENTRY */

/* A second ELF note, by which a monitor tells our kernel from others; 4 bytes, the version. */
#define GUEST_NOTE_NAME "vmm"
#define GUEST_NOTE_KERNEL 1u
#define GUEST_NOTE_VERSION 1u
/*
 * A third note, of the same name: the guest-physical address of the kernel's 64-bit door, 8
 * bytes.  Entered in 64-bit mode, interrupts off, with the kernel, the page tables and the
 * boot information below 4 GiB and mapped where they are (virtual = physical); RDI = address
 * of struct pvh_start_info.  From there on it is as through the 32-bit door.
 */
#define GUEST_NOTE_DOOR64 2u

struct pvh_start_info {
    uint32_t magic; /* PVH_START_MAGIC */
    uint32_t version; /* 1: memmap fields are present */
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modlist_paddr; /* struct pvh_module[nr_modules] */
    uint64_t cmdline_paddr; /* NUL-terminated, 0 for none */
    uint64_t rsdp_paddr; /* ACPI RSDP, 0 for none */
    uint64_t memmap_paddr; /* struct pvh_memmap_entry[memmap_entries] */
    uint32_t memmap_entries;
    uint32_t reserved;
};
_Static_assert(sizeof(struct pvh_start_info) == 56, "PVH ABI");
_Static_assert(offsetof(struct pvh_start_info, modlist_paddr) == 16, "PVH ABI");
_Static_assert(offsetof(struct pvh_start_info, rsdp_paddr) == 32, "PVH ABI");
_Static_assert(offsetof(struct pvh_start_info, memmap_entries) == 48, "PVH ABI");

struct pvh_module {
    uint64_t paddr;
    uint64_t size; /* bytes */
    uint64_t cmdline_paddr; /* NUL-terminated, 0 for none */
    uint64_t reserved;
};
_Static_assert(sizeof(struct pvh_module) == 32, "PVH ABI");

struct pvh_memmap_entry {
    uint64_t addr;
    uint64_t size; /* bytes */
    uint32_t type; /* PVH_MEM_*, the E820 types */
    uint32_t reserved;
};
_Static_assert(sizeof(struct pvh_memmap_entry) == 24, "PVH ABI");

enum {
    PVH_MEM_RAM = 1,
    PVH_MEM_RESERVED = 2,
    PVH_MEM_ACPI = 3,
    PVH_MEM_NVS = 4,
    PVH_MEM_UNUSABLE = 5,
};

/*
 * Module 0 is the boot archive (cpio, newc).  A module whose command line is
 * GUEST_MODULE_SEED holds random bytes for the kernel's generator; the kernel
 * wipes them after use.
 */
#define GUEST_MODULE_SEED "rng-seed"
#define GUEST_SEED_SIZE 64u /* bytes our monitor passes; others may differ */

/*
 * A module whose command line is GUEST_MODULE_CPU holds a struct guest_cpu: what the
 * kernel would ask the first CPU for, where each question is an exit.  All CPUs of a
 * machine are alike.
 */
#define GUEST_MODULE_CPU "cpu"
#define GUEST_CPU_VERSION 1u
/* The first CPU's local APIC is in x2APIC mode, and nothing is behind its LINT pins. */
#define GUEST_CPU_X2APIC_ON 1u

struct guest_cpu {
    uint32_t version; /* GUEST_CPU_VERSION; another: ask CPUID */
    uint32_t leaf1_eax, leaf1_ecx, leaf1_edx;
    uint32_t leaf7_ebx, leaf7_ecx; /* subleaf 0; 0: there is no leaf 7 */
    uint32_t extended1_edx; /* leaf 0x80000001 */
    uint32_t kvm_features; /* leaf 0x40000001, EAX; 0: not KVM's leaves */
    uint32_t tsc_khz; /* 0: not known, or the TSC is no clock */
    uint32_t flags; /* GUEST_CPU_* */
    uint64_t wall_ns; /* the time of day (UTC), since 1970, when the TSC ... */
    uint64_t wall_tsc; /* ... of the first CPU had this value; both 0: not known */
};
_Static_assert(sizeof(struct guest_cpu) == 56, "CPU module");
_Static_assert(offsetof(struct guest_cpu, extended1_edx) == 24, "boot/pvh.asm");

/*
 * A module whose command line is GUEST_MODULE_SCREEN holds a struct guest_screen: a
 * framebuffer of pixels in lines, as firmware leaves it, for text.
 */
#define GUEST_MODULE_SCREEN "screen"
#define GUEST_SCREEN_VERSION 1u

struct guest_screen {
    uint32_t version; /* GUEST_SCREEN_VERSION; another: there is no screen */
    uint32_t width, height; /* pixels */
    uint32_t stride; /* bytes from a line to the next */
    uint64_t address; /* guest-physical */
    uint32_t pixel_bytes; /* 2 or 4 */
    uint32_t red_mask, green_mask, blue_mask; /* in a pixel */
};
_Static_assert(sizeof(struct guest_screen) == 40, "screen module");

/* ---- Guest-physical layout of our own monitor (KVM engine) --------------- */

/* One page holds start info, memory map, modules, command line and ACPI. */
#define GUEST_BOOT_INFO_GPA 0x00001000ull
#define GUEST_BOOT_INFO_SIZE 0x00004000ull
/* The kernel image is linked at this physical address, 2 MiB aligned. */
#define GUEST_KERNEL_GPA 0x00200000ull
#define GUEST_KERNEL_VIRT_BASE 0xffffffff80000000ull /* virt = base + phys */
#define GUEST_KERNEL_SIZE_MAX 0x00200000ull /* image with bss, one page table */
/*
 * The built-in kernel's: boot information ends where its window does, close to what a
 * boot touches anyway, and there need be no RAM below the kernel then.
 */
#define GUEST_WINDOW_INFO_GPA (GUEST_KERNEL_GPA + GUEST_KERNEL_SIZE_MAX - GUEST_BOOT_INFO_SIZE)
/*
 * A flag of program headers (in PF_MASKOS) of our kernel: what every boot touches, more or
 * less.  A monitor does well to have the host map it at once; if the segment is
 * writable all of it is written, and GUEST_HOT_RAM_SIZE bytes of RAM behind it.
 */
#define GUEST_PF_HOT 0x00100000u
#define GUEST_HOT_RAM_SIZE 0x00010000ull
/* RAM goes from 0 to here, the rest continues at 4 GiB. */
#define GUEST_LOW_RAM_END 0xc0000000ull
#define GUEST_HIGH_RAM_START 0x100000000ull
/* virtio-mmio slot N: one page each, interrupt GUEST_VIRTIO_GSI_BASE + N. */
#define GUEST_VIRTIO_MMIO_BASE 0xd0000000ull
#define GUEST_VIRTIO_MMIO_STRIDE 0x1000ull
#define GUEST_VIRTIO_GSI_BASE 5u
#define GUEST_VIRTIO_SLOTS_MAX 16u
#define GUEST_IOAPIC_GPA 0xfec00000ull
#define GUEST_LAPIC_GPA 0xfee00000ull

#define GUEST_RAM_MIN (16ull << 20)
#define GUEST_RAM_MAX (256ull << 30)
#define GUEST_CPUS_MAX 64u
#define GUEST_CMDLINE_MAX 2048u /* bytes with the NUL, both sides check */

/* The 8250 for kernel messages, and the interrupt of a PC's COM1. */
#define GUEST_UART_PORT 0x3f8u
#define GUEST_UART_GSI 4u

/* Power control, named by our FADT: ACPI sleep control and status, reset. */
#define GUEST_SLEEP_CONTROL_PORT 0x600u
#define GUEST_SLEEP_STATUS_PORT 0x601u
#define GUEST_RESET_PORT 0x602u
#define GUEST_RESET_VALUE 0x01u
#define GUEST_SLEEP_TYPE_OFF 5u

/* ---- Control port -------------------------------------------------------- */

/*
 * Announced as "ctl=PORT,GSI" on the command line.  A 32-bit OUT to PORT ends
 * or informs:  bits 31..8 the kind, bits 7..0 the value.
 * A 32-bit IN from PORT takes the oldest signal number the host wants raised
 * in the guest's first process (0: none); GSI rises when there is one.
 * Under QEMU the option is "ctl=PORT" with isa-debug-exit behind the port:
 * the VM ends there too; the status goes over the virtio-console port
 * GUEST_CTL_PORT_NAME first (struct guest_ctl_msg).
 */
#define GUEST_CTL_PORT 0x5f0u
#define GUEST_CTL_GSI 9u
#define GUEST_CTL_WORD(kind, value) (((uint32_t)(kind) << 8) | ((value)&0xffu))

enum guest_ctl_kind {
    GUEST_CTL_EXIT = 1, /* value: exit code of the program */
    GUEST_CTL_KILLED = 2, /* value: signal that ended it, | 0x80 core bit */
    GUEST_CTL_PANIC = 3, /* kernel bug; value: 0 */
    GUEST_CTL_START_ERROR = 4, /* program not started; value: Linux errno */
    GUEST_CTL_NO_MEMORY = 5, /* the kernel cannot start in so little memory */
    GUEST_CTL_REBOOT = 6, /* the program called reboot(2); value: 0 */
    GUEST_CTL_STATS = 7, /* GUEST_CTL_STATS_PORT holds struct guest_stats */
    GUEST_CTL_READY = 8, /* the program says it is initialised */
    GUEST_CTL_UNSUPPORTED = 9, /* with "strict": it used what the kernel lacks; value: 0 */
    GUEST_CTL_CALL = 10, /* function calls, see below; value: enum guest_call_op */
    GUEST_CTL_CRASH = 11, /* before KILLED: `out` of the call area holds struct guest_crash */
};
/* A 32-bit OUT of a page frame number, before GUEST_CTL_STATS. */
#define GUEST_CTL_STATS_PORT 0x5f4u

/* ---- Function calls ------------------------------------------------------ */

/*
 * Announced as "call" on the command line, together with "ctl=PORT,GSI".  A 32-bit OUT to
 * GUEST_CTL_AREA_PORT names the page frame of a struct guest_call_area, in RAM and
 * physically contiguous; frame 0 takes it back.  After that the kernel says with
 * GUEST_CTL_WORD(GUEST_CTL_CALL, op) what happened:
 *
 *   WAIT   nothing is left to do until a request comes (the first one says that the program
 *          is initialised).  The monitor lets the VM stand still there.  When the OUT
 *          returns, a request is there if `request` has changed; if not, ask again.  Not
 *          said while a request is unanswered: the OUT would return at once.
 *   MORE   `in` has been taken: the next piece of the request is there when the OUT returns.
 *   REPLY  `out` holds a piece of the reply to request `reply`.  After the last piece
 *          (out_more 0) the VM stands still, and a new request may be there when the OUT returns.
 *   HOST   `host` holds a piece of a call of one of the embedder's functions; after the last
 *          piece (host_more 0) `host` holds the first piece of the answer when the OUT returns.
 *   HOST_MORE  `host` has been taken: the next piece of the answer is there afterwards.
 *
 * A request that comes while the VM runs raises the control port's GSI; IN then gives 0.
 *
 * One request at a time: the next one comes after the reply, which may come before all pieces of
 * the request were asked for.  An OUT at which the VM stands still stops all of its CPUs.  A reply
 * or call whose pieces are fewer bytes than its total is void.  A HOST drops what is left
 * of the answer before.
 *
 * Records.  A request, and a call of the embedder's function: NAME, a NUL, the input bytes.
 * A reply: a status in decimal ("0": done; else the function failed with it), a NUL, bytes.
 * An answer of the host's: the same.  Statuses up to 65535 are the functions' own.
 *
 * Under QEMU ("call" with "ctl=PORT") the same records travel over the control channel, in
 * messages of up to GUEST_HOST_MSG_BYTES_MAX bytes: GUEST_CTL_CALL with an op, or GUEST_HOST_CALL.
 * The host sends GUEST_CALL_IN_MAX bytes of a request (GUEST_CALL_PART of an answer), or
 * what is left of it, and goes on at MORE (HOST_MORE).  A reply drops the rest of its request, a
 * HOST that of the answer before.  WAIT is said once; after each reply the next request may come.
 */
#define GUEST_CTL_AREA_PORT 0x5f8u

enum guest_call_op {
    GUEST_CALL_WAIT = 1,
    GUEST_CALL_MORE = 2,
    GUEST_CALL_REPLY = 3,
    GUEST_CALL_HOST = 4,
    GUEST_CALL_HOST_MORE = 5,
    /* Over the control channel, with an op: */
    GUEST_CALL_PIECE = 0x80, /* this is not the record's end */
    GUEST_CALL_VOID = 0x40, /* no bytes; what was sent of this record is void, this is its end */
};

#define GUEST_CALL_STATUS_MAX 999999999u
#define GUEST_CALL_NO_FUNCTION 65536u /* a status: there is no function of this name */
#define GUEST_CALL_NO_WORKER 65537u /* a status: who took the request ended without replying */

#define GUEST_CALL_PART 0x10000u /* bytes of each part of the area */
#define GUEST_CALL_HEADER 128u
#define GUEST_CALL_IN_MAX (GUEST_CALL_PART - GUEST_CALL_HEADER)
/* Names have no NUL and at most so many bytes. */
#define GUEST_CALL_NAME_MAX 255u
#define GUEST_CALL_DATA_MAX (16u << 20) /* bytes behind the NUL of a record */
#define GUEST_CALL_RECORD_MAX (GUEST_CALL_NAME_MAX + 1u + GUEST_CALL_DATA_MAX)

/* Writers: H the host, while the VM stands in an OUT or before it raises the GSI; G the guest. */
struct guest_call_area {
    uint32_t request; /* H: number of the newest request; 0: there was none */
    uint32_t in_length; /* H: bytes in `in` */
    uint32_t in_more; /* H: 1: more follows */
    uint32_t reply; /* G: number of the request that is answered */
    uint32_t out_length; /* G */
    uint32_t out_more; /* G */
    uint32_t host_length; /* G and H */
    uint32_t host_more; /* G and H */
    uint64_t in_total; /* H: bytes of the whole request */
    uint64_t out_total; /* G: bytes of the whole reply */
    uint64_t host_total; /* G and H: bytes of the whole record */
    uint8_t reserved[GUEST_CALL_HEADER - 56];
    uint8_t in[GUEST_CALL_IN_MAX];
    uint8_t out[GUEST_CALL_PART];
    uint8_t host[GUEST_CALL_PART];
};
_Static_assert(offsetof(struct guest_call_area, in) == GUEST_CALL_HEADER, "call ABI");
_Static_assert(offsetof(struct guest_call_area, out) == GUEST_CALL_PART, "call ABI");
_Static_assert(sizeof(struct guest_call_area) == 3 * GUEST_CALL_PART, "call ABI");

/* How the first program died, for the embedder; addresses are of its address space. */
#define GUEST_CRASH_VERSION 1u
#define GUEST_CRASH_FRAMES_MAX 16u
struct guest_crash {
    uint32_t version; /* GUEST_CRASH_VERSION */
    uint32_t size; /* sizeof(struct guest_crash) */
    uint32_t signal;
    uint32_t code; /* si_code */
    uint64_t address; /* si_addr; 0: the signal has none */
    uint64_t rip, rsp;
    uint64_t load_bias; /* what was added to the addresses of the program's file */
    uint32_t frame_count; /* up to GUEST_CRASH_FRAMES_MAX */
    uint32_t reserved;
    uint64_t frames[GUEST_CRASH_FRAMES_MAX]; /* return addresses, innermost first */
};
_Static_assert(sizeof(struct guest_crash) == 56 + 8 * GUEST_CRASH_FRAMES_MAX, "crash ABI");

/* ---- Generation ---------------------------------------------------------- */

/*
 * A module whose command line is GUEST_MODULE_GENERATION holds a struct guest_generation that
 * the monitor rewrites whenever the VM goes on from a snapshot, before its first instruction: the
 * counter last.  The kernel compares the counter before it gives out random bytes, and after each
 * OUT at which a VM may stand still; the monitor raises the control port's GSI as well.  In a new
 * generation the seed is mixed in, the time of day taken over, the host's name changed.
 */
#define GUEST_MODULE_GENERATION "generation"
#define GUEST_GENERATION_VERSION 1u
#define GUEST_HOSTNAME_MAX 64u
struct guest_generation {
    uint32_t version; /* GUEST_GENERATION_VERSION */
    uint32_t counter; /* 0 at boot */
    uint8_t id[16]; /* random: the VM generation ID */
    uint8_t seed[GUEST_SEED_SIZE]; /* 0s at boot, which has a seed of its own */
    uint64_t wall_ns; /* as in struct guest_cpu */
    uint64_t wall_tsc;
    char hostname[GUEST_HOSTNAME_MAX + 8]; /* NUL-terminated; empty: unchanged */
};
_Static_assert(sizeof(struct guest_generation) == 176, "generation ABI");

/* virtio-console port names (QEMU engine: one device, several ports). */
#define GUEST_STDIO_PORT_NAME "vmm.stdio"
#define GUEST_STDERR_PORT_NAME "vmm.stderr"
#define GUEST_CTL_PORT_NAME "vmm.ctl"

/* Control-port messages, both directions, little endian. */
struct guest_ctl_msg {
    uint32_t word; /* to the host: GUEST_CTL_WORD; to the guest: a signal */
    uint32_t length; /* bytes that follow: struct guest_stats for STATS */
};
_Static_assert(sizeof(struct guest_ctl_msg) == 8, "control ABI");

/*
 * Kinds of messages to the guest: word = GUEST_CTL_WORD(kind, value).  A plain
 * signal number is kind 0.  Unknown kinds are skipped (length bytes of them).
 */
enum guest_host_kind {
    GUEST_HOST_SIGNAL = 0, /* value: signal for the first process; no bytes follow */
    GUEST_HOST_RESIZE = 1, /* 8 bytes follow: u32 rows, u32 columns of the terminal */
    /*
     * 8 bytes follow: u64, how many bytes of standard input the host has sent
     * in all; a reader that has taken so many sees end-of-file.  (Closing the
     * port would say the same, but QEMU then throws the port's output away.)
     */
    GUEST_HOST_STDIN_END = 2,
    /*
     * value: 1 standard output, 2 standard error.  Its reader has gone: writes
     * to it fail with EPIPE (and SIGPIPE) from now on.  No bytes follow.
     */
    GUEST_HOST_STREAM_CLOSED = 3,
    /*
     * value: GUEST_CALL_WAIT (a request) or GUEST_CALL_HOST (an answer of the host's), |
     * GUEST_CALL_PIECE but at the record's end.  The bytes are the next ones of the record.
     */
    GUEST_HOST_CALL = 4,
};
#define GUEST_HOST_MSG_BYTES_MAX 4096u /* larger lengths break the protocol */

/* What `--stats json` shows of the guest's inside.  Times are TSC ticks. */
#define GUEST_STATS_VERSION 1u
#define GUEST_STATS_SYSCALLS 512u
struct guest_stats {
    uint32_t version; /* GUEST_STATS_VERSION */
    uint32_t size; /* sizeof(struct guest_stats) */
    uint64_t tsc_khz;
    uint64_t tsc_entry; /* first instruction of the kernel */
    uint64_t tsc_user; /* first instruction of the first program */
    uint64_t tsc_exit; /* the first program has ended */
    uint64_t pages_used_max; /* 4 KiB pages */
    uint64_t pages_total;
    uint64_t context_switches;
    uint64_t page_faults;
    uint64_t interrupts;
    uint32_t syscalls[GUEST_STATS_SYSCALLS]; /* calls by Linux number */
};
_Static_assert(sizeof(struct guest_stats) == 80 + 4 * GUEST_STATS_SYSCALLS, "stats ABI");
_Static_assert(sizeof(struct guest_stats) <= 4096, "statistics fit one page");

/* ---- Command line -------------------------------------------------------- */

/*
 * Words separated by blanks; double quotes group.  Unknown words are ignored.
 *   ctl=PORT[,GSI]          the control port, see above
 *   virtio_mmio.device=SIZE@ADDR:GSI[:ID]   a virtio-mmio device (Linux's)
 *   virtio.kinds=ID,ID...   what these are, in the same order: virtio device IDs.  All are
 *                           of virtio 1 and later, so no register need be read to find one,
 *                           and a reset clears their selectors and queue addresses
 *   zeroed                  the monitor promises that RAM not named by the
 *                           boot information reads as zero
 *   stats                   count system calls; report before the end
 *   call                    the monitor calls functions, see above
 *   console=serial|screen   text on this one only, where there are no virtio consoles
 *   pci=memory              PCI's configuration space by the MCFG, even if there are ports
 *   exit=poweroff|reboot|halt   what to do at the end, where there is no control port
 *   strict                  end at the first thing that the kernel does not support
 *   strace, strace=summary  show system calls where kernel messages go, or count them
 *   loglevel=N              kernel messages up to severity N (0..7) appear
 *   init=PATH               first program, when the archive has no run file
 *   env.NAME=VALUE, cwd=DIR, -- ARG...      for it
 *
 * Our monitor passes program, arguments and environment in the archive
 * instead, as the member GUEST_RUN_FILE: NUL-terminated records "key=value" in
 * this order-preserving grammar (repeated keys add up):
 *   exe=PATH arg=STRING env=NAME=VALUE cwd=DIR tty=1 winsize=ROWSxCOLUMNS
 *   hostname=NAME
 * "tty=1": standard streams are a terminal on the first console, whose size is
 * "winsize" where the console's device does not tell it.
 */
#define GUEST_RUN_FILE ".vmm/run"

/*
 * Archive: file data of members that are large enough to be mapped begins at
 * a multiple of 4096 of the guest-physical address; the member's name is
 * padded with NULs to get there, which newc allows (c_namesize counts them).
 */
#define GUEST_CPIO_ALIGN 4096u

/* ---- Boot volume and combined image (UEFI) ------------------------------- */

/*
 * What boot/efi/ loads: from these files of the volume that it was started from ...
 */
#define GUEST_BOOT_KERNEL_FILE "vmm/guest.elf"
#define GUEST_BOOT_ARCHIVE_FILE "vmm/archive.cpio"
#define GUEST_BOOT_CMDLINE_FILE "vmm/cmdline.txt" /* ends with the file; newlines are blanks */
#define GUEST_BOOT_SUMS_FILE "vmm/sums" /* struct guest_boot_sums */
/* ... or, if it has the first of them, from these sections of its own PE image. */
#define GUEST_BOOT_KERNEL_SECTION ".guest"
#define GUEST_BOOT_ARCHIVE_SECTION ".archive"
#define GUEST_BOOT_CMDLINE_SECTION ".cmdline"
#define GUEST_BOOT_SUMS_SECTION ".sums"
/* Only the kernel must be there; what sums are given for must be as they say. */

/* The last words of a loader that gives up, behind a line "vmm: ..." with the reason. */
#define GUEST_BOOT_GIVES_UP "Press a key to go back."

enum guest_boot_part {
    GUEST_BOOT_KERNEL,
    GUEST_BOOT_ARCHIVE,
    GUEST_BOOT_CMDLINE,
    GUEST_BOOT_PARTS,
};

#define GUEST_BOOT_SUMS_MAGIC 0x736d6d76u /* "vmms" */
#define GUEST_BOOT_SUMS_VERSION 1u

struct guest_boot_sums {
    uint32_t magic, version;
    struct {
        uint64_t size; /* bytes; 0: nothing is said about this part */
        uint32_t crc32c; /* Castagnoli's polynomial, as of iSCSI: RFC 3720, 12.1 */
        uint32_t reserved;
    } part[GUEST_BOOT_PARTS];
    uint32_t crc32c; /* of what stands before it */
    uint32_t reserved;
};
_Static_assert(sizeof(struct guest_boot_sums) == 64, "boot volume");
_Static_assert(offsetof(struct guest_boot_sums, crc32c) == 56, "boot volume");

#endif
