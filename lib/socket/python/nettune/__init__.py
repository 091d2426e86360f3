# SPDX-License-Identifier: MIT
"""Socket options of a nettune preset: set on a socket, read back, and explained.

    import nettune
    preset = nettune.Preset.line("nodelay=1,notsent-lowat=16KiB,user-timeout=30s")
    report = preset.apply(sock, "client")
    report.raise_for_error()

What an option does, and which outcomes and reasons there are, stands in libnettune(3): this module
owns the library's handles and raises its errors. nettune.aio has the same for asyncio.

A preset never changes. Any number of threads may use one at once, for different sockets; it may be
used after a fork, and pickled for another process.
"""
from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, NamedTuple, Protocol

from . import _library

__all__ = ["Entry", "Hints", "NotApplied", "Preset", "Report"]


class HasFileno(Protocol):
    """socket.socket, asyncio's TransportSocket, uvloop's PseudoSocket, a file"""

    def fileno(self) -> int: ...


def _name(name: bytes | None, number: int) -> str:
    """The library's word, or the number where it has none."""
    return name.decode() if name is not None else str(number)


def _roles() -> dict[str, int]:
    roles: dict[str, int] = {}
    while (name := _library.role_name(len(roles))) is not None:
        roles[name.decode()] = len(roles)
    return roles


_ROLES = _roles()
_CONGESTION_CONTROL = _library.CONGESTION_CONTROL
# The rows that nettune_apply() counts: what could be in force on this socket, and is not as asked.
_WRONG = frozenset(("adjusted", "unsupported", "denied", "invalid", "failed", "differs"))


class Entry(NamedTuple):
    """What came of one option. A value is a number in the option's unit as nettune.h has it (bytes,
    milliseconds for user-timeout, seconds for the other times), or text for congestion-control."""

    option: str  #: "notsent-lowat"
    outcome: str  #: "applied", "already", "adjusted", "deferred", "denied", ...
    reason: str  #: "clamped-by-rmem-max"; "" where there is none
    errno: int  #: of the system call that failed, or 0
    requested: int | str  #: as the preset has it
    before: int | str  #: as the kernel gave it; 0 or "" where it was not read
    effective: int | str  #: as the kernel gives it now; a buffer reads twice what was asked
    detail: int  #: the number that the reason speaks of, or 0
    text: str  #: all of it as one line for a log


class Hints(NamedTuple):
    """What a preset says of the buffers in the program itself, in bytes; None: nothing."""

    write_high: int | None  #: writing pauses above
    write_low: int | None  #: and goes on below
    read_limit: int | None  #: of a StreamReader


class NotApplied(OSError):
    """Some options are not in force as asked. errno is that of the first option that has one, else
    0; `report` has all rows. The text names each option that is not in force, and why."""

    def __init__(self, report: Report) -> None:
        wrong = [entry for entry in report.entries if entry.outcome in _WRONG]
        number = next((entry.errno for entry in wrong if entry.errno), 0)
        super().__init__(number, "; ".join(entry.text for entry in wrong))
        self.report = report

    def __str__(self) -> str:
        return str(self.strerror)


