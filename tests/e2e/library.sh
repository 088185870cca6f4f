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
    for file in vmm-run.1 vmm-call.1 vmm-serve.1 vmm-snapshot.1; do
        [ -s "$T/dest/usr/share/man/man1/$file" ] || fail "$file is not installed"
    done
    # The server is found where it was installed, or it is said that there is none.
    run "$T/dest/usr/bin/vmm" serve /bin/true
    expect_status 125
    if [ -e /usr/include/microhttpd.h ]; then expect_stderr_has 'where?'; else expect_stderr_has libmicrohttpd-dev; fi
    grep -q '^Version: [0-9]' "$T/dest/usr/lib/pkgconfig/libvmm.pc" || fail "no version in libvmm.pc"
}
# only qemu: nothing is run
test_guest_library() {
    (cd "$top" && make -s B="$B" install-sdk DESTDIR="$T/dest" PREFIX=/usr) >"$T/log" 2>&1 || fail "make install-sdk: $(tail -3 "$T/log")"
    printf '#include <vmm_guest.h>\nVMM_FUNCTION(f) { return vmm_reply(request, "yes", 3); }\n' >"$T/f.c"
    cp "$T/f.c" "$T/f.cc"
    flags() { sed -n "s|^Libs: -L\${prefix}/lib|-I$T/dest/usr/include -L$T/dest/usr/lib|p" "$T/dest/usr/lib/pkgconfig/$1.pc"; }
    # shellcheck disable=SC2046
    gcc -Wall -Wextra -Werror "$T/f.c" $(flags vmm-guest) -o "$T/f1" &&
        gcc -Wall -Wextra -Werror -ffreestanding -fno-stack-protector "$T/f.c" $(flags vmm-guest-freestanding) -o "$T/f2" &&
        g++ -Wall -Wextra -Werror "$T/f.cc" $(flags vmm-guest) -o "$T/f3" || fail "building"
    local program
    for program in f1 f2 f3; do
        run "$T/$program"
        expect_status 1
        expect_stderr_has 'run it with "vmm call"'
    done
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
