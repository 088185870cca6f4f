# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # the frame is lib.sh
#
# UEFI: disk images and .efi files under QEMU's q35 with OVMF, and "vmm image" itself.
# A boot takes OVMF three seconds of a whole CPU, so there are few; more in uefi_large.sh.
# engines: qemu
# timeout: 100

. "$top/tests/e2e/uefi_lib.sh"

# Programs as static as can be: OVMF reads every byte.
program() {
    cat >"$T/$1.c"
    need musl-gcc
    musl-gcc -static -O1 -o "$T/$1" "$T/$1.c" || fail "$1 does not compile"
}

test_machine_efi() {
    need_uefi
    program words <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char line[100] = "", cwd[100];
    fgets(line, sizeof(line), stdin);
    line[strcspn(line, "\n")] = 0;
    printf("%d %s|%s|%s|%s\n", argc, argv[1], getenv("WORD"), getcwd(cwd, 100), line);
    fprintf(stderr, "to stderr\n");
    return 42;
}
END
    in=$T/input
    say "what is typed" >"$in"
    run_vmm --machine efi -c 4 -m 64M -e WORD=one -w /tmp "$T/words" "two  words"
    expect_status 42
    expect_stdout "2 two  words|one|/tmp|what is typed
"
    expect_stderr_has "to stderr"
}

# A machine of its own: serial port, screen, status at the end, power off; memory above 4 GiB.
test_disk_image() {
    need_uefi
    program lines <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    for (int i = 1; i <= 100; i++)
        printf("line %d\n", i);
    fflush(stdout);
    sleep(2);
    return 9;
}
END
    run "$VMM" image disk --append "loglevel=6" -o "$T/disk.img" "$T/lines"
    expect_status 0
    expect_no_stderr
    [ "$(du -k "$T/disk.img" | cut -f1)" -lt 8192 ] || fail "the image is not sparse"
    local qmp=$T/qmp
    : >"$T/serial"
    boot_uefi "$T/disk.img" -m 8G -smp 4 -device VGA -qmp "unix:$qmp,server,nowait" &
    pid=$!
    wait_for 90 grep -q "line 100" "$T/serial" || fail "no output: $(tail -n 3 "$T/serial")"
    python3 "$top/tests/e2e/screendump.py" "$qmp" "$T/screen.ppm" || fail "no screenshot"
    finish
    expect_status 0 # powered off
    serial_has "line 1"
    serial_has "the program has ended with status 9"
}

test_efi_file() {
    need_uefi
    run "$VMM" image efi -o "$T/app.efi" --append "exit=reboot" "$(type -P busybox)" echo from one file
    expect_status 0
    esp "$T/disk.img" "$T/app.efi"
    boot_uefi "$T/disk.img" -m 64M || fail "QEMU's status is $?"
    serial_has "from one file"
    serial_has "the program has ended with status 0"
}

test_damaged_payload() {
    need_uefi
    run "$VMM" image disk -o "$T/disk.img" "$(type -P busybox)" true
    expect_status 0
    mcopy -i "$T/disk.img@@1M" ::/vmm/archive.cpio "$T/archive"
    printf 'x' | dd of="$T/archive" bs=1 seek=5000 conv=notrunc status=none
    mcopy -o -i "$T/disk.img@@1M" "$T/archive" ::/vmm/archive.cpio
    boot_until "$T/disk.img" "Press a key"
    serial_has "vmm: vmm/archive.cpio is damaged (checksum error)"
}

# ---- without a machine ---------------------------------------------------------

test_errors() {
    local image=$T/x.img busybox
    busybox=$(type -P busybox)
    say old >"$image"
    run "$VMM" image
    expect_status 125
    expect_one_line_error
    run "$VMM" image tape -o "$image" "$busybox"
    expect_status 125
    expect_stderr_has "image tape: unknown"
    run "$VMM" image disk "$busybox"
    expect_status 125
    expect_stderr_has "-o FILE"
    run "$VMM" image disk --engine qemu -o "$image" "$busybox"
    expect_status 125
    expect_stderr_has "unknown option --engine"
    run "$VMM" image disk -m 1G -o "$image" "$busybox"
    expect_status 125
    expect_stderr_has "unknown option -m"
    run "$VMM" run -o "$image" "$busybox"
    expect_status 125
    expect_stderr_has "unknown option -o"
    run "$VMM" image efi -o "$image" no-such-program
    expect_status 127
    run "$VMM" image efi -o "$T/no/dir/x" "$busybox"
    expect_status 125
    expect_one_line_error
    run "$VMM" image efi -o "$T" "$busybox"
    expect_status 125
    expect_stderr_has "not a regular file"
    if run "$VMM" image efi -o "$T/y.efi" "$busybox" && grep -q "without its UEFI loader" "$err"; then
        skip "no gnu-efi (make deps)"
    fi
    PATH=/nowhere run "$VMM" image disk -o "$image" "$busybox"
    expect_status 125
    expect_stderr_has "apt install mtools"
    [ "$(cat "$image")" = old ] || fail "a failure has changed the image"
    [ "$(ls "$T")" = "$(printf '%s\n' err out tmp x.img y.efi)" ] || fail "left: $(ls "$T")"
}

# The output's name may stand at the end; the image takes the place of what was there.
test_output_at_the_end() {
    need_uefi
    local busybox
    busybox=$(type -P busybox)
    say old >"$T/disk.img"
    chmod 600 "$T/disk.img"
    run "$VMM" image disk "$busybox" echo a -o "$T/disk.img"
    expect_status 0
    mcopy -i "$T/disk.img@@1M" ::/vmm/archive.cpio - | grep -qa "arg=a" || fail "no argument"
    mcopy -i "$T/disk.img@@1M" ::/vmm/archive.cpio - | grep -qa "arg=-o" && fail "-o is an argument"
    run "$VMM" image efi -o "$T/app.efi" -e A=B --hostname here "$busybox" echo -o "$T/disk.img"
    expect_status 0
    grep -qa "arg=-o" "$T/app.efi" || fail "-o is no argument"
    grep -qa "env=A=B" "$T/app.efi" || fail "no variable"
    grep -qa "hostname=here" "$T/app.efi" || fail "no host name"
}
