# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs that serve functions: libvmm_guest with each libc and without, other languages by
# the device files, functions of the embedder's, failures, crashes and what programs do wrong.

functions=$top/$B/functions
export ENGINE

client=$functions/client
# calls PROGRAM NAME[=INPUT]...: compared with what is on file descriptor 3.
calls() {
    run timeout 100 "$client" "$@"
    cat <&3 >"$T/expected"
    diff "$T/expected" "$out" >"$T/diff" || fail "$1: $(head -20 "$T/diff")"
    expect_status 0
}
# says NAME TEXT: the line of this call has the text in it.
says() { grep "^$1: " "$out" | grep -qF -- "$2" || fail "$1 does not say: $2"; }

test_c_libraries() {
    local program
    for program in c c.musl; do
        [ -x "$functions/$program" ] || continue
        calls "$functions/$program" init nothing echo=hello upper=hello reverse=abc "sum=1 2 -10" \
            echo=#70000 echo=#16777216 reverse=#1000000 big=300000 fork=5 sleep=20 leak=a leak=b alloc=30 init \
            3<<'END'
init: 0 1
nothing: 0 
echo: 0 hello
upper: 0 HELLO
reverse: 0 cba
sum: 0 -7
echo: 0 70000 bytes, as given
echo: 0 16777216 bytes, as given
reverse: 0 1000000 bytes
big: 0 300000 bytes
fork: 0 5
sleep: 0 
leak: 0 
leak: 0 a
alloc: 0 
init: 0 1
END
    done
}
test_without_libc() {
    calls "$functions/bare" count count copies echo=abc upper=abc host=#1000000 fail host=ab echo=#200000 3<<'END'
count: 0 0001
count: 0 0002
copies: 0 yes
echo: 0 abc
upper: 0 ABC
host: 0 2000000 bytes
fail: 7 as it was asked to
host: 0 abab
echo: 0 200000 bytes, as given
END
    run timeout 100 "$client" "$functions/bare" crash
    says crash "Segmentation fault at address 0x123, in vmm_function_crash"
}
test_go() {
    [ -x "$functions/go" ] || skip "go is not installed"
    calls "$functions/go" echo=hello nothing upper=hello "sum=1 2 -10" host=ab fail echo=#16777216 host=#100000 sum=x echo=again 3<<'END'
echo: 0 hello
nothing: 0 
upper: 0 HELLO
sum: 0 -7
host: 0 abab
fail: 7 as it was asked to
echo: 0 16777216 bytes, as given
host: 0 200000 bytes
sum: 1 strconv.Atoi: parsing "x": invalid syntax
echo: 0 again
END
}
test_python() {
    [ -x /usr/bin/python3.11 ] || skip "python3.11 is not installed"
    local serve=("$VMM" call --engine "$ENGINE" --add /usr/lib/python3.11 --add "$top/tests/functions/functions.py" /usr/bin/python3.11) script=(-- "$top/tests/functions/functions.py")
    printf 'hello' >"$T/in" && in=$T/in
    run "${serve[@]}" upper "${script[@]}"
    expect_status 0
    expect_stdout HELLO
    printf '{"b": [1, 2], "a": null}' >"$T/in"
    run "${serve[@]}" json "${script[@]}"
    expect_status 0
    expect_stdout '{"a": null, "b": [1, 2]}'
    run "${serve[@]}" fail "${script[@]}"
    expect_status 7
    expect_stderr_has "as it was asked to"
    printf 'nonsense' >"$T/in"
    run "${serve[@]}" json "${script[@]}"
    expect_status 1
    expect_stderr_has JSONDecodeError
}
test_several_cpus() {
    export CPUS=2
    calls "$functions/c" echo=hello fork=5 echo=#1000000 host=ab sleep=10 upper=x 3<<'END'
echo: 0 hello
fork: 0 5
echo: 0 1000000 bytes, as given
host: 0 abab
sleep: 0 
upper: 0 X
END
}
# Readers that wait in several ways, with one CPU and with two; one ends without a reply.
test_workers() {
    local cpus round echoes=()
    for ((round = 0; round < 30; round++)); do echoes+=("echo=$round" who "echo=#60000" nobody); done
    for cpus in 1 2; do
        export CPUS=$cpus
        run timeout 100 "$client" "$functions/workers" "${echoes[@]}" die echo=late
        expect_status 0
        for ((round = 0; round < 30; round++)); do
            grep -qx "echo: 0 $round" "$out" || fail "round $round on $cpus CPUs"
        done
        [ "$(grep -c '^echo: 0 60000 bytes, as given' "$out")" = 30 ] || fail "large ones on $cpus CPUs"
        [ "$(grep -cE '^who: 0 (read|poll|epoll)$' "$out")" = 30 ] || fail "who served, on $cpus CPUs"
        [ "$(grep -c '^nobody: -2 ' "$out")" = 30 ] || fail "names that nobody has, on $cpus CPUs"
        says die "ended without a reply"
        grep -qx "echo: 0 late" "$out" || fail "others do not go on serving"
    done
}
test_embedders_functions() {
    calls "$functions/c" host= host=ab host=#100000 host=#8388608 host=#8388609 host_named=twice host_named=nobody host_named= echo=x 3<<'END'
host: 0 
host: 0 abab
host: 0 200000 bytes
host: 0 16777216 bytes
host: 5 
host_named: 0 0 0
host_named: 0 -2 0
host_named: 0 -22 0
echo: 0 x
END
}
test_wrong_replies() {
    calls "$functions/c" fail nobody too_long bad_reply bad_end_of_reply answer_twice nothing echo=x 3<<END
fail: 7 as it was asked to
nobody: -2 nobody: $functions/c has no function of this name
too_long: 90 the output is too long
bad_reply: 14 the output is not in the program's memory
bad_end_of_reply: 14 
answer_twice: 0 first
nothing: 0 
echo: 0 x
END
}
# Each ends its VM, and the client hears how.
test_ends() {
    local name
    export DEADLINE_MS=500
    for name in crash abort exit=3 fork_and_exit spin spin_in_kernel wait fork_bomb hog; do
        run timeout 100 "$client" "$functions/c.static" echo=x $name echo=y
        expect_status 0
        says echo x
        case $name in
        crash) says crash "-14 crash crashed: Segmentation fault at address 0x0, in store+0x0 < vmm_function_crash" ;;
        abort) says abort "-14 abort crashed: Aborted" ;;
        exit=3) says exit "-10 exit: the program ended with status 3" ;;
        fork_and_exit) says fork_and_exit "-10 fork_and_exit: the program ended with status 4" ;;
        fork_bomb | hog) says $name "-1" ;; # out of time, or memory
        *) says $name "-110 $name: out of time" ;;
        esac
        grep -q "^echo: -108 " "$out" || fail "a call after $name"
    done
}
test_init_fails() {
    run "$VMM" call --engine "$ENGINE" -e FAIL_INIT=3 "$functions/c" nothing
    [ "$status" != 0 ] || fail "it started"
    expect_stderr_has "status 3"
    # Natively, and in a VM that nobody calls.
    run "$functions/c"
    expect_status 1
    expect_stderr_has "run it with"
    run_vmm "$functions/c"
    expect_status 1
    expect_stderr_has "run it with"
}
# Each goes on from the same snapshot.
# only kvm: no snapshots with QEMU
test_clones() {
    local i values=() now monotonic name
    run "$VMM" call "$functions/c" generation
    values+=("$(cat "$out")")
    grep -qE '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' "$out" || fail "no generation ID"
    grep -q '[1-9a-f]' "$out" || fail "the first generation ID is 0"
    run "$VMM" snapshot save -f "$T/snapshot" "$functions/c"
    expect_status 0
    for ((i = 0; i < 5; i++)); do
        for name in random generation; do
            run "$VMM" call --from "$T/snapshot" $name
            expect_status 0
            values+=("$(cat "$out")")
        done
    done
    [ "$(printf '%s\n' "${values[@]}" | sort -u | wc -l)" = 11 ] || fail "clones are alike: ${values[*]}"
    # The time of day is the host's; the other clock goes on where it was, and not backwards.
    run "$VMM" call --repeat 3 --from "$T/snapshot" time
    read -r now monotonic <<<"$(awk -v now="$(date +%s)" '{ print (now - $1 < 5 && $1 - now < 5), $2 }' "$out")"
    [ "$now" = 1 ] || fail "the time is $(cat "$out"), not $(date +%s)"
    awk -v m="$monotonic" 'BEGIN { exit !(m > 0) }' || fail "the monotonic clock is $monotonic"
    run "$VMM" call --hostname elsewhere --from "$T/snapshot" hostname
    expect_stdout elsewhere
}
