# SPDX-License-Identifier: BSD-2-Clause
#
# libvmm_guest: what programs link that serve functions, and the part for those without libc.

SDK_C      := $(filter-out %/start.c,$(wildcard guest/sdk/*.c))
SDK_CFLAGS := -std=c17 -O2 -g -fPIC -ffreestanding -Iguest -fno-stack-protector -fno-omit-frame-pointer \
  -fno-asynchronous-unwind-tables -ffunction-sections -fno-tree-loop-distribute-patterns $(WARN)
SDK        := $B/libvmm_guest.a $B/libvmm_guest_start.a

$B/o/guest/sdk/%.o: guest/sdk/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(filter-out $(if $(findstring clang,$(CC)),-fno-tree-loop-distribute-patterns),$(SDK_CFLAGS)) $(DEPS) -c $< -o $@
$B/libvmm_guest.a: $(SDK_C:%.c=$B/o/%.o)
$B/libvmm_guest_start.a: $B/o/guest/sdk/start.o
$(SDK):
	$(call say,AR)
	$Qrm -f $@
	$Qar rcs $@ $^

# $(call sdk_pc,NAME,what it is,libraries)
sdk_pc = printf '%s\n' 'prefix=$(PREFIX)' 'Name: $1' 'Description: $2' \
  "Version: $$(sed -n 's/.*VMM_VERSION "\(.*\)"/\1/p' vmm/vmm.h)" 'Cflags: -I$${prefix}/include' \
  'Libs: -L$${prefix}/lib $3' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/$1.pc

.PHONY: sdk install-sdk
sdk: $(SDK)
install-sdk: $(SDK)
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 644 $(SDK) $(DESTDIR)$(PREFIX)/lib
	install -m 644 guest/sdk/vmm_guest.h $(DESTDIR)$(PREFIX)/include/vmm_guest.h
	$(call sdk_pc,vmm-guest,functions that a VM serves,-lvmm_guest)
	$(call sdk_pc,vmm-guest-freestanding,functions that a VM serves without libc,-nostdlib -static -lvmm_guest_start -lvmm_guest)
