# SPDX-License-Identifier: MIT
# Makes system calls and allocations of nettuned fail while it does what it is asked on the bus, and
# then those of everything at random while several commands and the service change the same keys:
#   injected.py NETTUNED NETTUNECTL FAULTS_SO FOLDER SECONDS
# Once the faults have passed, a plain revert leads back to the start. Profiles a and b are there.
import collections
import errno
import functools
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import dbus
import dbus.bus
import dbus.lowlevel

nettuned, nettunectl, library, folder = sys.argv[1:5]
seconds = float(sys.argv[5])
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import faults  # noqa: E402  (found by the line above)
from live_keys import difference, live  # noqa: E402

NAME, PATH, MANAGER = "org.nettune1", "/org/nettune1", "org.nettune1.Manager"
STATE = pathlib.Path("/run/nettune")
CHOICE = pathlib.Path("/var/lib/nettune/active")
ALL = bool(os.environ.get("NETTUNE_FAULTS_ALL"))
CALLS = 4  # of a kind and a command that fail, unless all are asked for
seed = int(os.environ.get("NETTUNE_TEST_SEED", time.time_ns()))
failures = 0


def fail(text):
    global failures
    failures += 1
    if failures <= 30:
        log = pathlib.Path(f"{folder}/injected.log").read_text(errors="replace").splitlines()[-5:]
        print(f"FAILED {text}", *log, sep="\n  log: ", flush=True)


class Daemon:
    """nettuned with the faults that its orders say; started again where one has ended it."""

    def __init__(self):
        self.orders = faults.Orders(f"{folder}/orders.service")
        self.bus = None
        self.deaths = 0
        self.process = None
        self.start()

    def start(self):
        environment = dict(os.environ, LD_PRELOAD=library, NETTUNE_FAULTS=self.orders.path)
        with open(f"{folder}/injected.log", "ab") as log:
            self.process = subprocess.Popen([nettuned], stderr=log, env=environment)

    def is_dead(self):
        return self.process.poll() is not None

    def revive(self):
        """Once nothing fails any more: whether it answers."""
        self.orders.set()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.is_dead():
                self.deaths += 1
                self.start()
            try:
                self.connect().call_blocking(NAME, PATH, "org.freedesktop.DBus.Peer", "Ping", "",
                                             (), timeout=5)
                return True
            except dbus.DBusException:
                time.sleep(0.01)
        fail("the service does not answer any more")
        return False

    def connect(self):
        if self.bus is None or not self.bus.get_is_connected():
            self.bus = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM)
            self.bus.set_exit_on_disconnect(False)
        return self.bus

    def call(self, method, *arguments, signature, timeout=5.0):
        """None, or the error's text."""
        try:
            self.connect().call_blocking(NAME, PATH, MANAGER, method, signature, arguments,
                                         timeout=timeout)
            return None
        except dbus.DBusException as error:
            return f"{error.get_dbus_name()}: {error.get_dbus_message()}"

    def activate(self, profile, **how):
        return self.call("Activate", profile, dbus.Dictionary({}, signature="sv"),
                         signature="sa{sv}", **how)

    def deactivate(self, **how):
        return self.call("Deactivate", dbus.Dictionary({}, signature="sv"), signature="a{sv}",
                         **how)


run = functools.partial(faults.run, nettunectl)
START = live()
daemon = Daemon()
daemon.revive()
for name in ("a", "b"):
    if daemon.activate(name):
        fail(f"{name} can't be activated")
    if name == "a":
        with_a = live()
with_b = live()
daemon.deactivate()
AFFECTED = [path for path in START if len({START[path], with_a[path], with_b[path]}) > 1]
assert len(AFFECTED) > 5 and live() == START


def affected():
    values = {}
    for path in AFFECTED:
        with open(path, encoding="ascii") as file:
            values[path] = file.read()
    return values


START_AFFECTED = {path: START[path] for path in AFFECTED}
DRIFTED = "/proc/sys/net/ipv4/tcp_keepalive_time"


