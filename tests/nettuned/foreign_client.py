# SPDX-License-Identifier: MIT
"""What a client does that knows nothing of sd-bus: python3-dbus, with profile web in force.

usage: foreign_client.py measured|kept    whether memory must come back
"""
import subprocess
import sys

import dbus

MANAGER = "org.nettune1.Manager"
faults = 0


def expect(condition, what):
    global faults
    if not condition:
        faults += 1
        print("not so:", what)


bus = dbus.SystemBus()
proxy = bus.get_object("org.nettune1", "/org/nettune1")
manager = dbus.Interface(proxy, MANAGER)
properties = dbus.Interface(proxy, dbus.PROPERTIES_IFACE)

everything = properties.GetAll(MANAGER)
expect(everything["State"] == "in-sync", f"State is in-sync: {everything['State']}")
expect(everything["ActiveProfile"] == "web", "web is active")
expect(everything["LastApplied"] > 1_700_000_000_000_000, "LastApplied is a time")

objects = dbus.Interface(proxy, "org.freedesktop.DBus.ObjectManager").GetManagedObjects()
keys = {str(interfaces["org.nettune1.Parameter"]["Key"]): path for path, interfaces in objects.items()
        if "org.nettune1.Parameter" in interfaces}
expect("net.ipv4.tcp_fin_timeout" in keys, f"the key has an object: {sorted(keys)}")
parameter = bus.get_object("org.nettune1", keys["net.ipv4.tcp_fin_timeout"])
values = dbus.Interface(parameter, dbus.PROPERTIES_IFACE).GetAll("org.nettune1.Parameter")
expect(values["Live"] == "20" and values["Desired"] == "20" and values["Baseline"] == "60",
       f"live, desired and baseline: {dict(values)}")
expect(str(values["DeclaredAt"]) == "/etc/nettune/profiles/web.yaml:4", values["DeclaredAt"])

findings = {str(row[0]): row for row in manager.Audit("", {})}
expect(findings["net.ipv4.tcp_fin_timeout"][1] == "match", "the audit has the key")
names = [str(row[0]) for row in manager.ListProfiles()]
expect("latency" in names and "web" in names, f"profiles: {names}")
description = manager.DescribeProfile("latency", {})
expect(description["Inherits"] == ["server-base"], description["Inherits"])
expect(description["OnDrift"] == "restore", description["OnDrift"])
writes, left = manager.Plan("latency", {})
expect(any(str(row[0]) == "net.ipv4.tcp_fin_timeout" and row[3] == "restored" for row in writes),
       "the plan puts back what only web has")

for call, error in (
        (lambda: manager.Activate("nosuch", {}), "org.nettune1.Error.NoSuchProfile"),
        (lambda: manager.Activate("faulty", {}), "org.nettune1.Error.InvalidProfile"),
        (lambda: manager.Confirm(), "org.nettune1.Error.Stale"),
        (lambda: manager.Audit("web", {"x": 1}), "org.freedesktop.DBus.Error.InvalidArgs"),
        (lambda: manager.Nonsense(), "org.freedesktop.DBus.Error.UnknownMethod"),
        (lambda: properties.Set(MANAGER, "State", "failed"), "org.freedesktop.DBus.Error.PropertyReadOnly"),
        (lambda: properties.Get("org.nettune1.Parameter", "Live"), "org.freedesktop.DBus.Error.UnknownProperty"),
):
    try:
        call()
        expect(False, f"{error} is raised")
    except dbus.DBusException as fault:
        expect(fault.get_dbus_name() == error, f"{error}: {fault.get_dbus_name()}: {fault}")

# 10 000 calls without waiting for an answer cost no memory that stays, and others are served.
pid = dbus.Interface(bus.get_object("org.freedesktop.DBus", "/"), "org.freedesktop.DBus") \
    .GetConnectionUnixProcessID("org.nettune1")


def resident():
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


manager.Audit("", {})
before = resident()
other = dbus.SystemBus(private=True)
other_manager = other.get_object("org.nettune1", "/org/nettune1")
fast = dbus.SystemBus(private=True)
for number in range(10_000):
    message = dbus.lowlevel.MethodCallMessage("org.nettune1", "/org/nettune1", MANAGER, "Describe")
    fast.send_message(message)
    if number % 1000 == 0:
        fast.flush()
        expect(other_manager.Get(MANAGER, "State", dbus_interface=dbus.PROPERTIES_IFACE, timeout=20)
               == "in-sync", "another client is served")
fast.flush()
fast.close()
expect(other_manager.Get(MANAGER, "State", dbus_interface=dbus.PROPERTIES_IFACE, timeout=60) == "in-sync",
       "another client is served afterwards")
after = resident()
print(f"PSS before and after 10 000 pipelined calls: {before} KiB, {after} KiB")
expect(sys.argv[1] == "kept" or after - before <= 1024, "the memory is back to within 1 MiB")
sys.exit(1 if faults else 0)
