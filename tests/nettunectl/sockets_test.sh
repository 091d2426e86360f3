#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl sockets: real sockets of real processes, in a network namespace of their own.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run sockets preset latency --line
expect_status 0
[[ $out == nodelay=1,notsent-lowat=16KiB,user-timeout=30s,* ]] || fail 'not the preset latency'
expect_no_out $'\n'
line=$out
run sockets preset nosuch --line
expect_status 2
expect_err 'the profile server-base has no preset "nosuch"; it has default, latency, interactive'
run sockets preset latency
expect_status 0
[[ $out == "$line" ]] || fail '--line changes what is printed'
run sockets preset
expect_status 0
run sockets preset --format names --profile server-base
expect_status 0
[[ $out == $'default\nlatency\n'* ]] || fail 'the presets are not listed'
run sockets --preset nodelay=1 --format names
expect_status 2
run sockets prest latency
expect_status 2
expect_err 'unexpected argument "prest"; only "preset [NAME]" is accepted'
run sockets --line
expect_status 2
run sockets --preset nodelay=2
expect_status 2
expect_err 'character 9: nodelay is 1 or 0, not "2"'
run sockets --preset nodelay=1 --profile latency
expect_status 2
run sockets --pid 4194305
expect_status 2
expect_err 'there is no process 4194305'
run sockets --pid 0
expect_status 2
expect_err '"0" is not a process id'
run sockets --unit no-such-unit
expect_status 2
expect_err 'no process runs in the unit no-such-unit'

if ! unshare -Urn true 2>/dev/null; then
  finish
  echo 'skipped: this machine makes no network namespaces for its users'
  exit 77
fi
# A server with COUNT clients in the same process, which may be called NAME: it says when all are
# there, and ends with its input.
cat >"$work/serve.py" <<'PY'
import ctypes, os, resource, socket, sys
count = int(sys.argv[1])
if sys.argv[2:]:
    ctypes.CDLL(None).prctl(15, os.fsencode(sys.argv[2]), 0, 0, 0)  # PR_SET_NAME
resource.setrlimit(resource.RLIMIT_NOFILE, (2 * count + 64,) * 2)
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
local = socket.socket(socket.AF_UNIX)
kept = [listener, local]
for _ in range(count):
    client = socket.create_connection(listener.getsockname())
    kept += [client, listener.accept()[0]]
print("ready", flush=True)
for line in sys.stdin:
    if line == "nodelay\n":
        print(sum(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for s in kept if s is not local), flush=True)
PY
# A cgroup with a unit's name, as systemd makes them, holds what "--unit" is to find.
unit=nettune-sockets-test-$$
cgroup=$(findmnt -nro TARGET -t cgroup2 | head -n 1)/$unit.service
if mkdir "$cgroup" 2>/dev/null; then
  # A server that a failure left behind is in it.
  remove_cgroup() {
    xargs -r kill <"$cgroup/cgroup.procs" || true
    for _ in {1..50}; do if rmdir "$cgroup" 2>/dev/null; then break; else sleep 0.1; fi; done
  }
  trap 'remove_cgroup; rm -rf "$work"' EXIT
else
  echo 'no cgroup can be made here: a unit with processes was not tried'
  cgroup=
fi
export unit cgroup
export real_uid=$EUID
export -f run fail expect_seen expect_status expect_out expect_err expect_no_out expect_line
export nettunectl work failures python source_dir
how=(-rn)
if ((EUID == 0)); then how=(-n); fi
unshare "${how[@]}" bash -euo pipefail <<'SH' || failures=$((failures + 1))
ip link set lo up
coproc SERVER { exec "$python" "$work/serve.py" 3; }
pid=$SERVER_PID
read -r -t 20 <&"${SERVER[0]}"

run sockets --preset nodelay=1,user-timeout=30s
expect_status 1
expect_out 'preset the given line: 7 TCP sockets of 1 process, 7 differ'
expect_out "($pid)"
expect_out '6 connections, as 127.0.0.1:'
expect_out 'listens on 127.0.0.1:'
grep -qE '^ +user-timeout +30s +0 +differs$' <<<"$out" || fail 'no row for user-timeout'
# The size that a listener begins with, and is not held to.
read -r _ size _ < <(sysctl -n net.ipv4.tcp_rmem)
run sockets --listening --preset "receive-buffer=$((size / 2))"
expect_status 1
expect_out 'differs: autotuning came to that size, and may leave it'
run sockets --pid "$pid" --listening --preset nodelay=1 --quiet
expect_status 1
[[ -z $out ]] || fail 'it is not quiet'

