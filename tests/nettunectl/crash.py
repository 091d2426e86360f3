# SPDX-License-Identifier: MIT
# Kills nettunectl at its system calls, one run for each, with strace's fault injection; then looks
# whether the next writer leads to all of the values before the change or all of those after it, and
# whether the baseline still leads back to the start. Then refuses the files of /run/nettune.
# Called by crash_test.sh: crash.py NETTUNECTL FOLDER, in namespaces of its own.
import collections
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

nettunectl, folder = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import live_keys  # noqa: E402  (found by the line above)
from live_keys import difference  # noqa: E402

STATE = pathlib.Path("/run/nettune")
# The start of the program is the same for each command, and changes nothing: of its system calls
# one in ten is a kill point, unless all are asked for. Of a build with sanitizers, which takes five
# times as long, it is one in five of all others as well.
ALL = bool(os.environ.get("NETTUNE_CRASH_ALL"))
IS_SANITIZED = b"__asan_init" in pathlib.Path(nettunectl).read_bytes()
EARLY_STRIDE = 1 if ALL else 50 if IS_SANITIZED else 10
STRIDE = 5 if IS_SANITIZED and not ALL else 1
live = functools.partial(live_keys.live, live_keys.keys())
failures = 0


def fail(text):
    global failures
    failures += 1
    print(f"FAILED {text}", file=sys.stderr)


