# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Sockets of AF_UNIX under programs that live on them: python's libraries, node's child processes.
# timeout: 240

python=/usr/bin/python3.11
with=(--add /usr/lib/python3.11)

# only qemu: the same kernel; the emulated lab is slow
test_python_descriptors() {
    same_as_native "${with[@]}" -- $python -c 'import os, socket
a, b = socket.socketpair()
r, w = os.pipe()
socket.send_fds(a, [b"ends"], [r, w])
data, fds, flags, address = socket.recv_fds(b, 10, 5)
os.write(fds[1], b"through"); print(data, len(fds), flags, os.read(r, 10))
a.close(); print(b.recv(1))
d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); d.bind("\0e2e-python")
c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); c.connect("\0e2e-python"); c.send(b"abstract"); print(d.recv(99))
s = socket.socket(socket.AF_UNIX); s.bind("/tmp/e2e-python.sock"); s.listen()
print(sorted(line.split()[4:5] + line.split()[7:] for line in open("/proc/net/unix") if "e2e-python" in line))
os.unlink("/tmp/e2e-python.sock")'
}
test_python_asyncio() {
    same_as_native "${with[@]}" --add /bin/echo -- $python -c 'import asyncio, os
async def handle(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
async def one(i):
    r, w = await asyncio.open_unix_connection("/tmp/e2e-asyncio.sock")
    w.write(b"hello %d\n" % i); line = await r.readline(); w.close(); return line
async def main():
    server = await asyncio.start_unix_server(handle, "/tmp/e2e-asyncio.sock")
    print(sorted(await asyncio.gather(*[one(i) for i in range(60)])))
    server.close(); await server.wait_closed()
    p = await asyncio.create_subprocess_exec("/bin/echo", "child", stdout=asyncio.subprocess.PIPE)
    print(await p.communicate())
asyncio.run(main()); os.unlink("/tmp/e2e-asyncio.sock")'
}
# only qemu: the same kernel; the emulated lab is slow
test_python_multiprocessing() {
    cat >"$T/m.py" <<'PY'
import multiprocessing, threading
from multiprocessing.connection import Client, Listener
def square(x): return x * x
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool: print(pool.map(square, range(20)))
    a, b = multiprocessing.Pipe()
    p = multiprocessing.Process(target=b.send, args=([1, "two", {3: None}],)); p.start(); print(a.recv()); p.join()
    listener = Listener("/tmp/e2e-listener")
    t = threading.Thread(target=lambda: Client("/tmp/e2e-listener").send("by name")); t.start()
    print(listener.accept().recv()); t.join(); listener.close()
PY
    same_as_native "${with[@]}" --add "$T/m.py" -- $python "$T/m.py"
}
# only qemu: the same kernel; the emulated lab is slow
test_node_children() {
    need node
    same_as_native -m 1G --add /bin/echo --add /bin/sh --add /bin/cat -- /usr/bin/node -e '
const {execFileSync, spawnSync, spawn} = require("child_process");
console.log(execFileSync("/bin/echo", ["x"]).toString());
console.log(spawnSync("/bin/cat", {input: "through cat"}).stdout.toString());
const child = spawn("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]);
child.stdout.on("data", d => console.log("out " + d));
child.on("close", code => console.log("code " + code));'
}
# only qemu: the same kernel; the emulated lab is slow
test_node_net() {
    need node
    same_as_native -m 1G -- /usr/bin/node -e '
const net = require("net");
const server = net.createServer(c => c.on("data", d => c.end(d.toString().toUpperCase()))).listen("/tmp/e2e-node.sock", () => {
    let left = 20;
    for (let i = 0; i < 20; i++) {
        const c = net.connect("/tmp/e2e-node.sock", () => c.write("hello"));
        c.on("data", d => console.log(d.toString()));
        c.on("close", () => --left || server.close());
    }
});'
}

# Servers and clients in one VM, over sockets with names.
test_redis() {
    need redis-server redis-benchmark
    cat >"$T/redis.sh" <<'SH'
redis-server --port 0 --unixsocket /tmp/redis.sock --save '' >/tmp/log &
i=0
while [ ! -S /tmp/redis.sock ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
redis-benchmark -s /tmp/redis.sock -n 500 -c 10 --csv -t set,get | cut -d, -f1
kill $!
wait $!
echo "status $?"
SH
    run_vmm -c 2 -m 512M --add /usr/bin/redis-server --add /usr/bin/redis-benchmark --add /bin/sleep --add /usr/bin/cut \
        --add "$T/redis.sh" /bin/dash "$T/redis.sh"
    expect_status 0
    expect_stdout '"test"
"SET"
"GET"
status 0
'
}
test_dbus() {
    need dbus-daemon dbus-send
    cat >"$T/dbus.sh" <<'SH'
dbus-daemon --session --fork --print-address=1 >/tmp/address
read -r DBUS_SESSION_BUS_ADDRESS </tmp/address
export DBUS_SESSION_BUS_ADDRESS
dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \
    string:org.freedesktop.DBus
SH
    run_vmm -m 512M --add /usr/bin/dbus-daemon --add /usr/bin/dbus-send --add /usr/share/dbus-1 --add "$T/dbus.sh" \
        /bin/dash "$T/dbus.sh"
    expect_status 0
    grep -q '^ *org.freedesktop.DBus' "$out" || fail "the bus does not answer"
}
