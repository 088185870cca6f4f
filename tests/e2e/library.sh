# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# libvmm as a stranger finds it after `make install`: header, library, pkg-config file.

# only qemu: nothing is run
test_install() {
    (cd "$top" && make -s B="$B" install DESTDIR="$T/dest" PREFIX=/usr) >"$T/log" 2>&1 || fail "make install: $(tail -3 "$T/log")"
    local file
    for file in bin/vmm lib/libvmm.a include/vmm.h lib/pkgconfig/libvmm.pc share/vmm/guest.elf share/man/man1/vmm.1 share/man/man3/libvmm.3; do
        [ -s "$T/dest/usr/$file" ] || fail "$file is not installed"
    done
    run "$T/dest/usr/bin/vmm" --version
    expect_status 0
    grep -q '^Version: [0-9]' "$T/dest/usr/lib/pkgconfig/libvmm.pc" || fail "no version in libvmm.pc"
}
test_two_vms() {
    cp "$top/vmm/vmm.h" "$T/"
    gcc -Wall -Werror -I"$T" "$top/tests/e2e/two_vms.c" "$top/$B/libvmm.a" -pthread -o "$T/two_vms" || fail "linking a client"
    # No name of ours is in the way of the client's.
    local names
    names=$(nm -g --defined-only "$top/$B/libvmm.a" | awk 'NF == 3 && $3 !~ /^vmm_/ { print $3 }')
    [ -z "$names" ] || fail "libvmm.a defines $names"
    # libvmm's own needs only: nothing printed, no handlers, no global constructors of note.
    run timeout 60 "$T/two_vms" "$ENGINE" "$top/$B/apps/exit_status" 6
    expect_status 0
    [ "$(grep -c 'run 0 outcome 0 value 6 text main' "$out")" = 2 ] || fail "two VMs"
}
test_stop() {
    cp "$top/vmm/vmm.h" "$T/"
    gcc -D_GNU_SOURCE -Wall -Werror -I"$T" "$top/tests/e2e/stop_vm.c" "$top/$B/libvmm.a" -pthread -o "$T/stop_vm" || fail "linking a client"
    run timeout 200 "$T/stop_vm" "$ENGINE" /bin/busybox
    [ "$(grep -c '^good' "$out")" = 14 ] || fail "$(grep -v '^good' "$out")"
    expect_status 0
}
