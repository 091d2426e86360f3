#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl run: which sockets get the options, that nothing else changes, what the report says,
# and what a read costs.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_network "$0" "$@"

preset='nodelay=1,notsent-lowat=16KiB,quickack=every-read,keepalive-idle=61s,user-timeout=31s,priority=5'

run run --preset "$preset" --report "$work/report" -- "$python" "$here/options.py"
expect_status 0
expect_silent_out
expect_silent_err
expect_in_report '^pid [0-9]+, python3, listener, descriptor [0-9]+:$'
expect_in_report '^pid [0-9]+, python3, client, descriptor [0-9]+:$'
expect_in_report '^pid [0-9]+, python3, accepted, descriptor [0-9]+:$'
expect_in_report '^  notsent-lowat: asked for 16KiB, is 16KiB: applied$'
expect_in_report '^  priority: asked for 5, is 5: applied$'
# In each of two programs 5 pairs, 320 of its threads, 1 of its fork.
(($(grep -c ' listener, ' "$work/report") == 2 * (5 + 320 + 1))) || fail 'not one block for each listener'
(($(grep -c ' client, ' "$work/report") == 2 * (5 + 320 + 1))) || fail 'not one block for each client'
(($(grep -c ' accepted, ' "$work/report") == 2 * (5 + 320 + 1))) || fail 'not one block for each accepted socket'
# Blocks of threads and processes stay whole.
if grep -qvE '^(pid [0-9]+, python3, (listener|client|accepted), descriptor [0-9]+:|  [a-z-]+: .*)$' "$work/report"; then
  fail 'a line of the report is no such line'
fi
(($(grep -o '^pid [0-9]*' "$work/report" | sort -u | wc -l) == 4)) || fail 'not 4 processes are in the report'

# A socket is reported where nothing of it had to be changed, too; what comes too late says so.
cat >"$work/tuned.py" <<'PY'
import socket
listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
listener.bind(("127.0.0.1", 0))
listener.listen()
listener.listen(20)
client = socket.create_connection(listener.getsockname())
accepted, _ = listener.accept()
PY
rm "$work/report"
run run --preset nodelay=1 --report "$work/report" -- "$python" "$work/tuned.py"
expect_status 0
sed 's/^pid [0-9]*/pid/; s/descriptor [0-9]*/descriptor/' "$work/report" >"$work/blocks"
diff - "$work/blocks" <<'BLOCKS' || fail 'the report has other blocks'
pid, python3, listener, descriptor:
  nodelay: asked for 1, is 1: already
pid, python3, client, descriptor:
  nodelay: asked for 1, is 1: applied
pid, python3, accepted, descriptor:
  nodelay: asked for 1: inherited
BLOCKS
rm "$work/report"
run run --preset nodelay=1,reuse-port=1 --report "$work/report" -- "$python" "$work/tuned.py"
expect_status 0
expect_in_report '^  reuse-port: asked for 1: failed, it has to be set before bind'

# Without the library they have none of the options: the test can tell.
status=0
out=$("$python" "$here/options.py") || status=$?
expect_status 1
expect_out 'listener 127.0.0.1: nodelay is 0, not 1'
expect_no_out UDP
expect_no_out AF_UNIX

# Once the report is full, as the program's limit of size has it, or no file any more, the program goes
# on as without one: neither the signal of a file that is too large ends it, nor does it wait.
cat >"$work/limited.py" <<'PY'
import os, resource, signal, socket, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
report = os.environ.get("NETTUNE_REPORT")
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
elif report:
    os.unlink(report)
    os.mkfifo(report)
if sys.argv[1] == "read":
    kept = os.open(report, os.O_RDONLY | os.O_NONBLOCK) if report else None
for _ in range(30):
    socket.create_server(("127.0.0.1", 0)).close()
if sys.argv[1] == "full":
    signal.pthread_sigmask(signal.SIG_BLOCK, [])
    print("pending", signal.sigpending(), "blocked", signal.pthread_sigmask(signal.SIG_BLOCK, []))
