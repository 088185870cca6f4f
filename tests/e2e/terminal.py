# SPDX-License-Identifier: BSD-2-Clause
"""Sits at a program's terminal: types, resizes, and waits for what must appear.

For scripts of terminal.sh:  VMM=... ENGINE=... python3 SCRIPT.  Knows neither the programs nor
what a screen looks like in the end: texts are found in the order they are written, without colours
and movements of the cursor.
"""
import atexit, fcntl, os, pty, re, select, signal, struct, sys, termios, time

WAIT_S = 60         # for one answer, in the slowest lab
KEPT = 20000        # bytes to search, of a flood
CONTROL = re.compile(rb"\x1b(\[[0-9;?>=]*[ -/]*[@-~]|[()][0-9A-B]|[=>78MDEc]|\][^\x07]*\x07)")


class Terminal:
    """A run in a VM with a terminal of rows and columns."""

    def __init__(self, *arguments, rows=24, columns=80):
        command = [os.environ["VMM"], "run", "--engine", os.environ["ENGINE"], "-t", "-e", "TERM=xterm", *arguments]
        self.unread, self.screen = b"", b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
            os.execv(command[0], command)
        atexit.register(self.kill)

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def keys(self, text):
        os.write(self.fd, text.encode("latin-1"))

    def more(self, until):
        """Takes what has come by then, if anything (fresh); False at the end."""
        self.fresh = False
        if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:         # EIO: nobody has it open any more
            return False
        self.unread, self.fresh = self.unread + data, True
        whole = self.unread.rfind(b"\x1b")      # a sequence may be cut in two
        if whole < 0 or CONTROL.match(self.unread, whole) or len(self.unread) - whole > 64:
            whole = len(self.unread)
        self.screen += CONTROL.sub(b"", self.unread[:whole])
        self.unread = self.unread[whole:]
        return data != b""

    def see(self, *patterns):
        """Each pattern appears, one after the other; what came up to it does not count again."""
        for pattern in patterns:
            end = time.monotonic() + WAIT_S
            while not (match := re.search(pattern.encode(), self.screen)):
                if time.monotonic() > end or not self.more(end):
                    sys.exit("not seen: %r; since then: %r" % (pattern, self.screen[-1500:]))
                self.screen = self.screen[-KEPT:]
            self.screen = self.screen[match.end():]

    def type(self, line, *patterns):
        """A line, its echo, then the patterns."""
        self.keys(line + "\r")
        self.see(re.escape(line[-20:]), *patterns)

    def ask(self, keys, pattern):
        """Keys, again and again until the pattern appears: for what has no sign of being ready."""
        end = time.monotonic() + WAIT_S
        while not re.search(pattern.encode(), self.screen):
            if time.monotonic() > end:
                sys.exit("not seen: %r; since then: %r" % (pattern, self.screen[-1500:]))
            self.keys(keys)
            soon = time.monotonic() + 0.3
            while time.monotonic() < soon and not re.search(pattern.encode(), self.screen):
                if not self.more(soon):
                    end = 0
                    break
        self.see(pattern)

    def size(self, rows, columns):
        """A shell's command that ends when the terminal has this size."""
        self.type("until [ \"$(stty size)\" = \"%d %d\" ]; do :; done; echo o''k" % (rows, columns), "ok\r\n")

    def ends(self, status):
        end = time.monotonic() + WAIT_S
        while self.more(end):
            if time.monotonic() > end:
                sys.exit("does not end; since then: %r" % self.screen[-1500:])
        got = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = 0
        if got != status:
            sys.exit("status %d; since then: %r" % (got, self.screen[-1500:]))
