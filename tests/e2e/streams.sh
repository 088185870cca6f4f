# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Standard streams: binary data, closed pipes, huge outputs, stdout and stderr apart.
# timeout: 180

busybox=/bin/busybox

test_apart() {
    run_vmm $busybox sh -c 'echo to-out; echo to-err >&2; echo out-again'
    expect_status 0
    expect_stdout "to-out
out-again
"
    printf 'to-err\n' | cmp -s - "$err" || fail "stderr is not apart"
}
test_binary_stdin() {
    head -c 2000000 /dev/urandom >"$T/data"
    in=$T/data
    run_vmm $busybox md5sum
    [ "$(cut -c1-32 "$out")" = "$(md5sum <"$T/data" | cut -c1-32)" ] || fail "stdin arrived damaged"
    run_vmm $busybox cat
    cmp -s "$T/data" "$out" || fail "stdin does not come back as stdout"
}
test_stdin_pipe() {
    local got
    got=$({ printf 'one\n'; sleep 0.3; printf 'two\n'; } | "$VMM" run --engine "$ENGINE" $busybox cat)
    [ "$got" = "one
two" ] || fail "got: $got"
    # A program that does not read does not wait for its input.
    mkfifo "$T/fifo"
    exec 5<>"$T/fifo"
    got=$(timeout 60 "$VMM" run --engine "$ENGINE" $busybox echo done <&5)
    [ "$got" = "done" ] || fail "got: $got"
}
test_waiting_input_is_counted() {
    local got
    # shellcheck disable=SC2016 # perl's variables
    got=$({ printf 'hello'; sleep 1; } | "$VMM" run --engine "$ENGINE" /usr/bin/perl -e \
        'for (1..50) { ioctl(STDIN, 0x541b, $n = pack("i", 0)) or die; last if unpack("i", $n); select(undef, undef, undef, 0.1) }
         print unpack("i", $n)')
    [ "$got" = 5 ] || fail "FIONREAD says: $got"
}
test_interactive_pipe() {
    # An answer comes before the next question is asked.
    mkfifo "$T/ask" "$T/answer"
    "$VMM" run --engine "$ENGINE" $busybox sh -c 'while read -r x; do echo "got $x"; done' <"$T/ask" >"$T/answer" &
    exec 5>"$T/ask" 6<"$T/answer"
    local answer i
    for i in 1 2 3; do
        echo "line $i" >&5
        read -r -t 30 answer <&6 || fail "no answer to line $i"
        [ "$answer" = "got line $i" ] || fail "answer: $answer"
    done
    exec 5>&- 6<&-
    wait $! || fail "status $?"
}
test_closed_stdin() {
    status=0
    "$VMM" run --engine "$ENGINE" $busybox cat <&- >"$out" 2>"$err" || status=$?
    [ "$status" -le 1 ] || fail "closed stdin"
    status=0
    "$VMM" run --engine "$ENGINE" $busybox echo x >&- 2>"$err" || status=$?
    [ "$status" -le 1 ] || fail "closed stdout"
}
test_closed_pipe() {
    # The reader goes away: the program gets SIGPIPE or an error, the run ends.
    set +o pipefail
    timeout 60 "$VMM" run --engine "$ENGINE" $busybox yes 2>"$err" | head -n 2 >"$out"
    local first=${PIPESTATUS[0]}
    [ "$first" != 124 ] || fail "did not end when the reader went away"
    expect_stdout "y
y
"
    [ "$first" = 141 ] || [ "$first" = 1 ] || fail "status $first"
}
test_huge_output() {
    local want got
    want=$(seq 700000 | md5sum)
    got=$("$VMM" run --engine "$ENGINE" $busybox seq 700000 | md5sum)
    [ "$got" = "$want" ] || fail "a long output arrived damaged"
}
test_slow_reader() {
    local got
    got=$("$VMM" run --engine "$ENGINE" $busybox seq 200000 | { sleep 1; md5sum; })
    [ "$got" = "$(seq 200000 | md5sum)" ] || fail "a slow reader lost data"
}
test_full_device() {
    status=0
    "$VMM" run --engine "$ENGINE" $busybox seq 100000 >/dev/full 2>"$err" || status=$?
    [ "$status" != 0 ] || fail "writing to a full device succeeded"
    [ "$status" != 124 ] || fail "hangs on a full device"
}
test_output_is_file() {
    "$VMM" run --engine "$ENGINE" $busybox seq 1000 >"$T/file" || fail "status $?"
    seq 1000 | cmp -s - "$T/file" || fail "file"
    echo first >"$T/log"
    "$VMM" run --engine "$ENGINE" $busybox echo second >>"$T/log"
    [ "$(cat "$T/log")" = "first
second" ] || fail "append"
}
test_terminal() {
    need script
    # A terminal with a size; the program sees it, echo and all.
    script -qec "stty rows 31 cols 77; $VMM run --engine $ENGINE -t $busybox stty size" /dev/null </dev/null >"$out" 2>"$err"
    grep -qa '31 77' "$out" || fail "the window size did not arrive"
    script -qec "$VMM run --engine $ENGINE -t $busybox sh -c '[ -t 0 ] && [ -t 1 ] && echo it is a terminal'" /dev/null \
        </dev/null >"$out" 2>"$err"
    grep -q 'it is a terminal' "$out" || fail "not a terminal inside"
}
test_terminal_resized() {
    # The program asks when it hears of it; nothing else moves.
    cat >"$T/resize.py" <<'PY'
import fcntl, os, pty, struct, sys, termios, time
def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
def until(fd, text, seen=b""):
    end = time.monotonic() + 60
    while text not in seen and time.monotonic() < end:
        seen += os.read(fd, 4096)
    assert text in seen, seen
    return seen
pid, fd = pty.fork()
if pid == 0:
    resize(0, 20, 60)
    os.execv(sys.argv[1], sys.argv[1:])
until(fd, b"ready 20 60")
resize(fd, 33, 99)
until(fd, b"now 33 99")
os.write(fd, b"word\n")
until(fd, b"got word")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
    run /usr/bin/python3 "$T/resize.py" "$VMM" run --engine "$ENGINE" -t $busybox sh -c \
        'trap "echo now \$(stty size); stop=1" WINCH; echo "ready $(stty size)"
        while [ -z "$stop" ]; do sleep 0.1; done; read -r x; echo "got $x"; exit 7'
    expect_status 7
}
