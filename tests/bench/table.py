# SPDX-License-Identifier: MIT
# Prints what tests/bench/run left in a folder: hyperfine's medians, peak memory, Google Benchmark's
# medians, and their ratios beside the goals. A goal is shown, never enforced.
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
SIZES = (8, 100, 1000, 10000)


def measured(name):
    path = folder / f"{name}.time"
    return json.loads(path.read_text())["results"][0] if path.exists() else None


def median(name):
    """Milliseconds, or None where it was not measured."""
    result = measured(name)
    return None if result is None else result["median"] * 1000


def processor(name):
    """The mean of user and system time in milliseconds: on a busy machine it says more."""
    result = measured(name)
    return None if result is None else (result["user"] + result["system"]) * 1000


def peak(name):
    path = folder / f"{name}.peak"
    return int(path.read_text()) / 1024 if path.exists() else None


def cell(number, digits=2):
    return "-" if number is None else f"{number:.{digits}f}"


def ratio(number, by):
    return None if number is None or by is None else number / by


def row(name, cells, goal=""):
    print(f"  {name:<34}" + "".join(f"{text:>12}" for text in cells) + ("   " + goal).rstrip())


def heading(text):
    print(f"\n{text}")


COMMANDS = (("nettunectl audit", "audit"), ("C floor", "floor"), ("sysctl -n", "sysctl"),
            ("tuned-adm verify", "tuned"))

heading("median, ms")
row("keys", [str(size) for size in SIZES])
for title, name in COMMANDS:
    row(title, [cell(median(f"{name}.{size}")) for size in SIZES])
row("empty program, linked the same", [cell(median("empty"))])
row("empty program, the same libraries", [cell(median("libraries"))])
row("nettunectl --version", [cell(median("version"))])

heading("processor time, ms (mean)")
for title, name in COMMANDS:
    row(title, [cell(processor(f"{name}.{size}")) for size in SIZES])
row("empty program, linked the same", [cell(processor("empty"))])

heading("peak memory, MiB")
for title, name in COMMANDS:
    row(title, [cell(peak(f"{name}.{size}"), 1) for size in SIZES],
        "goal: <= 8" if name == "audit" else "")
row("empty program, linked the same", [cell(peak("empty"), 1)])

if median("netns.table") is not None:
    heading("audit --netns all, 8 keys in each of 500 network namespaces")
    row("", ["median, ms", "peak, MiB"])
    for title, name in (("table", "netns.table"), ("JSON", "netns.json")):
        row(title, [cell(median(name), 1), cell(peak(name), 1)],
            "goal: < 1000 ms" if name == "netns.table" else "")

CHANGES = (("nettunectl apply", "apply"), ("systemd-sysctl", "systemd"), ("sysctl -p", "sysctl-p"),
           ("TuneD, switch over D-Bus", "switch"),
           ("nettunectl apply, nothing to change", "apply-same"),
           ("systemd-sysctl, nothing to change", "systemd-same"))
CHANGE_SIZES = (8, 100, 1000)
if median("apply.8") is not None:
    heading("changing keys that all differ, median, ms")
    row("keys", [str(size) for size in CHANGE_SIZES])
    for title, name in CHANGES:
        row(title, [cell(median(f"{name}.{size}")) for size in CHANGE_SIZES])
    heading("changing keys, processor time, ms (mean)")
    for title, name in CHANGES:
        row(title, [cell(processor(f"{name}.{size}")) for size in CHANGE_SIZES])
    heading("nettunectl apply, as a multiple of systemd-sysctl")
    for title, mine, other, goal in (
            ("all differ", "apply", "systemd", "goal: 1000 keys <= 0.9"),
            ("nothing to change", "apply-same", "systemd-same", "goal: 1000 keys <= 0.6")):
        row(title, [cell(ratio(median(f"{mine}.{size}"), median(f"{other}.{size}")))
                    for size in CHANGE_SIZES], goal)
        row("  by processor time",
            [cell(ratio(processor(f"{mine}.{size}"), processor(f"{other}.{size}")))
             for size in CHANGE_SIZES])



def service(name):
    """What bench_service printed: {name: number}; the histogram as pairs of a bound and a count."""
    path = folder / name
    values, histogram = {}, []
    for line in path.read_text().splitlines() if path.exists() else []:
        words = line.split()
        if words[0] == "restore_histogram":
            histogram.append((int(words[1]), int(words[2])))
        else:
            values[words[0]] = float(words[1])
    return values, histogram


