#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs what the man pages and the README show, and holds the pages against the program.

usage: documents_test.py NETTUNECTL VOCABULARY_PROGRAM SOURCE_DIR
       documents_test.py --service NETTUNECTL SOURCE_DIR     what the README shows of the service
       documents_test.py --programs NETTUNECTL SOURCE_DIR    its C, C++ and Python, with libnettune

A console block's commands run in order in one scratch directory: "$ cat FILE" makes the file from the
lines below it, "$ nettunectl .." must print exactly the lines below it, where a line "..." stands for
any lines. Below a comment that says "this host" only the exit status counts; below one that says "with
the service" it is for --service, on a host that has nettuned on its bus. The README's sh blocks and the
steps of its pipelines are run as well, but for those in RUN_ELSEWHERE.
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import json
import os
import re
import shlex
import subprocess
import tempfile
import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import yaml

WITH_SERVICE = "with the service"
failures = []


def fail(text):
    failures.append(text)
    print(f"FAILED: {text}")


# Commands of the README that change a machine, or build the whole tree: which file runs them, and the
# word that it does so with. A fresh machine's first build is nobody's test: it is tried by hand.
RUN_ELSEWHERE = {
    "packaging/deb": ("tests/system/run", "packaging/deb"),
    "apt install ./out/nettune_*.deb": ("tests/system/inside/01-install", "apt"),
    "apt-get update && apt-get install -y ./packages/nettune_*.deb":
        ("tests/system/inside/01-install", "apt"),
    "cmake": ("tests/packaging/install_test.sh", "cmake --install"),
    "packaging/uninstall": ("tests/packaging/install_test.sh", "packaging/uninstall"),
    "systemd-sysusers": ("tests/system/inside/00-without-packages", "/README.md"),
    "systemctl": ("tests/system/inside/00-without-packages", "/README.md"),
    "packaging/quickstart": ("packaging/quickstart", "cmake --build"),
    "tests/run": (".ci/run", "tests/run"),
}


class Page:
    def __init__(self, path):
        self.name = path.name
        self.lines = path.read_text(encoding="utf-8").splitlines()

    def section(self, name):
        """The lines of one section or subsection, without its heading."""
        for kind, ends in ((".Sh ", (".Sh ",)), (".Ss ", (".Sh ", ".Ss "))):
            if kind + name in self.lines:
                first = self.lines.index(kind + name) + 1
                last = next((i for i in range(first, len(self.lines))
                             if self.lines[i].startswith(ends)), len(self.lines))
                return self.lines[first:last]
        fail(f"{self.name} has no section {name}")
        return []


def literal_blocks(lines):
    """(the line before it, its text) of each .Bd -literal block."""
    block = None
    before = ""
    for line in lines:
        if line.startswith(".Bd -literal"):
            block = []
        elif line == ".Ed":
            yield before, "\n".join(block)
            block = None
        elif block is not None:
            for escape, plain in (("\\&", ""), ("\\-", "-"), ("\\(dq", '"'), ("\\e", "\\")):
                line = line.replace(escape, plain)
            block.append(line)
        if block is None and not line.startswith(".Bd"):
            before = line
    if block is not None:
        fail("a literal block does not end")


def fenced_blocks(text, language):
    """(the line before it, its text) of each ```language block."""
    for match in re.finditer(rf"(?:^|\n)([^\n]*)\n+```{language}\n(.*?)\n```", text, re.DOTALL):
        yield match[1], match[2]


class Scratch:
    def __init__(self, nettunectl, source, locale, columns):
        self.directory = tempfile.TemporaryDirectory(prefix="nettune-documents-")
        self.path = Path(self.directory.name)
        self.environment = dict(os.environ, LC_ALL=locale, COLUMNS=columns, NO_COLOR="1",
                                PATH=f"{Path(nettunectl).resolve().parent}:{os.environ['PATH']}",
                                NETTUNE_PROFILE_PATH=str(source / "profiles"))

    def run(self, command):
        return subprocess.run(["bash", "-c", command], cwd=self.path, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)


