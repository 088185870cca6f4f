# SPDX-License-Identifier: BSD-2-Clause
#
# make            build everything: build/vmm, build/libvmm.a, build/guest.elf
# make demo       install what is missing, build, run real programs in VMs
# make test       install what is missing, build, run every test this machine can run
# make deps       install the Debian packages (tests/deps.list names each with its purpose)
# make lint       formatting, static analysis, include directions, banned calls
# make bench      the figures of a start, against references built and run in the same run
# make bench-ops  instructions per operation, against Linux natively and in a VM
# make bench-services  the same for PostgreSQL and redis on Unix sockets
# make bench-calls  function calls in VMs: warm, reset, cloned, from snapshots
# make bench-scaling  how much more N threads do on N CPUs
# make stress     stress-ng and hostile programs at length, in a debug build
# make surface    what a hostile guest can reach, counted from the sources
# make install    DESTDIR=, PREFIX=/usr/local
#
# Variables: B (build directory), CC, DEBUG=1 (lock order, sleeping, leaks), V=1 (whole commands),
# SUITE and TEST (make test SUITE=apps-qemu TEST=sig_basic; tests/run --list names them).

MAKEFLAGS += -rR
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B      ?= build
CC     := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
NASM   ?= nasm
PREFIX ?= /usr/local
HOST_CC ?= $(CC)

WARN := -Wall -Wextra -Wshadow -Wcast-qual -Wsign-compare -Wmissing-prototypes \
        -Wstrict-prototypes -Wundef -Wvla -Werror
DEPS  = -MMD -MP
# Commands are shown in short; V=1 shows them whole.
Q    := $(if $(V),,@)
say   = @$(if $(V),:,printf '  %-7s %s\n' $1 $@)
DBG  := $(if $(DEBUG),-DDEBUG_LOCKS=1,-DDEBUG_LOCKS=0) -DHOST_TEST=0

# Tools that are missing are named with the package that has them.
ifneq ($(filter-out deps test demo clean,$(or $(MAKECMDGOALS),all)),)
need = $(if $(shell command -v $1),,$(error $1 is missing: install the package $2, or all of them with "make deps"))
$(call need,$(firstword $(CC)),gcc)
$(call need,$(NASM),nasm)
$(call need,objcopy,binutils)
$(if $(wildcard /usr/include/seccomp.h),,$(error seccomp.h is missing: install libseccomp-dev, or all with "make deps"))
endif

# ---- guest kernel -----------------------------------------------------------

GUEST_C   := $(filter-out guest/sdk/%,$(wildcard guest/*.c guest/*/*.c guest/*/*/*.c))
GUEST_C   := $(filter-out guest/arch/vdso/% guest/arch/offsets.c,$(GUEST_C))
GUEST_ASM := $(filter-out boot/efi/%,$(wildcard boot/*.asm guest/*/*.asm))
GUEST_OBJ := $(GUEST_C:%.c=$B/o/%.o) $(GUEST_ASM:%.asm=$B/o/%.o)

GUEST_CFLAGS := -std=c17 -O2 -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
  -I. -Iguest -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic -fno-pie \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common \
  -fno-omit-frame-pointer -ffunction-sections -fdata-sections -fwrapv \
  -fno-delete-null-pointer-checks -fcf-protection=none -falign-functions=1 -falign-loops=1 $(if $(findstring clang,$(CC)),,-falign-jumps=1) $(DBG) $(WARN)
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,-T,linker/guest.ld -Wl,--gc-sections -Wl,--build-id=none \
  -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--orphan-handling=error

