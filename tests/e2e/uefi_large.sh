# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # the frame is lib.sh
#
# More of UEFI, a boot of OVMF or several each: volumes that are broken in every way, a
# firmware that keeps the kernel's place, little memory, larger programs.
# engines: qemu
# timeout: 300

. "$top/tests/e2e/uefi_lib.sh"

# A disk of "vmm image", to be broken; its partition begins at 1 MiB.
disk() {
    run "$VMM" image disk -o "$T/disk.img" "$@" "$(type -P busybox)" echo all well
    expect_status 0
    volume=$T/disk.img@@1M
}
# says TEXT: booting the disk ends in this message on the firmware's console.
says() {
    boot_until "$T/disk.img" "Press a key"
    serial_has "vmm: $1"
}

test_missing_files() {
    need_uefi
    disk
    mdel -i "$volume" ::/vmm/archive.cpio
    says "vmm/archive.cpio is missing (not found)"
    mdel -i "$volume" ::/vmm/guest.elf ::/vmm/sums
    says "vmm/guest.elf is missing (not found)"
}

test_truncated_files() {
    need_uefi
    disk --append loglevel=4
    mcopy -i "$volume" ::/vmm/guest.elf "$T/kernel"
    truncate -s 300K "$T/kernel"
    mcopy -o -i "$volume" "$T/kernel" ::/vmm/guest.elf
    says "vmm/guest.elf has 307200 bytes, not "
    # A volume made by hand has no sums: the kernel's headers are all there is.
    mdel -i "$volume" ::/vmm/sums
    says "vmm/guest.elf is no kernel: a segment is cut off (load error)"
    disk
    printf 'vmms' >"$T/sums"
    mcopy -o -i "$volume" "$T/sums" ::/vmm/sums
    says "vmm/sums is cut off"
}

test_corrupted_files() {
    need_uefi
    disk
    mcopy -i "$volume" ::/vmm/sums "$T/sums"
    printf '\377' | dd of="$T/sums" bs=1 seek=12 conv=notrunc status=none
    mcopy -o -i "$volume" "$T/sums" ::/vmm/sums
    says "vmm/sums is damaged (checksum error)"
    disk # whose command line may be edited
    yes word | head -c 3000 >"$T/words"
    mcopy -i "$volume" "$T/words" ::/vmm/cmdline.txt
    says "vmm/cmdline.txt has 2999 characters, at most 2047 are taken"
    # The file allocation table, behind the loader's own part of it: chains lead nowhere.
    disk
    yes xyz | dd of="$T/disk.img" bs=512 seek=$((2048 + 40)) count=20 conv=notrunc iflag=fullblock status=none
    says "cannot read vmm/"
    serial_has "(the volume is corrupted)"
}

# A volume by hand: README's way, and words on several lines.
test_by_hand() {
    need_uefi
    disk
    mcopy -i "$volume" ::/vmm/archive.cpio "$T/archive" && mcopy -i "$volume" ::/vmm/guest.elf "$T/kernel" &&
        mcopy -i "$volume" ::/EFI/BOOT/BOOTX64.EFI "$T/loader"
    esp "$T/disk.img" "$T/loader"
    printf 'loglevel=5\r\n\texit=reboot\n\n' >"$T/words"
    mmd -i "$T/disk.img" ::/vmm && mcopy -i "$T/disk.img" "$T/archive" ::/vmm/archive.cpio &&
        mcopy -i "$T/disk.img" "$T/kernel" ::/vmm/guest.elf && mcopy -i "$T/disk.img" "$T/words" ::/vmm/cmdline.txt
    boot_uefi "$T/disk.img" || fail "QEMU's status is $?"
    serial_has "all well"
}

test_corrupted_efi_file() {
    need_uefi
    run "$VMM" image efi -o "$T/app.efi" "$(type -P busybox)" true
    local size
    size=$(stat -c %s "$T/app.efi")
    printf 'xyz' | dd of="$T/app.efi" bs=1 seek=$((size / 2)) conv=notrunc status=none
    esp "$T/disk.img" "$T/app.efi"
    says ".archive is damaged (checksum error)"
}

