# SPDX-License-Identifier: MIT
# The keys of /proc/sys/net that are this network namespace's own, and what they hold.
import os

# Triggers, counters, and what is of the whole host in each namespace.
NOT_OURS = ("flush", "nf_conntrack_count", "nf_hooks_lwtunnel")


def is_ours(path):
    try:
        return os.stat(path).st_mode & 0o200 and os.path.basename(path) not in NOT_OURS
    except OSError:
        return False  # it went with its link


def keys():
    """The paths of those that may be written, sorted."""
    paths = (os.path.join(base, name) for base, _, names in os.walk("/proc/sys/net") for name in names)
    return sorted(filter(is_ours, paths))


def live(paths=None):
    """The text by the path, of all that there are now or of these; None where it can't be read."""
    values = {}
    for path in keys() if paths is None else paths:
        try:
            with open(path, encoding="ascii") as file:
                values[path] = file.read()
        except OSError:
            values[path] = None
    return values


def difference(one, other):
    return ", ".join(f"{path[10:]}: {one[path]!r} and {other.get(path)!r}"
                     for path in one if one[path] != other.get(path))