# What is called seldom is compiled for size: the image stays small and in fewer pages.
GUEST_SELDOM := drivers/% ipc/% fs/archive% fs/block_file% fs/cpio% fs/dentry_mount% fs/device% fs/devpts% fs/dnotify% \
  fs/file_lock% fs/file_owner% fs/inotify% fs/ldisc% fs/lease% fs/memfd% fs/mount% fs/name_ops% \
  fs/pipe_packet% fs/pipe_quota% fs/procfs% fs/pty% fs/signal_io% fs/stream% fs/sysfs% fs/tmpfs_handle% fs/tmpfs_mount% \
  fs/tmpfs_super% fs/tty% fs/vfs% fs/vmm_% fs/xattr% lib/klog% lib/printf% arch/generation% arch/panic% mm/leaks% mm/madvise% \
  mm/mm_list% mm/remap% net/unix_diag% net/unix_gc% net/unix_name% net/unix_urgent% proc/cpu_limit% proc/crash% proc/file_signal% \
  proc/fs_source% proc/futex_pi% proc/oom% proc/pidfd% proc/run_file% proc/signalfd% proc/start_init% \
  proc/teardown% syscall/proc_timer% syscall/sys_attr% syscall/sys_copy% syscall/sys_cred% syscall/sys_dir% \
  syscall/sys_fcntl% syscall/sys_handle% syscall/sys_limits% syscall/sys_mempolicy% syscall/sys_misc% \
  syscall/mqueue% syscall/msg_queue% syscall/sys_mount% syscall/sys_mq% syscall/sys_path% syscall/sys_pidfd% syscall/sys_prctl% \
  syscall/sys_priority% syscall/sys_process% syscall/sys_timer% syscall/sys_unshare% syscall/sys_xattr% \
  syscall/sysv% syscall/sys_sem% syscall/sys_shm% syscall/sys_msg% syscall/trace% \
  syscall/sys_sched% syscall/sys_proc% syscall/sys_ids% syscall/sys_kill% syscall/sys_socket_control% syscall/sys_inotify% \
  net/unix_files% net/unix_connect% net/unix_peer% net/socket_option% fs/notify% fs/pipe_open% fs/tmpfs_dir% fs/dentry_path% \
  proc/exec_script% proc/exec_strings% proc/signal_action% proc/elf_image% arch/calibrate% arch/rtc% arch/boot_info% \
  arch/smp% arch/descriptors% sched/cpus% mm/shared_memory% syscall/sem_set%
$(patsubst %.c,$B/o/%.o,$(filter $(GUEST_SELDOM:%=guest/%),$(GUEST_C))): private GUEST_CFLAGS += -Os

$B/o/guest/%.o: guest/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(GUEST_CFLAGS) $(DEPS) -c $< -o $@

# Offsets that assembly uses are generated from the C structures.
$B/offsets.inc: guest/arch/offsets.c
	@mkdir -p $(@D)
	$(call say,GEN)
	$Q$(CC) $(GUEST_CFLAGS) $(if $(findstring clang,$(CC)),-fno-integrated-as) \
	  -MMD -MP -MT $@ -MF $B/offsets.d -S $< -o - | \
	  sed -n 's/^.*@@\([A-Z0-9_]*\) \$$*\(-*[0-9]*\).*$$/%define \1 \2/p' > $@

$B/o/boot/%.o $B/o/guest/%.o: private NASMFLAGS = -f elf64 -g -F dwarf -Iboot/ -Iguest/arch/ -I$B/
$B/o/boot/%.o: boot/%.asm $B/offsets.inc
	@mkdir -p $(@D)
	$(call say,NASM)
	$Q$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@
$B/o/guest/%.o: guest/%.asm $B/offsets.inc
	@mkdir -p $(@D)
	$(call say,NASM)
	$Q$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@

# The vDSO: a shared object for programs, carried inside the kernel.
VDSO_CFLAGS := -std=c17 -O2 -fPIC -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
  -I. -Iguest -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fvisibility=hidden \
  -mno-sse $(WARN)
