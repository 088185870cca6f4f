# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A guest kernel that writes garbage everywhere cannot crash, hang or grow the monitor.
# engines: kvm
# timeout: 300

test_garbage() {
    gcc -m32 -std=gnu17 -O1 -I"$top" -ffreestanding -nostdlib -static -fno-pic -fno-pie -no-pie -fno-stack-protector -mno-sse \
        -fno-asynchronous-unwind-tables -Wall -Werror -Wl,-Ttext=0x200000,--section-start=.note.pvh=0x300000,--build-id=none,-e,start -Wl,--no-warn-rwx-segments \
        "$top/tests/e2e/hostile.c" -o "$T/hostile.elf" || fail "compiling the hostile kernel"
    head -c 1048576 /dev/zero >"$T/disk"
    local seed
    for seed in 1 2 3 4; do
        run timeout 60 "$VMM" run --engine "$ENGINE" -m 64M --timeout 15 --disk "$T/disk" --kernel "$T/hostile.elf" --append "seed=$seed"
        # It may end as it wants, reach its end, be stopped by time, or be ended for what it did.
        case $status in
            55 | 124 | 125 | 0) ;;
            *) fail "seed $seed: status $status" ;;
        esac
        [ "$(wc -c <"$out")" -lt 100000000 ] || fail "seed $seed: output without end"
        run timeout 60 /usr/bin/python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.exit(0 if peak < 160 * 1024 else print("peak", peak, "KiB") or 1)' \
            "$VMM" run --engine "$ENGINE" -m 64M --timeout 10 --disk "$T/disk" --kernel "$T/hostile.elf" --append "seed=x$seed"
        expect_status 0
    done
}