def properties(timeout=5.0):
    """None, or the error's text."""
    try:
        daemon.connect().call_blocking(NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll", "s",
                                       (MANAGER,), timeout=timeout)
        return None
    except dbus.DBusException as error:
        return str(error)


def drift():
    with open(DRIFTED, "w", encoding="ascii") as file:
        file.write("77")
    return properties()  # answered after the write was seen


def restart():
    daemon.process.terminate()
    daemon.process.wait()
    daemon.start()
    end = time.monotonic() + 3
    while time.monotonic() < end and not daemon.is_dead():
        if properties(timeout=1) is None:
            return None
        time.sleep(0.01)
    return "it did not come up"


def before_all():
    return None


COMMANDS = {
    "activate": (before_all, lambda: daemon.activate("a")),
    "switch": (lambda: daemon.activate("a"), lambda: daemon.activate("b")),
    "deactivate": (lambda: daemon.activate("a"), daemon.deactivate),
    "restore": (lambda: daemon.activate("a"), drift),
    "start": (lambda: daemon.activate("a"), restart),
}
injected = collections.Counter()


def deactivated():
    """None, or the error's text. A service that has lost the bus comes back to it."""
    for _ in range(3):
        error = daemon.deactivate()
        if error is None or not error.startswith("org.freedesktop.DBus."):
            break
        daemon.revive()
    return error


def check_start(what, is_foreign=False):
    """A plain revert, and a service that keeps nothing in force. What is foreign and could not be
    restored goes back by force."""
    why = []
    if is_foreign and affected()[DRIFTED] == "77\n":
        status, said = run("revert", "--wait", "10", "--quiet", "--force")
        if status != 0:
            why.append(f"revert --force ends with {status}: {said}")
    for attempt in range(2):
        # By turns the command is first, and the service.
        if (sum(injected.values()) + attempt) % 2 == 0:
            status, said = run("revert", "--wait", "10", "--quiet")
            if status not in (0, 1):
                why.append(f"revert ends with {status}: {said}")
        else:
            error = deactivated()
            if error:
                why.append(error)
    values = affected()
    if values != START_AFFECTED or why:
        fail(f"{what}: {difference(START_AFFECTED, values)}; {why}")
        run("revert", "--force", "--quiet")
        daemon.deactivate()
        for _ in range(3):
            for path, value in START_AFFECTED.items():
                with open(path, "w", encoding="ascii") as file:
                    file.write(value)
    left = sorted(entry.name for entry in STATE.iterdir())
    if left != ["lock"]:
        fail(f"{what}: /run/nettune holds {left}")