elif sys.argv[1] == "read" and report:
    try:
        print("read", os.read(kept, 10))
    except BlockingIOError:
        print("read nothing")
print("done")
PY
for how in full fifo read; do
  rm -f "$work/report"
  ran="limited.py $how"
  status=0
  out=$(timeout 20 "$nettunectl" run --preset nodelay=1 --report "$work/report" -- "$python" "$work/limited.py" $how 2>&1) || status=$?
  expect_status 0
  expect_line 'done'
  if [[ $how == full ]]; then
    (($(stat -c %s "$work/report") == 600)) || fail 'the report is not full'
    expect_line 'pending set() blocked set()'
  fi
  [[ $how != read ]] || expect_out 'read b'"''"
done
rm "$work/report"

# What calls give.
"$python" "$here/calls.py" >"$work/without" 2>&1
for one in "$preset" nodelay=1; do
  run run --preset "$one" --report "$work/report" -- "$python" "$here/calls.py"
  expect_status 0
  diff "$work/without" "$work/out" || fail "calls give something else with $one"
done
(($(wc -l <"$work/without") > 60)) || fail 'the list of calls is short'

# A faulty line changes nothing, and is said once. nettunectl itself passes no such line.
rm "$work/report"
for line in 'nodelay=2' 'nonsense' "$(printf 'nodelay=1,%.0s' {1..600})" $'nodelay=1\n'; do
  status=0
  out=$(LD_PRELOAD=$library NETTUNE_PRESET_LINE=$line NETTUNE_REPORT=$work/report "$python" "$here/options.py" child) ||
    status=$?
  expect_status 1
  expect_out 'listener 127.0.0.1: nodelay is 0, not 1'
  (($(wc -l <"$work/report") == 1)) || fail "not one line is in the report: $(<"$work/report")"
  expect_in_report '^pid [0-9]+, python3: NETTUNE_PRESET_LINE is faulty, and no socket is changed: '
  rm "$work/report"
done
# And so does no line.
status=0
out=$(LD_PRELOAD=$library "$python" "$here/options.py" child) || status=$?
expect_status 1
expect_out 'listener 127.0.0.1: nodelay is 0, not 1'

# A file's reads ask the kernel once what the descriptor is, and set nothing.
if command -v strace >/dev/null; then
  cat >"$work/reads.py" <<'PY'
import os
fd = os.open(__file__, os.O_RDONLY)
os.dup2(fd, 50)
os.write(1, b"begin\n")
for _ in range(100):
    os.lseek(50, 0, os.SEEK_SET)
    os.read(50, 10)
PY
  run run --preset "$preset" -- strace -f -o "$work/trace" -e trace=read,getsockopt,setsockopt "$python" "$work/reads.py"
  expect_status 0
  (($(grep -c ' read(50,' "$work/trace") == 100)) || fail 'the trace has not 100 reads'
  (($(grep -c 'sockopt(50,' "$work/trace") == 1)) || fail "not one question for 100 reads: $(grep 'sockopt(50,' "$work/trace")"
fi

# What an accepted socket inherits costs no call; one look at the first tells that it does inherit.
if command -v strace >/dev/null; then
  cat >"$work/accepts.py" <<'PY'
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
kept = []
for _ in range(10):
    kept.append(socket.create_connection(listener.getsockname()))
    accepted, _ = listener.accept()
    os.dup2(accepted.detach(), 100 + len(kept))
PY
  run run --preset 'nodelay=1,user-timeout=31s' -- strace -f -o "$work/trace" -e trace=accept4,dup2,getsockopt,setsockopt "$python" "$work/accepts.py"
  expect_status 0
  # The lines from each accept4() to its dup2().
  asked=$(awk '/ accept4\(/ { on = 1; next } / dup2\(/ { on = 0 } on && /sockopt/' "$work/trace")
  (($(grep -c ' accept4(' "$work/trace") == 10)) || fail 'the trace has not 10 accepts'
  # The listener is known from listen().
  (($(wc -l <<<"$asked") == 1)) || fail "more than one question for 10 accepted sockets: $asked"
fi

finish