def commands_of(block):
    """(command, expected lines) of each "$ " line, which goes on behind a backslash."""
    found = []
    for line in block.splitlines():
        if found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0][:-1] + line.lstrip(), [])
        elif line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    # An empty line before the next command belongs to the layout.
    return [(command, "\n".join(lines).rstrip()) for command, lines in found]


def folded(text, width):
    """Text whose longer lines go on in the next one, as the man pages have them."""
    lines = []
    for line in text.splitlines():
        indent = line[:len(line) - len(line.lstrip())]
        wrapped = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False,
                                subsequent_indent=indent + "    ")
        lines += wrapped if len(line) > width else [line]
    return "\n".join(lines)


def fits(expected, printed):
    pattern = "\n".join(".*" if line.strip() == "..." else re.escape(line)
                        for line in expected.splitlines())
    return re.fullmatch(pattern, printed.rstrip(), re.DOTALL) is not None


def run_console(scratch, where, before, block, width=None):
    count = 0
    for command, expected in commands_of(block):
        words = shlex.split(command)
        if words[0] == "cat" and len(words) == 2:
            (scratch.path / words[1]).write_text(expected + "\n", encoding="utf-8")
            continue
        result = scratch.run(command)
        count += 1
        if result.returncode not in (0, 1) and "error" not in expected:
            fail(f"{where}: \"{command}\" exits with {result.returncode}:\n{result.stdout}")
        elif "this host" in before:
            if not result.stdout:
                fail(f"{where}: \"{command}\" prints nothing")
        elif not fits(expected, folded(result.stdout, width) if width else result.stdout):
            fail(f"{where}: \"{command}\" prints\n{result.stdout}instead of\n{expected}")
    return count


def commands_in_pipeline(node):
    """The commands of a GitHub or GitLab pipeline, in order."""
    if isinstance(node, list):
        return [command for item in node for command in commands_in_pipeline(item)]
    if not isinstance(node, dict):
        return []
    found = []
    for word, value in node.items():
        if word == "script":
            found += value
        elif word == "run":
            found.append(value)
        else:
            found += commands_in_pipeline(value)
    return found


