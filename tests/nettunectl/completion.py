# SPDX-License-Identifier: MIT
# Files of hostile names, completed by a person at a real shell on a terminal:
# completion.py SHELL NETTUNECTL COMPLETION FOLDER. What the shell then calls nettunectl with is the
# name, or what was typed where the name is left out; it runs nothing else.
import os
import pathlib
import pty
import select
import sys
import time

shell, nettunectl, completion, folder = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
PROMPT = b"READY "
SEEN = ["$(touch X)", "`touch X`", "a b", " ; touch X", "|touch X", "&touch X&", ">X", "<(touch X)", "'",
        "\"", "a'b\"c", "\\", "\\\\", "*", "?", "[a]", "{a,b}", "~", "!!", "!x", "^a^b", "#", "$HOME",
        "${IFS}", "$((1))", "%1", "=ls", "(touch X)", "a:b", "@", "caf\u00e9", "\u65e5\u672c", "--help",
        "$'\\x1b'", "\\ntouch X\\n", " "]
HIDDEN = ["\ntouch X\n", "\n-rf", "\nlatency", "\n$(touch X)", "\r", "\ttouch X", "\x1b[31mEVIL",
          "\x1b]0;EVIL\x07", "\x9b31mEVIL", "\x03touch X", "\x04", "\x15touch X\r", "\x16", "\x7f\x7f",
          "\u202eEVIL", "\u2066", "\u2028touch X", "\ufeff", "\u200b", "\udcff", "\udc9b31mEVIL"]
# As zsh and fish complete the files themselves, what is not seen is offered as they write it.
LEAVES_OUT = shell == "bash"
START = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], "PS1='REA''DY '; source {}\n"),
    "zsh": (["zsh", "-f", "-i"],
            "PS1='REA''DY '; unsetopt prompt_sp; autoload -Uz compinit; compinit -D -u; source {}\n"),
    "fish": (["fish", "--no-config", "-i"],
             "function fish_prompt; echo -n 'REA''DY '; end; source {}\n"),
}
failures = 0
where = folder / "names"
record = folder / "record"
NAMESPACES = pathlib.Path("/run/netns")  # of a /run of one's own, where there is one


def fail(text):
    global failures
    failures += 1
    print(f"FAILED in {shell}: {text}", file=sys.stderr)


class Terminal:
    """The shell; what it writes is in `output`."""

    def __init__(self):
        arguments, start = START[shell]
        environment = dict(os.environ, PATH=f"{folder}/bin:/usr/bin:/bin", HOME=str(folder / "home"),
                           TERM="xterm", LC_ALL="C.UTF-8", XDG_CONFIG_HOME=str(folder / "home"))
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(where)
            os.execvpe(arguments[0], arguments, environment)
        self.read_until(lambda: len(self.output) > 0)
        self.type(start.format(completion))
        self.read_until(lambda: PROMPT in self.output)

    def type(self, text):
        os.write(self.fd, text.encode("utf-8", "surrogateescape"))

    def read_until(self, is_done, seconds=20):
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > end:
                sys.exit(f"{shell} does not answer: {self.output[-2000:]!r}")
            if select.select([self.fd], [], [], 0.02)[0]:
                self.output += os.read(self.fd, 65536)

    def call(self, text):
        """Types a command line, and gives the words that nettunectl was called with."""
        record.unlink(missing_ok=True)
        prompts = self.output.count(PROMPT)
        self.type(text)
        self.read_until(lambda: record.exists() and self.output.count(PROMPT) > prompts)
        return record.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]

    def listed(self, text):
        """What is shown of the candidates."""
        begin = len(self.output)
        self.type(text + ("\t\t" if shell == "bash" else "\t"))
        self.read_until(lambda: b"p46" in self.output[begin:] or b"p35" in self.output[begin:])
        return self.output[begin:]

    def end(self):
        os.close(self.fd)  # it hangs up
        os.waitpid(self.pid, 0)


def complete(terminal, command, typed, expected):
    """`typed` is the beginning of one name alone."""
    called = terminal.call(f"nettunectl {command} {typed}\t\n")
    if called[:-1] != command.split(" ") or called[-1] not in expected:
        fail(f"{command} {typed!r} becomes {called!r}, not {expected!r}")
    if sorted(os.listdir(where)) != everything:
        sys.exit(f"{shell} ran something after {command} {typed!r}: {sorted(os.listdir(where))}")


(folder / "bin").mkdir()
(folder / "home").mkdir()
where.mkdir()
# What is completed is asked of the program itself; a command line is written down.
(folder / "bin" / "nettunectl").write_text(
    f'#!/bin/sh\ncase "$*" in *--help | *"--format names") exec {nettunectl} "$@" ;; esac\n'
    f'printf "%s\\\\0" "$@" >{record}.new && mv {record}.new {record}\n', encoding="utf-8")
(folder / "bin" / "nettunectl").chmod(0o755)
names = {}
for number, piece in enumerate(SEEN + HIDDEN):
    name = names[f"p{number:02}"] = f"p{number:02}{piece}.yaml"
    (where / name).touch()
    if NAMESPACES.is_dir():
        (NAMESPACES / name).touch()
everything = sorted(os.listdir(where))
terminal = Terminal()
for number, (begin, name) in enumerate(names.items()):
    is_seen = number < len(SEEN)
    expected = [name] if is_seen else [begin] if LEAVES_OUT else [name, begin]
    complete(terminal, "audit", begin, expected)
    complete(terminal, "audit --live", begin, expected)
    # A mark stays open where nothing is offered, and in zsh where the name has one.
    if is_seen and not set(name) & set("'\"\\"):
        complete(terminal, "audit", f"'{begin}", [name])
        complete(terminal, "audit", f'"{begin}', [name])
    if NAMESPACES.is_dir():
        complete(terminal, "audit --netns", begin, expected)
# A piece of a name is no candidate; fish finds the name by it.
for command in ("audit --live", "audit --netns") if NAMESPACES.is_dir() else ("audit --live",):
    complete(terminal, command, "laten", ["laten", "p38\nlatency.yaml"] if shell == "fish" else ["laten"])
terminal.end()
for command in ("audit", "audit --netns") if NAMESPACES.is_dir() else ("audit",):
    terminal = Terminal()
    shown = terminal.listed(f"nettunectl {command} p")
    terminal.end()
    for raw in (b"\x1b[31mEVIL", b"\x1b]0;EVIL", b"\x9b31mEVIL", *([b"EVIL"] if LEAVES_OUT else [])):
        if raw in shown:
            fail(f"{raw!r} is shown")
if failures:
    sys.exit(f"{failures} failures")
