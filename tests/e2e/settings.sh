# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What can be written below /proc/sys is gone by.  Not natively: the host's settings are the host's.

busybox=/bin/busybox
in_vm() { run_vmm $busybox sh -c "$1"; }

test_pids() {
    in_vm 'cd /proc/sys/kernel; echo 400 >ns_last_pid; (exec sh -c "echo \$\$"); cat ns_last_pid
        echo 500 >pid_max; cat pid_max; echo 499 >ns_last_pid; (exec sh -c "echo \$\$")
        echo 300 >pid_max; echo x >pid_max; cat pid_max'
    expect_stdout $'401\n402\n500\n300\n500\n'
}
test_threads() {
    in_vm 'echo 20 >/proc/sys/kernel/threads-max; i=0
        while [ $i -lt 40 ]; do sleep 20 & i=$((i + 1)); done' || true
    grep -q "can't fork" "$err" || fail "more processes than threads-max says"
}
test_maps() {
    in_vm 'cd /proc/sys/vm; cat max_map_count; echo 100 >max_map_count; cat max_map_count; echo -1 >max_map_count'
    expect_stdout $'65530\n100\n'
}
test_open() {
    in_vm 'cd /proc/sys/fs; echo 2000 >nr_open; ulimit -Hn 1900 && ulimit -Hn; ulimit -Hn 3000 || cat nr_open'
    expect_stdout $'1900\n2000\n'
}
test_printk() {
    in_vm 'cd /proc/sys/kernel; echo 3 >printk; cut -c1 printk; echo 9 >printk; cut -c1 printk'
    expect_stdout $'3\n3\n'
}
