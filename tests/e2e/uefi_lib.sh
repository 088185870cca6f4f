# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # the frame is lib.sh
#
# What the UEFI tests share: OVMF on a q35, its serial port in $T/serial.

need_uefi() {
    need mformat mcopy qemu-system-x86_64
    [ -r /usr/share/OVMF/OVMF_CODE_4M.fd ] || skip "OVMF is not installed (make deps)"
    "$VMM" image efi -o "$T/probe.efi" "$(type -P busybox)" 2>"$T/probe" ||
        skip "$(cat "$T/probe")"
}

# boot_uefi IMAGE [QEMU OPTIONS]: until the machine ends.
boot_uefi() {
    local image=$1
    shift
    exec_in_place timeout -k 5 90 qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256M -nodefaults -no-user-config \
        -no-reboot -display none -serial "file:$T/serial" \
        -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
        -drive "if=none,id=boot,format=raw,readonly=on,file=$image" -device nvme,serial=boot,drive=boot,bootindex=0 \
        "$@"
}
exec_in_place() { "$@" </dev/null >"$out" 2>"$err"; }

# boot_until IMAGE TEXT [QEMU OPTIONS]: until the text appears; the machine is ended then.
boot_until() {
    local image=$1 text=$2
    shift 2
    rm -f "$T/qemu.pid"
    : >"$T/serial" # what the boot before has said does not count
    boot_uefi "$image" -pidfile "$T/qemu.pid" "$@" &
    pid=$!
    wait_for 90 grep -qaF -- "$text" "$T/serial"
    [ -s "$T/qemu.pid" ] || fail "QEMU has not begun: $(tail -n 3 "$err")"
    kill "$(cat "$T/qemu.pid")" 2>/dev/null
    finish
    serial_has "$text"
}

serial_has() { grep -qaF -- "$1" "$T/serial" || fail "the serial port does not say: $1; but: $(tail -n 5 "$T/serial")"; }

# esp IMAGE FILE: a volume, without partitions, that boots the .efi file.
esp() {
    rm -f "$1"
    truncate -s 72M "$1"
    mformat -i "$1" -F -v TEST :: && mmd -i "$1" ::/EFI ::/EFI/BOOT &&
        mcopy -i "$1" "$2" ::/EFI/BOOT/BOOTX64.EFI || fail "no volume"
}
