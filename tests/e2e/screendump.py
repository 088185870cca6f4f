#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""screendump.py SOCKET FILE: QEMU's screen as PPM by QMP, and whether text is on it.

Text is one colour on black, in thirty rows of cells or more, with no more than a quarter
of a row's pixels set.
"""
import json, socket, sys, time

CELL = 16


def command(stream, name, **arguments):
    stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    stream.flush()
    while True:
        answer = json.loads(stream.readline())
        if "error" in answer:
            sys.exit("%s: %s" % (name, answer["error"]))
        if "return" in answer:
            return


def read(path):
    with open(path, "rb") as file:
        kind, size, depth, pixels = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    return width, height, pixels


def rows_with_text(path):
    width, height, pixels = read(path)
    colours = {pixels[i:i + 3] for i in range(0, len(pixels), 3)}
    if len(colours) != 2 or b"\0\0\0" not in colours:
        return 0, colours
    count = 0
    for top in range(0, height - CELL + 1, CELL):
        band = pixels[top * width * 3:(top + CELL) * width * 3]
        lit = sum(1 for i in range(0, len(band), 3) if band[i:i + 3] != b"\0\0\0")
        count += 0 < lit < width * CELL // 4
    return count, colours


def main():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    stream = connection.makefile("rw")
    stream.readline()
    command(stream, "qmp_capabilities")
    for _ in range(20):     # the serial port may be ahead of the screen
        command(stream, "screendump", filename=sys.argv[2])
        count, colours = rows_with_text(sys.argv[2])
        if count >= 30:
            return
        time.sleep(0.1)
    sys.exit("%d rows of text, %d colours" % (count, len(colours)))


main()
