# SPDX-License-Identifier: MIT
"""Measures server.py with and without the latency preset, and prints the table; see ./run.

usage: bench.py BUILD-DIR [--quick]
"""
import argparse
import contextlib
import os
import selectors
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nettune
from server import MESSAGE, REQUEST

SERVER = Path(__file__).with_name("server.py")
READ_RATE = 8e6  # bytes per second, of the slow reader
TCP_NOTSENT_LOWAT = 25


@contextlib.contextmanager
def serving(kind, options=(), prefix=(), workers=1):
    """The port of so many servers."""
    servers, port = [], 0
    try:
        for _ in range(workers):
            command = [*prefix, sys.executable, str(SERVER), *options, "--port", str(port), kind]
            servers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            text=True))
            line = servers[-1].stdout.readline()
            if not line.strip():
                sys.exit(f"bench.py: does not start: {' '.join(command)}")
            port = int(line)
        yield port
    finally:
        for server in servers:
            server.kill()
            server.wait()
            server.stdin.close()
            server.stdout.close()


def summary(latencies, seconds, count):
    """The two measures: a number per second; latencies in ms."""
    latencies = sorted(latencies)
    return {"rate": count / seconds, "min": latencies[0] * 1e3,
            "p50": latencies[len(latencies) // 2] * 1e3,
            "average": statistics.fmean(latencies) * 1e3, "max": latencies[-1] * 1e3,
            "p99": latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)] * 1e3}


