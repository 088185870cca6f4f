# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs that wait, talk and sit at terminals: a database with its clients, a terminal
# multiplexer, process tools.  They print what they are expected to, whatever the host has.
# engines: qemu
# timeout: 240

with=(-c 4 -m 1G)
# in_vm: standard input as a script, run by /bin/sh in a VM.
in_vm() {
    cat >"$T/script"
    run_vmm "${with[@]}" --add "$T/script:/script" --add /bin/sh /bin/sh /script
}

test_postgres() {
    local home=/usr/lib/postgresql/15
    [ -x $home/bin/initdb ] || skip "postgresql-15 is not installed"
    tools setpriv tail grep head rm mkdir chown sleep cat
    with+=(--add "$home" --add /usr/share/postgresql --add /usr/share/zoneinfo)
    in_vm <<'S'
export PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin HOME=/tmp LANG=C
echo 'postgres:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd
mkdir -p /pg && chown 1000:1000 /pg
as() { setpriv --reuid=1000 --regid=1000 --clear-groups "$@"; }
start() { as pg_ctl -D /pg/data -o "-c listen_addresses='' -k /tmp" -l "/tmp/$1.log" -w start >/dev/null || cat "/tmp/$1.log"; }
as initdb -D /pg/data -A trust >/tmp/init.log 2>&1 || cat /tmp/init.log
start first
as psql -h /tmp postgres -tAc 'select 6 * 7'
as pgbench -h /tmp -i -q postgres 2>/dev/null
as pgbench -h /tmp -c 4 -j 2 -t 20 postgres 2>&1 | grep 'processed'
kill -9 "$(head -n 1 /pg/data/postmaster.pid)"
sleep 1
rm -f /pg/data/postmaster.pid
start second
grep -c 'redo done' /tmp/second.log
as psql -h /tmp postgres -tAc 'select count(*) from pgbench_history'
as pg_ctl -D /pg/data stop >/dev/null && echo stopped
S
    expect_status 0
    expect_stdout $'42\nnumber of transactions actually processed: 80/80\n1\n80\nstopped\n'
}
test_tmux() {
    tools tmux stty tty grep sleep cat
    with+=(--add /lib/terminfo --add /usr/lib/locale)
    in_vm <<'S'
export TERM=xterm LANG=C.UTF-8
tmux -f /dev/null new-session -d -x 80 -y 24 'sh -c "echo inside; tty; stty size; read line; echo got \$line; cat"'
until tmux capture-pane -p | grep -q '24 80'; do sleep 0.1; done
tmux send-keys 'typed' Enter
until tmux capture-pane -p | grep -q 'got typed'; do sleep 0.1; done
tmux capture-pane -p | grep -vx ''
tmux split-window cat
tmux list-panes -F '#{pane_width} #{pane_height}'
tmux kill-server && echo killed
S
    expect_status 0
    expect_stdout $'inside\n/dev/pts/0\n24 80\ntyped\ngot typed\n80 12\n80 11\nkilled\n'
}
test_process_tools() {
    tools ps pgrep pkill lsof free vmstat sleep grep wc
    in_vm <<'S'
sleep 300 & sleep 301 &
until [ "$(pgrep -c -x sleep)" = 2 ]; do sleep 0.05; done
ps -o pid:3,ppid:3,stat,args | grep -v ' ps '
lsof -a -p $$ -d cwd,txt -F fn | grep -v '^p'
pkill -f 'sleep 301' && wait $! ; echo $?
free | wc -l
vmstat | wc -l
grep -c kB /proc/self/smaps_rollup
S
    expect_status 0
    expect_stdout $'PID PPID STAT COMMAND
  1   0 Ss   /bin/sh /script
  2   1 S    sleep 300
  3   1 S    sleep 301
fcwd\nn/\nftxt\nn/usr/bin/dash\n143\n3\n3\n13\n'
}
