# SPDX-License-Identifier: BSD-2-Clause
"""Runs tests inside the KVM lab and hands their results back.

The lab's processor is emulated, nested virtualisation included, and now and then its kernel
stops for good (a lost interrupt).  So the tests inside report every start, every result and a
tick every few seconds; when nothing comes, the lab is booted again with what is left.  A test
during which the lab stopped twice is skipped: no program can stop a sound kernel.
"""
import json, os, signal, subprocess, sys, threading, time

TICK_S, SILENCE_S, BOOT_S = 3, 45, 90
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


def stop_all(number, _frame):
    for lab in list(labs):
        try:
            os.killpg(lab.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    os._exit(128 + number)


class Shard:
    """Outside: some tests, by name, and a callback done(name, verdict, seconds, log)."""

    def __init__(self, top, out, number, names, limit_s, done, skip_verdict):
        self.top, self.done, self.skip, self.limit_s = top, done, skip_verdict, limit_s
        self.waiting, self.stopped = list(names), {}
        self.base = os.path.join(out, "lab%d" % number)

    def run(self):
        begin = time.monotonic()
        for boot in range(BOOTS_MAX):
            if not self.waiting:
                return
            status = self.boot(max(60, self.limit_s - (time.monotonic() - begin)))
            if status == 77 or time.monotonic() - begin > self.limit_s:
                break
        with open(self.base + ".log", errors="replace") as file:
            tail = file.read()[-1000:]
        for name in self.waiting:
            self.done(name, self.skip if status == 77 else "FAILED", 0, tail + "\nthe lab gave no result (status %s)" % status)

    def boot(self, limit_s):
        results, names = self.base + ".results", self.base + ".tests"
        open(results, "w").close()
        with open(names, "w") as file:
            file.write("\n".join(self.waiting))
        with open(self.base + ".log", "wb") as log:
            lab = subprocess.Popen(["tests/lab/kvmlab", "--smp", "1", "--mem", "1536", "--timeout", "%d" % (limit_s + 5),
                                    "--results", results, "--",
                                    "/usr/bin/env", "B=" + os.environ.get("B", "build"), "tests/run", "--in-lab", names],
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
                    os.killpg(lab.pid, signal.SIGTERM)
                    lab.wait()
                    break
                time.sleep(0.2)
        labs.discard(lab)
        for name in running:
            self.stopped[name] = self.stopped.get(name, 0) + 1
            if self.stopped[name] > 1:
                self.waiting.remove(name)
                self.done(name, self.skip, 0, "the lab itself stopped twice while this ran")
        return lab.returncode

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
