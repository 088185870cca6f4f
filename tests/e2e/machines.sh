# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The same programs on different machines: with and without PCI, ACPI, and features of CPUs; and the
# kernel on a PC that has no monitor of ours.  MACHINES=all runs the product of everything, which
# "make stress" does; usually each pair of properties comes together at least once.
# engines: qemu
# timeout: 300

models=(qemu64 Nehalem Haswell EPYC max)
busybox=/bin/busybox
programs=(fpu_signal.static pipe_basic sig_basic tls mm_anonymous.static)

# The programs, their input and what Linux makes of it.
prepare() {
    local app
    [ ! -e "$T/want" ] || return 0
    head -c 300000 /dev/urandom >"$T/input"
    head -c 200704 /dev/urandom >"$T/disk"
    {
        echo 'busybox date +%s >&2; busybox md5sum; busybox md5sum </dev/vda; busybox nproc'
        for app in "${programs[@]}"; do
            echo "$APPS/$app"
            with+=(--add "$APPS/$app")
        done
        echo 'exit 42'
    } >"$T/script"
    md5sum <"$T/input" >"$T/want"
    md5sum <"$T/disk" >>"$T/want"
    echo CPUS >>"$T/want"
    for app in "${programs[@]}"; do
        (cd / && exec env -i PATH=/usr/bin:/bin "$APPS/$app") >>"$T/want" 2>/dev/null
    done
}

# runs_on MACHINE MODEL CPUS MEMORY
runs_on() {
    local now
    prepare
    now=$(date +%s)
    in=$T/input run_vmm --machine "$1,cpu=$2" -c "$3" -m "$4" --timeout 60s --disk "$T/disk,ro" "${with[@]}" \
        --add "$busybox" --add "$T/script" "$busybox" sh "$T/script"
    [ "$status" = 42 ] || fail "status $status on $*"
    sed "s/CPUS/$3/" "$T/want" | diff -a - "$out" >"$T/diff" || fail "other output on $*: $(head -n 5 "$T/diff")"
    now=$(($(head -n 1 "$err" | grep -xE '[0-9]+') - now))
    [ $now -ge -2 ] && [ $now -le 30 ] || fail "the time of day is wrong by $now s on $*"
    [ "$(wc -l <"$err")" = 1 ] || fail "there is something on stderr on $*"
}

# all_models MACHINE NUMBER: each model on this machine, with pairs of the other properties.
all_models() {
    local i cpus memory
    for i in "${!models[@]}"; do
        for cpus in 1 4; do
            for memory in 64M 8G; do
                if [ "${MACHINES:-}" = all ] || { [ $(((i + $2) % 2 * 3 + 1)) = $cpus ] &&
                    [ $(((i / 2 + $2) % 2)) = "$([ $memory = 8G ] && echo 1 || echo 0)" ]; }; then
                    runs_on "$1" "${models[i]}" $cpus $memory
                fi
            done
        done
    done
}

test_microvm() { all_models microvm 0; }
test_q35() { all_models q35 1; }
test_pc() { all_models pc 2; }

test_features_one_by_one() {
    local feature
    for feature in fsgsbase pcid pdpe1gb xsave avx x2apic tsc-deadline smep,-smap rdtscp sse4.2,-avx,-avx2,-fma; do
        run_vmm --machine "q35,cpu=max,-$feature" -c 2 -m 64M --add "$APPS/pipe_basic" --add "$APPS/fpu_signal.static" \
            "$busybox" sh -c "$APPS/pipe_basic && $APPS/fpu_signal.static >/dev/null && exit 7"
        [ "$status" = 7 ] || fail "status $status without $feature"
    done
}

test_signal_and_status() {
    local machine
    for machine in q35 pc; do
        # shellcheck disable=SC2016 # expands in the VM
        run_vmm --machine $machine $busybox sh -c 'kill -SEGV $$'
        expect_status 139
        run_vmm --machine $machine --timeout 1s $busybox sleep 60
        expect_status 124
    done
}

