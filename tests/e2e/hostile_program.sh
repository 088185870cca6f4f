# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs that attack the guest's kernel: it survives, and in a debug build ($DEBUG_VMM) its
# accounts at the end of the run show that nothing leaked.  The programs are in tests/hostile.
# timeout: 240

# hostile NAME: compiles tests/hostile/NAME.c to $T/NAME.
hostile() {
    gcc -std=gnu17 -O1 -D_GNU_SOURCE -Wall -Werror -Wno-unused-result -I"$top" -static -pthread \
        "$top/tests/hostile/$1.c" -o "$T/$1" || fail "compiling $1"
}
run_debug() { run timeout 200 "$DEBUG_VMM" run --engine "$ENGINE" --console=4 "$@"; }

# Random calls: SECONDS in the environment make it longer, SEED repeats a run.
test_random_calls() {
    hostile fuzz_calls
    run timeout 200 "$VMM" run --engine "$ENGINE" -c 4 "$T/fuzz_calls" "${FUZZ_SECONDS:-3}" "${SEED:-$RANDOM}" 8
    grep -a '^seed' "$out"
    expect_status 0
}
# only qemu: the same kernel; the emulated lab is slow
test_random_calls_debug() {
    hostile fuzz_calls
    run_debug -c 4 "$T/fuzz_calls" "${FUZZ_SECONDS:-3}" "${SEED:-$RANDOM}" 8
    grep -a '^seed' "$out"
    expect_status 0
}

# Every allocation of a workload fails once (in CI, every third).
# only qemu: the same kernel; the emulated lab is slow
test_no_memory() {
    hostile no_memory
    run_debug "$T/no_memory" "${STRIDE:-3}"
    expect_status 0
    grep -q ' 0 wrong$' "$out" || fail "a step went wrong"
}
