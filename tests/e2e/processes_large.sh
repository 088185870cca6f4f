# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Trees of compilers and large language runtimes on four CPUs, compared with native runs.
# They run under the KVM engine as well, but an emulated lab takes minutes for them: there
#   ENGINE=kvm bash tests/e2e/lib.sh tests/e2e/processes_large.sh make
# engines: qemu
# timeout: 240

lib=/usr/lib/x86_64-linux-gnu

with=(-c 4)
test_make() {
    local cc dir
    need gcc make as ld
    cc=$(gcc -print-prog-name=cc1)
    [ -x "$cc" ] || skip "gcc's cc1 is not installed"
    dir=$(dirname "$cc")
    mkdir "$T/src"
    for f in one two three four five six; do
        printf '#include <stdio.h>\nint %s(int x) { return printf("%s %%d\\n", x); }\n' $f $f >"$T/src/$f.c"
    done
    printf 'int one(int), two(int), six(int);\nint main(void) { return one(1) + two(2) + six(6) > 99; }\n' >"$T/src/main.c"
    cat >"$T/src/Makefile" <<'M'
objects = main.o one.o two.o three.o four.o five.o six.o
prog: $(objects)
	gcc -o $@ $(objects)
%.o: %.c
	gcc -O1 -c -o $@ $<
M
    tools make gcc as ld cp mktemp sort
    for f in "$dir" /usr/include $lib/libc.so $lib/libc_nonshared.a $lib/crti.o $lib/crtn.o $lib/Scrt1.o \
        $lib/libgcc_s.so.1 $lib/libm.so.6 $lib/libmvec.so.1; do
        [ ! -e "$f" ] || with+=(--add "$f")
    done
    with+=(-m 768M --add "$T/src")
    compare_script /bin/sh <<S
cd "\$(mktemp -d)" && cp $T/src/* . && make -j4 >log && sort log && ./prog && make
S
}
test_xz() {
    tools xz
    seq 300000 >"$T/numbers"
    same_as_native -c 4 -m 512M --add "$T/numbers" -- /usr/bin/xz -T4 -1 --block-size=500KiB -c "$T/numbers"
}
test_node() {
    need node
    cat >"$T/w.js" <<'J'
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
if (isMainThread) {
  let left = 4, sum = 0;
  for (let i = 1; i <= 4; i++)
    new Worker(__filename, { workerData: i }).on('message', m => { sum += m; if (!--left) console.log('sum', sum); });
} else {
  let x = 0;
  for (let i = 0; i < 300000; i++) x = (x + i * workerData) % 100003;
  parentPort.postMessage(x);
}
J
    same_as_native -c 4 -m 1G --add "$T/w.js" -- "$(command -v node)" "$T/w.js"
}
test_java() {
    local java home
    need java javac
    java=$(readlink -f "$(command -v java)")
    home=${java%/bin/java}
    cat >"$T/Pool.java" <<'J'
import java.util.concurrent.*;
public class Pool {
    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        java.util.List<Future<Long>> parts = new java.util.ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            final int k = i;
            parts.add(pool.submit(() -> { long x = 0; for (int j = 0; j < 200000; j++) x += j % k; return x; }));
        }
        long sum = 0;
        for (Future<Long> part : parts) sum += part.get();
        System.out.println("sum " + sum);
        pool.shutdown();
    }
}
J
    (cd "$T" && javac Pool.java) || fail "javac"
    # What lies outside its home: Debian keeps its settings under /etc.
    for f in /etc/java-*-openjdk; do [ ! -e "$f" ] || with+=(--add "$f"); done
    same_as_native "${with[@]}" -m 1G --add "$home" --add "$T" -- "$java" -cp "$T" Pool
}
test_go() {
    need go
    cat >"$T/main.go" <<'G'
package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	results := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			x := 0
			for j := 0; j < 100000; j++ {
				x = (x + j*i) % 1009
			}
			results <- x
		}(i)
	}
	wg.Wait()
	close(results)
	sum := 0
	for x := range results {
		sum += x
	}
	out, err := exec.Command("/bin/echo", "child").Output()
	fmt.Println(sum, runtime.NumCPU() >= 1, string(out), err)
}
G
    with+=(--add /bin/echo)
    for cgo in 0 1; do
        (cd "$T" && GOFLAGS=-mod=mod GOCACHE="$T/cache" CGO_ENABLED=$cgo go build -o "go$cgo" main.go) || fail "go build"
        same_as_native "${with[@]}" -m 512M -- "$T/go$cgo"
    done
}
