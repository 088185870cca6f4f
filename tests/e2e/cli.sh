# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The command line: help, environment, directories, limits, statistics.

busybox=/bin/busybox

# only qemu: nothing is run
test_version_help() {
    run "$VMM" --version
    expect_status 0
    grep -q '[0-9]\.[0-9]' "$out" || fail "no version"
    local topic
    for topic in "--help" "help" "help run" "help call" "help serve" "help snapshot" "help doctor"; do
        # shellcheck disable=SC2086
        run "$VMM" $topic
        expect_status 0
        [ -s "$out" ] || fail "no help for $topic"
        expect_no_stderr
    done
    run "$VMM"
    expect_status 125
}
# only qemu: nothing is run
test_doctor() {
    run "$VMM" doctor
    expect_status 0
    grep -qi kvm "$out" || fail "doctor says nothing of KVM"
    grep -qi qemu "$out" || fail "doctor says nothing of QEMU"
}
test_environment() {
    HOSTS_OWN=secret run_vmm -e A=1 -e 'B=two words' -e EMPTY= $busybox env
    expect_status 0
    grep -qx 'A=1' "$out" && grep -qx 'B=two words' "$out" && grep -qx 'EMPTY=' "$out" || fail "variables are missing"
    ! grep -q secret "$out" || fail "the host's environment leaks"
    HOSTS_OWN=passed run_vmm -e HOSTS_OWN $busybox env
    grep -qx 'HOSTS_OWN=passed' "$out" || fail "-e NAME does not take the host's value"
}
test_workdir() {
    mkdir "$T/dir"
    echo inside >"$T/dir/file"
    run_vmm --add "$T/dir:/data" -w /data $busybox cat file
    expect_stdout "inside
"
    run_vmm --add "$T/dir:/data" -w /data $busybox pwd
    expect_stdout "/data
"
    run_vmm $busybox pwd
    expect_stdout "/
"
}
test_add() {
    mkdir -p "$T/tree/x/y"
    echo deep >"$T/tree/x/y/file"
    ln -s y/file "$T/tree/x/link"
    echo one >"$T/one"
    run_vmm --add "$T/tree:/t" --add "$T/one:/etc/deep/two" $busybox cat /t/x/y/file /t/x/link /etc/deep/two
    expect_status 0
    expect_stdout "deep
deep
one
"
    run_vmm --add "$T/one:/one" $busybox sh -c 'echo changed >/one; read -r x </one; echo $x'
    expect_stdout "changed
"
    [ "$(cat "$T/one")" = one ] || fail "the guest changed a host file"
    run_vmm $busybox cat /etc/shadow
    [ "$status" != 0 ] || fail "the guest sees the host's files"
}
test_add_through_links() {
    # On Debian /bin is a link: what was added beneath it before the link was known is there all the same.
    echo file >"$T/file"
    run_vmm --add "$T/file:/bin/file" /bin/busybox cat /bin/file /usr/bin/file
    expect_stdout "file
file
"
    mkdir -p "$T/dir" "$T/tree/usr/deep"
    echo one >"$T/dir/one"
    ln -s usr/deep "$T/tree/here"
    run_vmm --add "$T/dir:/bin" /bin/busybox cat /bin/one
    expect_stdout "one
"
    run_vmm --add "$T/file:/here/file" --add "$T/dir:/here" --add "$T/tree:/" --add "$T/dir:/here/more" \
        $busybox cat /usr/deep/file /usr/deep/one /here/one /usr/deep/more/one
    expect_stdout "file
one
one
one
"
    run_vmm --add "$T/file:/a/b" --add "$T/file:/a" $busybox true
    expect_status 125
    expect_one_line_error
    expect_stderr_has "/a/b"
}
test_small_files_of_etc() {
    # Made up by the guest, as nothing of the host's /etc is there.
    run_vmm $busybox grep -c . /etc/passwd /etc/group /etc/hosts
    expect_status 0
    run_vmm $busybox grep -q localhost /etc/hosts
    expect_status 0
    run_vmm $busybox grep -q ' / ' /proc/mounts
    expect_status 0
}
test_many_files() {
    mkdir "$T/many"
    (cd "$T/many" && seq 3000 | xargs touch)
    run_vmm --add "$T/many:/many" $busybox ls /many
    expect_status 0
    [ "$(sort -n "$out" | md5sum)" = "$(seq 3000 | md5sum)" ] || fail "files are missing"
}
test_hostname() {
    run_vmm --hostname box $busybox uname -n
    expect_stdout "box
"
}
test_memory() {
    run_vmm -m 64M "$APPS/mm_malloc"
    expect_status 0
    run_vmm -m 1G $busybox awk '/MemTotal/ { print ($2 > 900000 && $2 < 1048577) }' /proc/meminfo
    expect_stdout "1
"
    run_vmm -m 32M $busybox echo small
    expect_stdout "small
"
    # More than the VM has: the program fails, the VM does not.
    run_vmm -m 64M $busybox awk 'BEGIN { s = "x"; while (1) s = s s }'
    [ "$status" != 0 ] && [ "$status" != 124 ] || fail "no end of memory"
}
test_timeout() {
    local begin=$SECONDS
    run_vmm --timeout 1 $busybox sleep 60
    expect_status 124
    [ $((SECONDS - begin)) -lt 20 ] || fail "the time limit came late"
    run_vmm --timeout 500ms $busybox sh -c 'while :; do :; done'
    expect_status 124
}
test_stats() {
    run_vmm --stats "json:$T/stats" $busybox echo hello
    expect_status 0
    expect_stdout "hello
"
    /usr/bin/python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); assert isinstance(s, dict) and len(s) > 5, s' \
        "$T/stats" || fail "the statistics are not JSON"
}
test_verbose() {
    run_vmm -v $busybox echo hello
    expect_stdout "hello
"
    grep -qi "$ENGINE" "$err" || fail "-v does not name the engine"
    [ "$(grep -c 'engine:' "$err")" = 1 ] || fail "-v does not name the engine once"
    run "$VMM" run -v $busybox true
    [ "$(grep -c 'engine:' "$err")" = 1 ] || fail "-v does not name the engine that was chosen once"
    if [ "$ENGINE" = qemu ]; then grep -qi 'isolat' "$err" || fail "-v does not say that TCG does not isolate"; fi
}
test_auto() {
    run "$VMM" run $busybox echo auto
    expect_status 0
    expect_stdout "auto
"
}
test_aslr() {
    # A dynamic program's maps differ from run to run.
    run_vmm $busybox head -n 1 /proc/self/maps
    run_vmm /usr/bin/gawk '/libc.so.6/ { print $1; exit }' /proc/self/maps
    expect_status 0
    [ -s "$out" ] || fail "no libc in /proc/self/maps"
    cp "$out" "$T/first"
    run_vmm /usr/bin/gawk '/libc.so.6/ { print $1; exit }' /proc/self/maps
    ! cmp -s "$out" "$T/first" || fail "libc is at the same address twice"
}
test_cpus() {
    run_vmm -c 2 $busybox echo two
    expect_status 0
}
# only kvm: where KVM works, the QEMU engine uses it too
test_qemu_on_kvm() {
    run "$VMM" run -v --engine qemu $busybox echo both
    expect_status 0
    expect_stdout "both
"
    expect_stderr_has "QEMU with KVM"
    # A PC's devices interrupt by messages to KVM's local APICs, and its clock is KVM's.
    run "$VMM" run --engine qemu --machine q35 -c 2 $busybox sh -c 'sleep 0.1; nproc; exit 7'
    expect_status 7
    expect_stdout $'2\n'
}
