# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# People at terminals: a shell with jobs, pagers, editors, process viewers, each driven by keys
# from a pseudo-terminal of the host (terminal.py), which changes its size meanwhile.
# timeout: 180

# at_terminal: standard input as a python script, after "from terminal import Terminal" and the
# VM options that $with has, as with.
at_terminal() {
    {
        printf 'from terminal import Terminal\nwith_ = """%s""".split()\n' "${with[*]}"
        cat
    } >"$T/scene.py"
    export VMM ENGINE PYTHONPATH=$top/tests/e2e PYTHONDONTWRITEBYTECODE=1
    run /usr/bin/python3 "$T/scene.py"
    expect_status 0
    expect_no_stderr
}
with=(--add /lib/terminfo)

# job: a program at /job in the VM that says when it runs in the foreground and what it hears.
job() {
    # It makes no processes later: a key that stops a child of vfork() leaves its parent waiting, as on Linux.
    printf 'trap "echo continued" CONT\nsleep 300 & echo going\nwhile :; do wait; done\n' >"$T/job"
    with+=(--add "$T/job:/job")
    tools bash sh sleep stty
}

test_bash_jobs() {
    job
    tools cat ps
    at_terminal <<'PY'
t = Terminal("-e", "PS1=@> ", *with_, "/bin/bash", "--norc", "--noprofile", "-i", rows=30, columns=90)
t.see("@> ")
t.type("stty size; echo $LINES $COLUMNS", "30 90\r\n30 90", "@> ")
t.type("sh /job", "going\r\n")
t.keys("\x1a")
t.see(r"Stopped +sh /job", "@> ")
t.type("jobs", r"\[1\]\+ +Stopped +sh /job", "@> ")
t.type("fg", "sh /job\r\n", "continued\r\n")
t.keys("\x1a")
t.see(r"Stopped +sh /job", "@> ")
t.type("bg", r"\[1\]\+ sh /job &", "continued\r\n")
t.type("jobs", r"\[1\]\+ +Running +sh /job &", "@> ")
t.type("ps -o tty=,stat=,args=", "console +Ss +/bin/bash", "console +S +sh /job", r"console +R\+ +ps", "@> ")
t.type("kill %1; while kill -0 %1 2>&-; do :; done", "Terminated +sh /job", "@> ")
t.type("sh /job", "going\r\n")
t.keys("\x03")
t.see("@> ")
t.type("echo status $?", "status 130", "@> ")
t.type("cat & wait -n", r"Stopped +cat", "@> ")             # input is not for the background
t.type("fg", "cat\r\n")
t.type("words", "words\r\n")
t.keys("\x04")
t.see("@> ")
t.type("sh /job | cat", "going\r\n")
t.keys("\x1c")
t.see("Quit", "@> ")                                         # both
t.type("echo ${PIPESTATUS[@]}", "131 131", "@> ")
t.resize(40, 100)
t.size(40, 100)
t.type("echo $LINES $COLUMNS", "\n\r*40 100\r", "@> ")
t.type("trap 'echo told; stty size' WINCH; echo set", "\rset", "@> ")
t.resize(20, 70)
t.see("told\r\n20 70")
t.keys("echo abd\x7fc\x01\x06\x06\x06\x06\x06X\x05 end\r")      # readline: keys that move
t.see("Xabc end\r", "Xabc end\r", "@> ")
t.keys("\x10\r")                                             # the line before
t.see("Xabc end\r", "Xabc end\r", "@> ")
t.type("exit 5")
t.ends(5)
PY
}
# More than anybody reads, stopped and let go on; more than a line discipline holds, typed at once.
test_flood() {
    tools bash yes seq cat wc
    at_terminal <<'PY'
import time
t = Terminal("-e", "PS1=@> ", *with_, "/bin/bash", "--norc", "--noprofile", "-i")
t.see("@> ")
t.type("yes over and over", "over and over\r\nover and over\r\n")
t.keys("\x03")
t.see("@> ")
t.type("echo status $?", "status 130", "@> ")
t.type("seq 30000; echo en''d", "\n100\r\n")
t.keys("\x13")                                               # Ctrl-S
while t.more(time.monotonic() + 1) and t.fresh:
    pass
stopped = t.screen
t.keys("\x11")                                               # Ctrl-Q
t.see("30000\r\nend\r\n", "@> ")
if b"30000" in stopped:
    print("Ctrl-S came too late")
t.type("echo rea''dy; cat >/tmp/typed; wc </tmp/typed", "ready\r\n")
for i in range(150):
    t.keys("line %d %s\r" % (i, "x" * 60))
    t.more(time.monotonic())
t.keys("\x04")
t.see(" 150 +450 +10390 *\r\n", "@> ")
t.type("exit")
t.ends(0)
PY
}
# lines: a file of 500 lines at /text in the VM.
lines() {
    printf 'line %d of many\n' {1..500} >"$T/text"
    with+=(--add "$T/text:/text")
}
# only qemu: the same kernel; the emulated lab is slow
test_less() {
    need less
    lines
    at_terminal <<'PY'
t = Terminal(*with_, "/usr/bin/less", "/text")
t.see("line 23 of many")
t.keys(" ")
t.see("line 45 of many")
t.keys("/line 333\r")
t.see("line 355 of many")
t.keys("G")
t.see("line 500 of many", "END")
t.keys("g")
t.see("line 1 of many")
t.resize(30, 100)
t.ask("r", "line 29 of many")       # less looks at a resize only after it has begun to read
t.keys("q")
t.ends(0)
PY
}
test_vim() {
    local vim
    vim=$(type -P vim.tiny || type -P vim.basic) || skip "vim-tiny is not installed"
    lines
    with+=(--add "$vim:/bin/vim")
    tools cat stty
    at_terminal <<'PY'
t = Terminal(*with_, "/bin/sh", "-c", "vim -u NONE -i NONE -n /text; echo status $?; stty size; stty; cat /text", rows=20)
t.see("line 19 of many")
t.keys("/7 of\r")
t.keys("dwdG")                      # line 7: only "line " stays
t.keys("oa second\x1b")
t.keys(":%s/of many/saved/\r")
t.keys(":set nu\r")
t.see("7 a second")
t.resize(25, 90)
t.keys(":1\rOzeroth\x1b")
t.keys(":wq\r")
t.see("written", "status 0\r\n25 90\r\nspeed 38400 baud; line = 0;\r\n")
t.see("zeroth\r\nline 1 saved\r\n", "line 6 saved\r\na second\r\n")
t.ends(0)
PY
}
# only qemu: the same kernel; the emulated lab is slow
test_nano() {
    lines
    tools nano cat
    at_terminal <<'PY'
t = Terminal(*with_, "/bin/sh", "-c", "nano /text; echo status $?; cat /text", rows=20)
t.see("line 15 of many")
t.keys("first \x17line 77\r")       # Ctrl-W: find
t.see("line 77 of")
t.keys("\x0b\x0f")                  # Ctrl-K: cut the line; Ctrl-O: write
t.see("Write")
t.keys("\r")
t.see("Wrote 499 lines")
t.keys("\x18")
t.see("status 0", "first line 1 of", "line 76 of many\r\nline 78 of many\r\n")
t.ends(0)
PY
}
# only qemu: the same kernel; the emulated lab is slow
test_top() {
    tools sleep top
    at_terminal <<'PY'
t = Terminal(*with_, "-c", "2", "/bin/sh", "-c", "sleep 300 & top -d 0.3; kill $!; echo status $?")
t.see("Tasks: +3 total", "%Cpu", "MiB Mem", "PID USER", "root .* sleep")
t.keys("1")                         # every CPU by itself
t.see("%Cpu0", "%Cpu1")
t.resize(30, 120)
t.see("PID USER")
t.keys("h")
t.see("Help for Interactive Commands")
t.keys("q")
t.ask("q", "status 0")
t.ends(0)
PY
}
# only qemu: the same kernel; the emulated lab is slow
test_htop() {
    tools sleep htop
    printf 'sleep 300 & htop -d 3; wait $!; echo status $?\n' >"$T/script" # its own line does not name sleep
    with+=(--add "$T/script:/script")
    at_terminal <<'PY'
t = Terminal(*with_, "-c", "2", "-e", "HOME=/tmp", "/bin/sh", "/script")
t.see("Tasks", "Load average", "PID", "sleep 300")
t.keys("/sleep\r")
t.resize(40, 120)
t.see("F10")
t.keys("k")                         # a signal for the chosen one: SIGTERM
t.see("Send")
t.keys("\r")
t.ask("q", "status 143")
t.ends(0)
PY
}
# only qemu: the same kernel; the emulated lab is slow
test_tmux_resized() {
    job
    tools tmux tty ps
    with+=(--add /usr/lib/locale)
    at_terminal <<'PY'
t = Terminal(*with_, "-e", "LANG=C.UTF-8", "-e", "PS1=@> ", "/bin/sh", "-c",
             "tmux -f /dev/null new-session -n one 'exec bash --norc'; echo status $?", rows=25)
t.see("@> ")
t.type("tty; stty size", "/dev/pts/0", "24 80")
t.resize(35, 100)
t.size(34, 100)
t.type("sh /job", "going")
t.keys("\x1a")
t.see("Stopped", "@> ")
t.type("ps -o tty=,stat=,args=", r"pts/0 +Ss +bash", "pts/0 +T +sh /job", "@> ")
t.type("fg", "continued")
t.keys("\x03")
t.see("@> ")
t.type("echo code $?", "code 130", "@> ")
t.keys('\x02"')                     # halves; the new one is the current one
t.see("@> ")
t.type("tty; stty size", "/dev/pts/1", "1[67] 100", "@> ")
t.keys("\x02c")                     # a window of its own
t.see("@> ")
t.type("tty; stty size", "/dev/pts/2", "34 100", "@> ")
t.keys("\x02d")
t.see("detached", "status 0")
t.ends(0)
PY
}
# only qemu: the same kernel; the emulated lab is slow
test_script() {
    job
    tools script cat
    at_terminal <<'PY'
t = Terminal(*with_, "-e", "SHELL=/bin/bash", "/bin/sh", "-c",
             "cd /tmp; script -q log -c 'bash --norc -i'; echo status $?; cat log", rows=25)
t.see("# ")
t.type("stty size", "25 80")
t.resize(31, 91)
t.size(31, 91)
t.type("echo $LINES $COLUMNS", "31 91", "# ")
t.type("sh /job", "going\r\n")
t.keys("\x1a")
t.see("Stopped +sh /job", "# ")
t.type("fg", "continued\r\n")
t.keys("\x03")
t.type("echo code $?", "code 130", "# ")
t.type("exit 3", "status 0", "Script started", "31 91", "code 130", "Script done")
t.ends(0)
PY
}