for name, (prepare, command) in COMMANDS.items():
    here, refused, deaths = collections.Counter(), 0, daemon.deaths
    # How many calls it makes, once to warm up and once to count.
    for _ in range(2):
        if prepare():
            fail(f"{name}: can't be prepared")
        daemon.orders.set()
        if command():
            fail(f"{name}: it is refused without a fault")
        time.sleep(0.02)
        counts = daemon.orders.counted()
        check_start(f"{name} without a fault")
    for kind in faults.KINDS:
        step = 1 if ALL else max(1, counts[kind] // CALLS)
        for first in range(1, counts[kind] + 1, step):
            for last in (first, faults.FOREVER):
                number = faults.ERRNOS[kind][first % len(faults.ERRNOS[kind])]
                error = prepare()
                if error and daemon.revive():
                    error = prepare()
                if error:
                    fail(f"{name}: can't be prepared: {error}")
                daemon.orders.set(kind, first, last, number)
                refused += command() is not None
                failed = daemon.orders.failed()
                here[kind] += failed > 0
                daemon.revive()
                injected[kind] += failed > 0
                check_start(f"{name}: {kind} {first}{'' if last == first else ' and all later ones'}"
                            f", {errno.errorcode[number]}", is_foreign=name == "restore")
    if live() != START:
        fail(f"{name}: the start is not reached: {difference(START, live())}")
    print(f"service, {name}: {sum(here.values())} faults, of " +
          ", ".join(f"{kind} {here[kind]}" for kind in faults.KINDS) +
          f"; {refused} times refused, {daemon.deaths - deaths} times the service ended", flush=True)
print(f"service: {sum(injected.values())} faults in {len(COMMANDS)} commands; {failures} exceptions",
      flush=True)
for kind in faults.KINDS:
    if injected[kind] == 0:
        fail(f"no {kind} was made to fail")

# --- all at once ---

stop = threading.Event()
tally = collections.Counter()
tally_lock = threading.Lock()


def count(**more):
    with tally_lock:
        tally.update(more)


def random_fault(chance, orders):
    """By turns none, a single one, and one that stays."""
    kind = chance.choice(faults.KINDS)
    first = chance.randint(1, 400 if kind == "memory" else 80)
    last = chance.choice((first, faults.FOREVER))
    orders.set(kind, first, last, chance.choice(faults.ERRNOS[kind]))


def commands(number):
    chance = random.Random(seed + number)
    orders = faults.Orders(f"{folder}/orders.{number}")
    faulty = dict(os.environ, LD_PRELOAD=library, NETTUNE_FAULTS=orders.path)
    while not stop.is_set():
        arguments = chance.choice((["apply", "a"], ["apply", "b"], ["revert"]))
        orders.set()
        if chance.random() < 0.6:
            random_fault(chance, orders)
        status, _ = run(*arguments, "--quiet", "--wait", "2", env=faulty)
        count(commands=1, changed=status == 0, faults=orders.failed() > 0)


def bus_calls(number):
    chance = random.Random(seed + number)
    caller = Daemon.__new__(Daemon)
    caller.bus = None
    while not stop.is_set():
        which = chance.choice((lambda: caller.activate("a", timeout=3),
                               lambda: caller.activate("b", timeout=3),
                               lambda: caller.deactivate(timeout=3)))
        try:
            error = which()
        except Exception as unexpected:  # pylint: disable=broad-except
            error = str(unexpected)
        count(calls=1, changed=error is None)
        if error:
            time.sleep(0.005)


def service_faults(number):
    chance = random.Random(seed + number)
    while not stop.is_set():
        random_fault(chance, daemon.orders)
        stop.wait(0.1)
        count(service_faults=daemon.orders.failed() > 0)
        daemon.orders.set()
        stop.wait(0.1)
        if daemon.is_dead():
            daemon.deaths += 1
            daemon.start()


deaths = daemon.deaths
threads = [threading.Thread(target=work, args=(number,))
           for number, work in enumerate((commands, commands, bus_calls, service_faults))]
for thread in threads:
    thread.start()
began = time.monotonic()
# Longer on a machine that has other work, until it says something.
while (duration := time.monotonic() - began) < seconds or (
        duration < 10 * seconds and (tally["changed"] < 200 or tally["faults"] < 20)):
    time.sleep(0.1)
stop.set()
for thread in threads:
    thread.join()
daemon.revive()
error = deactivated()
status, said = run("revert", "--wait", "10", "--quiet")
if error or status != 0:
    fail(f"after all: Deactivate is refused ({error}), or revert ends with {status}: {said}")
if live() != START:
    fail(f"after all the start is not reached: {difference(START, live())}")
left = sorted(entry.name for entry in STATE.iterdir())
if left != ["lock"]:
    fail(f"after all /run/nettune holds {left}")
print(f"at once, for {duration:.0f} s, seed {seed}: {tally['commands']} commands and {tally['calls']} "
      f"calls, of which {tally['changed']} were carried out; {tally['faults']} commands met a fault, "
      f"and {tally['service_faults']} times the service; it ended {daemon.deaths - deaths} times; "
      f"{failures} exceptions", flush=True)
if tally["changed"] < 200 or tally["faults"] < 20 or not tally["service_faults"]:
    fail("too few commands were carried out, or too few met a fault")
daemon.process.send_signal(signal.SIGTERM)
daemon.process.wait(20)
sys.exit(1 if failures else 0)
