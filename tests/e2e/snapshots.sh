# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Snapshots by libvmm: nothing is left of a call after a reset, clones share no random numbers, have the
# time of day, survive whatever a function does; files that are not what they should be.
# engines: kvm

functions=$top/$B/functions

# good PROGRAM TEST [ARGS]: every line it prints is good.
client() {
    cp "$top/vmm/vmm.h" "$T/"
    gcc -D_GNU_SOURCE -O1 -Wall -Werror -I"$T" "$top/tests/e2e/${1:-snapshots}.c" "$top/$B/libvmm.a" -pthread -o "$T/snapshots" || fail "linking a client"
}
good() {
    [ -x "$T/snapshots" ] || client
    run timeout 200 "$T/snapshots" "$@"
    ! grep -q -v -e '^good' -e '^end$' "$out" || fail "$(grep -v '^good' "$out")"
    grep -q '^end$' "$out" || fail "it ended early: $(tail -3 "$out" "$err")"
    expect_status 0
}

test_nothing_is_left() { good "$functions/c.static" leftovers; }
test_nothing_is_left_on_two_cpus() { good "$functions/c.static" leftovers 2; }
test_random_numbers() { good "$functions/c.static" randoms; }
test_clocks() { good "$functions/c.static" clocks "$T/snapshot"; }
test_ends() { good "$functions/c.static" ends; }
test_ends_on_two_cpus() { good "$functions/c.static" ends 2; }
test_threads() { good "$functions/c.static" threads; }

test_running_program() {
    client snapshot_running
    good /bin/busybox "$T/said" 1
    good /bin/busybox "$T/said" 2
}

# damaged OFFSET BYTES TEXT: a copy whose state has other bytes there is refused with the text.
damaged() {
    cp "$T/s" "$T/d" && cp "$T/s.mem" "$T/d.mem"
    printf '%b' "$2" | dd of="$T/d" bs=1 seek="$1" conv=notrunc status=none
    run timeout 60 "$T/snapshots" open "$T/d"
    grep -q "^refused: .*$3" "$out" || fail "$1 $2: $(cat "$out")"
}
test_files() {
    client snapshot_files
    run timeout 100 "$T/snapshots" save "$functions/c.static" "$T/s"
    expect_status 0
    run timeout 60 "$T/snapshots" open "$T/s"
    grep -qx 'opened: 0 works' "$out" || fail "a good one: $(cat "$out")"
    damaged 0 X 'not a snapshot'
    damaged 8 '\x63' 'version 99'
    damaged 16 '\xff\xff\xff\xff\xff' 'its length'
    damaged 24 X checksum
    damaged 300 X checksum
    damaged 40 X 'another snapshot'
    cp "$T/s" "$T/d" && cp "$T/s.mem" "$T/d.mem"
    truncate -s 1000 "$T/d"
    run timeout 60 "$T/snapshots" open "$T/d"
    grep -q '^refused: .*truncated' "$out" || fail "$(cat "$out")"
    cp "$T/s" "$T/d"
    truncate -s 4096 "$T/d.mem"
    run timeout 60 "$T/snapshots" open "$T/d"
    grep -q '^refused: .*truncated' "$out" || fail "$(cat "$out")"
    rm "$T/d.mem"
    run timeout 60 "$T/snapshots" open "$T/d" "$T/none" "$T" /dev/null
    [ "$(grep -c '^refused: ' "$out")" = 4 ] || fail "$(cat "$out")"
}
