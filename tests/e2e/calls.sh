# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Function calls and snapshots from the command line, by well-behaved programs and others.

FN=$top/$B/functions/raw # tests/functions/raw.c
prepare() {
    export XDG_DATA_HOME=$T/data
    printf 'hello' >"$T/in"
    in=$T/in
}
call() { run "$VMM" call --engine "$ENGINE" --timeout 60 "$@"; }

test_call() {
    prepare
    call "$FN" echo
    expect_status 0
    expect_stdout hello
    call "$FN" fork
    expect_stdout 'child done'
    call "$FN" print
    expect_stdout returned
    expect_stderr_has printed
    # Larger than a piece in both directions, to the byte.
    head -c 3000001 /dev/urandom >"$T/large"
    in=$T/large
    call "$FN" echo
    cmp -s "$T/large" "$out" || fail "a large input comes back changed"
}
test_failures() {
    prepare
    call "$FN" fail
    expect_status 7
    expect_one_line_error
    expect_stderr_has 'status 7'
    call "$FN" fail999
    expect_status 123
    call "$FN" crash
    expect_status 139
    call "$FN" exit
    expect_status 125
    expect_stderr_has 'status 3'
    call "$FN" nope
    expect_status 125
    expect_stderr_has 'nope: '
    call --output-max 4 "$FN" echo
    expect_status 125
    expect_stderr_has '5 bytes'
    call --timeout 1 "$FN" spin
    expect_status 124
    call "$FN" echo -- leave
    expect_status 125
    expect_stderr_has 'ended with status 5'
}
# An answer that nobody asked for, one that is malformed.
test_protocol() {
    prepare
    call --repeat 3 "$FN" junk
    expect_status 0
    expect_stdout 'Invalid argument'
    call --repeat 3 "$FN" twice
    expect_status 0
    expect_stdout once
}
# only qemu: no VM is started
test_bad_options() {
    prepare
    local words
    for words in "" "$FN" "$FN echo x" "--repeat 0 $FN echo" "--output-max 17M $FN echo" \
        "--from nowhere echo" "--from ../../x/../y echo" "-m 64M --from nowhere echo" "--from a b c" "--cpu-time x $FN echo" "-t $FN echo" "--name x $FN echo"; do
        # shellcheck disable=SC2086
        run "$VMM" call --engine "$ENGINE" $words
        expect_status 125
        expect_one_line_error
    done
    run "$VMM" call no-such-program echo
    expect_status 127
    for words in "" "x" "save" "save a" "save .a $FN" "save a.mem $FN" "restore" "rm" "rm nowhere" "ls x" "save --from a b $FN"; do
        # shellcheck disable=SC2086
        run "$VMM" snapshot $words
        expect_status 125
        expect_one_line_error
    done
    run "$VMM" snapshot ls
    expect_status 0
    expect_stdout ''
}
# only qemu: what this engine cannot do, it says
test_no_reset() {
    prepare
    call --repeat 2 --reset-between "$FN" count
    expect_status 125
    expect_stderr_has 'KVM'
    run "$VMM" snapshot save --engine qemu --functions s "$FN"
    expect_status 125
    expect_stderr_has 'KVM'
    [ ! -e "$XDG_DATA_HOME/vmm/snapshots/s" ] || fail "it left a file"
}
# only kvm: resets
test_reset() {
    prepare
    call --repeat 5 "$FN" count
    expect_stdout 5
    call --repeat 5 --reset-between --stats "json:$T/stats" "$FN" count
    expect_stdout 1
    grep -q '"calls": {"count": 5' "$T/stats" || fail "no statistics"
    grep -q '"resets": {"count": 4' "$T/stats" || fail "no resets in the statistics"
}
# only kvm: the example of libvmm(3): a pool
test_example() {
    prepare
    run "$top/$B/functions/clean" "$FN" count a b c
    expect_status 0
    expect_stdout '1
1
1
'
    run "$top/$B/functions/clean" "$FN" fail a
    expect_status 0
    expect_stderr_has 'status 7'
}
# only kvm: snapshots
test_snapshot() {
    prepare
    run "$VMM" snapshot save --functions warm "$FN"
    expect_status 0
    expect_no_stderr
    [ "$(stat -c %a "$XDG_DATA_HOME/vmm/snapshots/warm" "$XDG_DATA_HOME/vmm/snapshots/warm.mem" | sort -u)" = 600 ] ||
        fail "others may read the snapshot"
    run "$VMM" snapshot ls
    expect_status 0
    grep -q "^warm .*$FN" "$out" || fail "it is not listed"
    call --from warm echo
    expect_stdout hello
    call --from warm --repeat 3 --reset-between count
    expect_stdout 1
    call --from warm crash
    expect_status 139
    cp "$XDG_DATA_HOME/vmm/snapshots/warm" "$T/copy"
    cp "$XDG_DATA_HOME/vmm/snapshots/warm.mem" "$T/copy.mem"
    run "$VMM" snapshot rm warm
    expect_status 0
    call --from warm echo
    expect_status 125
    expect_stderr_has 'no snapshot is named warm'
    call --from "$T/copy" echo
    expect_stdout hello
}
# only kvm: files that are not as they were written
test_damaged_snapshot() {
    prepare
    local size at
    run "$VMM" snapshot save --functions "$T/good" "$FN"
    expect_status 0
    damaged() {
        run timeout 60 "$VMM" call --from "$T/bad" echo
        [ "$status" = 125 ] || fail "$1: status $status"
        expect_one_line_error
    }
    ln "$T/good.mem" "$T/bad.mem"
    : >"$T/bad"
    damaged "an empty state"
    size=$(stat -c %s "$T/good")
    for at in 8 $((size / 2)) $((size - 1)); do
        head -c "$at" "$T/good" >"$T/bad"
        damaged "a state of $at bytes"
    done
    for at in 8 60 $((size / 2)); do
        cp "$T/good" "$T/bad"
        printf '\377\376' | dd of="$T/bad" bs=1 seek="$at" conv=notrunc status=none
        damaged "a state with another byte at $at"
    done
    cp "$T/good" "$T/bad"
    rm "$T/bad.mem"
    damaged "no memory"
    truncate -s 4096 "$T/bad.mem"
    damaged "a memory of a page"
    run "$VMM" snapshot save --functions "$T/other" "$FN"
    mv "$T/other.mem" "$T/bad.mem"
    damaged "another's memory"
    ln -f "$T/good.mem" "$T/bad.mem"
    run "$VMM" call --from "$T/bad" echo
    expect_stdout hello
}
closed() { grep -q '^Seccomp:.*2' "/proc/$pid/status"; }
# only kvm: the monitor of a call has closed itself
test_closed() {
    prepare
    "$VMM" call --timeout 20 "$FN" sleep <"$T/in" >"$out" 2>"$err" &
    pid=$!
    wait_for 15 closed || fail "no seccomp"
    grep -q '^NoNewPrivs:.*1' "/proc/$pid/status" || fail "new privileges"
    grep -q '^CapEff:.*0000000000000000' "/proc/$pid/status" || fail "capabilities"
    kill -TERM "$pid"
    finish
    expect_status 143
}
# only kvm: a program that serves nothing
test_run_from() {
    prepare
    # shellcheck disable=SC2016 # the guest's shell
    run "$VMM" snapshot save -e GREETING=hi --hostname one ready /bin/busybox sh -c \
        'x=$GREETING; echo before; echo >/dev/vmm/ready; read line; echo "$x $line $(cat /proc/sys/kernel/hostname)"; exit 3'
    expect_status 0
    expect_stdout 'before
'
    run_from() { run "$VMM" run --from ready "$@"; }
    run_from
    expect_status 3
    expect_stdout 'hi hello one
'
    run_from --hostname two --stats "json:$T/stats"
    expect_stdout 'hi hello two
'
    grep -q '"status": 3' "$T/stats" || fail "no statistics"
    run "$VMM" snapshot restore ready
    expect_status 3
    run_from -m 1G
    expect_status 125
    run_from /bin/busybox
    expect_status 125
    run "$VMM" run --snapshot-at-ready never /bin/busybox true
    expect_status 125
    expect_stderr_has 'before it was ready'
    [ ! -e "$XDG_DATA_HOME/vmm/snapshots/never" ] || fail "a snapshot without being ready"
}
# only kvm: a program is saved while it runs, and goes on; so does what was saved
test_save_running() {
    prepare
    export XDG_RUNTIME_DIR=$T/run
    mkdir "$T/run" "$T/fifos"
    mkfifo "$T/fifos/in"
    # shellcheck disable=SC2016 # the guest's shell
    "$VMM" run --name one /bin/busybox sh -c 'x=5; echo up; read line; echo "$x $line"' <"$T/fifos/in" >"$T/one" 2>"$err" &
    pid=$!
    exec 8>"$T/fifos/in"
    wait_for 20 grep -q up "$T/one" || fail "it does not run"
    run "$VMM" run --name one /bin/busybox true
    expect_status 125
    expect_stderr_has 'of this name runs'
    run "$VMM" snapshot save --of one running
    expect_status 0
    run "$VMM" snapshot save --of one ../outside
    expect_status 125
    run "$VMM" snapshot save --of two running
    expect_status 125
    echo origin >&8
    exec 8>&-
    finish
    expect_status 0
    [ "$(tail -n 1 "$T/one")" = '5 origin' ] || fail "the origin is disturbed: $(cat "$T/one")"
    [ ! -e "$T/run/vmm/one.sock" ] || fail "the socket is left"
    run "$VMM" run --from running
    expect_status 0
    expect_stdout '5 hello
'
}
