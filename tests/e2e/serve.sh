# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# engines: kvm
#
# Functions by HTTP.

server=
FN=$top/$B/functions/raw # tests/functions/raw.c
# serve [OPTIONS]: a server of the test's functions at $T/s, two calls at a time.
serve() {
    need curl
    [ -x "$top/$B/vmm-serve" ] || skip "vmm-serve is not built: libmicrohttpd-dev is missing"
    "$VMM" serve --socket "$T/s" --concurrency 2 "$@" "$FN" 2>"$T/server.err" &
    server=$!
    wait_for 30 grep -q "serving at unix:$T/s" "$T/server.err" || fail "it does not serve: $(cat "$T/server.err")"
}
# post NAME [CURL OPTIONS]: the answer in $out, the HTTP status in $code.
post() {
    local name=$1
    shift
    code=$(curl -s -m 60 -o "$out" -w '%{http_code}' --unix-socket "$T/s" "$@" "http://vmm/$name")
}
expect_code() { [ "$code" = "$1" ] || fail "the HTTP status is $code, not $1"; }
metric() { curl -s -m 60 --unix-socket "$T/s" http://vmm/metrics | sed -n "s/^$1 //p"; }
expect_metric() { [ "$(metric "$1")" = "$2" ] || fail "$1 is $(metric "$1"), not $2"; }
# stop_server STATUS
stop_server() {
    kill -TERM "$server"
    pid=$server
    finish
    expect_status "$1"
    wait_for 10 test ! -e "$T/s" || fail "the socket is left"
}

test_answers() {
    serve --input-max 100000 --output-max 100000 --http 0
    post echo -d hello
    expect_code 200
    expect_stdout hello
    post count -d x
    expect_stdout 1
    post count -d x
    expect_stdout 1
    post fail -d x -D "$T/headers"
    expect_code 500
    grep -qi '^vmm-status: 7' "$T/headers" || fail "no status in the headers"
    post crash -d x
    expect_code 502
    post exit -d x
    expect_code 502
    post nope -d x
    expect_code 404
    post echo -X PUT -d x
    expect_code 405
    post echo
    expect_code 405
    post healthz
    expect_code 200
    head -c 100001 /dev/zero >"$T/large"
    post echo --data-binary "@$T/large"
    expect_code 413
    post echo -H 'Transfer-Encoding: chunked' --data-binary "@$T/large"
    expect_code 413
    post grow -d 100001
    expect_code 502
    post grow -d 100000
    expect_code 200
    [ "$(wc -c <"$out")" = 100000 ] || fail "the output is short"
    post "$(printf 'n%.0s' {1..300})" -d x
    expect_code 404
    local port
    port=$(sed -n 's,.*http://127.0.0.1:,,p' "$T/server.err")
    [ "$(curl -s -m 60 -d tcp "http://127.0.0.1:$port/echo")" = tcp ] || fail "no answer over TCP"
    expect_metric 'vmm_calls_total{outcome="done"}' 5
    expect_metric 'vmm_calls_total{outcome="crashed"}' 1
    expect_metric 'vmm_requests_refused_total{reason="too_large"}' 2
    [ "$(stat -c %a "$T/s")" = 600 ] || fail "others may connect"
    grep -q '^Seccomp:.*2' "/proc/$(pgrep -s 0 -o vmm-serve)/status" || fail "no seccomp"
    stop_server 0
}
# More than it can do, and no time.
test_limits() {
    serve --queue 1 --deadline 3s --fresh
    local i codes
    for i in 1 2 3 4 5 6; do
        curl -s -m 60 -o /dev/null -w '%{http_code}\n' --unix-socket "$T/s" -d x http://vmm/spin >"$T/code.$i" &
    done
    # shellcheck disable=SC2046 # several numbers
    wait $(jobs -p | grep -vx "$server")
    codes=$(sort "$T"/code.* | uniq -c | tr -s ' \n' ' ')
    [ "$codes" = ' 3 503 3 504 ' ] || fail "six at a time gave:$codes"
    expect_metric 'vmm_requests_refused_total{reason="queue_full"}' 3
    post echo -d 'still there'
    expect_stdout 'still there'
    stop_server 0
}
# The end lets calls finish, and takes no new ones; a second one does not wait.
test_drain() {
    serve
    curl -s -m 60 -o "$T/slept" --unix-socket "$T/s" -d 4000 http://vmm/nap &
    local client=$!
    wait_for 20 busy || fail "no call runs"
    stop_server 0
    wait $client
    [ "$(cat "$T/slept")" = slept ] || fail "the call was not finished"
    serve --deadline 0
    curl -s -m 60 --unix-socket "$T/s" -d x http://vmm/spin &
    wait_for 20 busy || fail "no call runs"
    kill -TERM "$server"
    wait_for 20 refuses || fail "it does not begin to end"
    stop_server 143
}
busy() { [ "$(metric vmm_pool_busy)" = 1 ]; }
refuses() { ! curl -s -m 5 -o /dev/null --unix-socket "$T/s" http://vmm/healthz; }

test_bad_options() {
    local words
    for words in "" "/bin/true" "--http x /bin/true" "--http 127.0.0.1:99999 /bin/true" "--http localhost:80 /bin/true" \
        "--socket /nowhere/s /bin/true" "--http 0 --queue 0 /bin/true" "--http 0 --from nowhere" "--http 0 --nonsense" "--http 0 --deadline x /bin/true"; do
        # shellcheck disable=SC2086
        run "$VMM" serve $words
        expect_status 125
        tail -n 1 "$err" | grep -q '^vmm: ' || fail "no message: $words"
    done
    # What is no socket is not replaced, and neither is one that is served.
    echo precious >"$T/file"
    run "$VMM" serve --socket "$T/file" /bin/true
    expect_status 125
    [ "$(cat "$T/file")" = precious ] || fail "a file was replaced"
}
