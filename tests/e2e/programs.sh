# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Debian's own programs, unmodified, in a VM: output and status as natively, byte for byte.
# timeout: 180

busybox=/bin/busybox

test_busybox_echo() { same_as_native $busybox echo hello world; }
test_busybox_cat() {
    head -c 300000 /dev/urandom >"$T/data"
    same_as_native --add "$T/data" -- $busybox cat "$T/data"
    in=$T/data
    same_as_native $busybox cat
}
test_busybox_ls() {
    mkdir "$T/dir"
    touch "$T/dir/a" "$T/dir/b c" "$T/dir/.hidden"
    ln -s a "$T/dir/link"
    chmod 640 "$T/dir/a"
    same_as_native --add "$T/dir" -- $busybox ls -a "$T/dir"
    same_as_native --add "$T/dir" -- $busybox stat -c '%A %s %F' "$T/dir/a" "$T/dir/link"
    same_as_native $busybox ls /absent
}
test_busybox_sha256sum() {
    seq 100000 >"$T/numbers"
    same_as_native --add "$T/numbers" -- $busybox sha256sum "$T/numbers"
    in=$T/numbers
    same_as_native $busybox md5sum
}
test_busybox_text() {
    seq 3000 | sed 's/$/ some words here/' >"$T/text"
    in=$T/text
    same_as_native $busybox awk '{ s += $1; n[length($1)]++ } END { print s, n[1], n[4], NR }'
    same_as_native $busybox sed -n 's/\(1[0-9]*\) some/<\1>/p;$='
    same_as_native $busybox sort -r
    same_as_native $busybox tail -n 3
    same_as_native $busybox grep -c 99
}
test_busybox_gzip() {
    seq 50000 >"$T/numbers"
    in=$T/numbers
    same_as_native $busybox gzip -c
    $busybox gzip -c "$T/numbers" >"$T/numbers.gz"
    in=$T/numbers.gz
    same_as_native $busybox gunzip -c
}
test_busybox_applets() {
    same_as_native $busybox expr 6 '*' 7
    same_as_native $busybox factor 1234567890123
    same_as_native $busybox false
    same_as_native $busybox test -d /tmp
    same_as_native $busybox od -c /proc/self/comm
    same_as_native $busybox find /dev/null /absent
    same_as_native $busybox no-such-applet
}
test_sqlite_memory() {
    same_as_native sqlite3 :memory: 'create table t(a, b text); with recursive n(i) as (select 1 union all
        select i + 1 from n where i < 5000) insert into t select i, printf("row %d", i * 7) from n;
        create index x on t(b); select count(*), sum(a), max(b) from t; select * from t where b like "%77%" limit 5;'
}
test_sqlite_file() {
    cat >"$T/sql" <<'SQL'
.bail on
create table t(id integer primary key, body text);
begin; insert into t(body) select hex(i) from (with recursive n(i) as (select 1 union all select i + 1 from n
where i < 2000) select i from n); commit;
update t set body = body || 'x' where id % 3 = 0;
delete from t where id % 5 = 0;
vacuum;
pragma integrity_check;
select count(*), sum(length(body)) from t;
SQL
    in=$T/sql
    same_as_native sqlite3 "/tmp/e2e.$$.db"
    rm -f "/tmp/e2e.$$.db"
    sqlite3 "$T/host.db" 'create table t(x); insert into t values (1), (2);'
    in=/dev/null
    same_as_native --add "$T/host.db" -- sqlite3 "$T/host.db" 'select sum(x) from t'
}
test_perl() {
    same_as_native perl -e 'my %h; $h{$_ % 7} += $_ for 1..10000; print "$_ $h{$_}\n" for sort keys %h;
        print join(",", map { sprintf "%x", $_ ** 2 } grep { $_ & 1 } 1..20), "\n"; $_ = "hello world";
        s/(\w+)/\u$1/g; print "$_ $0\n"; exit 3'
    printf 'one\ntwo\n' >"$T/lines"
    in=$T/lines
    same_as_native perl -ne 'print scalar reverse $_'
    same_as_native --add /usr/lib/x86_64-linux-gnu/perl-base -- perl -MList::Util=sum -MPOSIX=floor -e \
        'print sum(1..100), " ", floor(3.7), "\n"; open my $f, ">", "/tmp/e2e.'$$'" or die; print $f "x" x 5000; close $f;
         print -s "/tmp/e2e.'$$'", "\n"; unlink "/tmp/e2e.'$$'"'
}
test_lua() {
    same_as_native lua5.4 -e 'local t = {} for i = 1, 20000 do t[#t + 1] = (i * 7919) % 1009 end table.sort(t)
        print(t[1], t[10000], #t, string.format("%5.2f %q", math.pi, "a\nb"), _VERSION)
        print(("x"):rep(10), os.getenv("NOTHING"), io.read("a"))'
    same_as_native lua5.4 -e 'error("on purpose")'
}
test_jq() {
    printf '{"a":[1,2,{"b":null}],"c":"\\u2603"}' >"$T/json"
    in=$T/json
    same_as_native jq .
    same_as_native jq -c '[.a[]|type], (.c|length), ([range(100)]|add)'
    same_as_native jq .a.b
    in=/dev/null
    same_as_native --add "$T/json" -- jq -r .c "$T/json"
}
test_gawk() {
    seq 20000 >"$T/numbers"
    in=$T/numbers
    same_as_native gawk '{ a[$1 % 100] += $1 } END { n = asorti(a, k); for (i = 1; i <= n; i++) print k[i], a[k[i]] }'
    same_as_native gawk 'BEGIN { printf "%s %d %.10f %s\n", toupper("abc"), 2 ^ 40, atan2(0, -1), substr("hello", 2, 3) }'
}
test_xz() {
    seq 30000 >"$T/numbers"
    in=$T/numbers
    same_as_native xz -c -3
    xz -c "$T/numbers" >"$T/numbers.xz"
    in=$T/numbers.xz
    same_as_native xz -dc
    head -c 1000 "$T/numbers.xz" >"$T/short.xz"
    in=$T/short.xz
    same_as_native xz -dc
}
test_bc() {
    printf 'scale=60\n4*a(1)\n2^500\nsqrt(2)\ndefine f(n) { if (n < 2) return n; return f(n-1)+f(n-2) }\nf(14)\n' >"$T/sums"
    in=$T/sums
    same_as_native bc -l
}
test_openssl_dgst() {
    seq 100000 >"$T/numbers"
    in=$T/numbers
    local digest
    for digest in sha256 sha512 md5; do same_as_native openssl dgst -$digest; done
    same_as_native openssl enc -base64
}
test_openssl_speed() {
    run_vmm openssl speed -seconds 1 -bytes 1024 sha256
    expect_status 0
    grep -q '^sha256 ' "$out" || fail "no figure for sha256"
}
test_cc1() {
    local cc1
    cc1=$(gcc -print-prog-name=cc1)
    [ -x "$cc1" ] || skip "gcc's cc1 is not installed"
    cat >"$T/a.c" <<'C'
struct list { struct list *next; int value; };
static int sum(const struct list *l) { int s = 0; for (; l; l = l->next) s += l->value; return s; }
double poly(double x) { return ((x * 3 + 2) * x + 1) * x; }
int main(int argc, char **argv) { struct list a = {0, argc}, b = {&a, 5}; return sum(&b) + (int)poly(argv[0][0]); }
C
    same_as_native --add "$T/a.c" --add /usr/include/stdc-predef.h -- "$cc1" -quiet -O2 "$T/a.c" -o -
    same_as_native --add "$T/a.c" --add /usr/include/stdc-predef.h -- "$cc1" -quiet -Wall -O0 -g0 "$T/a.c" -fno-such-option -o -
}
# only qemu: many files are the Python tests' subject with KVM, and the emulated lab is slow
test_cc1_headers() {
    local cc1
    cc1=$(gcc -print-prog-name=cc1)
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint main(void) { return printf("%%zu\\n", strlen("x")); }\n' >"$T/b.c"
    same_as_native -m 512M --add "$T/b.c" --add /usr/include --add "$(dirname "$cc1")/include" -- \
        "$cc1" -quiet -O1 -imultiarch x86_64-linux-gnu "$T/b.c" -o -
}
test_musl() {
    need musl-gcc
    printf '#include <stdio.h>\n#include <time.h>\nint main(int c, char **v) { printf("%%d %%s %%d\\n", c, v[1], time(0) > 1); return 9; }\n' >"$T/m.c"
    musl-gcc -static -O1 "$T/m.c" -o "$T/m" || fail "musl-gcc"
    same_as_native "$T/m" argument
    musl-gcc -static-pie -fPIE -O1 "$T/m.c" -o "$T/mp" && same_as_native "$T/mp" argument
}
test_script_interpreter() {
    printf '#!/usr/bin/lua5.4\nprint("script", ...)\n' >"$T/s.lua"
    chmod +x "$T/s.lua"
    same_as_native "$T/s.lua" a "b c"
    printf '#!/bin/busybox awk -f\nBEGIN { print "awk script"; exit 4 }\n' >"$T/s.awk"
    chmod +x "$T/s.awk"
    same_as_native "$T/s.awk"
}
