# SPDX-License-Identifier: BSD-2-Clause
"""Functions in Python, by the files of vmm-call(7): no library is needed."""
import json, os, re, sys, time

RECORD_MAX = 255 + 1 + (16 << 20)
NO_FUNCTION = 65536
held = b""


class Failure(Exception):
    """args: status, text"""


def host(name, data):
    """Calls a function of the embedder's."""
    file = os.open("/dev/vmm/host", os.O_RDWR)
    try:
        os.write(file, name.encode() + b"\0" + data)
        status, _, answer = os.read(file, RECORD_MAX + 1).partition(b"\0")
    finally:
        os.close(file)
    if status != b"0":
        raise Failure(int(status), answer.decode(errors="replace"))
    return answer


def total(data):
    return str(sum(int(word) for word in re.findall(rb"-?\d+", data))).encode()


def parse(data):
    return json.dumps(json.loads(data), sort_keys=True).encode()


def fail(data):
    raise Failure(7, "as it was asked to")


def leak(data):
    global held
    before, held = held, data
    return before


FUNCTIONS = {
    "echo": lambda data: data,
    "nothing": lambda data: b"",
    "sum": total,
    "upper": bytes.upper,
    "json": parse,
    "random": lambda data: os.urandom(32).hex().encode(),
    "time": lambda data: b"%.9f %.9f" % (time.time(), time.monotonic()),
    "host": lambda data: host("twice", data),
    "fail": fail,
    "leak": leak,
    "exit": lambda data: os._exit(int(data)),
}


def serve():
    call = os.open("/dev/vmm/call", os.O_RDWR)
    while True:
        name, _, data = os.read(call, RECORD_MAX + 1).partition(b"\0")
        function = FUNCTIONS.get(name.decode(errors="replace"))
        status, output = NO_FUNCTION, b""
        try:
            if function:
                status, output = 0, function(data)
        except Failure as failure:
            status, output = failure.args[0], failure.args[1].encode()
        except Exception as error:  # the caller is told, and the next call served
            status, output = 1, ("%s: %s" % (type(error).__name__, error)).encode()
        os.write(call, b"%d\0" % status + output)


sys.exit(serve())
