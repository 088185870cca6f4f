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
    for seed in 1 2; do
        # It may end as it wants, reach its end, be stopped by time, or be ended for what it did; no more.
        run timeout 100 /usr/bin/python3 -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("status", done.returncode, "peak", peak, "KiB, output", len(done.stdout), done.stderr[:200])
sys.exit(done.returncode not in (55, 124, 125, 0) or peak > 160 * 1024 or len(done.stdout) > 100000000)' \
            "$VMM" run --engine "$ENGINE" -m 64M --timeout 4 --disk "$T/disk" --kernel "$T/hostile.elf" --append "seed=$seed"
        expect_status 0
    done
}
