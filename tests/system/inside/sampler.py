#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: sampler.py FILE KEY: reads KEY each millisecond until SIGTERM. FILE begins to exist with
the first value; at the end it holds all the values that were seen, how often and how densely."""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import os
import signal
import time

out, key = sys.argv[1:]
is_over = False


def end(*_):
    global is_over
    is_over = True


signal.signal(signal.SIGTERM, end)
descriptor = os.open("/proc/sys/" + key.replace(".", "/"), os.O_RDONLY)
seen = []
count = 0
longest = 0
last = time.monotonic()
while not is_over:
    value = os.pread(descriptor, 4096, 0).decode().strip()
    if value not in seen:
        seen.append(value)
    now = time.monotonic()
    longest = max(longest, now - last)
    last = now
    count += 1
    if count == 1:
        with open(out, "w", encoding="utf-8") as file:
            file.write("sampling\n")
    time.sleep(0.001)
with open(out, "w", encoding="utf-8") as file:
    file.write(f"{key}: values {' '.join(seen)}, seen in {count} looks,"
               f" {longest * 1000:.1f} ms the longest pause\n")
