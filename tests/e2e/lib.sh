#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Frame of the end-to-end tests:  ENGINE=qemu|kvm B=build bash tests/e2e/lib.sh SCRIPT CASE
# runs the function test_CASE of SCRIPT.  A test passes when it returns 0 and left nothing behind.
# In a script, "# engines: kvm" near the top, or "# only qemu: why" above one test, says which engines
# they are for.  Inside: $T is a directory of its own, $ENGINE the engine, VMM the program under test.
set -u
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=${B:-build}
ENGINE=${ENGINE:-qemu}
VMM=$top/$B/vmm
DEBUG_VMM=$top/$B/debug/vmm # with DEBUG=1, for scripts that name it
APPS=$top/$B/apps
T=${T:-$(mktemp -d)}
T=$(cd "$T" && pwd)
mkdir -p "$T/tmp"
export TMPDIR=$T/tmp
in=/dev/null # standard input of run and run_vmm
status=0 out=$T/out err=$T/err

say() { printf '%s\n' "$*"; }
fail() {
    say "failed: $*"
    say "-- status $status; last lines of stdout and stderr:"
    tail -n 15 "$out" 2>/dev/null | cut -c1-300
    tail -n 15 "$err" 2>/dev/null | cut -c1-300
    exit 1
}
skip() {
    say "$*"
    exit 77
}
need() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed (make deps)"
    done
}

# run COMMAND...: its outputs in $out and $err, its status in $status.
run() {
    status=0
    "$@" <"$in" >"$out" 2>"$err" || status=$?
}
# run_vmm [OPTIONS] PROGRAM [ARGS]: the same in a VM.
run_vmm() { run "$VMM" run --engine "$ENGINE" "$@"; }

expect_status() { [ "$status" = "$1" ] || fail "status is $status, not $1"; }
expect_stdout() { printf '%s' "$1" | cmp -s - "$out" || fail "stdout is not: $1"; }
expect_stderr_has() { grep -qF -- "$1" "$err" || fail "stderr does not say: $1"; }
expect_no_stderr() { [ ! -s "$err" ] || fail "there is something on stderr"; }
# One line from vmm itself, and nothing else.
expect_one_line_error() {
    [ "$(wc -l <"$err")" = 1 ] || fail "the error is not one line"
    grep -q '^vmm: ' "$err" || fail "the error does not begin with vmm:"
    [ ! -s "$out" ] || fail "there is something on stdout"
}

# same_as_native [VM OPTIONS --] PROGRAM [ARGS]: the same output and status as a native run.
same_as_native() {
    local options=() word
    for word; do
        if [ "$word" = -- ]; then
            while [ "$1" != -- ]; do
                options+=("$1")
                shift
            done
            shift
            break
        fi
    done
    local native_status=0
    (cd / && exec env -i PATH=/usr/bin:/bin "$@") <"$in" >"$T/native.out" 2>"$T/native.err" || native_status=$?
    run_vmm "${options[@]}" "$@"
    [ "$status" = "$native_status" ] || fail "status is $status, natively $native_status: $*"
    if ! cmp -s "$T/native.out" "$out"; then
        diff -a "$T/native.out" "$out" | head -20 | cut -c1-300
        fail "output differs from the native run: $*"
    fi
}

# tools PROGRAM...: the VM options that bring these along, added to the array $with.
with=()
tools() {
    local program
    for program; do
        need "$program"
        with+=(--add "$(type -P "$program")")
    done
}
# compare_script SHELL: standard input as a script, run by SHELL in a VM (options: $with) and natively.
compare_script() {
    cat >"$T/script"
    same_as_native "${with[@]}" --add "$T/script" -- "$1" "$T/script"
}

# Processes of this test besides the shell itself: it leads its own session.
# shellcheck disable=SC2009 # pgrep cannot leave out what ps can
others() { ps -o args= -s "$$" | grep -vE 'tests/e2e/lib.sh|^ps -o args=|^grep -vE|<defunct>$'; }
nothing_left() {
    local i left=''
    for i in {1..20}; do
        left=$(others)
        [ -n "$left" ] || break
        sleep 0.1
    done
    [ -z "$left" ] || fail "processes left behind: $left"
    left=$(ls -A "$T/tmp")
    [ -z "$left" ] || fail "files left behind in the temporary directory: $left"
}
# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local tenths=$(($1 * 10))
    shift
    while [ $tenths -gt 0 ]; do
        if "$@"; then return 0; fi
        sleep 0.1
        tenths=$((tenths - 1))
    done
    return 1
}

# finish: the status of the background run, within 30 s.
finish() {
    wait_for 30 gone || fail "does not end"
    wait "$pid"
    status=$?
}
gone() { ! kill -0 "$pid" 2>/dev/null || [ "$(ps -o stat= -p "$pid" | cut -c1)" = Z ]; }

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    script=$1 case=$2
    [ -x "$VMM" ] || fail "$VMM is not built"
    # shellcheck disable=SC1090
    . "$script"
    "test_$case" || fail "test_$case returned $?"
    nothing_left
    exit 0
fi
