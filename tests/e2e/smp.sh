# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# -c N: the program gets that many CPUs, and whatever ends a VM ends it from any of them.

busybox=/bin/busybox

# Computes on every CPU for ever, having said so.
busy='i=0; while [ $i -lt 4 ]; do i=$((i+1)); (while :; do :; done) & done; echo ready; wait'

test_counts() {
    local cpus
    for cpus in 1 2 5; do
        run_vmm -c $cpus $busybox sh -c 'nproc; grep -c ^processor /proc/cpuinfo; grep -c "^cpu[0-9]" /proc/stat'
        expect_status 0
        expect_stdout "$cpus"$'\n'"$cpus"$'\n'"$cpus"$'\n'
    done
}
test_too_many() {
    run_vmm -c 65 /bin/true
    expect_status 125
    run_vmm -c 0 /bin/true
    expect_status 125
}
test_status_from_any_cpu() {
    local cpu
    for cpu in 0 1 2; do
        run_vmm -c 3 $busybox taskset $((1 << cpu)) $busybox sh -c "exit $((40 + cpu))"
        expect_status $((40 + cpu))
    done
}
test_killed_on_another_cpu() {
    # shellcheck disable=SC2016 # expands in the VM
    run_vmm -c 2 $busybox taskset 2 $busybox sh -c 'kill -KILL $$'
    expect_status 137
}
test_end_among_busy_cpus() {
    run_vmm -c 4 $busybox sh -c "${busy% wait}"' exit 9'
    expect_status 9
    expect_stdout $'ready\n'
}
test_term_among_busy_cpus() {
    "$VMM" run --engine "$ENGINE" -c 4 $busybox sh -c "$busy" >"$out" 2>"$err" </dev/null &
    pid=$!
    wait_for 60 test -s "$out" || fail "the program does not start"
    kill -TERM "$pid"
    finish
    expect_status 143
}
test_timeout_among_busy_cpus() {
    run_vmm -c 4 --timeout 3s $busybox sh -c "$busy"
    expect_status 124
}
test_pipelines() {
    same_as_native -c 4 -- $busybox sh -c \
        'for i in 1 2 3; do seq 20000 | sort -rn | sed "s/1/x/" | grep -v 7 | md5sum; done | tee /dev/null | wc -l'
}
