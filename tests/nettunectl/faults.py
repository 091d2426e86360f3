# SPDX-License-Identifier: MIT
# Makes the n-th system call of each kind fail, once and from then on, for each n until a run makes
# no n-th; and the n-th allocation. Whatever became of the command: what it says is true, and once
# the fault has passed, a plain revert leads back to the start.
# Called by faults_test.sh: faults.py NETTUNECTL FAULTS_SO FOLDER, in namespaces of its own.
import collections
import errno
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys

nettunectl, library, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import faults  # noqa: E402  (found by the line above)
from live_keys import difference, keys, live  # noqa: E402

STATE = pathlib.Path("/run/nettune")
# Each errno of each kind at each call, and each allocation; else one errno, and of the allocations
# so many in a command.
ALL = bool(os.environ.get("NETTUNE_FAULTS_ALL"))
ALLOCATIONS = 12
orders = faults.Orders(str(folder / "orders"))
FAULTY = dict(os.environ, LD_PRELOAD=library, NETTUNE_FAULTS=orders.path)
failures = 0
injected = collections.Counter()  # by kind
total = collections.Counter()


def fail(text):
    global failures
    failures += 1
    if failures <= 40:
        print(f"FAILED {text}", file=sys.stderr)


ALL_KEYS = keys()
run = functools.partial(faults.run, nettunectl)


def must(*arguments):
    status, said = run(*arguments)
    if status != 0:
        fail(f"{' '.join(arguments)} ends with {status}: {said}")


def put(values):
    """Gives the keys these values; one may change others."""
    for _ in range(4):
        now = live(values)
        wrong = [path for path in values if now[path] != values[path]]
        if not wrong:
            return
        for path in wrong:
            with open(path, "w", encoding="ascii") as file:
                file.write(values[path] or "\n")
    fail(f"the values can't be put: {difference(values, live(values))}")


def state_files():
    return {entry.name: entry.read_bytes() for entry in STATE.iterdir() if entry.name != "lock"}


class Situation:
    """Where a command begins: values of keys, and the files of /run/nettune."""

    def __init__(self):
        self.values = live(ALL_KEYS)
        self.files = state_files() if STATE.exists() else {}

    def restore(self, affected):
        put({path: self.values[path] for path in affected})
        for name in state_files():
            if name not in self.files:
                (STATE / name).unlink()
        for name, data in self.files.items():
            (STATE / name).write_bytes(data)
            (STATE / name).chmod(0o644)


def start_over():
    must("revert", "--quiet")
    values = live(ALL_KEYS)
    if values != START.values:
        fail(f"the start is not reached: {difference(START.values, values)}")


def torn_situation():
    """Reads fail for good in the middle of an apply: a journal is open, and half is written."""
    orders.set()
    run("apply", "a", "--quiet", env=FAULTY)
    most = orders.counted()["read"]
    start_over()
    for first in range(most, 0, -1):
        orders.set("read", first, faults.FOREVER, errno.EIO)
        run("apply", "a", "--quiet", env=FAULTY)
        found = Situation()
        is_torn = any(b"\njournal\t" in data for data in found.files.values())
        if is_torn and found.values not in (START.values, applied["a"].values):
            start_over()
            return found
        start_over()
    fail("no fault leaves a journal and a change that is half done")
    return None