def run_readme_commands(scratch, source, readme):
    """The sh and yaml blocks; a host db1 and sudo are this host and nobody."""
    stand_ins = scratch.path / "bin"
    for name, does in (("ssh", 'shift; exec "$@"'), ("sudo", 'exec "$@"')):
        stand_ins.mkdir(exist_ok=True)
        (stand_ins / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (stand_ins / name).chmod(0o755)
    for folder in ("profiles", "hosts"):
        (scratch.path / folder).mkdir(exist_ok=True)
    (scratch.path / "profiles/web.yaml").write_bytes((scratch.path / "web.yaml").read_bytes())
    scratch.run("sysctl -a 2>/dev/null > hosts/web1.txt")
    commands = [re.sub(r"\s+# .*", "", line) for _, block in fenced_blocks(readme, "sh")
                for line in block.splitlines()]
    for _, block in fenced_blocks(readme, "yaml"):
        found = commands_in_pipeline(yaml.safe_load(block))
        if len(found) < 3:
            fail(f"README.md has a pipeline of only {found}")
        commands += found
    count = 0
    for command in commands:
        if command.rstrip() in RUN_ELSEWHERE or command.split()[0] in RUN_ELSEWHERE:
            where, word = RUN_ELSEWHERE.get(command.rstrip()) or RUN_ELSEWHERE[command.split()[0]]
            if word not in (source / where).read_text(encoding="utf-8"):
                fail(f"{where} does not run \"{command}\"")
            continue
        result = scratch.run(f"set -o pipefail; PATH={stand_ins}:$PATH; {command}")
        count += 1
        # 1 is a machine that differs. Not even root sees each namespace on every machine.
        may_be = (0, 1) if " audit " in command else (0,)
        hidden = result.returncode == 2 and "it needs root" in result.stdout
        if result.returncode not in may_be and not hidden:
            fail(f"README.md: \"{command}\" exits with {result.returncode}:\n{result.stdout}")
    report = scratch.path / "audit.xml"
    if not report.exists() or ElementTree.parse(report).getroot().tag != "testsuites":
        fail("README.md: the pipelines leave no JUnit report")
    return count


C_PROGRAM = """#include <nettune/nettune.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void) {{
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int shown = -1;
{}
  return shown;
}}
"""
CPP_PROGRAM = """#include <nettune/nettune.hpp>
#include <sys/socket.h>
int main() {{
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
{}
  return report.ok() ? 0 : 1;
}}
"""
PYTHON_PROGRAM = """import asyncio, socket
sock = socket.socket()
async def serve(reader, writer):
    writer.close()
async def main():
{}
    server.close()
asyncio.run(main())
"""


def run_programs(nettunectl, source):
    readme = (source / "README.md").read_text(encoding="utf-8")
    scratch = Scratch(nettunectl, source, "C.UTF-8", "100")
    build = Path(nettunectl).resolve().parent
    include = source / "lib/socket/include"
    scratch.environment |= {"LD_LIBRARY_PATH": str(build), "PYTHONDONTWRITEBYTECODE": "1",
                            "PYTHONPATH": str(source / "lib/socket/python")}
    compiled = {"c": (C_PROGRAM, "gcc -std=c11"), "cpp": (CPP_PROGRAM, "g++ -std=c++20")}
    count = 0
    for language, (program, compiler) in compiled.items():
        for _, block in fenced_blocks(readme, language):
            name = f"example.{language}"
            text = program.format(block)
            if language == "c":
                text = text.replace("int left =", "int left = shown =", 1)
            (scratch.path / name).write_text(text, encoding="utf-8")
            count += 1
            result = scratch.run(f"{compiler} -I{include} {name} -o example -L{build} -lnettune"
                                 " && ./example")
            if result.returncode != 0:
                fail(f"README.md: its {language} exits with {result.returncode}:\n{result.stdout}")
    for _, block in fenced_blocks(readme, "python"):
        if "import dbus" in block:
            continue
        text = PYTHON_PROGRAM.format(textwrap.indent(block.replace("8080", "0"), "    "))
        (scratch.path / "example.py").write_text(text, encoding="utf-8")
        count += 1
        result = scratch.run("/usr/bin/python3 example.py")
        if result.returncode != 0:
            fail(f"README.md: its Python exits with {result.returncode}:\n{result.stdout}")
    if count < 3:
        fail(f"README.md has only {count} programs")
    return count


def run_with_service(nettunectl, source):
    readme = (source / "README.md").read_text(encoding="utf-8")
    scratch = Scratch(nettunectl, source, "C.UTF-8", "100")
    shown = sum(run_console(scratch, "README.md", before, block)
                for before, block in fenced_blocks(readme, "console") if WITH_SERVICE in before)
    if shown < 6:
        fail(f"README.md runs only {shown} commands with the service")
    programs = [block for _, block in fenced_blocks(readme, "python") if "import dbus" in block]
    if not programs:
        fail("README.md has no program that asks the service")
    for block in programs:
        (scratch.path / "example.py").write_text(block + "\n", encoding="utf-8")
        result = scratch.run("/usr/bin/python3 example.py")
        if result.returncode != 0 or "net." not in result.stdout:
            fail(f"README.md: its Python exits with {result.returncode}:\n{result.stdout}")
    return shown + len(programs)


def check_profile_examples(page, scratch):
    count = 0
    for _, block in literal_blocks(page.lines):
        if block.startswith("$ "):  # what is done with a profile
            (scratch.path / "web.yaml").write_text("nettune: 1\nsysctl: {}\n", encoding="utf-8")
            result = scratch.run("set -e\n" + "\n".join(command for command, _ in commands_of(block)) +
                                 "\nhead -n 1 web.yaml\nnettunectl check web.yaml")
            first = "# yaml-language-server: $schema=/usr/share/nettune/nettune-profile.schema.json\n"
            if result.returncode != 0 or not result.stdout.startswith(first):
                fail(f"{page.name}: its commands leave another profile:\n{result.stdout}")
            continue
        text = block if block.startswith("nettune:") else "nettune: 1\n" + block
        (scratch.path / "example.yaml").write_text(text + "\n", encoding="utf-8")
        result = scratch.run("nettunectl check example.yaml")
        count += 1
        if result.returncode != 0 or "warning" in result.stdout or "error" in result.stdout:
            fail(f"{page.name}: an example is not clean:\n{block}\n{result.stdout}")
    if count < 6:
        fail(f"{page.name} has only {count} examples")
    return count


def options_of_help(text):
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", text, re.MULTILINE))


def options_of_page(lines):
    return {"-" + name for line in lines if line.startswith(".It Fl")
            for name in re.findall(r"(?<![\w-])(-[a-z][a-z-]+)", line)}


def check_options(page, scratch):
    overview = scratch.run("nettunectl --help").stdout
    commands = re.findall(r"^  ([a-z]+) {2,}\S", overview, re.MULTILINE)
    if len(commands) < 6:
        fail(f"nettunectl --help lists only {commands}")
    common = options_of_page(page.section("COMMON OPTIONS"))
    for command in commands:
        result = scratch.run(f"nettunectl {command} --help")
        if result.returncode != 0:
            fail(f"nettunectl {command} --help exits with {result.returncode}")
        shown = options_of_help(result.stdout)
        told = options_of_page(page.section(command)) | common
        for option in sorted(shown - told):
            fail(f"{page.name} lacks {command} {option}")
        for option in sorted(told - common - shown):
            fail(f"{page.name} tells of {command} {option}, which --help lacks")
    headings = {line[4:] for line in page.lines if line.startswith(".Ss ")}
    for heading in sorted(headings & set(re.findall(r"[a-z]+", " ".join(headings))) - set(commands)):
        fail(f"{page.name} tells of a command {heading}, which nettunectl lacks")


def check_lints(page, source):
    told = {name for line in page.section("DIAGNOSTICS") if line.startswith(".It Cm ")
            for name in line.removeprefix(".It Cm ").split(" , ")}
    header = (source / "lib/engine/diagnostic.hpp").read_text(encoding="utf-8")
    known = set(re.findall(r'"([a-z-]+)"', re.search(r"lint_names\[\] = [^;]+;", header)[0]))
    for name in sorted(told - known):
        fail(f"{page.name} tells of a lint {name}, which no code gives")
    for name in sorted(known - told):
        fail(f"{page.name} lacks the lint {name}")
    return len(told)


def check_words(page):
    """Each word of the language that the page tells of stands in one of its examples."""
    examples = "\n".join(text for _, text in literal_blocks(page.lines))
    told = set()
    for heading in ("The top level", "Keys", "Rules", "Amounts"):
        for line in page.section(heading):
            if line.startswith((".It Cm ", ".It Ar N Ns Cm ")):
                words = re.sub(r"\bAr \w+|\bNs\b|\bNo \d+|\bCm\b", " ", line.split(" ", 1)[1])
                told |= set(re.findall(r"[\w/%-]*[a-zA-Z][\w/%-]*", words))
    told -= {"N", "list", "value", "text", "comparison", "rule"}
    for word in sorted(told):
        if not re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", examples):
            fail(f"{page.name} has no example of {word}")
    if len(told) < 35:
        fail(f"{page.name} tells of only {len(told)} words")


def check_socket_options(page, vocabulary):
    section = page.section("Socket presets")
    told = {line.split(" Ar ")[0].removeprefix(".It Cm ").replace(" : ", "-").replace(" ", "")
            for line in section if line.startswith(".It Cm ")}
    known = {option["name"] for option in vocabulary["options"]}
    for name in sorted(known - told):
        fail(f"{page.name} lacks the socket option {name}")
    for name in sorted(told - known):
        fail(f"{page.name} tells of a socket option {name}, which the program lacks")


def check_bus_interface(page, contract):
    for interface in ElementTree.parse(contract).getroot().findall("interface"):
        name = interface.get("name")
        section = page.section(f"INTERFACE {name.upper()}")
        told = {re.match(r"\.It Cm (\w+)", line)[1] for line in section if line.startswith(".It Cm ")}
        known = {member.get("name") for member in interface if member.tag != "annotation"}
        for member in sorted(told ^ known):
            fail(f"{page.name} and {contract.name} differ about {name}.{member}")


def check_library(page, header, scratch, vocabulary):
    text = header.read_text(encoding="utf-8")
    declared = set(re.findall(r"\b(nettune_\w+)\(", text))
    # A second name in C for what another declaration has, too.
    declared -= set(re.findall(r"\b(nettune_\w+)\([^;]*__asm__", text))
    # Words of its comments that stand before a parenthesis are functions as well: all are declared.
    told = {line.split()[1] for line in page.section("SYNOPSIS") if line.startswith(".Fn ")}
    for name in sorted(declared ^ told):
        fail(f"{page.name} and {header.name} differ about {name}")
    # The library lists its options where it meets one that it does not know.
    answer = scratch.run("nettunectl sockets --preset nosuch=1").stdout
    known = set(re.sub(r".*known are ", "", answer.strip()).split(", "))
    options = {line.removeprefix(".It Cm ") for line in page.section("DESCRIPTION")
               if line.startswith(".It Cm ")}
    for name in sorted(known ^ (options | {"write-buffer-high", "write-buffer-low", "read-limit"})):
        fail(f"{page.name} and the library differ about {name}")
    for name in sorted(known ^ {option["name"] for option in vocabulary["options"]}):
        fail(f"profiles and the library differ about the socket option {name}")


def main():
    nettunectl, program, source = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
    # Man pages are plain ASCII of 72 columns, the README is UTF-8 of 100.
    scratch = Scratch(nettunectl, source, "C", "72")
    web_scratch = Scratch(nettunectl, source, "C.UTF-8", "100")
    vocabulary = json.loads(subprocess.run([program], check=True, capture_output=True,
                                           text=True).stdout)
    profile_page = Page(source / "man/nettune-profile.5")
    command_page = Page(source / "man/nettunectl.1")

    examples = check_profile_examples(profile_page, scratch)
    lints = check_lints(profile_page, source)
    check_words(profile_page)
    check_socket_options(profile_page, vocabulary)
    check_options(command_page, scratch)
    check_bus_interface(Page(source / "man/org.nettune1.5"),
                        source / "packaging/dbus/org.nettune1.xml")
    check_library(Page(source / "man/libnettune.3"),
                  source / "lib/socket/include/nettune/nettune.h", scratch, vocabulary)
    commands = sum(run_console(scratch, command_page.name, before, block, 72)
                   for before, block in literal_blocks(command_page.section("EXAMPLES")))
    if commands < 6:
        fail(f"{command_page.name} runs only {commands} commands")

    readme = (source / "README.md").read_text(encoding="utf-8")
    shown = sum(run_console(web_scratch, "README.md", before, block)
                for before, block in fenced_blocks(readme, "console") if WITH_SERVICE not in before)
    if shown < 3:
        fail(f"README.md runs only {shown} commands")
    shown += run_readme_commands(web_scratch, source, readme)
    for name in ("README.md", "lib/README.md", "packaging/NEWS.md", ".github/CONTRIBUTING.md",
                 ".github/SECURITY.md"):
        text = (source / name).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:lib|daemon|profiles|tests|packaging|man|\.ci|\.github)(?:/[\w./-]+)?)`", text):
            if "NAME" not in path and not (source / path).exists():
                fail(f"{name} names {path}, which is not there")

    if failures:
        return 1
    print(f"{examples} profiles, {lints} lints, {commands + shown} commands: as the documents say")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    parts = {"--service": run_with_service, "--programs": run_programs}
    if sys.argv[1] in parts:
        print(f"{parts[sys.argv[1]](sys.argv[2], Path(sys.argv[3]).resolve())} run")
        sys.exit(1 if failures else 0)
    sys.exit(main())
