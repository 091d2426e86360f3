# SPDX-License-Identifier: MIT
# Passes on what ctest prints, adds the ten slowest tests and each skipped one with its reason, and puts
# ctest's own closing line last. A script that skips exits with 77; it, or a doctest case that passes itself by, prints
# a line with "skipped: REASON".
import re
import sys
import xml.etree.ElementTree

closing = ""
after = []
for line in sys.stdin:
    if re.match(r"\d+% tests passed, ", line):
        closing = line
    elif closing:
        after.append(line)
    else:
        print(line, end="", flush=True)

skipped = []
try:
    cases = list(xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"))
except (OSError, xml.etree.ElementTree.ParseError) as error:
    sys.exit(f"closing.py: no results of ctest: {error}")
for case in cases:
    reasons = re.findall(r"\bskipped: (.+)", case.findtext("system-out") or "")
    if case.find("skipped") is not None and not reasons:
        reasons = ["gives no reason"]
    skipped += [f"  {case.get('name')}: {reason.strip()}" for reason in reasons]
slowest = sorted(((float(case.get("time", 0)), case.get("name")) for case in cases), reverse=True)[:10]
if slowest:
    print("\nslowest:")
    print("\n".join(f"  {seconds:6.1f} s  {name}" for seconds, name in slowest))
if skipped:
    print("\nskipped:")
    print("\n".join(dict.fromkeys(skipped)))
print("".join(after).rstrip("\n"))
print(closing, end="")
if not closing:
    sys.exit("closing.py: ctest ended without its closing line")