if [[ -n $cgroup ]]; then
  run sockets --unit "$unit" --preset nodelay=1
  expect_status 2
  expect_err "no process runs in the unit $unit"
  echo "$pid" >"$cgroup/cgroup.procs"
  for name in "$unit" "$unit.service"; do
    run sockets --unit "$name" --preset nodelay=1
    expect_status 1
    expect_out 'preset the given line: 7 TCP sockets of 1 process, 7 differ'
    expect_out "($pid)"
  done
  run sockets --unit "${unit%?}" --preset nodelay=1
  expect_status 2
fi
run sockets --unit "$unit" --pid "$pid" --preset nodelay=1
expect_status 2

run sockets --pid "$pid" --preset nodelay=1,syn-count=3 --apply
expect_status 0
grep -qE ' nodelay +1 +1 +applied; it was 0$' <<<"$out" || fail 'what was set is not shown'
expect_line 'preset the given line: 7 TCP sockets of 1 process, 7 set, 0 not as asked'
echo nodelay >&"${SERVER[1]}"
read -r -t 20 set <&"${SERVER[0]}"
[[ $set == 7 ]] || fail "the process has $set sockets with TCP_NODELAY"
run sockets --preset nodelay=1
expect_status 0
expect_line 'preset the given line: 7 TCP sockets of 1 process, 0 differ'
run sockets --preset nodelay=1 --apply
expect_status 0
expect_line 'preset the given line: 7 TCP sockets of 1 process, 0 set, 0 not as asked'

# Where the owner is in another PID namespace, that there are sockets is said all the same.
ran='nettunectl sockets, in a PID namespace of its own'
status=0
unshare --pid --mount --fork --mount-proc "$nettunectl" sockets --preset nodelay=0 \
  >"$work/out" 2>"$work/err" || status=$?
out=$(<"$work/out")
err=$(<"$work/err")
expect_status 2
expect_err '7 sockets are shown by their address and state alone: no process that is visible here has them'
(($(grep -c '^ESTAB ' <<<"$out") == 6)) || fail 'not 6 connections are shown'
grep -qE '^LISTEN +127\.0\.0\.1:[0-9]+' <<<"$out" || fail 'the listener is not shown'

# An ordinary user is shown what ss shows, and told which right the rest needs.
if ((real_uid == 0)); then
  cp "$nettunectl" "$work/nettunectl"
  chmod 755 "$work" "$work/nettunectl"
  ran='nettunectl sockets, as nobody'
  as_nobody() {
    status=0
    "${beside[@]}" setpriv --reuid 65534 --regid 65534 --clear-groups "$work/nettunectl" sockets "$@" >"$work/out" 2>"$work/err" || status=$?
    out=$(<"$work/out")
    err=$(<"$work/err")
  }
  beside=()
  as_nobody --preset nodelay=1
  expect_status 2
  expect_err '7 sockets are shown by their address and state alone: the owner and the options of another user'"'"'s socket need CAP_SYS_PTRACE'
  shown=$(sed -nE 's/^(ESTAB|LISTEN) +([^ ]+)( +([^ ]+))?$/\1 \2 \4/p' <<<"$out" | sed 's/ $//' | sort)
  listed=$(ss -tanH | awk '{ print $1 " " $4 ($1 == "LISTEN" ? "" : " " $5) }' | sort)
  [[ $shown == "$listed" ]] || fail "ss lists something else: $(diff <(echo "$shown") <(echo "$listed"))"
  as_nobody --preset nodelay=1 --pid "$pid"
  expect_status 2
  expect_err 'the sockets of 1 process could not be looked at: those of other users need CAP_SYS_PTRACE'
  as_nobody --preset nodelay=1 --format json
  "$python" - "$source_dir/packaging/schema/nettune-sockets.schema.json" "$work/out" <<'PY' || fail 'the JSON of what is not seen is not as its schema says'
import json, jsonschema, sys
schema, answer = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator(schema).validate(answer)
assert len(answer["unseen"]) == 7 == answer["summary"]["not_permitted"] and not answer["sockets"], answer
PY
  # One that waits to be accepted, and what is left of one that was closed, are nobody's.
  cat >"$work/queued.py" <<'PY'
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 0))
kept = [socket.create_connection(listener.getsockname()) for _ in range(2)]
kept[0].close()
listener.accept()[0].close()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
PY
  beside=("$python" "$work/queued.py")
  as_nobody --preset nodelay=1
  expect_status 2
  expect_err '11 sockets are shown'
  (($(grep -cE '^(ESTAB|LISTEN|TIME-WAIT) ' <<<"$out") == 11)) || fail 'not 11 sockets are shown'
fi

