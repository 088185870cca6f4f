# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Python's own tests of what it asks of a kernel, those that need no network: each passes, fails or is
# skipped as it does natively.
# timeout: 240

python=/usr/bin/python3.11
with=(--add /usr/lib/python3.11 --add /bin/sh --add /etc/passwd --add /etc/group -m 512M)
for program in id cat echo true tar gzip zip unzip; do # tests are skipped for want of the latter
    [ ! -x /usr/bin/$program ] || with+=(--add "/usr/bin/$program")
done

# compare_suite TEST...: modules, classes or tests of python's package "test".
compare_suite() {
    [ -e /usr/lib/python3.11/test/test_os.py ] || skip "python's own tests are not installed (libpython3.11-testsuite)"
    cat >"$T/suite.py" <<'PY'
import os, sys, unittest
from test import support
from test.support import os_helper

class Outcomes(unittest.TextTestResult):
    def note(self, test, outcome):
        notes.add(f"{test.id().split(' (')[0]} {outcome}")
    def addSuccess(self, test):
        super().addSuccess(test); self.note(test, "ok")
    def addSkip(self, test, reason):
        super().addSkip(test, reason); self.note(test, "skipped")
    def addError(self, test, error):
        super().addError(test, error); self.note(test, "error")
    def addFailure(self, test, error):
        super().addFailure(test, error); self.note(test, "failed")
    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error: self.note(test, "failed")

if __name__ == "__main__":
    notes = set()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the tests themselves print is of no interest
    support.use_resources = []
    with os_helper.temp_cwd(None): # of its own: tests run side by side
        unittest.TextTestRunner(resultclass=Outcomes, verbosity=2).run(
            unittest.defaultTestLoader.loadTestsFromNames("test." + name for name in sys.argv[1:]))
    print(*sorted(notes), sep="\n", file=out)
PY
    same_as_native "${with[@]}" --add "$T/suite.py" -- $python "$T/suite.py" "$@"
    [ "$(grep -c ' ok$' "$out")" -gt 20 ] || fail "hardly a test has passed"
}

# only qemu: the same kernel; the emulated lab is slow
test_files() { compare_suite test_fcntl test_mmap test_shutil test_posix.PosixTester test_os.{FileTests,StatAttributeTests}; }
# only qemu: the same kernel; the emulated lab is slow
test_processes() {
    compare_suite test_pty test_openpty test_resource test_popen test_signal.PosixTests.test_{getsignal,valid_signals} \
        test_thread.{BarrierTest,LockTests,ThreadRunningTests} test_threading.LockTests test_os.{Fork,Pid}Tests
}
test_talk() {
    compare_suite test_selectors.EpollSelectorTestCase.test_{register,modify,select,empty_select} \
        test_socket.{BasicSocketPairTest,TestUnixDomain,TestLinuxAbstractNamespace,SendRecvFdsTests} \
        test_socket.{SendmsgUnixStreamTest,RecvmsgSCMRightsStreamTest}
}
