# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs that wait and talk: databases and servers with their clients, a display, a terminal
# multiplexer, process tools, languages with many processes.  They print what they are expected to.
# They run under the KVM engine as well, but an emulated lab takes a minute or two for them: there
#   ENGINE=kvm bash tests/e2e/lib.sh tests/e2e/services_large.sh postgres
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
test_nginx_reload() {
    tools nginx curl pgrep sort wc mkdir cat sleep
    with+=(--add /usr/lib/nginx --add /etc/nginx)
    cat >"$T/nginx.conf" <<'N'
worker_processes 4;
pid /tmp/nginx.pid;
error_log /tmp/error.log warn;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path /tmp/c; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u;
    scgi_temp_path /tmp/s;
    server { listen unix:/tmp/nginx.sock; root /tmp/www; location /pid { return 200 "$pid\n"; } }
}
N
    with+=(--add "$T/nginx.conf:/nginx.conf")
    in_vm <<'S'
mkdir -p /tmp/www /var/log/nginx /var/lib/nginx
echo page >/tmp/www/index.html
nginx -c /nginx.conf; echo "status $?"
master=$(cat /tmp/nginx.pid)
get() { curl -s --unix-socket /tmp/nginx.sock "http://x/$1"; }
# workers OLD: four, none of them among the old ones.
workers() {
    until now=$(pgrep -P "$master") && [ "$(echo "$now" | wc -l)" = 4 ] && none_of "$1" $now; do sleep 0.05; done
}
none_of() { old=$1; shift; for pid; do case " $old " in *" $pid "*) return 1 ;; esac; done; }
workers ''; first=$(echo $now)
get index.html
echo changed >/tmp/www/index.html
kill -HUP "$master"
workers "$first"
get index.html
none_of "$first" "$(get pid)" && echo "served by a new one"
nginx -c /nginx.conf -s quit 2>/dev/null
while pgrep -x nginx >/dev/null; do sleep 0.05; done
cat /tmp/error.log; echo quit
S
    expect_status 0
    expect_stdout $'status 0\npage\nchanged\nserved by a new one\nquit\n'
}
test_redis_benchmark() {
    tools redis-server redis-benchmark redis-cli tr grep wc sleep
    in_vm <<'S'
redis-server --port 0 --unixsocket /tmp/redis.sock --save '' >/tmp/log &
until [ -S /tmp/redis.sock ]; do sleep 0.05; done
redis-benchmark -s /tmp/redis.sock -n 200 -c 20 -q 2>&1 | tr '\r' '\n' | grep 'requests per second' >/tmp/rates
[ "$(wc -l </tmp/rates)" -ge 19 ] && echo "every test"
redis-cli -s /tmp/redis.sock strlen key:__rand_int__
redis-cli -s /tmp/redis.sock bgsave
until redis-cli -s /tmp/redis.sock info persistence | grep -q 'bgsave_in_progress:0'; do sleep 0.05; done
redis-cli -s /tmp/redis.sock info persistence | grep bgsave_status | tr -d '\r'
redis-cli -s /tmp/redis.sock shutdown nosave
wait $!; echo "status $?"
S
    expect_status 0
    expect_stdout $'every test\n3\nBackground saving started\nrdb_last_bgsave_status:ok\nstatus 0\n'
}
test_dbus_signals() {
    tools dbus-daemon dbus-send dbus-monitor gdbus grep sleep
    with+=(--add /usr/share/dbus-1)
    in_vm <<'S'
dbus-daemon --session --fork --print-address=1 --print-pid=1 >/tmp/daemon
{ read -r DBUS_SESSION_BUS_ADDRESS; read -r daemon; } </tmp/daemon
export DBUS_SESSION_BUS_ADDRESS
dbus-monitor --session --profile "member='Said'" >/tmp/heard &
until [ -s /tmp/heard ]; do sleep 0.05; done
bus() { gdbus call --session -d org.freedesktop.DBus -o / -m "org.freedesktop.DBus.$@" org.freedesktop.DBus; }
bus GetConnectionUnixUser
[ "$(bus GetConnectionCredentials)" = "({'ProcessID': <uint32 $daemon>, 'UnixUserID': <uint32 0>},)" ] && echo credentials
gdbus emit --session -o /a -s my.test.Said "'hello'"
dbus-send --session --type=signal / my.test.Said string:again
until [ "$(grep -c Said /tmp/heard)" = 2 ]; do sleep 0.05; done; kill $!
kill "$daemon"; while kill -0 "$daemon" 2>/dev/null; do sleep 0.05; done; echo gone
S
    expect_status 0
    expect_stdout $'(uint32 0,)\ncredentials\ngone\n'
}
test_xvfb() {
    tools Xvfb xkbcomp xdpyinfo xwininfo xeyes xterm grep sleep mkdir cat stty tty
    with+=(--add /usr/share/X11 --add /etc/X11)
    in_vm <<'S'
Xvfb :1 -screen 0 640x480x24 -nolisten tcp >/tmp/log 2>&1 & server=$!
until [ -S /tmp/.X11-unix/X1 ]; do sleep 0.05; done
export DISPLAY=:1
xdpyinfo | grep -E 'dimensions|version number'
xeyes -geometry 100x100+5+7 & eyes=$!
until xwininfo -root -tree | grep -o '"xeyes".*'; do sleep 0.05; done
xterm -geometry 81x23 -e /bin/sh -c 'stty size >/tmp/inside; tty >>/tmp/inside'; cat /tmp/inside
kill $eyes; wait $eyes; echo "status $?"
kill $server; wait $server; echo "status $?"
S
    expect_status 0
    expect_stdout $'version number:    11.0
  dimensions:    640x480 pixels (163x122 millimeters)
"xeyes": ("xeyes" "XEyes")  100x100+5+7  +5+7
23 81\n/dev/pts/0\nstatus 143\nstatus 0\n'
}

