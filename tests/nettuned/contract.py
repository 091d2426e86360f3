# SPDX-License-Identifier: MIT
"""Holds the live introspection of nettuned against packaging/dbus/org.nettune1.xml.

usage: contract.py XML manager|parameter
"""
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"
UNPRIVILEGED = "org.freedesktop.systemd1.Privileged"


def members(interface):
    """{(kind, name): what is promised}"""
    found = {}
    for member in interface:
        if member.tag == "annotation":
            continue
        arguments = [(a.get("name"), a.get("type"), a.get("direction", "out")) for a in member.findall("arg")]
        notes = {n.get("name"): n.get("value") for n in member.findall("annotation")}
        notes.setdefault(EMITS, "true") if member.tag == "property" else None
        notes.pop(UNPRIVILEGED, None)
        found[member.tag, member.get("name")] = (member.get("type"), member.get("access"), arguments, notes)
    return found


def introspect(path):
    text = subprocess.run(
        ["busctl", "--system", "introspect", "--xml-interface", "org.nettune1", path],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return ElementTree.fromstring(text)


def first_parameter():
    lines = subprocess.run(["busctl", "--system", "tree", "--list", "org.nettune1"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    return next(line for line in lines if line.startswith("/org/nettune1/parameter/"))


def main():
    contract, what = sys.argv[1:]
    name = {"manager": "org.nettune1.Manager", "parameter": "org.nettune1.Parameter"}[what]
    path = "/org/nettune1" if what == "manager" else first_parameter()
    promised = members(ElementTree.parse(contract).find(f"interface[@name='{name}']"))
    live = members(introspect(path).find(f"interface[@name='{name}']"))
    faults = 0
    for member in sorted(promised.keys() | live.keys()):
        if promised.get(member) != live.get(member):
            faults += 1
            print(f"{member}: the contract has {promised.get(member)}, the service {live.get(member)}")
    if len(promised) < 5:
        faults += 1
        print(f"the contract holds only {len(promised)} members")
    # A comment stands before each member.
    text = open(contract, encoding="utf-8").read().split("\n")
    for number, line in enumerate(text):
        if line.strip().startswith(("<property", "<method", "<signal")) and not text[number - 1].strip().endswith("-->"):
            faults += 1
            print(f"{contract}:{number + 1}: has no comment")
    sys.exit(1 if faults else 0)


main()