test_what_a_cpu_lacks_is_named() {
    local machine
    for machine in microvm q35; do
        run_vmm --machine "$machine,cpu=qemu64,-nx" $busybox true
        expect_status 125
        expect_one_line_error
        expect_stderr_has "no 64-bit mode with NX"
    done
    run_vmm --machine q35,cpu=no-such-model $busybox true
    expect_status 125
    expect_one_line_error
    run_vmm --machine vax $busybox true
    expect_status 125
    expect_stderr_has "give microvm, q35, pc"
    run "$VMM" run --engine kvm --machine q35 $busybox true
    expect_status 125
    expect_stderr_has "--engine qemu"
}

# ---- without our monitor ----

# plain MACHINE WORDS COMMAND [QEMU OPTIONS]: COMMAND of busybox's shell; the serial port is in $out.
plain() {
    local machine=$1 words=$2 command=$3
    shift 3
    if [ ! -e "$T/archive" ]; then
        mkdir -p "$T/tree/bin"
        cp "$busybox" "$T/tree/bin/"
        (cd "$T/tree" && find . | cpio -o -H newc --quiet) >"$T/archive"
    fi
    run timeout "${limit:-60}" qemu-system-x86_64 -M "$machine" -accel tcg -cpu max -m 128 -nodefaults -display none \
        -kernel "$top/$B/guest.elf" -initrd "$T/archive" -append "$words init=/bin/busybox -- sh -c \"$command\"" "$@"
    tr -d '\r' <"$out" >"$T/lines"
}