# Languages' libraries for many processes, as natively.
python=/usr/bin/python3.11
test_python_processes() {
    [ -x $python ] || skip "python3.11 is not installed"
    cat >"$T/m.py" <<'PY'
import multiprocessing as mp, multiprocessing.connection, os, sys, time
from multiprocessing import shared_memory
def count(name, lock, done, queue, n):
    shm = shared_memory.SharedMemory(name)
    for _ in range(100):
        with lock: shm.buf[:8] = (int.from_bytes(shm.buf[:8], "little") + 1).to_bytes(8, "little")
    queue.put(n); done.release(); shm.close()
def square(x): return x * x
def fill(d, l, i): d[i] = i * i; l.append(i)
def meet(cond, number, event):
    with cond: number.value += 1; cond.notify_all()
    event.wait(); sys.exit(3)
def processes(ctx, n, target, *args):
    all = [ctx.Process(target=target, args=args + (i,) * (target is not meet)) for i in range(n)]
    [p.start() for p in all]
    return all
def main(method):
    ctx = mp.get_context(method)
    shm, lock, done, queue = shared_memory.SharedMemory(create=True, size=4096), ctx.Lock(), ctx.Semaphore(0), ctx.Queue()
    ps = processes(ctx, 3, count, shm.name, lock, done, queue)
    [done.acquire() for p in ps]; print(sorted(queue.get() for p in ps)); [p.join() for p in ps]
    print(method, int.from_bytes(shm.buf[:8], "little"), [p.exitcode for p in ps]); shm.close(); shm.unlink()
    with ctx.Pool(2) as pool: print(pool.map(square, range(10)), pool.apply_async(square, (7,)).get(60))
    with ctx.Manager() as manager:
        d, l = manager.dict(), manager.list()
        [p.join() for p in processes(ctx, 2, fill, d, l)]; print(sorted(d.items()), sorted(l))
    cond, number, event = ctx.Condition(), ctx.Value("i", 0), ctx.Event()
    ps = processes(ctx, 2, meet, cond, number, event)
    with cond: cond.wait_for(lambda: number.value == 2, 60)
    event.set(); [p.join() for p in ps]; print([p.exitcode for p in ps])
    p = ctx.Process(target=time.sleep, args=(300,)); p.start(); p.terminate()
    mp.connection.wait([p.sentinel], 60); p.join(); print(p.exitcode)
if __name__ == "__main__":
    for method in sys.argv[1:]: main(method)
    print([f for f in os.listdir("/dev/shm") if f.startswith("psm_%d_" % os.getpid())])
PY
    same_as_native "${with[@]}" --add /usr/lib/python3.11 --add "$T/m.py" -- $python "$T/m.py" fork spawn
}
test_python_asyncio() {
    [ -x $python ] || skip "python3.11 is not installed"
    tools cat sleep
    with+=(--add /bin/sh)
    cat >"$T/a.py" <<'PY'
import asyncio, os, selectors, signal, socket, subprocess, tempfile
pipe = subprocess.PIPE
async def reverse(r, w):
    while line := await r.readline(): w.write(line[::-1]); await w.drain()
    w.close()
async def ask(path, i):
    r, w = await asyncio.open_unix_connection(path)
    w.write(b"%d\n" % i * 50); w.write_eof(); answer = await r.read(); w.close()
    return len(answer)
async def main():
    with tempfile.TemporaryDirectory() as d:
        server = await asyncio.start_unix_server(reverse, d + "/s", backlog=300)
        print(sum(await asyncio.gather(*[ask(d + "/s", i) for i in range(100)])))
        server.close(); await server.wait_closed()
    ps = [await asyncio.create_subprocess_shell("echo o%d; echo e >&2; exit %d" % (i, i), stdout=pipe, stderr=pipe) for i in range(5)]
    print([(await p.communicate(), p.returncode) for p in ps])
    p = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
    print(len((await p.communicate(b"z" * 300000))[0]), p.returncode)
    p = await asyncio.create_subprocess_exec("sleep", "300")
    try: await asyncio.wait_for(p.wait(), 0.1)
    except asyncio.TimeoutError: p.kill(); print("killed", await p.wait())
    loop, got = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, got.set); os.kill(os.getpid(), signal.SIGUSR1); print(await got.wait())
    r, w = os.pipe(); future = loop.create_future()
    loop.add_reader(r, lambda: future.done() or future.set_result(os.read(r, 10))); os.write(w, b"pipe"); print(await future)