def ask(port, seconds, connections, writes):
    """Each connection sends a request when it has the answer to the one before."""
    part = bytes(REQUEST // writes)
    # A client of one connection never sleeps: how long it takes to wake is not the server's latency.
    timeout = 0 if connections == 1 else None
    latencies = []
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        for _ in range(connections):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            if writes == 1:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = [sock, time.perf_counter(), 0]
            selector.register(sock, selectors.EVENT_READ, state)
            for _ in range(writes):
                sock.send(part)
        begin = time.perf_counter()
        warm = begin + seconds / 5  # the first rounds are acknowledged at once in any case
        while time.perf_counter() < begin + seconds:
            for key, _ in selector.select(timeout):
                state = key.data
                sock, sent, got = state
                got += len(sock.recv(REQUEST))
                if got < REQUEST:
                    state[2] = got
                    continue
                now = time.perf_counter()
                if sent >= warm:
                    latencies.append(now - sent)
                state[1], state[2] = now, 0
                for _ in range(writes):
                    sock.send(part)
    return summary(latencies, time.perf_counter() - warm, len(latencies))


def read_slowly(port, seconds):
    """A reader that first stalls, then reads at READ_RATE. Latency: from a message's making to its
    reading; held: what the server has made while nobody read."""
    step = 4 * MESSAGE
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.send(b"!")
        time.sleep(0.4)
        with socket.create_connection(("127.0.0.1", port)) as question:
            question.send(b"?")
            held = int.from_bytes(question.recv(8, socket.MSG_WAITALL), "little")
        latencies, read = [], 0
        begin = time.monotonic_ns()
        due = begin
        while due < begin + seconds * 1e9:
            data = sock.recv(step, socket.MSG_WAITALL)
            now = time.monotonic_ns()
            read += len(data)
            for at in range(0, len(data), MESSAGE):
                made = int.from_bytes(data[at:at + 8], "little")
                if made >= begin:
                    latencies.append((now - made) / 1e9)
            due += int(step / READ_RATE * 1e9)
            time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        seconds_taken = (time.monotonic_ns() - begin) / 1e9
    return dict(summary(latencies, seconds_taken, read / MESSAGE), held=held / 1024)


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def apply_cost():
    """us of processor time of the latency preset on a fresh socket: apply(), and a loop of the same
    calls. By the clock, a batch in which another process had its turn would take twice as long."""
    preset = nettune.Preset.named("latency", "server-base")
    numbers = {"nodelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY),
               "notsent-lowat": (socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT),
               "user-timeout": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
               "keepalive-idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
               "keepalive-interval": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
               "keepalive-probes": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
               "keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE)}
    calls = [(*numbers[entry.option], entry.requested) for entry in preset.plan("client")
             if entry.outcome == "planned"]

    def bare(sock):
        for level, option, value in calls:
            sock.setsockopt(level, option, value)
            sock.getsockopt(level, option)

    def time_of(function):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(50)]
            begin = time.process_time()
            for sock in sockets:
                function(sock)
            return (time.process_time() - begin) / len(sockets) * 1e6

    def applied(sock):
        preset.apply(sock, "client")

    times = [(time_of(bare), time_of(applied)) for _ in range(60)]
    return len(calls), *(statistics.median(column) for column in zip(*times))


def preload(build):
    """The command before a program that preloads, or why it is not measured."""
    command = os.path.join(build, "nettunectl")
    if not os.access(command, os.X_OK):
        return None, f"{build} holds no nettunectl"
    probe = subprocess.run([command, "run", "--preset", "latency", "--", "true"],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return None, f"nettunectl run fails: {(probe.stderr or probe.stdout).strip().splitlines()[:1]}"
    return [command, "run", "--preset", "latency", "--"], ""


# What is asked, of how many connections, in how many writes; of which servers.
PATTERNS = (
    ("one write each way, asyncio's own listener", "one", 1, 1, 1, ()),
    ("answer in two writes, pre-bound listener", "two", 1, 1, 1, ("--bound",)),
    ("request in two writes, client with Nagle", "one", 1, 2, 1, ()),
    ("16 connections, 1 worker", "one", 16, 1, 1, ()),
    ("16 connections, 2 workers (reuse-port)", "one", 16, 1, 2, ()),
)
SLOW = (
    ("default", ()),
    ("write limits 0 alone", ("--preset", "write-buffer-high=0,write-buffer-low=0")),
    ("notsent-lowat 16 KiB alone", ("--preset", "notsent-lowat=16KiB")),
    ("latency, by the module", ("--preset", "latency")),
)
COLUMNS = ("rate", "min", "p50", "average", "max", "p99")


def row(title, cells, base=None, held=None):
    line = f"  {title:<28}{cells['rate']:>9.0f}"
    line += "".join(f"{cells[name]:>10.3f}" for name in COLUMNS[1:])
    if held is not None:
        line += f"{held:>10.0f}"
    elif "held" not in cells:
        line += f"{'':>10}"
    if base is not None:
        line += f"{cells['rate'] / base['rate']:>9.3g}x{base['average'] / cells['average']:>9.3g}x"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    runs, seconds, slow_seconds = (1, 0.6, 1.5) if arguments.quick else (3, 1.2, 2.5)

    prefix, why = preload(arguments.build)
    # What re-arming costs where nobody waits for an acknowledgement, and what it is for.
    line = str(nettune.Preset.named("latency", "server-base"))
    without = line.replace("quickack=every-read", "quickack=off")
    ways = [("default", (), ()), ("latency, by the module", ("--preset", "latency"), ()),
            ("  the same, quickack=off", ("--preset", without), ())]
    if prefix:
        ways.append(("latency, by preload", (), prefix))

    print(f"asyncio on loopback, Python {sys.version.split()[0]}, Linux {os.uname().release}, "
          f"{os.cpu_count()} processors; load before: {os.getloadavg()[0]:.1f}")
    print(f"medians of {runs} runs; the last two columns against default: how many times as many a "
          "second,\nand how many times as short on average")
    print(f"\n  {'':<28}{'per s':>9}{'min ms':>10}{'p50 ms':>10}{'avg ms':>10}{'max ms':>10}{'p99 ms':>10}"
          f"{'held KiB':>10}{'per s':>10}{'avg':>10}")
    for title, kind, connections, writes, workers, options in PATTERNS:
        print(title)
        # Turn by turn, so that what else the machine does falls on all alike.
        found = {way: [] for way, _, _ in ways}
        for _ in range(runs):
            for way, preset, before in ways:
                with serving(kind, (*options, *preset), before, workers) as port:
                    found[way].append(ask(port, seconds, connections, writes))
        base = medians(found["default"])
        for way, _, _ in ways:
            row(way, medians(found[way]), None if way == "default" else base)

    print(f"slow reader of {READ_RATE / 1e6:.0f} MB/s, messages of {MESSAGE} bytes")
    slow = [(way, options, ()) for way, options in SLOW]
    if prefix:
        slow.append(("latency, by preload", (), prefix))
    found = {way: [] for way, _, _ in slow}
    for _ in range(runs):
        for way, options, before in slow:
            with serving("stream", options, before) as port:
                found[way].append(read_slowly(port, slow_seconds))
    base = medians(found["default"])
    for way, _, _ in slow:
        cells = medians(found[way])
        row(way, cells, None if way == "default" else base, cells["held"])
    if not prefix:
        print(f"not measured: preload: {why}")

    count, bare, applied = apply_cost()
    print(f"\nPreset.apply() of {count} options on a fresh socket: {applied:.1f} us of processor time; a loop of "
          f"the same\nsetsockopt and getsockopt calls: {bare:.1f} us; {applied / bare:.2f} x (goal: <= 3)")
    print("goals: slow reader >= 10 x shorter at >= 0.99 x the throughput; two writes < 0.1 ms (p50)")


if __name__ == "__main__":
    main()