$B/vdso.so: $(wildcard guest/arch/vdso/*.c) guest/arch/vdso/vdso.lds
	@mkdir -p $(@D)
	$(call say,LINK)
	$Q$(CC) $(VDSO_CFLAGS) -MMD -MP -MT $@ -MF $B/vdso.d -nostdlib -shared -Wl,-T,guest/arch/vdso/vdso.lds \
	  -Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	  -Wl,-z,noexecstack $(wildcard guest/arch/vdso/*.c) -o $@
	$Qobjcopy --strip-debug $@
$B/o/guest/arch/vdso_image.o: $B/vdso.so

# Two links: the second carries the symbol table made from the first.
$B/guest.elf: $(GUEST_OBJ) linker/guest.ld linker/hot_text.ld linker/hot_rodata.ld linker/symbols.awk
	$(call say,LINK)
	$Qprintf '' | awk -f linker/symbols.awk > $B/symbols0.c
	$Q$(CC) $(GUEST_CFLAGS) -c $B/symbols0.c -o $B/symbols0.o
	$Q$(CC) $(GUEST_LDFLAGS) $(GUEST_OBJ) $B/symbols0.o -o $B/guest.tmp.elf
	$Qnm -n $B/guest.tmp.elf | awk -f linker/symbols.awk > $B/symbols.c
	$Q$(CC) $(GUEST_CFLAGS) -c $B/symbols.c -o $B/symbols.o
	$Q$(CC) $(GUEST_LDFLAGS) $(GUEST_OBJ) $B/symbols.o -o $B/guest.full.elf
	$Qobjcopy --strip-all $B/guest.full.elf $@

# ---- UEFI loader (boot/efi/), where gnu-efi is installed ----------------------

EFI_LIB  := $(dir $(firstword $(wildcard /usr/lib/crt0-efi-x86_64.o /usr/lib/gnuefi/crt0-efi-x86_64.o)))
EFI      := $(if $(EFI_LIB),$B/BOOTX64.EFI)
EFI_OBJ  := $(patsubst %.c,$B/o/%.o,$(wildcard boot/efi/*.c)) $(patsubst %.asm,$B/o/%.o,$(wildcard boot/efi/*.asm))
EFI_CFLAGS := -std=c17 -Os -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -I. \
  -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -DGNU_EFI_USE_MS_ABI -fpic -fshort-wchar \
  -mno-red-zone -mgeneral-regs-only -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables \
  -fno-strict-aliasing -fcf-protection=none $(if $(findstring clang,$(CC)),,-maccumulate-outgoing-args) $(WARN)

$B/o/boot/efi/%.o: boot/efi/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(EFI_CFLAGS) $(DEPS) -c $< -o $@
$B/BOOTX64.EFI: $(EFI_OBJ)
	$(call say,LINK)
	$Qld -nostdlib -shared -Bsymbolic -znocombreloc -znoexecstack --no-warn-rwx-segments \
	  -T $(EFI_LIB)elf_x86_64_efi.lds $(EFI_LIB)crt0-efi-x86_64.o $^ -L$(EFI_LIB) -lgnuefi -o $B/efi.so
	$Qobjcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j '.rela*' -j .reloc \
	  --target efi-app-x86_64 --subsystem=10 $B/efi.so $@

# ---- monitor ----------------------------------------------------------------

VMM_CFLAGS := -std=c17 -O2 -g -D_GNU_SOURCE -I. -fPIE -fno-plt -ffunction-sections -fdata-sections \
  -fstack-protector-strong -D_FORTIFY_SOURCE=2 -pthread $(WARN) -Wno-gnu-variable-sized-type-not-at-end
VMM_C   := $(filter-out vmm/sandbox/gen/% vmm/serve/%,$(wildcard vmm/*.c vmm/*/*.c vmm/*/*/*.c))
CLI_C   := $(filter vmm/cli/%,$(VMM_C))
LIB_C   := $(filter-out vmm/cli/%,$(VMM_C))
VMM_ASM := $(wildcard vmm/*.asm vmm/*/*.asm)
CLI_OBJ := $(CLI_C:%.c=$B/o/%.o)
LIB_OBJ := $(LIB_C:%.c=$B/o/%.o) $(VMM_ASM:%.asm=$B/o/%.o)

$B/o/vmm/%.o: vmm/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(VMM_CFLAGS) $(DEPS) -c $< -o $@
$B/o/vmm/%.o: vmm/%.asm
	@mkdir -p $(@D)
	$(call say,NASM)
	$Q$(NASM) -f elf64 -I$B/ $(if $(EFI),-DHAVE_EFI) -MD $(@:.o=.d) -MP $< -o $@
# The guest kernel inside the monitor, page-aligned, so that it is mapped and not copied.
$B/o/vmm/load/guest_image_data.o: $B/guest.elf
# And the UEFI loader, for "vmm image".
$B/o/vmm/image/loader_data.o: $(EFI)

