# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# An unmodified Linux kernel on our monitor: the independent check of devices and tables.
# engines: kvm
# timeout: 300

kernel() { find /boot -maxdepth 1 -name 'vmlinuz-*cloud*' | sort -V | tail -n 1; }
# initrd FILE SCRIPT: busybox and an init that runs SCRIPT and powers off.
initrd() {
    mkdir -p "$T/tree/bin" "$T/tree/proc" "$T/tree/dev" "$T/tree/sys"
    cp /bin/busybox "$T/tree/bin/"
    printf '#!/bin/busybox sh\n%s\n/bin/busybox poweroff -f\n' "$2" >"$T/tree/init"
    chmod +x "$T/tree/init"
    (cd "$T/tree" && find . | cpio -o -H newc --quiet) >"$1"
}

test_cloud_kernel() {
    local kernel
    kernel=$(kernel)
    [ -n "$kernel" ] || skip "linux-image-cloud-amd64 is not installed"
    initrd "$T/initrd" 'b=/bin/busybox; $b mount -t proc p /proc; $b mount -t sysfs s /sys; $b echo init runs
$b uname -s; $b grep -c ^processor /proc/cpuinfo; $b ls /sys/bus/virtio/devices; $b cat /proc/interrupts'
    run timeout 200 "$VMM" run --engine "$ENGINE" -m 256M --kernel "$kernel" --initrd "$T/initrd" \
        --append "console=ttyS0 reboot=t panic=-1 quiet"
    grep -q '^init runs' "$out" || grep -q '^init runs' "$err" || fail "the init did not run"
    cat "$out" "$err" | tr -d '\r' | grep -qx Linux || fail "no uname"
}

# Our kernel is not the only one that these devices serve: each by the driver of another.
test_devices_and_power() {
    local kernel modules module
    kernel=$(kernel)
    [ -n "$kernel" ] || skip "linux-image-cloud-amd64 is not installed"
    modules=/lib/modules/${kernel#/boot/vmlinuz-}/kernel/drivers
    mkdir -p "$T/tree/lib"
    for module in virtio/virtio_ring virtio/virtio virtio/virtio_mmio block/virtio_blk char/virtio_console \
        char/hw_random/virtio-rng; do
        cp "$modules/$module.ko" "$T/tree/lib/" || skip "modules are not there as they are in Debian 12"
    done
    head -c 1000448 /dev/urandom >"$T/disk"
    head -c 65536 /dev/zero >"$T/empty"
    initrd "$T/initrd" 'b=/bin/busybox; $b mount -t proc p /proc; $b mount -t sysfs s /sys; $b mount -t devtmpfs d /dev
for m in virtio_ring virtio virtio_mmio virtio_blk virtio_console virtio-rng; do $b insmod /lib/$m.ko; done
$b echo processors $($b grep -c ^processor /proc/cpuinfo)
$b echo disk $($b md5sum </dev/vda)
$b echo random $($b dd if=/dev/hwrng bs=512 count=4 2>/dev/null | $b tr -d "\\000" | $b wc -c) $($b cat /sys/class/misc/hw_random/rng_current)
$b yes to the disk | $b dd of=/dev/vdb bs=4096 count=4 conv=fsync 2>/dev/null
$b dd if=/dev/zero of=/dev/vda bs=512 count=1 conv=fsync 2>/dev/null && $b echo wrote what is read-only
exec 3<>/dev/hvc0; $b echo ask; read -t 60 word <&3; $b echo input $word; $b echo by the console >&3'
    mkfifo "$T/input"
    (wait_for 240 grep -q '^ask' "$out" && echo hello && wait_for 10 grep -q '^by the' "$out") >"$T/input" &
    in=$T/input run timeout 250 "$VMM" run --engine "$ENGINE" -m 256M -c 4 --kernel "$kernel" --initrd "$T/initrd" \
        --disk "$T/disk,ro" --disk "$T/empty" --append "console=ttyS0 quiet"
    expect_status 0
    cat "$out" "$err" | tr -d '\r' >"$T/said"
    grep -qx 'processors 4' "$T/said" || fail "not 4 processors"
    grep -q "^disk $(md5sum <"$T/disk" | cut -d' ' -f1) " "$T/said" || fail "the disk reads as something else"
    grep -qE '^random (19|20)[0-9][0-9] virtio_rng' "$T/said" || fail "no randomness"
    grep -qx 'input hello' "$T/said" || fail "no input by the console"
    grep -qx 'by the console' "$T/said" || fail "no output by the console"
    ! grep -q 'wrote what is read-only' "$T/said" || fail "a read-only disk was written"
    yes to the disk | head -c 16384 | cmp -n 16384 - "$T/empty" || fail "the disk was not written"
}
