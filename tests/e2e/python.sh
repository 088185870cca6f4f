# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Debian's python3 with its standard library from the host, thousands of files, none copied.
# timeout: 240

python=/usr/bin/python3.11
lib=/usr/lib/x86_64-linux-gnu
with=(--add /usr/lib/python3.11)

test_expression() { same_as_native "${with[@]}" -- $python -c 'print(6 * 7, 2 ** 200, [i * i for i in range(10)])'; }
test_script() {
    cat >"$T/s.py" <<'PY'
import sys, os, collections, itertools
print(sys.argv[1:], os.getcwd(), __name__, sys.version_info[:2])
print(collections.Counter("mississippi").most_common(2), list(itertools.permutations("abc"))[:3])
for line in sys.stdin:
    print(line.strip()[::-1])
with open("/tmp/e2e-python.txt", "w") as f:
    f.write("x" * 100000)
print(os.path.getsize("/tmp/e2e-python.txt"))
os.unlink("/tmp/e2e-python.txt")
sys.stderr.write("to stderr\n")
sys.exit(5)
PY
    printf 'abc\ndef\n' >"$T/lines"
    in=$T/lines
    same_as_native "${with[@]}" --add "$T/s.py" -- $python "$T/s.py" one "two words"
    [ "$(tail -n 1 "$err")" = "to stderr" ] || fail "stderr is not what the script wrote"
}
test_modules() {
    same_as_native "${with[@]}" -- $python -c 'import json, re, zlib, struct, datetime, decimal, random
print(json.dumps(json.loads("[1, 2.5, {\"a\": null}]"), indent=1), re.sub(r"(\d+)", r"<\1>", "a1b22"))
print(zlib.crc32(b"hello"), len(zlib.compress(b"x" * 100000)), struct.pack(">IH", 1, 2))
print(datetime.date(2024, 2, 29) + datetime.timedelta(365), decimal.Decimal(1) / 7)
random.seed(1); print(random.random())'
}
test_hashlib() {
    same_as_native "${with[@]}" --add $lib/libcrypto.so.3 -- $python -c 'import hashlib
print(hashlib.sha256(b"x" * 1000000).hexdigest(), hashlib.md5(b"").hexdigest(), hashlib.blake2b(b"a").hexdigest())'
}
test_sqlite3() {
    same_as_native "${with[@]}" --add $lib/libsqlite3.so.0 --add $lib/libm.so.6 -- $python -c 'import sqlite3
db = sqlite3.connect(":memory:"); db.execute("create table t(a, b)")
db.executemany("insert into t values (?, ?)", [(i, str(i)) for i in range(1000)])
print(db.execute("select sum(a), max(b) from t").fetchall())'
}
# only qemu: no other engine has a part in it
test_error() {
    same_as_native "${with[@]}" -- $python -c 'raise ValueError("on purpose")'
    expect_stderr_has "ValueError: on purpose"
    same_as_native "${with[@]}" -- $python -c 'import no_such_module'
    same_as_native "${with[@]}" -- $python -c 'import os; os.abort()'
    same_as_native "${with[@]}" -- $python -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'
}
test_files() {
    same_as_native "${with[@]}" -- $python -c 'import os, tempfile, shutil, pathlib, time, signal, select, mmap
d = tempfile.mkdtemp(); p = pathlib.Path(d); (p / "a").write_text("hello"); (p / "sub").mkdir(); shutil.copy(p / "a", p / "sub")
print(sorted(str(x.relative_to(d)) for x in p.rglob("*")), os.stat(p / "a").st_size)
os.rename(p / "a", p / "b"); print(sorted(os.listdir(d)))
with open(p / "b", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0); m[0] = 74; m.flush(); m.close()
print((p / "b").read_text()); shutil.rmtree(d); print(os.path.exists(d))
r, w = os.pipe(); os.write(w, b"x"); print(select.select([r], [], [], 1)[0] == [r])
signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.2)'
}