# System-call filters, compiled at build time (vmm/sandbox/gen/): start-up pays nothing.
$B/gen_seccomp: vmm/sandbox/gen/gen_seccomp.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(HOST_CC) -std=c17 -O2 -D_GNU_SOURCE -I. $(WARN) $< -lseccomp -o $@
$B/seccomp_filters.h: $B/gen_seccomp
	$(call say,GEN)
	$Q$B/gen_seccomp > $@
$B/o/vmm/sandbox/%.o: private VMM_CFLAGS += -I$B
$B/o/vmm/sandbox/seccomp.o: $B/seccomp_filters.h

# One object, so that only the names of vmm.h are global in the programs that link it.
$B/libvmm.a: $(LIB_OBJ)
	$(call say,AR)
	$Qrm -f $@
	$Qld -r $^ -o $B/libvmm.o
	$Qobjcopy --wildcard --keep-global-symbol='vmm_*' $B/libvmm.o
	$Qar rcs $@ $B/libvmm.o

# The program itself is linked with musl where it is installed: a static PIE with
# glibc spends 190 k instructions more before main() (a sixth of a whole start).
# libvmm.a is for everybody's C library, so the sources are compiled twice.
MUSL_DIR := /usr/lib/x86_64-linux-musl
MUSL     := $(and $(wildcard $(MUSL_DIR)/rcrt1.o),1)
MUSL_INC := -nostdinc -isystem /usr/include/x86_64-linux-musl -isystem $(shell $(CC) -print-file-name=include) \
  -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
MUSL_OBJ := $(VMM_C:%.c=$B/m/%.o) $(VMM_ASM:%.asm=$B/o/%.o)
PIE_FLAGS := -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack

$B/m/vmm/%.o: vmm/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(VMM_CFLAGS) $(MUSL_INC) $(DEPS) -c $< -o $@
$B/m/vmm/sandbox/%.o: private VMM_CFLAGS += -I$B
$B/m/vmm/sandbox/seccomp.o: $B/seccomp_filters.h

ifeq ($(MUSL),1)
$B/vmm: $(MUSL_OBJ)
	$(call say,LINK)
	$Q$(CC) $(PIE_FLAGS) -nostdlib -nostartfiles -Wl,--no-dynamic-linker -o $B/vmm.debug \
	  $(MUSL_DIR)/rcrt1.o $(MUSL_DIR)/crti.o $^ -L$(MUSL_DIR) -lc -lgcc $(MUSL_DIR)/crtn.o
	$Qobjcopy --strip-all $B/vmm.debug $@
else
$B/vmm: $(CLI_OBJ) $B/libvmm.a
	$(call say,LINK)
	$Q$(CC) $(PIE_FLAGS) -pthread -o $B/vmm.debug $^
	$Qobjcopy --strip-all $B/vmm.debug $@
endif

# "vmm serve" is a program of its own, dynamically linked: what HTTP needs must not make vmm slower.
SERVE_C   := $(wildcard vmm/serve/*.c)
SERVE_OBJ := $(SERVE_C:%.c=$B/o/%.o) $(filter-out %/main.o %/cmd_run.o %/cmd_call.o %/cmd_serve.o %/cmd_snapshot.o \
  %/cmd_image.o %/cmd_doctor.o %/terminal.o %/control.o,$(CLI_OBJ))
SERVE     := $(if $(wildcard /usr/include/microhttpd.h),$B/vmm-serve)
$B/vmm-serve: $(SERVE_OBJ) $B/libvmm.a
	$(call say,LINK)
	$Q$(CC) -pie -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack -pthread -s -o $@ $^ -lmicrohttpd

include $(wildcard guest/sdk/sdk.mk tests/tests.mk tests/functions/functions.mk)

-include $(shell [ -d $B ] && find $B -name '*.d')

# ---- targets ----------------------------------------------------------------

.PHONY: all guest clean
all: $B/guest.elf $B/vmm $B/libvmm.a $(SDK) $(SERVE) $(EFI)
guest: $B/guest.elf
clean:
	rm -rf $B
