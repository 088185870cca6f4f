# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Signals pass from the host to the program; what is killed leaves nothing behind.

busybox=/bin/busybox

# start ARGS...: in the background, $pid; waits until the program has written its first line.
start() {
    # A shell has its background commands ignore SIGINT.
    env --default-signal "$VMM" run --engine "$ENGINE" "$@" >"$out" 2>"$err" </dev/null &
    pid=$!
    wait_for 60 test -s "$out" || fail "the program does not start"
}
test_term() {
    start $busybox awk 'BEGIN { print "ready"; fflush(); while (1) x++ }'
    kill -TERM "$pid"
    finish
    expect_status 143
}
test_int_handler() {
    start /usr/bin/perl -e '$| = 1; $SIG{INT} = sub { print "caught\n"; exit 7 }; print "ready\n"; sleep 1 while 1'
    kill -INT "$pid"
    finish
    expect_status 7
    grep -qx caught "$out" || fail "the handler did not run"
}
test_hup_usr1() {
    start /usr/bin/perl -e '$| = 1; $SIG{TERM} = sub { print "term\n"; exit 3 }; print "ready\n"; 1 while sleep 1000'
    kill -TERM "$pid"
    finish
    expect_status 3
}
test_second_int_stops() {
    start /usr/bin/perl -e '$| = 1; $SIG{INT} = "IGNORE"; print "ready\n"; 1 while sleep 1000'
    kill -INT "$pid"
    sleep 0.5
    ! gone || fail "the first SIGINT ended a program that ignores it"
    kill -INT "$pid"
    finish
    expect_status 130
}
test_second_term_stops() {
    start /usr/bin/perl -e '$| = 1; $SIG{TERM} = "IGNORE"; print "ready\n"; 1 while sleep 1000'
    kill -TERM "$pid"
    sleep 0.3
    ! gone || fail "the first SIGTERM ended a program that ignores it"
    kill -TERM "$pid"
    finish
    expect_status 143
}
test_nohup() {
    # What we were started to ignore does not reach the program either.
    mkfifo "$T/fifo"
    exec 5<>"$T/fifo"
    env --ignore-signal=HUP "$VMM" run --engine "$ENGINE" $busybox sh -c 'echo ready; read -r x; echo "got $x"' \
        <&5 >"$out" 2>"$err" &
    pid=$!
    wait_for 60 test -s "$out" || fail "the program does not start"
    kill -HUP "$pid"
    sleep 0.3
    echo word >&5
    finish
    expect_status 0
    expect_stdout "ready
got word
"
}
test_kill_leaves_nothing() {
    start $busybox awk 'BEGIN { print "ready"; fflush(); while (1) x++ }'
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    # nothing_left, at the end of every test, looks for processes and files.
}
test_kill_while_starting() {
    local i
    for i in 0.00 0.01 0.02 0.05 0.1 0.2; do
        "$VMM" run --engine "$ENGINE" $busybox sleep 30 >"$out" 2>"$err" </dev/null &
        pid=$!
        sleep "$i"
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
    done
}
test_term_while_starting() {
    local i
    for i in 0.01 0.05 0.1 0.3; do
        "$VMM" run --engine "$ENGINE" $busybox sleep 30 >"$out" 2>"$err" </dev/null &
        pid=$!
        sleep "$i"
        kill -TERM "$pid"
        finish
        expect_status 143
    done
}
