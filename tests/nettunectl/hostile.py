# SPDX-License-Identifier: MIT
# Hostile text through every writer, see hostile_test.sh: hostile.py NETTUNECTL FOLDER.
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from seen import hidden  # noqa: E402

nettunectl, folder = sys.argv[1], pathlib.Path(sys.argv[2])
CASES = int(os.environ.get("NETTUNE_HOSTILE_CASES", "30"))
failures = 0

PIECES = ["\n", "\r", "\t", "\0", "\x1b[31m", "\x07", "\x7f", "\x85", "\x9b", "\u2028", "\u2029",
          "\u202e", "\u2066", "\u200b", "\u200d", "\ufe0f", "\u00a0", "\u3000", "\ufeff", "\ufffe",
          "\U000e0041", "\udcff", "\udcc3", "<", ">", "&", "]]>", "<!--", '"', "'", "\\", "\\x1b",
          "# ", ": ", "- ", "{", "}", "[", "]", ",", "*", "?", "%", "=", "$(x)", "`x`", "\nkernel.panic=1",
          "caf\u00e9", "\u65e5\u672c", "a", "b", "1", " "]
# What a summary and a why may hold.
PROSE = [piece for piece in PIECES if all(
    c in "\n\t\u00a0\u200d\ufe0f\u3000" or unicodedata.category(c) not in
    ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for c in piece)]


def fail(seed, text):
    global failures
    failures += 1
    print(f"FAILED with seed {seed}: {text}", file=sys.stderr)


def run(seed, *arguments):
    done = subprocess.run([nettunectl, *arguments], capture_output=True, cwd=folder, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1, 2):
        fail(seed, f"{arguments!r} ends with {done.returncode}")
    texts = []
    for data in (done.stdout, done.stderr):
        text = data.decode("utf-8", "surrogateescape")
        if (found := hidden(text)) is not None:
            fail(seed, f"{arguments!r} prints {found!r}: {text!r:.300}")
        texts.append(text)
    return done.returncode, texts[0], texts[1]


def text_of(chance, pieces, most=6):
    return "".join(chance.choice(pieces) for _ in range(chance.randint(1, most)))


def name_of(chance):
    """A name that a file may have."""
    name = text_of(chance, PIECES).replace("\0", "").replace("/", "").encode("utf-8", "surrogateescape")
    return name[:60].strip(b".") or b"x"


def blank(text):
    return re.sub(r" +", " ", re.sub(r"[\t\n]", " ", text)).strip(" ")


def check_prose(seed, chance):
    """A summary and a why survive show, and what it shows is the same profile."""
    summary = text_of(chance, PROSE) + "z"
    why = text_of(chance, PROSE, 40) + "z"
    (folder / "prose.yaml").write_text(
        f"nettune: 1\nsummary: {json.dumps(summary)}\nsysctl:\n  net.core.somaxconn:\n"
        f"    value: 4096\n    why: {json.dumps(why)}\n", encoding="utf-8")
    status, shown, err = run(seed, "show", "prose.yaml")
    if status != 0:
        return fail(seed, f"{summary!r}, {why!r} are refused: {err}")
    read = yaml.safe_load(shown)
    if read["summary"] != blank(summary) or \
            read["sysctl"]["net.core.somaxconn"]["why"] != blank(why):
        return fail(seed, f"{summary!r}, {why!r} become {shown!r}")
    (folder / "again.yaml").write_text(shown, encoding="utf-8")
    if run(seed, "show", "again.yaml")[1].splitlines()[1:4] != shown.splitlines()[1:4]:
        fail(seed, f"another profile after it was shown: {shown!r}")
    data = json.loads(run(seed, "show", "prose.yaml", "--format", "json")[1])
    if data["summary"] != blank(summary):
        fail(seed, f"{summary!r} becomes {data['summary']!r} in JSON")


def check_value(seed, chance):
    """A value that holds more than is seen is refused, raw and as an escape."""
    value = text_of(chance, PIECES).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    (folder / "value.yaml").write_text(
        f"nettune: 1\nsysctl:\n  net.x.text: {json.dumps('a' + value + 'z')}\n", encoding="utf-8")
    status, _, err = run(seed, "check", "value.yaml")
    _, exported, _ = run(seed, "export", "sysctl.d", "./value.yaml", "--root", "root")
    check_lines(seed, exported)
    strange = any(c not in "\t\ufffd" and (hidden(c) or c in "\n\u00a0\u200d\ufe0f\u3000") for c in value)
    if strange != (status == 2) and "is not a valid rule" not in err:
        fail(seed, f"{value!r}: check ends with {status}: {err}")