# Without -no-reboot a reset would begin it anew, and never end.
test_turns_off() {
    local machine
    for machine in q35 pc microvm,acpi=on; do
        plain $machine "" 'echo hello; exit 9' -serial stdio
        expect_status 0
        printf 'hello\nthe program has ended with status 9\n' | diff - "$T/lines" || fail "other words on $machine"
    done
}
# It begins again until the time is up.
test_reboots() {
    limit=4 plain q35 exit=reboot 'exit 3' -serial stdio
    expect_status 124
    [ "$(grep -cx 'the program has ended with status 3' "$T/lines")" -ge 2 ] || fail "it does not begin again"
}
# Halted, it stays until the time is up.
test_halts() {
    # shellcheck disable=SC2016 # expands in the VM
    limit=3 plain q35 exit=halt 'kill -KILL $$' -serial stdio
    expect_status 124
    printf 'the program was ended by signal 9\nhalted\n' | diff - "$T/lines" || fail "other words"
}
test_clocks() {
    local clock machine
    for clock in hpet:q35 acpi_pm:q35,hpet=off acpi_pm:pc,hpet=off pit:pc,hpet=off,acpi=off; do
        machine=${clock#*:}
        plain "$machine" loglevel=6 true -serial stdio -no-reboot
        expect_status 0
        grep -q "^clock: TSC at .* kHz, by ${clock%%:*}\$" "$T/lines" || fail "$machine: no ${clock%%:*}"
    done
}

# Input comes late, so that an interrupt has to tell of it: by a message or by a pin.
test_interrupts() {
    local machine options
    mkfifo "$T/late"
    for machine in q35 pc; do
        options=''
        [ $machine = q35 ] || options=,vectors=0
        (printf 'one\n' && sleep 1 && printf 'two\n' && sleep 1) >"$T/late" &
        # shellcheck disable=SC2016 # expands in the VM
        in=$T/late plain $machine "" 'read a; read b; echo got $a $b' -serial "file:$T/serial" \
            -device "virtio-serial-pci,max_ports=4$options" -chardev stdio,id=c,signal=off \
            -device virtserialport,chardev=c,name=vmm.stdio,nr=1
        wait
        expect_status 0
        grep -qx 'got one two' "$T/lines" || fail "$machine$options: $(cat "$T/lines" "$T/serial")"
    done
}

# qboot gives no addresses to what is on PCI.
test_without_firmware() {
    local bios=/usr/share/qemu/qboot.rom
    [ -e $bios ] || skip "$bios is not there"
    plain q35 "" 'echo hello' -bios $bios -serial "file:$T/serial" -device virtio-serial-pci -chardev stdio,id=c \
        -device virtserialport,chardev=c,name=vmm.stdio,nr=1
    expect_status 0
    grep -qx hello "$T/lines" || fail "no output"
}

# A disk that answers no more: it is said what the program waits for, and what is known of the disk goes on.
test_silent_disk() {
    head -c 1048576 /dev/zero >"$T/disk"
    limit=11 plain q35 "" 'head -c 600000 /dev/vda | wc -c' -serial stdio -device virtio-blk-pci,drive=d \
        -drive "if=none,id=d,format=raw,file=$T/disk,throttling.bps-total=10,throttling.bps-total-max=10"
    expect_status 124
    grep -qxE 'blk: waiting for vda, which has not answered for [5-9] s' "$T/lines" || fail "nothing is said"
}

# Configuration space in memory only, and devices behind bridges.
test_other_ways_to_devices() {
    local console=(-serial "file:$T/serial" -chardev "stdio,id=c" -device)
    plain q35 pci=memory 'echo hello' "${console[@]}" virtio-serial-pci \
        -device virtserialport,chardev=c,name=vmm.stdio,nr=1
    expect_status 0
    grep -qx hello "$T/lines" || fail "no output by configuration in memory: $(cat "$T/serial")"
    plain q35 "" 'echo hello' -device pcie-root-port,id=first,chassis=1 -device pcie-root-port,id=second,chassis=2 \
        -device x3130-upstream,bus=second,id=up -device xio3130-downstream,bus=up,id=down,chassis=3 \
        -device virtio-rng-pci,bus=first "${console[@]}" virtio-serial-pci,bus=down \
        -device virtserialport,chardev=c,name=vmm.stdio,nr=1
    expect_status 0
    grep -qx hello "$T/lines" || fail "no output from behind bridges: $(cat "$T/serial")"
}

# Instructions from the kernel's entry to the program: the same numbers each time, as QEMU counts them.
test_cost() {
    local machine options cost microvm=0 small=0
    mkdir -p "$T/bin"
    printf '#!/bin/sh\nexec %s "$@" -icount shift=0,sleep=off\n' "$(type -P qemu-system-x86_64)" >"$T/bin/qemu-system-x86_64"
    chmod +x "$T/bin/qemu-system-x86_64"
    for machine in microvm q35 pc; do
        for options in "-m 64M" "-m 8G" "-m 64M -c 4"; do
            # shellcheck disable=SC2086 # several words
            PATH=$T/bin:$PATH run_vmm --machine $machine $options --stats "json:$T/stats" "$busybox" true
            expect_status 0
            cost=$(sed -n 's/.*"guest_boot": {"tsc": \([0-9]*\),.*/\1/p' "$T/stats")
            [ -n "$cost" ] || fail "no statistics"
            say "$machine $options: $cost"
            [ "$microvm" != 0 ] || microvm=$cost
            [ "$options" != "-m 64M" ] || small=$cost
            [ "$cost" -le $((microvm * 3)) ] || fail "$machine costs more than three times a microvm"
            [ "$cost" -le $((small + small / 20)) ] || fail "the cost grows with $options"
        done
    done
}

# Another kernel has the same machines; and a CPU whose clock cannot be trusted is named.
test_linux_too() {
    local kernel
    kernel=$(find /boot -maxdepth 1 -name 'vmlinuz-*cloud*' | sort -V | tail -n 1)
    [ -n "$kernel" ] || skip "linux-image-cloud-amd64 is not installed"
    mkdir -p "$T/linux/bin" "$T/linux/proc"
    cp "$busybox" "$T/linux/bin/"
    printf '#!/bin/busybox sh\n%s\n' '/bin/busybox mount -t proc p /proc; /bin/busybox uname -s
/bin/busybox grep -c ^processor /proc/cpuinfo; /bin/busybox poweroff -f' >"$T/linux/init"
    chmod +x "$T/linux/init"
    (cd "$T/linux" && find . | cpio -o -H newc --quiet) >"$T/initrd"
    run_vmm --machine q35 -c 2 --timeout 60s --kernel "$kernel" --initrd "$T/initrd" --append "console=ttyS0 quiet"
    expect_status 0
    tr -d '\r' <"$out" | grep -A1 -x Linux | grep -qx 2 || fail "Linux does not see two processors"
}
test_unsteady_clock() {
    plain q35 "" 'echo hello' -serial stdio -cpu qemu64,-hypervisor
    expect_status 0
    grep -qx "clock: this CPU's TSC may change its rate: the time may be wrong" "$T/lines" || fail "not said"
    grep -qx hello "$T/lines" || fail "no program"
}
