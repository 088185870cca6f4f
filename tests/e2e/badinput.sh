# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Bad input: one clear line, status 125, 126 or 127, nothing left behind.

busybox=/bin/busybox

# bad STATUS TEXT ARGS...: vmm run ARGS fails so, and says TEXT.
bad() {
    local want=$1 text=$2
    shift 2
    run timeout 60 "$VMM" run --engine "$ENGINE" "$@"
    expect_status "$want"
    expect_one_line_error
    expect_stderr_has "$text"
}
# patch FILE OFFSET BYTES: a copy of busybox with bytes (printf's escapes) changed.
patch() {
    cp $busybox "$T/$1"
    # shellcheck disable=SC2059
    printf "$3" | dd of="$T/$1" bs=1 seek="$2" conv=notrunc status=none
    chmod +x "$T/$1"
}

# only qemu: no engine has started yet
test_not_found() {
    bad 127 no-such-program no-such-program
    bad 127 /absent/program /absent/program
}
# only qemu: no engine has started yet
test_odd_names() {
    # One line, and nothing that a terminal would obey.
    bad 127 'absent?second?[31m' $'/absent\nsecond\e[31m'
    bad 125 'absent?line' --add $'/absent\nline' $busybox true
    bad 126 /x "/$(head -c 3000 /dev/zero | tr '\0' x)"
}
# only qemu: no engine has started yet
test_directory() { bad 126 /tmp /tmp; }
# only qemu: no engine has started yet
test_not_executable() {
    echo data >"$T/data"
    bad 126 data "$T/data"
    printf 'garbage that is no program' >"$T/x"
    chmod +x "$T/x"
    bad 126 "$T/x" "$T/x"
    : >"$T/empty"
    chmod +x "$T/empty"
    bad 126 "$T/empty" "$T/empty"
}
# only qemu: no engine has started yet
test_truncated_elf() {
    local size
    for size in 4 16 63 64 100 1000 100000; do
        head -c $size $busybox >"$T/cut"
        chmod +x "$T/cut"
        bad 126 "$T/cut" "$T/cut"
    done
}
# only qemu: no engine has started yet
test_wrong_machine() {
    patch arm 18 '\xb7\x00'
    bad 126 "$T/arm" "$T/arm"
    patch bits32 4 '\x01'
    bad 126 "$T/bits32" "$T/bits32"
    patch big_endian 5 '\x02'
    bad 126 "$T/big_endian" "$T/big_endian"
    patch object 16 '\x01\x00'
    bad 126 "$T/object" "$T/object"
    patch core 16 '\x04\x00'
    bad 126 "$T/core" "$T/core"
}
# only qemu: no engine has started yet
test_bad_headers() {
    patch phoff 32 '\xff\xff\xff\xff\xff\xff\xff\x7f'
    bad 126 "$T/phoff" "$T/phoff"
    patch phnum 56 '\xff\xff'
    bad 126 "$T/phnum" "$T/phnum"
    patch phentsize 54 '\x01\x00'
    bad 126 "$T/phentsize" "$T/phentsize"
    patch nophdr 56 '\x00\x00'
    bad 126 "$T/nophdr" "$T/nophdr"
}
# segment NAME FIELD BYTES: the first PT_LOAD of busybox with one field changed.
segment() {
    local offset
    offset=$(/usr/bin/python3 -c 'import struct, sys
d = open(sys.argv[1], "rb").read(); off, = struct.unpack_from("<Q", d, 32); n, = struct.unpack_from("<H", d, 56)
print(next(off + 56 * i for i in range(n) if struct.unpack_from("<I", d, off + 56 * i)[0] == 1))' $busybox)
    patch "$1" $((offset + $2)) "$3"
}
# only qemu: no engine has started yet
test_bad_segments() {
    segment offset 8 '\xf0\xff\xff\xff\xff\xff\xff\x7f'
    bad 126 "$T/offset" "$T/offset"
    segment misaligned 16 '\x01'
    bad 126 "$T/misaligned" "$T/misaligned"
    segment kernel_address 16 '\x00\x00\x00\x80\xff\xff\xff\xff'
    bad 126 "$T/kernel_address" "$T/kernel_address"
    segment overflow 40 '\xff\xff\xff\xff\xff\xff\xff\xff'
    bad 126 "$T/overflow" "$T/overflow"
    segment huge 40 '\x00\x00\x00\x00\x00\x00\x01\x00'
    bad 126 "$T/huge" "$T/huge"
    segment overlap 40 '\x00\x00\x10\x00\x00\x00\x00\x00'
    bad 126 overlapping "$T/overlap"
    segment alignment 48 '\x03\x00'
    bad 126 alignment "$T/alignment"
    segment file_beyond 32 '\x00\x00\x00\x40'
    bad 126 "$T/file_beyond" "$T/file_beyond"
}
# only qemu: no engine has started yet
test_missing_interpreter() {
    printf 'int main(void) { return 0; }\n' >"$T/a.c"
    gcc "$T/a.c" -o "$T/a" -Wl,--dynamic-linker=/absent/ld.so
    bad 127 /absent/ld.so "$T/a"
    printf '#!/absent/interpreter\n' >"$T/script"
    chmod +x "$T/script"
    bad 127 /absent/interpreter "$T/script"
    printf '#!%s\n' "$T/deep" >"$T/deep"
    printf '#! relative\n' >"$T/relative"
    chmod +x "$T/deep" "$T/relative"
    bad 126 "$T/deep" "$T/deep"
    bad 126 "$T/relative" "$T/relative"
    gcc "$T/a.c" -o "$T/a" -Wl,--dynamic-linker=/etc/passwd
    bad 126 /etc/passwd "$T/a"
}
# only qemu: no engine has started yet
test_missing_library() {
    printf 'int f(void) { return 0; }\n' >"$T/lib.c"
    printf 'int f(void); int main(void) { return f(); }\n' >"$T/a.c"
    gcc -shared -fPIC "$T/lib.c" -o "$T/libgone-e2e.so" && gcc "$T/a.c" -o "$T/a" -L"$T" -lgone-e2e
    rm "$T/libgone-e2e.so"
    bad 127 libgone-e2e.so "$T/a"
}
# only qemu: no engine has started yet
test_no_permission() {
    cp $busybox "$T/b"
    chmod 0644 "$T/b"
    bad 126 "$T/b" "$T/b" true
    [ "$(id -u)" != 0 ] || return 0
    chmod 0 "$T/b"
    bad 126 "$T/b" "$T/b" true
}
test_options() {
    bad 125 --no-such-option --no-such-option $busybox true
    bad 125 -Z -Z $busybox true
    bad 125 -m -m 1 $busybox true
    bad 125 -m -m 100000G $busybox true
    bad 125 -m -m nonsense $busybox true
    bad 125 -m -m -5 $busybox true
    bad 125 -c -c 0 $busybox true
    bad 125 -c -c 100000 $busybox true
    bad 125 -c -c x $busybox true
    bad 125 --timeout --timeout never $busybox true
    bad 125 -e -e =x $busybox true
    bad 125 /absent/file --add /absent/file $busybox true
    bad 125 /absent/kernel --kernel /absent/kernel $busybox true
    bad 125 /absent/disk --disk /absent/disk $busybox true
    run "$VMM" run --engine vmware $busybox true
    expect_status 125
    expect_one_line_error
    run "$VMM" run
    expect_status 125
    run "$VMM" no-such-command
    expect_status 125
    expect_one_line_error
    run "$VMM" run -m
    expect_status 125
}
test_broken_kernel() {
    head -c 5000 /dev/urandom >"$T/kernel"
    bad 125 "$T/kernel" --kernel "$T/kernel" $busybox true
    : >"$T/kernel"
    bad 125 "$T/kernel" --kernel "$T/kernel" $busybox true
    head -c 3000 "$top/$B/guest.elf" >"$T/kernel"
    bad 125 "$T/kernel" --kernel "$T/kernel" $busybox true
    bad 125 "$busybox" --kernel $busybox $busybox true
    bad 125 PVH --kernel /bin/ls $busybox true
    bad 125 /tmp --kernel /tmp $busybox true
    bad 125 'starts a program, and none is given' --kernel "$top/$B/guest.elf"
    local linux
    linux=$(find /boot -maxdepth 1 -name 'vmlinuz-*' | head -n 1)
    [ ! -r "$linux" ] || bad 125 'does not know how to start a program' --kernel "$linux" $busybox true
    bad 125 '/absent/initrd: No such file' --kernel "$top/$B/guest.elf" --initrd /absent/initrd
}
test_small_memory() {
    bad 125 -m -m 1M $busybox true
    # Enough for the rules, too little for the program: a clear end, whichever side notices.
    head -c 30000000 /dev/zero >"$T/big"
    run timeout 60 "$VMM" run --engine "$ENGINE" -m 16M --add "$T/big:/big" $busybox true
    [ "$status" = 0 ] || [ "$status" = 125 ] || [ "$status" = 126 ] || [ "$status" = 137 ] || fail "status $status"
}
# only qemu: KVM has them outside of it
test_memory_for_files() {
    # The QEMU engine has the files in the guest's memory.
    truncate -s 50M "$T/big"
    bad 125 '-m 32M: too little' -m 32M --add "$T/big:/big" $busybox true
    grep -qE 'give -m (6[0-9])M or more' "$err" || fail "it does not say what would do"
    run_vmm -m "$(grep -oE '[0-9]+M or' "$err" | cut -dM -f1)M" --add "$T/big:/big" $busybox echo enough
    expect_stdout "enough
"
}
# only qemu: it writes its archive to a temporary file
test_full_disk() {
    [ "$(id -u)" = 0 ] || skip "mounting a small file system needs root"
    mkdir "$T/small"
    mount -t tmpfs -o size=64k none "$T/small" || skip "no permission to mount"
    TMPDIR=$T/small run timeout 60 "$VMM" run --engine "$ENGINE" $busybox true
    local left
    left=$(ls -A "$T/small")
    umount "$T/small"
    # Without room for a temporary file it says so; that it needs none is as good.
    if [ "$status" != 0 ]; then
        expect_status 125
        expect_one_line_error
    fi
    [ -z "$left" ] || fail "left on the full disk: $left"
}
# only qemu: the engine itself is missing
test_no_qemu() {
    PATH=/nowhere run "$VMM" run --engine qemu $busybox true
    expect_status 125
    expect_one_line_error
    expect_stderr_has qemu
}
# only kvm: QEMU gets a copy
test_truncated_while_running() {
    cp $busybox "$T/program"
    head -c 8000000 /dev/urandom >"$T/data"
    mkfifo "$T/fifo"
    "$VMM" run --engine kvm --add "$T/data:/data" $busybox awk 'BEGIN {
        print "ready"; fflush(); getline; while ((getline line < "/data") > 0) n++; print n }' \
        <"$T/fifo" >"$out" 2>"$err" &
    pid=$!
    exec 5>"$T/fifo"
    wait_for 60 test -s "$out" || fail "does not start"
    : >"$T/data"
    echo go >&5
    exec 5>&-
    finish
    expect_status 125
    expect_stderr_has "$T/data"
}
# only qemu: in the lab KVM works
test_kvm_refuses() {
    # --engine kvm never falls back.
    run timeout 60 "$VMM" run --engine kvm $busybox true
    [ "$status" != 0 ] || skip "KVM works here"
    expect_status 125
    expect_one_line_error
    expect_stderr_has kvm
}
# only kvm: in the lab /dev/kvm may be moved away
test_kvm_missing() {
    [ -n "${LAB:-}" ] || skip "/dev/kvm belongs to others, too"
    mv /dev/kvm /dev/kvm.away
    run timeout 60 "$VMM" run --engine kvm $busybox true
    mv /dev/kvm.away /dev/kvm
    expect_status 125
    expect_one_line_error
    expect_stderr_has /dev/kvm
    mknod /dev/not-kvm c 1 3
    mv /dev/kvm /dev/kvm.away
    mv /dev/not-kvm /dev/kvm
    run timeout 60 "$VMM" run --engine kvm $busybox true
    mv -f /dev/kvm.away /dev/kvm
    expect_status 125
    expect_one_line_error
}
# only kvm: there must be a /dev/kvm
test_kvm_denied() {
    [ "$(id -u)" = 0 ] || skip "becoming somebody else needs root"
    need setpriv
    [ "$(stat -c %A /dev/kvm | cut -c9)" = - ] || skip "everybody may use /dev/kvm"
    cp "$VMM" /tmp/vmm.denied
    run timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/vmm.denied run --engine kvm $busybox true
    rm -f /tmp/vmm.denied
    expect_status 125
    expect_one_line_error
    expect_stderr_has /dev/kvm
}
