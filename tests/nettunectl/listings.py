# SPDX-License-Identifier: MIT
# Makes the n-th reading of a folder fail, for each n until a command makes no n-th: it says so, and
# ends as it documents for that.
# Called by listings_test.sh: listings.py NETTUNECTL FAULTS_SO FOLDER STATUSES COMMAND...; STATUSES
# are those that it may end with where a folder can't be read: "2" or "0,1".
import errno
import os
import pathlib
import subprocess
import sys

nettunectl, library, folder, statuses, *command = sys.argv[1:]
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import faults  # noqa: E402  (found by the line above)

orders = faults.Orders(folder + "/orders")
FAULTY = dict(os.environ, LD_PRELOAD=library, NETTUNE_FAULTS=orders.path)
ALLOWED = [int(status) for status in statuses.split(",")]


def run():
    return subprocess.run([nettunectl, *command], env=FAULTY, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)


orders.set()
run()
count = orders.counted()["list"]
failures = []
for n in range(1, count + 1):
    orders.set("list", n, n, errno.EIO)
    done = run()
    is_said = os.strerror(errno.EIO) in done.stdout + done.stderr
    if orders.failed() and not (is_said and done.returncode in ALLOWED):
        failures.append(f"{n}: it ends with {done.returncode} and says {done.stderr!r}")
print(f"{' '.join(command)}: {count} readings of folders fail, {len(failures)} unsaid")
for failure in failures[:10]:
    print("FAILED", failure, file=sys.stderr)
sys.exit(1 if failures or count == 0 else 0)
