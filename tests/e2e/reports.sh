# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What a user hears of trouble inside: a bug of the guest kernel, a system call it lacks.

busybox=/bin/busybox

# broken_kernel HEX: $T/kernel, our kernel with these bytes where sysinfo(2) begins.
broken_kernel() {
    nm "$top/$B/guest.full.elf" >"$T/symbols"
    /usr/bin/python3 -c 'import struct, sys
kernel, symbols, out, code = sys.argv[1:]
data, code = bytearray(open(kernel, "rb").read()), bytes.fromhex(code)
at = next(int(line.split()[0], 16) for line in open(symbols) if line.split()[-1] == "sys_sysinfo")
table, = struct.unpack_from("<Q", data, 32)
for i in range(struct.unpack_from("<H", data, 56)[0]):
    kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", data, table + 56 * i)
    if kind == 1 and address <= at < address + size:
        data[at - address + offset:at - address + offset + len(code)] = code
open(out, "wb").write(data)' "$top/$B/guest.elf" "$T/symbols" "$T/kernel" "$1" || fail "cannot break the kernel"
}
# kernel_bug HEX REASON
kernel_bug() {
    broken_kernel "$1"
    run_vmm --timeout 30 --kernel "$T/kernel" $busybox free
    expect_status 125
    expect_one_line_error
    expect_stderr_has "$2"
    expect_stderr_has "in sys_sysinfo"
}
test_kernel_bug() {
    kernel_bug 0f0b 'kernel invalid opcode'       # ud2
    kernel_bug 31c0488b00 'kernel page fault at 0' # xor eax, eax; mov rax, [rax]
    kernel_bug fa5050ebfc 'double fault'            # cli; push, push, again: into the guard page
}
test_kernel_bug_report() {
    broken_kernel 0f0b
    run_vmm --console --kernel "$T/kernel" $busybox free
    expect_status 125
    local word
    for word in 'kernel panic: ' 'rip ffffffff' 'backtrace:' ' sys_sysinfo+0'; do expect_stderr_has "$word"; done
}
test_missing_call_is_named_once() {
    need perl
    local program='print syscall(179, 0, 0, 0, 0), " ", $! + 0, "\n" for 1 .. 3'
    run_vmm -v perl -e "$program"
    expect_stdout "-1 38
-1 38
-1 38
"
    [ "$(grep -c 'system call 179 (quotactl)' "$err")" = 1 ] || fail "the missing call is not named once"
    run_vmm perl -e "$program"
    expect_no_stderr
}
test_strace() {
    printf 'payload\n' >"$T/f"
    run_vmm --strace --add "$T/f" /bin/busybox cat "$T/f" /absent
    expect_status 1
    expect_stderr_has ") = 8 <"
    expect_stderr_has "openat(AT_FDCWD, \"/absent\", O_RDONLY"
    expect_stderr_has ") = -1 ENOENT <"
    expect_stderr_has "exit_group(1) = ?"
    grep -qx payload "$out" || fail "the program's own output is missing"
}
test_strace_file() {
    run_vmm -c 2 --strace=calls:"$T/trace" /bin/busybox sh -c '(exit 3) & wait; kill -USR1 $$'
    expect_status 138
    expect_no_stderr
    grep -q '^\[1\] kill(1, SIGUSR1) = 0' "$T/trace" || fail "the trace lacks kill"
    grep -q '^\[1\] --- SIGUSR1 ---$' "$T/trace" || fail "the trace lacks the signal"
    grep -q '^\[[2-9]\] exit_group(3) = ?$' "$T/trace" || fail "the trace lacks the child"
    run_vmm --strace=other /bin/busybox true
    expect_status 125
    expect_one_line_error
}
test_strace_summary() {
    run_vmm --strace=summary /bin/busybox cat /absent /absent
    expect_status 1
    grep -qE '^ +[0-9]+\.[0-9]{6} +2 +2  openat$' "$err" || fail "no row for openat: two calls, two errors"
    ! grep -q '^\[1\]' "$err" || fail "lines of single calls"
}
test_strict() {
    cat >"$T/s.c" <<'C'
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    (void)argv;
    puts("before");
    fflush(stdout);
    long result = argc > 1 ? syscall(SYS_bpf, 0, 0, 0) : 0;
    printf("after %ld\n", result);
    return 3;
}
C
    gcc -O1 "$T/s.c" -o "$T/s" || fail "gcc"
    run_vmm --strict "$T/s"
    expect_status 3
    expect_no_stderr
    run_vmm "$T/s" use
    expect_status 3
    expect_stdout $'before\nafter -1\n'
    run_vmm --strict "$T/s" use
    expect_status 125
    expect_stdout $'before\n'
    expect_stderr_has "(bpf)"
    expect_stderr_has "--strict"
}