for watcher in asyncio.ThreadedChildWatcher, asyncio.PidfdChildWatcher:
    asyncio.get_event_loop_policy().set_child_watcher(watcher()); asyncio.run(main())
for kind in selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector:
    s, (a, b) = kind(), socket.socketpair(); s.register(a, 3, "a"); s.register(b, 1, "b")
    ready = lambda timeout: sorted((key.data, events) for key, events in s.select(timeout))
    print(ready(0), a.send(b"1"), ready(30)); s.modify(a, 1, "a"); b.recv(1); print(ready(0.02))
    s.unregister(b); b.close(); print(ready(30))
PY
    same_as_native "${with[@]}" --add /usr/lib/python3.11 --add "$T/a.py" -- $python "$T/a.py"
}
test_node_cluster() {
    tools node sleep
    with+=(--add /bin/sh)
    cat >"$T/c.js" <<'J'
const { fork, exec, spawn } = require('child_process'), cluster = require('cluster'), http = require('http');
const net = require('net'), path = process.env.SOCKETS || '/tmp';
if (process.argv[2] === 'child') {
    process.on('message', (message, socket) => {
        if (socket) socket.end('from the child');
        else if (message.stop) process.disconnect();
        else process.send({ got: message });
    });
} else if (!cluster.isPrimary) {
    http.createServer((_, answer) => answer.end('worker')).listen(path + '/e2e-cluster.sock');
} else {
    exec('echo out; echo err >&2; exit 3', (e, out, err) => {
        console.log('exec', e.code, out, err);
        const child = fork(__filename, ['child']);
        child.on('message', m => {
            console.log('message', JSON.stringify(m));
            const server = net.createServer(c => child.send({}, c)).listen(path + '/e2e-handle.sock', () => {
                const client = net.connect(path + '/e2e-handle.sock');
                client.on('data', d => console.log('passed on:', d.toString()));
                client.on('close', () => { server.close(); child.send({ stop: 1 }); });
            });
        });
        child.on('exit', (code, signal) => { console.log('exit', code, signal); serve(); });
        child.send({ a: [1, 'two'] });
    });
}
function serve() {
    let ready = 0, left = 40, exits = 0;
    for (let i = 0; i < 4; i++) cluster.fork();
    const answered = () => {
        if (--left) return;
        const workers = Object.values(cluster.workers);
        workers[0].process.kill('SIGKILL');
        workers.slice(1).forEach(w => w.disconnect());
    };
    cluster.on('listening', () => {
        if (++ready === 4)
            for (let i = 0; i < 40; i++)
                http.get({ socketPath: path + '/e2e-cluster.sock' }, r => r.on('end', answered).resume());
    });
    cluster.on('exit', () => {
        if (++exits < 4) return;
        console.log('all workers have ended');
        spawn('sleep', ['300']).on('exit', (code, signal) => console.log(code, signal)).kill();
    });
}
J
    rm -f /tmp/e2e-cluster.sock /tmp/e2e-handle.sock # of a native run that was stopped
    same_as_native "${with[@]}" --add "$T/c.js" -- "$(type -P node)" "$T/c.js"
}