def check_lines(seed, text):
    for line in text.split("\n"):
        if line and not re.match(r"#|-?net[./][^=]+ = ", line):
            fail(seed, f"a line of sysctl.d that was not meant: {line!r}")


def check_import(seed, chance):
    """A profile that was made of hostile lines is YAML, and passes check."""
    lines = [f"net.x.{i} = {text_of(chance, PIECES)}" for i in range(4)]
    lines += [text_of(chance, PIECES), "# " + text_of(chance, PIECES),
              "net.ipv4.*_" + text_of(chance, PIECES) + " = 1", "net.ipv4.icmp_echo_ignore_* = 1"]
    name = name_of(chance) + b".conf"
    (folder / os.fsdecode(name)).write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    _, made, err = run(seed, "import", "sysctl.d", os.fsdecode(name), "--root", "root")
    run(seed, "check", "./" + os.fsdecode(name))
    if not made:
        return fail(seed, f"nothing is imported: {err}")
    yaml.safe_load(made)
    (folder / "made.yaml").write_text(made, encoding="utf-8")
    status, out, err = run(seed, "check", "made.yaml", "--root", "root")
    if status != 0:
        fail(seed, f"what was imported does not pass check: {out}{err}")


def check_machine(seed, chance):
    """Links and values of any name and content, in each format of an audit."""
    shutil.rmtree(folder / "root", ignore_errors=True)
    put("proc/meminfo", b"MemTotal: 8388608 kB\n")
    put("proc/sys/kernel/osrelease", b"6.1.0\n")
    put("proc/sys/net/core/somaxconn", b"4096\n")
    put("proc/sys/net/ipv4/icmp_echo_ignore_all", b"0\n")
    put("proc/sys/net/ipv4/tcp_congestion_control",
        text_of(chance, PIECES).encode("utf-8", "surrogateescape"))
    put("proc/sys/net/x/text", text_of(chance, PIECES).encode("utf-8", "surrogateescape"))
    for _ in range(3):
        put(b"proc/sys/net/ipv4/conf/" + name_of(chance) + b"/rp_filter", b"0\n")
    name = os.fsdecode(name_of(chance) + b".yaml")
    (folder / name).write_text(
        "nettune: 1\nsysctl:\n  net.ipv4.conf.*.rp_filter: 2\n  net.x.text: at least 5\n"
        "  net.ipv4.tcp_congestion_control: one of [bbr, cubic]\n  net.core.somaxconn: 1\n",
        encoding="utf-8")
    path = "./" + name
    for command in (["check"], ["show"], ["plan"], ["audit"], ["audit", "--all"], ["show", "--resolved"]):
        run(seed, *command, path, "--root", "root")
    for command in ("check", "show", "plan", "audit"):
        _, out, err = run(seed, command, path, "--root", "root", "--format", "json")
        if out:
            json.loads(out)
    _, out, err = run(seed, "audit", path, "--root", "root", "--format", "junit")
    if out:
        xml.etree.ElementTree.fromstring(out)
    check_lines(seed, run(seed, "export", "sysctl.d", path, "--root", "root")[1])
    run(seed, "explain", "net.x.text", "--root", "root")
    run(seed, "explain", text_of(chance, PIECES).replace("\0", ""), "--root", "root")
    os.environ["NETTUNE_PROFILE_PATH"] = str(folder)
    candidates = run(seed, "list", "--format", "names")[1]
    run(seed, "list")
    json.loads(run(seed, "list", "--format", "json")[1])
    for one in candidates.split("\n"):
        if one and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", one):
            fail(seed, f"a candidate for completion that is no name: {one!r}")
    (folder / name).unlink()


def put(path, data):
    path = os.path.join(os.fsencode(folder), b"root", os.fsencode(path))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


for seed in range(CASES):
    source = random.Random(seed)
    check_machine(seed, source)
    check_prose(seed, source)
    check_value(seed, source)
    check_import(seed, source)
if failures:
    sys.exit(f"{failures} failures")
print(f"{CASES} cases")
