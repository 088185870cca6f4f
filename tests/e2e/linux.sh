# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# An unmodified Linux kernel on our monitor: the independent check of devices and tables.
# engines: kvm
# timeout: 300

kernel() { find /boot -maxdepth 1 -name 'vmlinuz-*cloud*' | sort -V | tail -n 1; }
# initrd FILE SCRIPT: busybox and an init that runs SCRIPT and powers off.
initrd() {
    mkdir -p "$T/root/bin" "$T/root/proc" "$T/root/dev" "$T/root/sys"
    cp /bin/busybox "$T/root/bin/"
    printf '#!/bin/busybox sh\n%s\n/bin/busybox poweroff -f\n' "$2" >"$T/root/init"
    chmod +x "$T/root/init"
    (cd "$T/root" && find . | cpio -o -H newc --quiet) >"$1"
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
