# SPDX-License-Identifier: MIT
# Random profiles over real keys: "apply, revert" and "apply A, apply B, revert" lead to the values of
# the start; what something else wrote in between stays; an apply is followed by an audit without
# drift, or it says what was refused and has changed nothing. Seeds are fixed, and printed on failure.
# Called by property_test.sh: property.py NETTUNECTL FOLDER, in namespaces of its own.
import functools
import os
import pathlib
import random
import subprocess
import sys

nettunectl, folder = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import live_keys  # noqa: E402  (found by the line above)
from live_keys import difference  # noqa: E402

CASES = int(os.environ.get("NETTUNE_PROPERTY_CASES", "60"))
live = functools.partial(live_keys.live, live_keys.keys())
failures = 0

# Keys of one number, with values that the kernel takes and that do no harm.
NUMBERS = {
    "net.core.optmem_max": (20480, 1 << 20), "net.core.somaxconn": (128, 65535),
    "net.ipv4.igmp_max_memberships": (20, 200), "net.ipv4.ip_default_ttl": (32, 255),
    "net.ipv4.ip_unprivileged_port_start": (0, 2000), "net.ipv4.tcp_ecn": (0, 2),
    "net.ipv4.tcp_fin_timeout": (10, 120), "net.ipv4.tcp_keepalive_intvl": (5, 300),
    "net.ipv4.tcp_keepalive_probes": (3, 20), "net.ipv4.tcp_keepalive_time": (60, 7200),
    "net.ipv4.tcp_max_syn_backlog": (128, 8192), "net.ipv4.tcp_mtu_probing": (0, 2),
    "net.ipv4.tcp_notsent_lowat": (16384, 1 << 20), "net.ipv4.tcp_retries2": (8, 20),
    "net.ipv4.tcp_syn_retries": (2, 10), "net.ipv4.ip_forward": (0, 1),
    "net.ipv4.conf.all.forwarding": (0, 1), "net.ipv4.conf.v0.forwarding": (0, 1),
    "net.ipv4.conf.all.accept_redirects": (0, 1), "net.ipv4.conf.default.rp_filter": (0, 2),
    "net.ipv4.conf.v0.rp_filter": (0, 2), "net.ipv4.conf.v1.rp_filter": (0, 2),
    "net.ipv4.conf.default.log_martians": (0, 1), "net.ipv4.conf.v1.log_martians": (0, 1),
    "net.ipv4.neigh.v0.gc_stale_time": (30, 600), "net.ipv4.neigh.v0.unres_qlen": (50, 200),
    "net.ipv6.conf.all.forwarding": (0, 1), "net.ipv6.conf.v0.forwarding": (0, 1),
    "net.ipv6.conf.v0.hop_limit": (32, 255), "net.ipv6.conf.default.hop_limit": (32, 255),
}
VECTORS = {"net.ipv4.tcp_rmem": (4096, 131072, 8 << 20), "net.ipv4.tcp_wmem": (4096, 65536, 8 << 20)}
# Written by others: keys that change nothing else, so that it is certain what is whose.
FOREIGN = [key for key in NUMBERS if ".conf." not in key and "unres_qlen" not in key
           and key not in ("net.ipv4.ip_forward", "net.ipv4.ip_unprivileged_port_start")]
def path_of(key):
    return pathlib.Path("/proc/sys") / key.replace(".", "/")


def fail(seed, text):
    global failures
    failures += 1
    print(f"FAILED with seed {seed}: {text}", file=sys.stderr)


def rule(chance, low, high):
    value = chance.randint(low, high)
    kind = chance.choice(["exactly", "exactly", "at least", "at most", "between", "keep"])
    if kind == "exactly":
        return str(value)
    if kind == "keep":
        return kind
    if kind == "between":
        return f"between {value} and {chance.randint(value, high)}"
    return f"{kind} {value}"


def profile(chance, name):
    lines = ["nettune: 1", "sysctl:"]
    for key in chance.sample(sorted(NUMBERS), chance.randint(1, 12)):
        lines.append(f"  {key}: {rule(chance, *NUMBERS[key])}")
    for key, base in VECTORS.items():
        if chance.random() < 0.4:
            fields = [chance.choice(["keep", str(number), f"at least {number}",
                                     str(number + chance.randint(0, 1000))]) for number in base]
            lines.append(f"  {key}: [{', '.join(fields)}]")
    if chance.random() < 0.05:
        lines.append("  net.ipv4.tcp_congestion_control: nosuch")
    path = folder / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def run(*arguments):
    return subprocess.run([nettunectl, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


def applied(seed, path):
    """Whether the profile is in force; otherwise nothing has changed, and why was said."""
    before = live()
    done = run("apply", "--quiet", path)
    text = pathlib.Path(path).read_text()
    if done.returncode == 0:
        audit = run("audit", "--quiet", path)
        if audit.returncode != 0:
            fail(seed, f"after apply the audit ends with {audit.returncode}:\n{text}")
        again = live()
        if run("apply", "--quiet", path).returncode != 0 or live() != again:
            fail(seed, f"a second apply is not quiet:\n{text}")
        return True
    if done.returncode != 2 or "asked" not in done.stderr or "rolled back" not in done.stderr:
        fail(seed, f"apply ends with {done.returncode} and says {done.stderr!r}:\n{text}")
    if live() != before:
        fail(seed, f"a refused apply leaves {difference(before, live())}:\n{text}")
    return False


def reverted(seed, expected, status, what, *options):
    done = run("revert", "--quiet", *options)
    if done.returncode != status:
        fail(seed, f"revert ends with {done.returncode}, not {status}: {done.stderr}")
    values = live()
    if values != expected:
        fail(seed, f"{what}: {difference(expected, values)}")
    left = sorted(entry.name for entry in pathlib.Path("/run/nettune").iterdir())
    # What others have changed stays known for a revert by force.
    if len(left) != (1 if status == 0 else 2) or "lock" not in left:
        fail(seed, f"/run/nettune holds {left}")


START = live()
in_force = refused = 0
for seed in range(CASES):
    chance = random.Random(seed)
    first, second = profile(chance, "a"), profile(chance, "b")
    for path in (first, second):
        if applied(seed, path):
            in_force += 1
        else:
            refused += 1
        if path == first and chance.random() < 0.5:
            reverted(seed, START, 0, "apply and revert do not lead to the start")
    reverted(seed, START, 0, "two profiles and a revert do not lead to the start")

    expected = dict(START)
    applied(seed, first)
    ours = live()
    others = {}
    for key in chance.sample(FOREIGN, 3):
        value = str(chance.randint(*NUMBERS[key]))
        path_of(key).write_text(value)
        path = str(path_of(key))
        # What nettune did not change, or what is back at the start, is nobody's business.
        expected[path] = live()[path]
        if ours[path] != START[path] and expected[path] not in (START[path], ours[path]):
            others[key] = value
        elif ours[path] != START[path]:
            expected[path] = START[path]
    reverted(seed, expected, 1 if others else 0, "a revert with others' values in between")
    reverted(seed, expected, 1 if others else 0, "a second revert")
    expected.update((path, START[path]) for path in (str(path_of(key)) for key in others))
    reverted(seed, expected, 0, "a revert by force", "--force")
    for key in FOREIGN:
        path_of(key).write_text(START[str(path_of(key))])
    if live() != START:
        fail(seed, f"the start is not reached: {difference(START, live())}")
        break
print(f"{CASES} seeds: {in_force} profiles were applied, {refused} were refused and rolled back")
if in_force < CASES or refused == 0:
    fail("none", "too few profiles were applied, or none was refused")
sys.exit(1 if failures else 0)
