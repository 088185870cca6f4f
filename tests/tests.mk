# SPDX-License-Identifier: BSD-2-Clause
#
# How test programs are built, and the targets deps, test, demo, lint, surface,
# bench and install.  Included by the Makefile; tests/run calls back for the binaries.
#
# A unit test or fuzz target names what it is linked with in comments:
#   /* links: guest/mm/page_alloc.c tests/unit/fakes.c */    sources, compiled for the host
#   /* libs: seccomp */                                      libraries
# A program of tests/apps names its variants, beside or instead of the default:
#   /* variants: dynamic static musl */   /* cflags: -mavx2 */

# ---- unit tests (gcc) and fuzz targets (clang), for the host -----------------

UNIT_C := $(wildcard tests/unit/test_*.c)
FUZZ_C := $(wildcard tests/fuzz/fuzz_*.c)
HOST_WARN    := -Wall -Wextra -Wshadow -Wundef -Werror
HOST_CFLAGS  := -std=gnu17 -O1 -g -D_GNU_SOURCE -DHOST_TEST=1 -DDEBUG_LOCKS=0 -I. -Iguest -Itests -I$B \
  -fno-omit-frame-pointer -fno-sanitize-recover=all -fno-strict-aliasing -fwrapv -pthread $(HOST_WARN)
UNIT_CFLAGS  := $(HOST_CFLAGS) -fsanitize=address,undefined
FUZZ_CFLAGS  := $(HOST_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined
UNIT_CC ?= gcc
FUZZ_CC ?= clang

$B/unit/o/%.o: %.c
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CFLAGS) $(DEPS) -c $< -o $@
$B/fuzz/o/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(DEPS) -c $< -o $@
$B/unit/test_%: $B/unit/o/tests/unit/test_%.o
	$(UNIT_CC) $(UNIT_CFLAGS) $^ -lcmocka $(LIBS) -o $@
$B/fuzz/fuzz_%: $B/fuzz/o/tests/fuzz/fuzz_%.o
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@
$B/unit/o/vmm/sandbox/%.o $B/fuzz/o/vmm/sandbox/%.o: $B/seccomp_filters.h
$B/unit/o/tests/unit/test_seccomp.o: $B/seccomp_filters.h

# The links: and libs: comments, as rules; read when a test is to be built.
$B/tests/links.mk: $(UNIT_C) $(FUZZ_C) tests/links.awk
	@mkdir -p $(@D)
	@awk -v B=$B -f tests/links.awk $(UNIT_C) $(FUZZ_C) /dev/null > $@
ifneq ($(filter $B/unit/% $B/fuzz/% test-programs,$(MAKECMDGOALS)),)
include $B/tests/links.mk
endif

# ---- programs that run natively and in a VM ---------------------------------

