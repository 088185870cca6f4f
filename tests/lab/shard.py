# SPDX-License-Identifier: BSD-2-Clause
"""Runs tests inside the KVM lab and hands their results back.

The lab's processor is emulated, nested virtualisation included, and now and then its kernel
stops for good (a lost interrupt).  So the tests inside report every start, every result and a
tick every few seconds; when nothing comes, the lab is booted again with what is left.  A test
during which the lab stopped twice is skipped: no program can stop a sound kernel.  So are those
left when a lab that stops all the time, or a slow one, has used up its time.
"""
import json, os, signal, socket, subprocess, sys, threading, time

TICK_S, SILENCE_S, BOOT_S = 3, 40, 90
BOOTS_MAX = 5


class Reporter:
    """Inside: writes lines of JSON to the lab's second serial port."""

    def __init__(self):
        self.lock, self.port = threading.Lock(), open("/dev/ttyS2", "w")
        threading.Thread(target=self.tick, daemon=True).start()

    def send(self, *words):
        with self.lock:
            self.port.write(json.dumps(words) + "\n")
            self.port.flush()

    def tick(self):
        while True:
            self.send("tick")
            time.sleep(TICK_S)


labs = set()        # of this process, running


def stop(lab):
    """Ends a lab, whatever state it is in."""
    for number in (signal.SIGTERM, signal.SIGKILL):     # the first lets it remove its files
        try:
            os.killpg(lab.pid, number)
            lab.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def stop_all(number, _frame):
    for lab in list(labs):
        stop(lab)
    os._exit(128 + number)


class Shard:
    """Outside: some tests, by name, and a callback done(name, verdict, seconds, log)."""

    def __init__(self, top, out, number, names, limit_s, done, skip_verdict):
        self.top, self.done, self.skip, self.limit_s = top, done, skip_verdict, limit_s
        self.waiting, self.stopped = list(names), {}
        self.base = os.path.join(out, "lab%d" % number)

    def run(self):
        begin, why, verdict = time.monotonic(), "", self.skip
        for boots in range(1, BOOTS_MAX + 1):
            left_s = self.limit_s - (time.monotonic() - begin)
            if not self.waiting or left_s < BOOT_S / 3:
                break
            status = self.boot(left_s)
            why = "the lab ended %d times with status %s" % (boots, status)
            with open(self.base + ".log", errors="replace") as file:
                tail = file.read()[-1000:].strip() or why
            if status == 77:            # what this machine lacks for a lab
                why = tail.splitlines()[-1]
                break
            if 0 <= status < 76 and self.waiting:       # the lab is sound: this program inside it is not
                why, verdict = tail, "FAILED"
                break
        if time.monotonic() - begin > self.limit_s - BOOT_S / 3:
            why = "no time left for it: %d s were; " % self.limit_s + why
        for name in self.waiting:
            self.done(name, verdict, 0, why)

    def boot(self, limit_s):
        results, names = self.base + ".results", self.base + ".tests"
        open(results, "w").close()
        with open(names, "w") as file:
            file.write("\n".join(self.waiting))
        # A socket's path has at most 107 bytes.
        monitor = ["--monitor", self.base + ".monitor"] if len(os.fsencode(self.base)) < 99 else []
        with open(self.base + ".log", "wb") as log:
            lab = subprocess.Popen(["tests/lab/kvmlab", "--smp", "1", "--mem", "1536", "--timeout", "%d" % (limit_s + 5),
                                    "--results", results, *monitor, "--",
                                    "/usr/bin/env", "B=" + os.environ.get("B", "build"),
                                    "TESTS_LIMIT=%d" % limit_s, "PRIVILEGED=" + os.environ["PRIVILEGED"], "tests/run", "--in-lab", names],
                                   cwd=self.top, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        labs.add(lab)
        running, heard, rest = set(), time.monotonic() + BOOT_S - SILENCE_S, ""
        end = time.monotonic() + limit_s
        with open(results) as stream:
            while True:
                ended = lab.poll() is not None
                rest += stream.read()
                *lines, rest = rest.split("\n")
                for line in lines:
                    heard = max(heard, time.monotonic())
                    self.line(line, running)
                if ended:
                    break
                if time.monotonic() - heard > SILENCE_S or time.monotonic() > end:
                    self.ask(running)
                    stop(lab)
                    break
                time.sleep(0.2)
        labs.discard(lab)
        for name in running:
            self.stopped[name] = self.stopped.get(name, 0) + 1
            if self.stopped[name] > 1:
                self.waiting.remove(name)
                self.done(name, self.skip, 0, "the lab itself stopped twice while this ran")
        return lab.returncode

    def ask(self, running):
        """What the processor of a silent lab does goes into its .stopped file."""
        answer = b""
        try:
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.settimeout(1)
                monitor.connect(self.base + ".monitor")
                for command in ("info registers", "info lapic", "info pic", "info irq") * 2:
                    monitor.sendall(command.encode() + b"\n")
                    time.sleep(0.2)
                while True:
                    answer += monitor.recv(65536)
        except OSError:
            pass
        with open(self.base + ".stopped", "ab") as file:
            file.write(("silent during %s\n" % " ".join(running)).encode() + answer + b"\n")

    def line(self, line, running):
        try:
            kind, *words = json.loads(line)
        except ValueError:
            return
        if kind == "start":
            running.add(words[0])
        elif kind == "result" and words[0] in self.waiting:
            running.discard(words[0])
            self.waiting.remove(words[0])
            self.done(*words)
