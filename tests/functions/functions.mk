# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that serve functions, for the tests of function calls; each with what its library or
# language needs.  Those that cannot be built here (no musl, no go) are left out.

FN_CFLAGS := -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -fno-omit-frame-pointer -I guest/sdk
FUNCTIONS := $B/functions/client $B/functions/c $B/functions/c.static $B/functions/bare $B/functions/raw $B/functions/workers \
  $(if $(shell command -v musl-gcc),$B/functions/c.musl) $(if $(shell command -v go),$B/functions/go)

$B/functions/client: tests/e2e/sdk_client.c vmm/vmm.h $B/libvmm.a
	@mkdir -p $(@D)
	$(CC) -Wall -Werror -I vmm $< $B/libvmm.a -pthread -o $@
$B/functions/c: tests/functions/functions.c guest/sdk/vmm_guest.h $B/libvmm_guest.a
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) $< -L$B -lvmm_guest -o $@
$B/functions/c.static: tests/functions/functions.c guest/sdk/vmm_guest.h $B/libvmm_guest.a
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) -static $< -L$B -lvmm_guest -o $@
$B/functions/c.musl: tests/functions/functions.c guest/sdk/vmm_guest.h $B/libvmm_guest.a
	@mkdir -p $(@D)
	musl-gcc $(FN_CFLAGS) -static $< -L$B -lvmm_guest -o $@
$B/functions/raw: tests/functions/raw.c
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) -static $< -o $@
FUNCTIONS += $B/functions/http $B/functions/clean
$B/functions/http: tests/functions/http.c
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) -static $< -o $@
# The example of the manual page, as it is printed there.
$B/functions/clean: vmm/cli/man/libvmm.3 vmm/vmm.h $B/libvmm.a
	@mkdir -p $(@D)/include
	cp vmm/vmm.h $(@D)/include/
	sed -n '/^.." example: clean.c/,/^.Ed/p' $< | sed '1,2d;$$d;s/\\e/\\/g' > $@.c
	$(CC) -std=gnu17 -Wall -Wextra -Werror -I$(@D)/include $@.c $B/libvmm.a -pthread -o $@
$B/functions/bare: tests/functions/bare.c guest/sdk/vmm_guest.h $(SDK)
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) -ffreestanding -fno-stack-protector $< -L$B -nostdlib -static -lvmm_guest_start -lvmm_guest -o $@
$B/functions/workers: tests/functions/workers.c
	@mkdir -p $(@D)
	$(CC) $(FN_CFLAGS) $< -pthread -o $@
$B/functions/go: tests/functions/functions.go
	@mkdir -p $(@D)
	GOFLAGS=-trimpath GOCACHE=$(abspath $B)/gocache CGO_ENABLED=0 go build -o $@ $<

.PHONY: functions
functions: $(FUNCTIONS)