class Report:
    """What came of Preset.apply(): one entry for each option of the preset.

    It holds the socket that it speaks of, for Preset.undo()."""

    __slots__ = ("_entries", "_results", "_socket", "_wrong")

    def __init__(self, sock: int | HasFileno, wrong: int, results: Any) -> None:
        self._socket = sock
        self._wrong = wrong
        self._results = results
        self._entries: tuple[Entry, ...] | None = None

    @property
    def ok(self) -> bool:
        """All that this socket can have now is in force as asked."""
        return self._wrong == 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The rows, in the order in which the options are set. Made when they are first read."""
        if self._entries is None:
            self._entries = _entries(self._results)
        return self._entries

    def raise_for_error(self) -> None:
        """Raises NotApplied unless ok."""
        if not self.ok:
            raise NotApplied(self)

    def __repr__(self) -> str:
        return f"<nettune.Report {'ok' if self.ok else f'{self._wrong} not in force'}>"


def _used(results: Any) -> int:
    """How many rows the library has filled; it knows no option 0."""
    return next((i for i, row in enumerate(results) if row.option == 0), len(results))


def _entries(results: Any) -> tuple[Entry, ...]:
    text = ctypes.create_string_buffer(512)
    rows = []
    for row in results[:_used(results)]:
        _library.result_text(row, text, len(text))
        member = "text" if row.option == _CONGESTION_CONTROL else "number"
        requested, before, effective = (
            value.decode() if isinstance(value, bytes) else value
            for value in (getattr(row.requested, member), getattr(row.before, member),
                          getattr(row.effective, member)))
        rows.append(Entry(_name(_library.option_name(row.option), row.option),
                          _name(_library.outcome_name(row.outcome), row.outcome),
                          _name(_library.reason_name(row.reason), row.reason) if row.reason else "",
                          row.error, requested, before, effective, row.detail,
                          text.value.decode()))
    return tuple(rows)


def _role(role: str) -> int:
    try:
        return _ROLES[role]
    except (KeyError, TypeError):
        raise ValueError(f"no role {role!r}: one of {', '.join(_ROLES)}") from None


def _descriptor(sock: int | HasFileno) -> int:
    if isinstance(sock, int):
        if not -1 <= sock < 1 << 31:  # ctypes would cut it to another descriptor
            raise OverflowError(f"{sock} is no descriptor")
        return sock
    try:
        fileno = sock.fileno
    except AttributeError:
        raise TypeError("a descriptor, or an object with fileno(), such as a socket, is needed, "
                        f"not {type(sock).__name__}") from None
    return fileno()


def _bytes(text: str | bytes | os.PathLike[Any] | None, what: str) -> bytes | None:
    if text is None:
        return None
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError(f"a null character in the {what}")
    return encoded


class Preset:
    """A set of socket options; made by named(), load() or line()."""

    __slots__ = ("_handle", "_row_type")
    _handle: int  # an owner's share of the library's preset
    _row_type: Any  # the array of rows that apply() fills

    def __init__(self) -> None:
        raise TypeError("a preset is made by Preset.named(), Preset.load() or Preset.line()")

    @classmethod
    def named(cls, name: str | None = None, profile: str | None = None) -> Preset:
        """The preset `name` (default: "default") of the profile `profile` (default: the active one,
        or server-base while none is active), found as nettuned finds it.

        FileNotFoundError: no such profile or preset. ValueError: faults in the profile, all of
        them. OSError with ELIBACC: the reader of profiles is not installed. MemoryError."""
        return cls._made(_library.preset_named, _bytes(name, "name"), _bytes(profile, "profile"))

    @classmethod
    def load(cls, path: str | bytes | os.PathLike[Any], name: str | None = None) -> Preset:
        """The preset `name` of the profile in the file `path`; errors as of named()."""
        if path is None:
            raise TypeError("a path is needed")
        return cls._made(_library.preset_load, _bytes(path, "path"), _bytes(name, "name"))

    @classmethod
    def line(cls, text: str) -> Preset:
        """Reads `NAME=VALUE,...`, as "nodelay=1,notsent-lowat=16KiB,quickack=every-read".

        ValueError: the text, with the place and what would be right. MemoryError."""
        if not isinstance(text, str):
            raise TypeError(f"a line of text is needed, not {type(text).__name__}")
        return cls._made(_library.preset_line, _bytes(text, "line"))

    @classmethod
    def _made(cls, make: Any, *arguments: bytes | None) -> Preset:
        handle: Any = ctypes.c_void_p()
        message = ctypes.create_string_buffer(16384)
        status = make(*arguments, handle, message, len(message))
        if status < 0:
            text = message.value.decode(errors="replace") or os.strerror(-status)
            if -status == errno.EINVAL:
                raise ValueError(text)
            if -status == errno.ENOMEM:
                raise MemoryError(text)
            raise OSError(-status, text)
        self = cls.__new__(cls)
        self._handle = handle.value
        # Presets have fewer rows than the most there could be; a report is as large as its preset.
        rows = 0
        count = ctypes.c_size_t()
        for role in range(1, len(_ROLES)):
            _library.plan(self._handle, role, None, 0, count)
            rows = max(rows, count.value)
        self._row_type = _library.Result * min(max(rows, 1), _library.MOST_RESULTS)
        return self

    # The default keeps the function until the interpreter has let go of all else.
    def __del__(self, _unref: Any = _library.preset_unref) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            _unref(handle)

    def __reduce__(self) -> tuple[Any, ...]:
        return Preset.line, (str(self),)

    def __str__(self) -> str:
        """The preset as a line that line() reads."""
        text = ctypes.create_string_buffer(_library.preset_text(self._handle, None, 0) + 1)
        _library.preset_text(self._handle, text, len(text))
        return text.value.decode()

    def __repr__(self) -> str:
        return f"<nettune.Preset {self}>"

    def apply(self, sock: int | HasFileno, role: str = "auto", *, atomic: bool = False,
              audit: bool = False, verify: bool = True, force: bool = False,
              force_buffers: bool = False) -> Report:
        """Sets on `sock` what the preset holds for `role`, and reads each option back.

        `sock` is a descriptor or has fileno(). `role` is "auto", "listener", "client", "accepted"
        or "datagram"; "auto" cannot tell a bound socket that is to connect, nor a connected one
        that is a client's. `atomic`: at the first hard failure all is put back. `audit`: nothing is
        set, only compared. `verify=False`: nothing is read back. `force`: what is right already is
        set as well. `force_buffers`: buffers beyond net.core.rmem_max and wmem_max, which needs
        CAP_NET_ADMIN.

        Options that are not in force are in the report; only a descriptor that is no socket (OSError
        with EBADF or ENOTSOCK), or one that cannot have this role (OSError with EINVAL), raises.
        ValueError: no such role. TypeError: not a socket at all."""
        flags = (atomic * _library.ATOMIC | audit * _library.AUDIT |
                 (not verify) * _library.NO_VERIFY | force * _library.FORCE |
                 force_buffers * _library.FORCE_BUFFERS)
        results = self._row_type()
        wrong = _library.apply(self._handle, _descriptor(sock), _role(role), flags, results,
                               len(results), None)
        if wrong < 0:
            raise OSError(-wrong, f"{os.strerror(-wrong)}: {sock!r} as {role}")
        return Report(sock, wrong, results)

    def plan(self, role: str) -> tuple[Entry, ...]:
        """The rows that apply() would give for a fresh socket in `role`, which is not "auto".
        Nothing is touched. ValueError: no such role."""
        results = self._row_type()
        status = _library.plan(self._handle, _role(role), results, len(results), None)
        if status < 0:
            raise ValueError(f"there is no plan for a socket whose role is {role}")
        return _entries(results)

    def undo(self, report: Report) -> int:
        """Puts back, on the socket of `report`, what apply() found there; gives how many options
        could not be put back. OSError: the socket is closed, or is none any more."""
        status: int = _library.undo(_descriptor(report._socket), report._results,
                               _used(report._results))
        if status < 0:
            raise OSError(-status, f"{os.strerror(-status)}: {report._socket!r}")
        return status

    @property
    def hints(self) -> Hints:
        """What the preset says of the program's own buffers, in bytes."""
        hints = _library.Hints(ctypes.sizeof(_library.Hints))
        status = _library.buffer_hints(self._handle, hints)
        if status < 0:
            raise OSError(-status, os.strerror(-status))
        return Hints(*(None if size == -1 else size
                       for size in (hints.write_high, hints.write_low, hints.read_limit)))