run sockets --preset nodelay=1,receive-buffer=1000MiB --listening --apply
expect_status 1
expect_out 'net.core.rmem_max allows no more'

run sockets --preset nodelay=0 --format json
expect_status 1
"$python" - "$work/out" "$pid" <<'PY' || fail 'the JSON is not as documented'
import json, sys
report = json.load(open(sys.argv[1]))
assert report["format"] == "sockets/2" and report["preset"] == "nodelay=0", report
# Other users' processes of this machine come and go, and are not shown in here.
assert report["summary"].pop("not_permitted") >= 0, report
assert report["summary"] == {"sockets": 7, "processes": 1, "differing": 7}, report
first = report["sockets"][0]
assert first["pid"] == int(sys.argv[2]) and first["state"] == "LISTEN", first
option = report["results"][first["results"][0]]
assert option["option"] == "nodelay" and option["outcome"] == "differs", option
assert option["requested"] == 0 and option["effective"] == 1, option
PY
for options in '--preset nodelay=0,congestion-control=reno,quickack=every-read,mark=0xffffffff' \
  '--preset latency' '--preset nodelay=1 --listening --apply'; do
  # shellcheck disable=SC2086  # words
  run sockets --format json $options
  "$python" - "$source_dir/packaging/schema/nettune-sockets.schema.json" "$work/out" <<'PY' || fail 'the JSON is not as its schema says'
import json, sys
try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed; the schema is not held against the answer")
    sys.exit()
schema, answer = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(answer)
assert answer["sockets"], answer
PY
done
eval "exec ${SERVER[1]}>&-"
wait "$pid"

# A process may give itself any name, and a group for one of the processes have any.
coproc ODD { exec "$python" "$work/serve.py" 1 $'a\e[1m\n\u202e\x9bz\xff'; }
pid=$ODD_PID
read -r -t 20 <&"${ODD[0]}"
run sockets --preset nodelay=1
expect_status 1
expect_seen
expect_out "a\\x1B[1m\\x0A\\u202E\\x9Bz\\xFF ($pid)"
run sockets --preset nodelay=1 --format json
expect_status 1
expect_seen
"$python" -c 'import json, sys
names = {socket["process"] for socket in json.load(open(sys.argv[1]))["sockets"]}
sys.exit(names != {"a\x1b[1m\n\u202e\ufffdz\ufffd"} and f"the names are {names!r}")' "$work/out" || fail 'the JSON has another name'
run sockets --preset nodelay=1 --unit $'a\e[1m\n\u202e\x9b\xff'
expect_status 2
expect_seen
expect_err 'no process runs in the unit a\x1B[1m\x0A\u202E\x9B\xFF'
if [[ -n $cgroup ]]; then
  odd=${cgroup%/*}/$unit$'\e[1m\u202e\x9b\xff.service'
  mkdir "$odd"
  echo "$pid" >"$odd/cgroup.procs"
  run sockets --preset nodelay=1 --unit "${odd##*/}"
  echo "$pid" >"${odd%/*}/cgroup.procs"
  rmdir "$odd"
  expect_status 1
  expect_seen
  expect_out "($pid)"
fi
eval "exec ${ODD[1]}>&-"
wait "$pid"

# Ten thousand sockets, and processes that come and go meanwhile.
coproc MANY { exec "$python" "$work/serve.py" 5000; }
pid=$MANY_PID
read -r -t 60 <&"${MANY[0]}"
(for _ in {1..40}; do "$python" -c 'import socket; socket.create_server(("127.0.0.1", 0))'; done) &
churn=$!
run sockets --preset nodelay=1 --pid "$pid"
expect_status 1
expect_out 'preset the given line: 10001 TCP sockets of 1 process, 10001 differ'
run sockets --preset nodelay=1 --quiet
expect_status 1
wait "$churn"
# In less than 2 s; by processor time, which other tests do not stretch.
TIMEFORMAT='%3U %3S'
used=$({ time "$nettunectl" sockets --preset latency --quiet 2>/dev/null || true; } 2>&1)
awk '{ exit !($1 + $2 < 2) }' <<<"$used" || fail "10 001 sockets take $used s of user and system time"
# As JSON, at most 600 bytes for each.
run sockets --preset latency --pid "$pid" --format json
size=$(stat -c %s "$work/out")
((size < 600 * 10001)) || fail "the JSON of 10 001 sockets has $size bytes"
printf '10 001 sockets as JSON: %s bytes each\n' $((size / 10001))
printf '10 001 sockets: %s s of user and system time\n' "$used"
eval "exec ${MANY[1]}>&-"
wait "$pid"
((failures == 0))
SH
finish
