# SPDX-License-Identifier: MIT
# Kills nettuned at random moments of its switches between the profiles k0 and k1, while something
# else writes one of their keys, and holds what the next start makes of it against the profile:
#   killed.py NETTUNED LOG FOLDER SWITCHES
# The profiles are files of lines "  KEY: 0" or "  KEY: 1"; the first key is the one that is fought
# over. Prints how many starts found a journal open.
import ctypes
import os
import random
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

import dbus
import dbus.lowlevel

program, log, folder = sys.argv[1:4]
switches = int(sys.argv[4])
NAME, PATH, MANAGER = "org.nettune1", "/org/nettune1", "org.nettune1.Manager"
random.seed(int(os.environ.get("NETTUNE_TEST_SEED", time.time_ns())))


def read(key):
    with open(f"/proc/sys/{key.replace('.', '/')}") as file:
        return file.read().strip()


def wanted(profile):
    with open(f"/etc/nettune/profiles/{profile}.yaml") as file:
        return dict(line.strip().split(": ") for line in file if line.startswith("  "))


profiles = {name: wanted(name) for name in ("k0", "k1")}
keys = list(profiles["k0"])
fought_over = keys[0]
before = {key: read(key) for key in keys}

notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notified.bind(f"{folder}/killed")
notified.settimeout(20)


def start():
    with open(log, "ab") as errors:
        service = subprocess.Popen([program], stderr=errors,
                                   env=dict(os.environ, NOTIFY_SOCKET=f"{folder}/killed"))
    while b"READY=1" not in notified.recv(4096):
        pass
    return service


bus = dbus.SystemBus()


def message(method, *arguments, signature):
    call = dbus.lowlevel.MethodCallMessage(NAME, PATH, MANAGER, method)
    call.append(*arguments, signature=signature)
    return call


def activation(profile):
    return message("Activate", profile, dbus.Dictionary({}, signature="sv"), signature="sa{sv}")


def drain():
    notified.setblocking(False)
    try:
        while True:
            notified.recv(4096)
    except BlockingIOError:
        pass
    notified.settimeout(20)


libc = ctypes.CDLL(None, use_errno=True)
replaced = libc.inotify_init1(os.O_NONBLOCK)
IN_MOVED_FROM, IN_MOVED_TO = 0x40, 0x80
os.makedirs("/run/nettune", exist_ok=True)
assert libc.inotify_add_watch(replaced, b"/run/nettune", IN_MOVED_FROM | IN_MOVED_TO) >= 0


def replacements():
    """How often the state was replaced since the last call."""
    count = 0
    try:
        data = os.read(replaced, 65536)
    except BlockingIOError:
        return 0
    while data:
        _, mask, _, size = struct.unpack_from("iIII", data)
        count += mask == IN_MOVED_TO
        data = data[16 + size:]
    return count


def send_activation(profile):
    call = activation(profile)
    call.set_no_reply(True)
    bus.send_message(call)
    bus.flush()


def switch(profile):
    """Seconds until the journal is open, until it is closed, and until the answer comes."""
    drain()
    while replacements():
        pass
    begin = time.monotonic()
    send_activation(profile)
    times = []
    while len(times) < 2:  # the state with the journal replaces the one before, and is replaced
        assert select.select([replaced], [], [], 20)[0], "the state is not written"
        times += [time.monotonic() - begin] * replacements()
    properties()  # is answered after the call before it
    return times[0], times[1], time.monotonic() - begin


def properties():
    manager = bus.get_object(NAME, PATH, introspect=False)
    return manager.GetAll(MANAGER, dbus_interface="org.freedesktop.DBus.Properties")


class Foreigner(threading.Thread):
    """Writes the one key again and again, unless it is held."""

    def __init__(self):
        super().__init__(daemon=True)
        self.lock = threading.Lock()

    def run(self):
        while True:
            for value in ("0", "1"):
                with self.lock:
                    with open(f"/proc/sys/{fought_over.replace('.', '/')}", "w") as file:
                        file.write(value)
                time.sleep(0.003)