APPS_C := $(wildcard tests/apps/*.c)
APP_CFLAGS := -std=gnu17 -O1 -D_GNU_SOURCE -Wall -Werror -Itests/apps -Wno-stringop-overflow -Wno-stringop-overread \
  -Wno-nonnull -Wno-format-truncation -Wno-unused-result -Wno-infinite-recursion
app_cflags = $(shell sed -n 's@^/\* cflags: \(.*\) \*/$$@\1@p' $<)

$B/apps/%: tests/apps/%.c tests/apps/check.h
	@mkdir -p $(@D)
	gcc $(APP_CFLAGS) $(app_cflags) $< -pthread -lm -o $@
$B/apps/%.static: tests/apps/%.c tests/apps/check.h
	@mkdir -p $(@D)
	gcc $(APP_CFLAGS) $(app_cflags) -static $< -pthread -lm -o $@
$B/apps/%.pie: tests/apps/%.c tests/apps/check.h
	@mkdir -p $(@D)
	gcc $(APP_CFLAGS) $(app_cflags) -static-pie -fPIE $< -pthread -lm -o $@
$B/apps/%.musl: tests/apps/%.c tests/apps/check.h
	@mkdir -p $(@D)
	musl-gcc $(APP_CFLAGS) $(app_cflags) -static $< -pthread -lm -o $@

# A second build with lock, sleep and leak checks, for the tests of tests/hostile.
.PHONY: $B/debug/vmm stress
$B/debug/vmm:
	@$(MAKE) --no-print-directory -s B=$B/debug DEBUG=1 $B/debug/vmm

# stress-ng's stressors and longer versions of the same; ENGINE=qemu
stress: $B/debug/vmm
	@tests/deps --need test
	tests/stress -e $(or $(ENGINE),qemu)
	FUZZ_SECONDS=60 STRIDE=1 tests/run e2e-$(or $(ENGINE),qemu)/hostile_program
	MACHINES=all tests/run e2e-qemu/machines

# ---- bench -------------------------------------------------------------------

# Static programs against musl: small, so that what is measured is the start and not the program.
BENCH_C := $(wildcard tests/bench/*.c)
BENCH   := $(BENCH_C:tests/bench/%.c=$B/bench/%) $(if $(BENCH_C),$B/bench/hello_glibc $B/bench/hello_dynamic $B/bench/empty.elf)
BENCH_CFLAGS := -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Werror -I. -pthread
$B/bench/%: tests/bench/%.c tests/bench/measure.h
	@mkdir -p $(@D)
	musl-gcc $(BENCH_CFLAGS) -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -static $< -o $@
$B/bench/empty.elf: tests/bench/empty.asm
	@mkdir -p $(@D)
	$(NASM) -f elf32 $< -o $@.o
	ld -m elf_i386 -nostdlib -e start -Ttext=0x200000 --no-warn-rwx-segments -z noexecstack -o $@ $@.o
$B/bench/hello_glibc: tests/bench/hello.c
	@mkdir -p $(@D)
	gcc $(BENCH_CFLAGS) -static $< -o $@
$B/bench/scaling: tests/bench/scaling.c
	@mkdir -p $(@D)
	gcc $(BENCH_CFLAGS) -static -pthread $< -o $@
$B/bench/served: tests/bench/served.c tests/bench/served.h
$B/bench/calls: tests/bench/calls.c tests/bench/served.h $B/libvmm.a
	@mkdir -p $(@D)
	gcc $(BENCH_CFLAGS) -static $< $B/libvmm.a -o $@
$B/bench/hello_dynamic: tests/bench/hello.c
	@mkdir -p $(@D)
	gcc $(BENCH_CFLAGS) $< -o $@

# ---- targets -----------------------------------------------------------------

.PHONY: test deps demo lint surface bench bench-ops bench-calls bench-scaling bench-services install bench-programs
export B

test: deps
	tests/run $(if $(SUITE),$(SUITE)$(if $(TEST),/$(TEST)))

deps:
	@tests/deps

demo: deps
	@$(MAKE) --no-print-directory -s all
	@tests/demo

lint:
	@tests/deps --need build test lint
	@tests/tidy/lint

surface: ; @tests/surface # what a hostile guest can reach, counted

bench-programs: $(BENCH)
bench bench-ops bench-calls: all bench-programs
	@tests/deps --need test
	@tests/bench/$@

bench-services: all
	@tests/deps --need test
	@tests/bench/$@

bench-scaling: all $B/bench/scaling
	@tests/deps --need test
	@tests/bench/$@

MAN1 := $(wildcard vmm/cli/man/*.1)
MAN3 := $(wildcard vmm/cli/man/*.3)
MAN7 := $(wildcard vmm/cli/man/*.7)
install: all install-sdk
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include \
	  $(DESTDIR)$(PREFIX)/share/vmm $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man3 \
	  $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $B/vmm $(DESTDIR)$(PREFIX)/bin/vmm
	$(if $(SERVE),install -D -m 755 $(SERVE) $(DESTDIR)$(PREFIX)/libexec/vmm-serve)
	install -m 644 $B/libvmm.a $(DESTDIR)$(PREFIX)/lib/libvmm.a
	install -m 644 vmm/vmm.h $(DESTDIR)$(PREFIX)/include/vmm.h
	install -m 644 $B/guest.elf $(DESTDIR)$(PREFIX)/share/vmm/guest.elf
	$(if $(EFI),install -m 644 $(EFI) $(DESTDIR)$(PREFIX)/share/vmm/BOOTX64.EFI)
	$(if $(MAN1),install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1)
	$(if $(MAN3),install -m 644 $(MAN3) $(DESTDIR)$(PREFIX)/share/man/man3)
	$(if $(MAN7),install -m 644 $(MAN7) $(DESTDIR)$(PREFIX)/share/man/man7)
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: libvmm' 'Description: one Linux program in its own VM' \
	  "Version: $$(sed -n 's/.*VMM_VERSION "\(.*\)"/\1/p' vmm/vmm.h)" 'Cflags: -I$${prefix}/include' \
	  'Libs: -L$${prefix}/lib -lvmm -pthread' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libvmm.pc