def run(*arguments, expect=None):
    done = subprocess.run([nettunectl, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if expect is not None and done.returncode not in expect:
        fail(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done


def traced(options, arguments):
    """Under strace; gives the answer and the path of the trace."""
    trace = folder / "trace"
    command = ["strace", "-qq", "-o", str(trace), *options, nettunectl, *arguments]
    return subprocess.run(command, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL), trace


def calls_of(arguments):
    """(name, how often by then, is it past the first look at the state) of each system call."""
    done, trace = traced([], arguments)
    counts = collections.Counter()
    calls = []
    is_past = False
    for line in trace.read_text().splitlines():
        found = re.match(r"([a-z0-9_]+)\(", line)
        # A write to ip_forward starts over while another program holds the kernel's lock of all links:
        # the next run need not meet one.
        if not found or "ERESTARTNOINTR" in line:
            continue
        name = found[1]
        counts[name] += 1
        is_past = is_past or "/run/nettune" in line
        calls.append((name, counts[name], is_past))
        if name == "signalfd4":
            break  # a trial waits from here on
    return done, calls


def recover():
    """The next writer, which changes nothing of its own: its plan is for another host."""
    done = run("apply", "--plan", str(OTHER_PLAN), expect=(2,))
    if "stale: it was made for host" not in done.stderr:
        fail(f"the next writer did not come to its plan: {done.stderr}")
    return done


def start_over():
    run("revert", "--force", "--quiet", expect=(0,))
    if difference(START, live()):
        fail(f"the start is not reached: {difference(START, live())}")
        for path in START:  # the next kill point has a right to a clean start
            if START[path] is not None and START[path] != live()[path]:
                pathlib.Path(path).write_text(START[path] or "\n")
    left = sorted(entry.name for entry in STATE.iterdir())
    if left != ["lock"]:
        fail(f"after a revert /run/nettune holds {left}")
    shutil.rmtree(STATE)


def scenario(name, before, arguments, is_trial=False):
    """Kills `arguments` at each point, from the state that the commands in `before` lead to."""
    def prepare():
        for command in before:
            run(*command, expect=(0,))

    prepare()
    values_before = live()
    if is_trial:
        arguments = [*arguments, "--confirm", "1"]
    done, calls = calls_of(arguments)
    if done.returncode != (2 if is_trial else 0):
        fail(f"{name}: under strace it ends with {done.returncode}: {done.stderr}")
    values_after = live()
    start_over()
    if is_trial:
        arguments = [*arguments[:-1], "60"]
    elif values_after == values_before:
        fail(f"{name}: it changes nothing")

    points = 0
    ends = collections.Counter()
    for number, (call, count, is_past) in enumerate(calls):
        if call in ("execve", "exit_group"):
            continue
        # What comes after the state is in place is short: all of it.
        is_late = not is_trial and number >= len(calls) - 6
        if number % (STRIDE if is_past else EARLY_STRIDE) != 0 and not is_late:
            continue
        prepare()
        killed, _ = traced(["-e", f"inject={call}:signal=KILL:when={count}"], arguments)
        if killed.returncode == 0:
            fail(f"{name}: not killed at {call} {count}")
        torn = live()
        recovery = recover()
        values = live()
        points += 1
        if values == values_before:
            ends["before"] += 1
        elif values == values_after and not is_trial:
            ends["after"] += 1
        else:
            fail(f"{name}: killed at {call} {count}: neither before nor after: "
                 f"{difference(values_before, values)}; {recovery.stderr}")
        if torn != values:
            ends["put back"] += 1
            if "put back to what" not in recovery.stderr:
                fail(f"{name}: killed at {call} {count}: nothing is said of what was put back: "
                     f"{recovery.stderr}")
        start_over()
    print(f"{name}: {points} kill points of {len(calls)} system calls: {ends['before']} end as "
          f"before, {ends['after']} as after it; {ends['put back']} had to be put back", flush=True)
    if ends["put back"] == 0 or (not is_trial and ends["after"] == 0):
        fail(f"{name}: no kill was in the middle, or none at the end")


def refused_files(name, before, arguments):
    """Each system call on the state's files fails once, with each errno."""
    for command in before:
        run(*command, expect=(0,))
    values_before = live()
    _, trace = traced(["-y", "-e", "trace=openat,write,fsync,renameat,renameat2,unlinkat,fchmod"],
                         arguments)
    counts = collections.Counter()
    calls = []
    for line in trace.read_text().splitlines():
        found = re.match(r"([a-z0-9_]+)\(", line)
        if found:
            counts[found[1]] += 1
            if "/run/nettune" in line:
                calls.append((found[1], counts[found[1]]))
    values_after = live()
    start_over()
    points = 0
    for call, count in calls:
        for error in ("EIO",) if IS_SANITIZED else ("EIO", "ENOSPC", "EROFS"):
            for command in before:
                run(*command, expect=(0,))
            answer, _ = traced(["-e", f"inject={call}:error={error}:when={count}"], arguments)
            values = live()
            points += 1
            if answer.returncode == 0 and values != values_after:
                fail(f"{name}: {call} {count} {error}: it ends with 0 and is not done: "
                     f"{difference(values_after, values)}")
            if answer.returncode != 0:
                if values != values_before:
                    recover()
                    values = live()
                if values not in (values_before, values_after):
                    fail(f"{name}: {call} {count} {error}: neither before nor after: "
                         f"{difference(values_before, values)}")
                if "/run/nettune" not in answer.stderr:
                    fail(f"{name}: {call} {count} {error}: the file is not named: {answer.stderr}")
            start_over()
    print(f"{name}: {points} refusals of the state's files", flush=True)
    if points < 12:
        fail(f"{name}: only {points} system calls on the state's files were seen")


START = live()
OTHER_PLAN = folder / "other_plan"
on_other_host = ["unshare", "--uts", sys.executable, "-c", "import os, socket, sys; "
                 "socket.sethostname('elsewhere'); os.execv(sys.argv[1], sys.argv[1:])"]
subprocess.run([*on_other_host, nettunectl, "plan", "a", "-o", str(OTHER_PLAN)], check=False,
               stdout=subprocess.DEVNULL)
if not OTHER_PLAN.exists():
    sys.exit("crash.py: no plan of another host could be made")
scenario("apply", [], ["apply", "a", "--quiet"])
scenario("switch", [["apply", "a", "--quiet"]], ["apply", "b", "--quiet"])
scenario("revert", [["apply", "a", "--quiet"]], ["revert", "--quiet"])
scenario("trial", [], ["apply", "a", "--quiet"], is_trial=True)
refused_files("apply", [], ["apply", "a", "--quiet"])
refused_files("switch", [["apply", "a", "--quiet"]], ["apply", "b", "--quiet"])
sys.exit(1 if failures else 0)