def differing(values, but=None):
    return [f"{key} is {read(key)}, not {value}" for key, value in values.items()
            if key != but and read(key) != value]


def chosen():
    with open("/var/lib/nettune/active") as file:
        return file.read().strip()


def why_unsettled():
    """While the foreigner is held. None once all is, and is said to be, as what was chosen has it."""
    choice = chosen()
    end = time.monotonic() + 10
    while True:
        wrong = differing(profiles[choice])
        now = properties()
        if not wrong and (now["State"], now["ActiveProfile"]) == ("in-sync", choice):
            return None
        if time.monotonic() > end:
            return f"{choice} is chosen, {now['ActiveProfile']} {now['State']}: {wrong[:3]}"
        time.sleep(0.002)


def why_inconsistent(foreigner):
    """After a start, and under the foreigner's hand."""
    choice = chosen()
    # READY means that it is in force; of the one key the last write may be of either.
    wrong = differing(profiles[choice], but=fought_over)
    if wrong:
        return f"at READY of {choice}: {wrong[:3]}"
    with foreigner.lock:
        return why_unsettled()


def choose(profile):
    with open("/var/lib/nettune/active", "w") as file:
        file.write(profile + "\n")


def why_half_done():
    """After a start that puts nothing in force itself, as the choice can't be read."""
    but = [key for key in keys if key != fought_over]
    live = {key: read(key) for key in but}
    counts = {name: sum(live[key] == values[key] for key in but) for name, values in profiles.items()}
    return None if len(but) in counts.values() else f"of {len(but)} keys {counts} are as declared"


def recoveries():
    with open(log) as file:
        return file.read().count("a change was cut short when its process ended")


service = start()
switch("k0")  # the baselines are what was before the foreigner
measured = [switch(f"k{(turn + 1) % 2}") for turn in range(10)]
opened, closed, duration = (statistics.median(times) for times in zip(*measured))
foreigner = Foreigner()
foreigner.start()
recovered_before = recoveries()
inconsistent = []
for turn in range(switches):
    drain()
    while replacements():
        pass
    # A kill before the journal has left the profile in force as it was: the other one.
    send_activation("k1" if chosen() == "k0" else "k0")
    # One half anywhere, the other half while the journal is open.
    if turn % 2 == 0:
        time.sleep(random.uniform(0, duration))
    else:
        assert select.select([replaced], [], [], 20)[0], "the journal is not written"
        time.sleep(random.uniform(0, closed - opened))
    service.send_signal(signal.SIGKILL)
    service.wait()
    why = None
    if turn % 4 == 3:
        choice = chosen()
        choose("nonesuch")
        service = start()
        why = why_half_done()
        choose(choice)
        service.terminate()
        service.wait()
    service = start()
    why = why or why_inconsistent(foreigner)
    if why:
        inconsistent.append(f"after kill {turn + 1}: {why}")
recovered = recoveries() - recovered_before
print(f"killed {switches} times in a switch of {len(keys)} keys and {duration * 1000:.1f} ms "
      f"(journal from {opened * 1000:.1f} to {closed * 1000:.1f} ms): "
      f"{recovered} journals were open, {switches - len(inconsistent)} consistent afterwards")
assert not inconsistent, "\n".join(inconsistent[:5])
assert recovered >= switches // 8, "the kills have missed the journal"

# What was before the first switch outlives all of them, also of the key that was fought over.
with foreigner.lock:
    why = why_unsettled()
    assert why is None, why
    bus.send_message_with_reply_and_block(
        message("Deactivate", dbus.Dictionary({}, signature="sv"), signature="a{sv}"), 20)
    wrong = differing(before)
    assert not wrong, f"the baseline is lost: {wrong}"
    service.terminate()
    assert service.wait(20) == 0
    sys.stdout.flush()
    os._exit(0)  # the foreigner writes no more
