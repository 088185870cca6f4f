# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# engines: kvm
#
# Functions by HTTP.

server=
FN=$top/$B/functions/raw HTTP=$top/$B/functions/http
# serve [OPTIONS]: a server of the test's functions at $T/s, two calls at a time.
serve() {
    [ -x "$top/$B/vmm-serve" ] || skip "vmm-serve is not built: libmicrohttpd-dev is missing"
    "$VMM" serve --socket "$T/s" --concurrency 2 "$@" "$FN" 2>"$T/server.err" &
    server=$!
    wait_for 30 grep -q "serving at unix:$T/s" "$T/server.err" || fail "it does not serve: $(cat "$T/server.err")"
}
# post NAME BODY, send METHOD PATH BODY-FILE [HEADER...]: the answer in $out, its status in $code.
send() { code=$("$HTTP" "$T/s" "$1" "$2" "$3" "$out" "${@:4}"); }
post() {
    printf '%s' "$2" >"$T/body"
    send POST "/$1" "$T/body"
}
expect_code() { [ "$code" = "$1" ] || fail "the HTTP status is $code, not $1"; }
metric() {
    "$HTTP" "$T/s" GET /metrics /dev/null "$T/metrics" >/dev/null
    sed -n "s/^$1 //p" "$T/metrics"
}
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
    local i
    post echo hello
    expect_code 200
    expect_stdout hello
    for i in 1 2; do
        post count x
        expect_stdout 1
    done
    post fail x
    expect_code 500
    grep -qi '^vmm-status: 7' "$out.headers" || fail "no status in the headers"
    post crash x
    expect_code 502
    post exit x
    expect_code 502
    post nope x
    expect_code 404
    post '' x
    expect_code 404
    post "$(printf 'n%.0s' {1..300})" x
    expect_code 404
    send PUT /echo /dev/null
    expect_code 405
    send GET /echo /dev/null
    expect_code 405
    send GET /healthz /dev/null
    expect_code 200
    head -c 100001 /dev/zero >"$T/large"
    send POST /echo "$T/large"
    expect_code 413
    { printf '186a1\r\n' && cat "$T/large" && printf '\r\n0\r\n\r\n'; } >"$T/chunked"
    send POST /echo "$T/chunked" 'Transfer-Encoding: chunked'
    expect_code 413
    post grow 100001
    expect_code 502
    post grow 100000
    expect_code 200
    [ "$(wc -c <"$out")" = 100000 ] || fail "the output is short"
    local port
    port=$(sed -n 's,.*http://127.0.0.1:,,p' "$T/server.err")
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    printf 'POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\ntcp' >&7
    [ "$(tail -n 1 <&7)" = tcp ] || fail "no answer over TCP"
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
        "$HTTP" "$T/s" POST /spin /dev/null "$T/out.$i" >"$T/code.$i" &
    done
    # shellcheck disable=SC2046 # several numbers
    wait $(jobs -p | grep -vx "$server")
    codes=$(sort "$T"/code.* | uniq -c | tr -s ' \n' ' ')
    [ "$codes" = ' 3 503 3 504 ' ] || fail "six at a time gave:$codes"
    expect_metric 'vmm_requests_refused_total{reason="queue_full"}' 3
    post echo 'still there'
    expect_stdout 'still there'
    stop_server 0
}
# The end lets calls finish, and takes no new ones; a second one does not wait.
test_drain() {
    serve --deadline 0
    echo 3000 >"$T/time"
    "$HTTP" "$T/s" POST /nap "$T/time" "$T/slept" >"$T/code" &
    local client=$!
    wait_for 20 busy || fail "no call runs"
    stop_server 0
    wait $client
    [ "$(cat "$T/code" "$T/slept")" = "200
slept" ] || fail "the call was not finished"
    serve --deadline 0
    "$HTTP" "$T/s" POST /spin /dev/null "$T/never" >/dev/null 2>&1 &
    wait_for 20 busy || fail "no call runs"
    kill -TERM "$server"
    wait_for 20 refuses || fail "it does not begin to end"
    stop_server 143
}
busy() { [ "$(metric vmm_pool_busy)" = 1 ]; }
refuses() { ! "$HTTP" "$T/s" GET /healthz /dev/null "$T/health" 2>/dev/null; }

test_bad_options() {
    local words
    for words in "" "/bin/true" "--http x /bin/true" "--http 127.0.0.1:99999 /bin/true" "--http localhost:80 /bin/true" \
        "--socket /nowhere/s /bin/true" "--http 0 --queue 0 /bin/true" "--http 0 --from nowhere" "--http 0 --nonsense" "--http 0 --stats json /bin/true" "--http 0 --deadline x /bin/true"; do
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