SERVICE_SIZES = (8, 1000)
mine = {size: service(f"service.{size}") for size in SERVICE_SIZES}
theirs = {size: service(f"tuned-service.{size}")[0] for size in SERVICE_SIZES}
if mine[8][0]:
    heading("the services")
    row("keys", [str(size) for size in SERVICE_SIZES])

    def service_row(title, name, goal="", digits=2, source=None):
        source = source or {size: mine[size][0] for size in SERVICE_SIZES}
        row(title, [cell(source[size].get(name), digits) for size in SERVICE_SIZES], goal)

    service_row("nettuned, start to READY, ms", "start_ms", "goal: <= 8, <= 25")
    service_row("TuneD, start to its name, ms", "start_ms", digits=0, source=theirs)
    service_row("nettuned, PSS, KiB", "pss_kib", "goal: 1000 keys <= 3584", 0)
    service_row("TuneD, PSS, KiB", "pss_kib", digits=0, source=theirs)
    service_row("nettuned, context switches idle", "idle_switches", digits=0)
    service_row("  watchdogs in that time", "idle_watchdogs", digits=0)
    service_row("  sweeps in that time", "idle_sweeps", digits=0)
    service_row("  switches beyond those", "idle_beyond", "goal: 60 s <= 2", 0)
    service_row("TuneD, context switches idle", "idle_switches", digits=0, source=theirs)
    service_row("Peer.Ping, us", "ping_us", digits=1)
    service_row("a property, us", "property_us", digits=1)
    row("  as a multiple of Ping", [cell(ratio(mine[size][0]["property_us"], mine[size][0]["ping_us"]))
                                    for size in SERVICE_SIZES], "goal: <= 1.3")
    service_row("  99 of 100, us", "property_p99_us", "goal: <= 400", 1)
    service_row("Audit over D-Bus, ms", "audit_ms", "goal: 1000 keys <= 2")
    row("TuneD, verify over D-Bus, ms", [cell(median(f"tuned-verify.{size}")) for size in SERVICE_SIZES])
    row("  nettuned as a multiple", [cell(ratio(mine[size][0]["audit_ms"], median(f"tuned-verify.{size}")), 3)
                                     for size in SERVICE_SIZES], "goal: 1000 keys <= 0.04")
    service_row("a sweep, ms of processor", "sweep_ms")
    service_row("an Audit over D-Bus, the same", "audit_processor_ms")
    service_row("the bare comparison, the same", "in_process_audit_ms")
    row("  a sweep as a multiple of Audit", [cell(ratio(mine[size][0].get("sweep_ms"), mine[size][0].get("audit_processor_ms")))
                                             for size in SERVICE_SIZES], "goal: 1000 keys about 1")
    service_row("Activate, all keys change, ms", "activate_ms", "goal: 1000 keys <= 15")
    service_row("foreign writes restored, of 1000", "restored", "goal: 1000", 0)
    service_row("  50 of 100, us", "restore_p50_us", "goal: <= 100", 1)
    service_row("  99 of 100, us", "restore_p99_us", "goal: <= 5000", 1)
    service_row("  the slowest, us", "restore_max_us", digits=1)
    row("TuneD, restored within 2 s", [f"{theirs[size]['restored']:.0f} of {size}"
                                       if "restored" in theirs[size] else "-" for size in SERVICE_SIZES])
    for index, (bound, _) in enumerate(mine[8][1]):
        row(f"  up to {bound} us" if bound < 1e9 else "  more",
            [str(mine[size][1][index][1]) for size in SERVICE_SIZES])
    service_row("new links with their values, of 200", "link_set", "goal: 200", 0)
    service_row("  the kernel makes a pair, us", "link_making_p50_us", digits=1)
    service_row("  50 of 100 set after that, us", "link_p50_us", digits=1)
    service_row("  99 of 100, us", "link_p99_us", "goal: <= 10000", 1)
    service_row("pending keys applied, of 200", "pending_set", "goal: 200", 0)
    service_row("  50 of 100 after the link came, us", "pending_p50_us", digits=1)
    service_row("  99 of 100, us", "pending_p99_us", "goal: <= 100000", 1)

