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

# bombs MEMORY NAME...: each ends with status 0, in a debug build and within a minute.
bombs() {
    local memory=$1 name
    shift
    hostile bombs
    for name; do
        run timeout 60 "$DEBUG_VMM" run --engine "$ENGINE" --console=4 -c 4 -m "$memory" "$T/bombs" "$name"
        [ "$status" = 0 ] || fail "bombs $name: status $status, not 0"
    done
}
# only qemu: the same kernel; the emulated lab is slow
test_many_processes() {
    bombs 128M fork
    bombs 256M threads
}
# only qemu: the same kernel; the emulated lab is slow
test_many_signals() { bombs 128M signals; }
# only qemu: the same kernel; the emulated lab is slow
test_many_files() {
    bombs 128M files names directories links
    bombs 512M pipes
}
# only qemu: the same kernel; the emulated lab is slow
test_descriptors_of_others() { bombs 128M descriptors; }
# only qemu: the same kernel; the emulated lab is slow
test_exec_of_garbage() { bombs 128M garbage arguments; }
test_memory_is_taken() {
    bombs 128M maps tmpfs memory
    expect_stderr_has 'out of memory: ended process '
}
test_first_program_takes_all_memory() {
    hostile bombs
    run_debug -m 64M "$T/bombs" self
    expect_status 137
    expect_stderr_has 'out of memory: ended process 1 (bombs)'
}
# only qemu: the same kernel; the emulated lab is slow
test_own_stack() {
    hostile bombs
    local name
    for name in stack recursion; do
        run_debug "$T/bombs" "$name"
        expect_status 139
    done
}

# The whole list, five seconds each: make stress.
test_stress_ng() {
    need stress-ng
    for stressors in '--vm 1 --vm-bytes 32M --fork 1 --pthread 1' '--futex 1 --pipe 1 --switch 1 --sigq 1' \
        '--mmap 1 --mremap 1 --brk 1 --clone 1' \
        '--sem-sysv 1 --msg 1 --mq 1 --poll 1 --epoll 1 --epoll-domain unix --eventfd 1 --timerfd 1' \
        '--sockfd 1 --inotify 1 --pty 1 --memfd 1 --locka 1 --lockf 1 --dentry 1 --rename 1'; do
        # shellcheck disable=SC2086 # words
        run_debug -c 4 -m 512M -w /tmp /usr/bin/stress-ng $stressors -t 1 --verify
        expect_status 0
        grep -q 'successful run completed' "$err" "$out" || fail "stress-ng $stressors"
    done
}