# hog TYPE: the .efi file $T/hog.efi, which keeps the kernel's place as memory of this type.
hog() {
    [ -r /usr/lib/crt0-efi-x86_64.o ] || skip "gnu-efi is not installed (make deps)"
    gcc -std=c17 -Os -ffreestanding -I/usr/include/efi -I/usr/include/efi/x86_64 -DGNU_EFI_USE_MS_ABI -fpic \
        -fshort-wchar -mno-red-zone -fno-stack-protector -maccumulate-outgoing-args "-DHOG_TYPE=$1" \
        -c "$top/tests/e2e/uefi_hog.c" -o "$T/hog.o" &&
        ld -nostdlib -shared -Bsymbolic -znocombreloc -znoexecstack --no-warn-rwx-segments \
            -T /usr/lib/elf_x86_64_efi.lds /usr/lib/crt0-efi-x86_64.o "$T/hog.o" -L/usr/lib -lgnuefi -o "$T/hog.so" &&
        objcopy -j .text -j .data -j .dynamic -j .dynsym -j '.rela*' -j .reloc --target efi-app-x86_64 \
            --subsystem=10 "$T/hog.so" "$T/hog.efi" || fail "the hog does not build"
}

# What the boot services keep where the kernel goes is over when it goes there; what outlives them is told.
test_occupied_place() {
    need_uefi
    run "$VMM" image efi -o "$T/app.efi" --append exit=reboot "$(type -P busybox)" echo moved in
    local type
    for type in EfiBootServicesData EfiRuntimeServicesData; do
        hog $type
        esp "$T/disk.img" "$T/hog.efi"
        mmd -i "$T/disk.img" ::/vmm && mcopy -i "$T/disk.img" "$T/app.efi" ::/vmm/loader.efi || fail "no volume"
        if [ $type = EfiBootServicesData ]; then
            boot_uefi "$T/disk.img" || fail "QEMU's status is $?"
            serial_has "moved in"
        else
            boot_until "$T/disk.img" "Press a key"
            serial_has "is not free: 0x200000 has type 2 and stays so"
        fi
        serial_has "hog: it is mine"
    done
}

# An archive that does not fit: said by the loader, not by a hang.
test_too_little_memory() {
    need_uefi
    head -c 60000000 /dev/urandom >"$T/file"
    disk --add "$T/file"
    boot_until "$T/disk.img" "Press a key" -m 80M
    serial_has "vmm: too little memory: vmm/archive.cpio takes 60 MiB (out of resources)"
    run_vmm --machine efi -m 124M --add "$T/file" "$(type -P busybox)" true
    expect_status 125
    expect_one_line_error
    expect_stderr_has "the UEFI loader: too little memory: vmm/archive.cpio takes 60 MiB"
}

# Real programs with libraries, from a disk and from one file.
test_programs() {
    need_uefi
    local version
    version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') || skip "no python3 (make deps)"
    same_as_native --machine efi -m 512M -c 2 --add "/usr/lib/python$version" -- \
        "$(readlink -f /usr/bin/python3)" -c 'import json, time; print(json.dumps({"a": [1, 2]}), time.time() > 1.7e9)'
    run "$VMM" image efi -o "$T/app.efi" --append exit=reboot \
        "$(type -P perl)" -e 'print join(",", map { $_ * $_ } 1 .. 9), "\n"; exit 3'
    expect_status 0
    esp "$T/disk.img" "$T/app.efi"
    boot_uefi "$T/disk.img" -smp 4 || fail "QEMU's status is $?"
    serial_has "1,4,9,16,25,36,49,64,81"
    serial_has "the program has ended with status 3"
}

# Firmware, loader and kernel on an old CPU, without the loader's CRC instruction, and on a large one.
test_cpu_models() {
    need_uefi
    local cpu
    for cpu in qemu64 EPYC; do
        run_vmm --machine "efi,cpu=$cpu" -c 2 "$(type -P busybox)" echo "on $cpu"
        expect_status 0
        expect_stdout "on $cpu
"
    done
}

test_exit_statuses() {
    need_uefi
    local how
    for how in 'kill -9 $$' 'exit 255'; do
        run_vmm --machine efi "$(type -P busybox)" sh -c "$how"
        case $how in exit*) expect_status 255 ;; *) expect_status 137 ;; esac
    done
    run_vmm --machine efi --timeout 8 "$(type -P busybox)" sleep 100
    expect_status 124
    run_vmm --machine efi -m 40M "$(type -P busybox)" true
    expect_status 125
    expect_one_line_error
    run_vmm --machine efi --kernel "$top/$B/guest.elf" "$(type -P busybox)" true
    expect_status 125
    expect_one_line_error
}