load = folder / "load"
if load.exists() and load.stat().st_size:
    heading("nettuned under load, as another caller sees it, ms")
    row("", ["a read", "99 of 100", "slowest", "the bus", "restored"], "goals: 99 of 100 <= 20, restored <= 10")
    for line in load.read_text().splitlines():
        name, _, figures = line.partition(": ")
        words = figures.split()
        if len(words) % 2 or "reads_p99_ms" not in words:
            continue
        value = dict(zip(words[::2], map(float, words[1::2])))
        row(name, [cell(value[key], 1) for key in ("reads_p50_ms", "reads_p99_ms", "reads_max_ms",
                                                   "bus_max_ms", "restores_p99_ms")])

audit = {size: median(f"audit.{size}") for size in SIZES}
heading("nettunectl audit, as a multiple of")
row("C floor", [cell(ratio(audit[size], median(f"floor.{size}"))) for size in SIZES],
    "goal: 1000 keys <= 1.5")
row("sysctl -n", [cell(ratio(audit[size], median(f"sysctl.{size}"))) for size in SIZES],
    "goal: 8 keys <= 1.5, 1000 keys <= 0.4")
row("tuned-adm verify", [cell(ratio(audit[size], median(f"tuned.{size}")), 3) for size in SIZES],
    "goal: 1000 keys <= 0.067")
for title, name in (("1.2 x an empty program + 0.1 ms", "empty"), ("1.2 x the same libraries + 0.1 ms", "libraries")):
    row(title, [cell(ratio(audit[8], 1.2 * median(name) + 0.1))], "goal: 8 keys <= 1" if name == "libraries" else "")

heading("microseconds for each further key")
steps = list(zip(SIZES, SIZES[1:]))
row("from, to", [f"{a}-{b}" for a, b in steps])
for title, name in COMMANDS:
    cells = []
    for a, b in steps:
        low, high = median(f"{name}.{a}"), median(f"{name}.{b}")
        cells.append(cell(None if low is None or high is None else (high - low) * 1000 / (b - a)))
    row(title, cells, "goal: the last is no more than the one before" if name == "audit" else "")

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def medians(name):
    """Nanoseconds by benchmark, or why it was not measured."""
    times = {}
    for result in json.loads((folder / name).read_text())["benchmarks"]:
        if result.get("error_occurred"):
            times[result["run_name"]] = result["error_message"]
        elif result.get("aggregate_name") == "median":
            times[result["run_name"]] = result["real_time"] * NANOSECONDS[result["time_unit"]]
    return times


engine = medians("engine.json")

heading("in process, median")
for name, time in engine.items():
    if isinstance(time, str):
        print(f"  {name:<34}   not measured: {time}")
        continue
    unit = "ns" if time < 1e3 else "us" if time < 1e6 else "ms"
    goal = "goal: < 100 ms" if name == "check_one_mebibyte" else ""
    row(name, [f"{time / NANOSECONDS[unit]:.1f} {unit}"], goal)
together, whole, single = (engine.get(f"load_{name}") for name in ("64_inherited", "sum_of_64", "64_one_by_one"))
if all(isinstance(time, float) for time in (together, whole, single)):
    row("64 inherited / one file as long", [cell(together / whole)], "goal: <= 1")
    row("64 inherited / the files one by one", [cell(together / single)], "goal: about 1")
per_key = [(size, engine.get(f"resolve_and_compare/{size}")) for size in (1000, 10000)]
if all(isinstance(time, float) for _, time in per_key):
    small, large = (time / size for size, time in per_key)
    row("a key of 10 000 / a key of 1000", [cell(large / small)], "goal: about 1")

sockets = medians("socket.json")
heading("libnettune, median")
apply, by_hand = (next(time for name, time in sockets.items() if name.startswith(f"socket_{which}/"))
                  for which in ("apply", "by_hand"))
row("apply of latency, a fresh socket", [f"{apply / 1e3:.2f} us"])
row("the same system calls by hand", [f"{by_hand / 1e3:.2f} us"])
row("as a multiple", [cell(apply / by_hand)], "goal: <= 1.1")
row("rearm of quickack when off", [f"{sockets['rearm_when_off']:.2f} ns"], "goal: < 2 ns")
