# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs made of many processes and threads, on four CPUs: shells, compilers, version control,
# parallel compressors, language runtimes.  Output and status as natively, byte for byte.
# timeout: 240

lib=/usr/lib/x86_64-linux-gnu

with=(-c 4)

text='seq 2000 | grep 7 | sed "s/7/<&>/" | sort -r | head -n 5
echo "a:b:c" | tr : "\n" | while read -r x; do printf "%s;" "$x"; done; echo
n=0; for i in 1 2 3 4 5 6; do (exit "$i") || n=$((n + $?)); done; echo "$n"
trap "echo exit trap" EXIT
trap "echo usr1" USR1
kill -USR1 $$
(sleep 0.05; kill -TERM $$) & trap "echo term; wait" TERM; wait
(trap "" PIPE; seq 100000 | head -n 1)
f=$(mktemp); seq 5 >"$f"; { read -r a; read -r b; } <"$f"; echo "$a $b"; rm "$f"
sh -c "kill -9 \$\$"; echo "status $?"
for i in 1 2 3 4; do sh -c "exit $i" & done; wait; echo all
'
# only qemu: the same kernel; the emulated lab is slow
test_dash() {
    tools seq grep sed sort head tr sleep mktemp rm sh
    compare_script /bin/dash <<<"$text"
}
test_bash() {
    tools seq grep sed sort head tr sleep mktemp rm sh diff cat
    compare_script /bin/bash <<<"$text
diff <(seq 3) <(seq 3) && echo same
set -o pipefail; false | true; echo \"\${PIPESTATUS[*]} \$?\"
coproc cat; echo through >&\"\${COPROC[1]}\"; read -r x <&\"\${COPROC[0]}\"; echo \"\$x\"
mapfile -t lines < <(seq 4); echo \"\${#lines[@]} \${lines[3]}\"
"
}
# only qemu: the same kernel; the emulated lab is slow
test_find() {
    tools find xargs wc mkdir touch sort mktemp cp mv rm ls cut uniq tee dirname basename cat
    compare_script /bin/bash <<'S'
cd "$(mktemp -d)" || exit
mkdir -p a/b/c d && touch a/1 a/b/2 a/b/c/3 d/4.txt
find . -type f -print0 | xargs -0 -n 1 -P 4 basename | sort
find . -name '*.txt' -exec cp {} {}.copy \; -o -type d -empty
printf 'x\ny\nx\n' | sort | uniq -c | tee d/counts | wc -l
mv d e && ls -R . && cat e/counts && find . -delete && ls -A
S
}
# only qemu: the same kernel; the emulated lab is slow
test_git() {
    tools git wc rm
    with+=(--add /usr/lib/git-core --add /usr/share/git-core -e HOME=/tmp)
    compare_script /bin/sh <<'S'
export HOME=/tmp GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='@1700000000 +0000' GIT_COMMITTER_DATE='@1700000000 +0000'
export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e
d=/tmp/e2e-git.$$ && git init -q -b main $d && cd $d || exit
echo one >f && git add f && git commit -q -m first && echo two >>f && git commit -q -a -m second
git log --format='%H %s' && git diff HEAD~1 --stat && git status --short | wc -l && git fsck && rm -rf $d
S
}
test_zstd() {
    need zstd
    seq 500000 >"$T/numbers"
    same_as_native -c 4 -m 512M --add "$T/numbers" -- /usr/bin/zstd -T4 -B512K -c "$T/numbers"
}
# only qemu: the same kernel; the emulated lab is slow
test_perl() {
    with+=(--add "$lib/perl-base" --add /bin/sh)
    compare_script /usr/bin/perl <<'S'
use strict; $| = 1;
my @pids = map { my $i = $_; fork() // die || exit($i) } 1 .. 8;
my $sum = 0; for (@pids) { waitpid($_, 0); $sum += $? >> 8 } print "$sum\n";
open(my $p, "-|", "/bin/sh", "-c", "echo from a child; exit 3"); print <$p>; close($p); print $? >> 8, "\n";
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select(undef, undef, undef, 30) }; print $@;
pipe(my $r, my $w); if (!fork()) { print $w "x" x 200000; exit } close($w); local $/; print length(<$r>), "\n";
S
}
test_python() {
    tools cat
    with+=(--add /usr/lib/python3.11 --add /bin/sh -m 512M)
    compare_script /usr/bin/python3.11 <<'S'
import concurrent.futures, multiprocessing, os, queue, signal, subprocess, sys, threading
print(subprocess.run(["cat"], input=b"x" * 100000, capture_output=True).stdout.count(b"x"))
print(subprocess.run("echo $((6 * 7)); exit 4", shell=True, capture_output=True))
q = queue.Queue()
threads = [threading.Thread(target=lambda i=i: [q.put(i) for _ in range(200)]) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]; print(q.qsize())
with concurrent.futures.ThreadPoolExecutor(4) as pool: print(sum(pool.map(lambda x: x * x, range(500))))
with multiprocessing.get_context("fork").Pool(4) as pool: print(pool.map(abs, range(-5, 5)))
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE); child.terminate(); print(signal.Signals(-child.wait()).name)
S
}
test_sysfs() {
    tools cat ls
    with[1]=3
    run_vmm "${with[@]}" /bin/sh -c 'cd /sys/devices/system/cpu && cat online cpu2/topology/thread_siblings cpu2/topology/core_id &&
        echo cpu? && ls cpu3; cat ../node/node0/cpulist'
    expect_status 0
    expect_stdout $'0-2\n4\n2\ncpu0 cpu1 cpu2\n0-2\n'
    expect_stderr_has "No such file"
}