def trial_situation():
    """A change on trial whose process was killed."""
    with subprocess.Popen([nettunectl, "apply", "a", "--quiet", "--confirm", "3600"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as trial:
        if "on trial" not in trial.stderr.readline():
            fail("a trial does not begin")
        trial.send_signal(signal.SIGKILL)
    found = Situation()
    start_over()
    return found


def check_counts(name, arguments):
    """The preloaded library has to see all that the kernel sees."""
    trace = folder / "trace"
    orders.set()
    subprocess.run(["strace", "-f", "-qq", "-o", str(trace), "-E", f"LD_PRELOAD={library}",
                    "-E", f"NETTUNE_FAULTS={orders.path}", nettunectl, *arguments],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    kernel, ours = faults.seen_by_kernel(trace.read_text()), orders.counted()
    for kind in faults.KINDS:
        if kind == "list":
            right = (kernel[kind] > 0) == (ours[kind] > 0)
        else:
            right = kind == "memory" or kernel[kind] == ours[kind]
        if not right:
            fail(f"{name}: {kernel[kind]} system calls of the kind {kind}, and {ours[kind]} seen")


def points(kind, number_of_calls):
    """(n, errno) for a command that makes so many calls of the kind."""
    step = 1
    if kind == "memory" and not ALL:
        step = max(1, number_of_calls // ALLOCATIONS)
    for n in range(1, number_of_calls + 1, step):
        errnos = faults.ERRNOS[kind]
        yield n, (errnos if ALL else (errnos[n % len(errnos)],))


def scenario(name, before, arguments, after):
    """`after` are the values where the command has ended with 0."""
    before_affected = {path: before.values[path] for path in AFFECTED}
    before.restore(AFFECTED)
    check_counts(name, arguments)
    done = live(AFFECTED)
    if difference({path: after.values[path] for path in AFFECTED}, done):
        fail(f"{name}: it does not lead where it is to")
    counts = orders.counted()
    here, ends = collections.Counter(), collections.Counter()
    for kind in faults.KINDS:
        for last_of in (lambda n: n, lambda n: faults.FOREVER):
            for n, errnos in points(kind, counts[kind]):
                for number in errnos:
                    before.restore(AFFECTED)
                    orders.set(kind, n, last_of(n), number)
                    status, said = run(*arguments, env=FAULTY)
                    here[kind] += orders.failed() > 0
                    what = (f"{name}: {kind} {n}{'' if last_of(n) == n else ' and all later ones'}, "
                            f"{errno.errorcode[number]}: it ends with {status}")
                    values = live(AFFECTED)
                    ends[status] += 1
                    if status == 0 and values != done:
                        fail(f"{what}, and not all is done: {difference(done, values)}; {said}")
                    if status != 0 and not said:
                        fail(f"{what}, and says nothing")
                    # Before main() nobody catches an exception.
                    is_early = kind == "memory" and n <= EARLY and status == -signal.SIGABRT
                    if status < 0 and not (is_early and values == before_affected
                                           and state_files() == before.files):
                        fail(f"{what}: {said}")
                    reverted, why = run("revert", "--quiet")
                    values = live(AFFECTED)
                    if reverted != 0 or values != START_AFFECTED:
                        fail(f"{what} and says {said!r}; a plain revert ends with {reverted}: "
                             f"{difference(START_AFFECTED, values)}; {why}")
                        put(START_AFFECTED)
                    left = sorted(entry.name for entry in STATE.iterdir())
                    if left != ["lock"]:
                        fail(f"{what}; after a revert /run/nettune holds {left}")
                        run("revert", "--force", "--quiet")
    values = live(ALL_KEYS)
    if values != START.values:
        fail(f"{name}: the start is not reached: {difference(START.values, values)}")
    print(f"{name}: {sum(here.values())} faults; calls x 2: " +
          ", ".join(f"{kind} {here[kind]}" for kind in faults.KINDS) + "; it ended with " +
          ", ".join(f"{status} {count} times" for status, count in sorted(ends.items())), flush=True)
    injected.update(here)
    total["commands"] += 1


orders.set()
run("--version", env=FAULTY)
EARLY = orders.counted()["memory"]
START = Situation()
applied = {}
for profile in ("a", "b"):
    must("apply", profile, "--quiet")
    applied[profile] = Situation()
    start_over()
AFFECTED = sorted({path for situation in applied.values() for path in ALL_KEYS
                   if situation.values[path] != START.values[path]})
START_AFFECTED = {path: START.values[path] for path in AFFECTED}
torn, trial = torn_situation(), trial_situation()
shutil.rmtree(STATE)  # the first command makes the folder and the lock
STATE.mkdir()
scenario("apply", START, ["apply", "a", "--quiet"], applied["a"])
scenario("switch", applied["a"], ["apply", "b", "--quiet"], applied["b"])
scenario("revert", applied["a"], ["revert", "--quiet"], START)
scenario("recover", torn, ["revert", "--quiet"], START)
scenario("recover and apply", torn, ["apply", "b", "--quiet"], applied["b"])
scenario("confirm", trial, ["confirm"], applied["a"])
print(f"{sum(injected.values())} faults in {total['commands']} commands, by kind: " +
      ", ".join(f"{kind} {injected[kind]}" for kind in faults.KINDS) + f"; {failures} exceptions")
for kind in faults.KINDS:
    if injected[kind] == 0:
        fail(f"no {kind} was made to fail")
sys.exit(1 if failures else 0)
