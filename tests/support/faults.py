# SPDX-License-Identifier: MIT
# Orders for faults.c, which makes system calls and allocations of one process fail.
import errno
import mmap
import os
import re
import struct
import subprocess

KINDS = ("open", "read", "write", "sync", "rename", "stat", "list", "unlink", "mode", "lock", "memory")
ERRNOS = {
    "open": (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EACCES),
    "read": (errno.EIO, errno.ENOMEM),
    "write": (errno.EIO, errno.ENOSPC, errno.ENOMEM),
    "sync": (errno.EIO, errno.ENOSPC),
    "rename": (errno.EIO, errno.ENOSPC, errno.EACCES),
    "stat": (errno.EIO, errno.ENOMEM, errno.EACCES),
    "list": (errno.EIO, errno.ENOMEM),
    "unlink": (errno.EIO, errno.EACCES),
    "mode": (errno.EIO, errno.EPERM),
    "lock": (errno.ENOLCK, errno.EIO),
    "memory": (errno.ENOMEM,),
}
# The kinds by what the kernel sees of them.
SYSTEM_CALLS = {
    "open": ("openat", "open"),
    "read": ("read", "pread64"),
    "write": ("write", "writev", "pwrite64"),
    "sync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2"),
    "stat": ("newfstatat", "stat", "lstat", "fstat", "statx", "access"),
    "unlink": ("unlink", "unlinkat"),
    "mode": ("chmod", "fchmod", "fchmodat", "fchown", "mkdir"),
}
FOREVER = 0xFFFFFFFF


class Orders:
    """The file at `path`, which is what NETTUNE_FAULTS names."""

    FORMAT = f"{5 + len(KINDS)}I"

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(struct.calcsize(self.FORMAT)))
        file = os.open(path, os.O_RDWR)
        self.memory = mmap.mmap(file, struct.calcsize(self.FORMAT))
        os.close(file)
        self.set()

    def set(self, kind=None, first=0, last=0, number=0):
        """None: nothing fails, and all is counted. Counting begins at 0."""
        index = len(KINDS) if kind is None else KINDS.index(kind)
        struct.pack_into(self.FORMAT, self.memory, 0, len(KINDS), 0, 0, 0, 0, *[0] * len(KINDS))
        struct.pack_into("4I", self.memory, 0, index, first, last, number)

    def failed(self):
        """How many calls were made to fail."""
        return struct.unpack_from(self.FORMAT, self.memory)[4]

    def counted(self):
        return dict(zip(KINDS, struct.unpack_from(self.FORMAT, self.memory)[5:]))


def run(program, *arguments, env=None):
    """Its exit status, and what it says on standard error."""
    done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, close_fds=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
    return done.returncode, done.stderr


def seen_by_kernel(trace):
    """What Orders.counted() has to be by the text of strace(1), from main() on; "list" is how many
    folders were read."""
    lines = trace[trace.index("/nettune-faults-begin"):].splitlines()[1:]
    counts = dict.fromkeys(KINDS, 0)
    for line in lines:
        found = re.match(r"(?:\d+ +)?([a-z0-9_]+)\((\d*)", line)
        if not found:
            continue
        for kind, names in SYSTEM_CALLS.items():
            if found[1] in names and not (kind == "write" and found[2] in ("1", "2")):
                counts[kind] += 1
        counts["lock"] += "F_SETLK," in line
        counts["list"] += found[1] == "getdents64" and line.endswith("= 0")
    counts["stat"] -= counts["list"]  # opendir(3) looks at what it has opened
    return counts
