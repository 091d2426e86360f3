#!/bin/bash
# SPDX-License-Identifier: MIT
# The service under load: writers of managed keys at full speed, and callers with more calls than can
# be answered. Others are answered and keys are put back all the while, and the memory stays what it
# was. How much of that there is to be depends on the machine: here it is so little that only a
# service that serves one alone fails. The times are printed. NETTUNE_LOAD_ALL=1 tries each load, and
# longer.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=2 writers=(3) methods=(ListProfiles GetManagedObjects)
if [[ -n ${NETTUNE_LOAD_ALL-} ]]; then
  seconds=4 writers=(1 2 3) methods=(ListProfiles Describe Audit GetManagedObjects Introspect)
fi
load=$work/load
install -m 755 "${3:-$build/tests/nettuned/service_load}" "$load" # where nobody may start it
start_bus
for ((i = 0; i < 12; i++)); do echo "link add k$i type veth peer name l$i"; done | ip -batch -
cat >/etc/nettune/profiles/web.yaml <<'YAML'
nettune: 1
sysctl:
  net.ipv4.tcp_sack: 1
  net.ipv4.tcp_window_scaling: 1
  net.ipv4.tcp_moderate_rcvbuf: 1
  net.ipv4.conf.*.rp_filter: 0
YAML
flooded=(/proc/sys/net/ipv4/tcp_{sack,window_scaling,moderate_rcvbuf})
# Each is written less often than makes a contest.
calm=(/proc/sys/net/ipv4/conf/[kl][0-9]*/rp_filter)

number() { sed -n "s/^$1 //p" "$work/figures"; }
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$service_pid/status"; }
# under NAME COMMAND...: the figures of a caller while COMMAND runs, and what the memory grew by.
under() {
  local name=$1 before grown
  shift
  : >"$log"
  start_service
  run activate web
  expect_status 0
  run status # what a first answer takes
  before=$(peak)
  "$@" >"$work/load.out" 2>&1 &
  local load_pid=$!
  "$load" reads "$seconds" "${calm[@]}" >"$work/figures" || fail "under $name no call is answered"
  wait "$load_pid" || true # all of its processes: what comes next is not theirs
  grown=$(($(peak) - before))
  echo "$name: $(tr '\n' ' ' <"$work/figures") grown_kib $grown log_lines $(wc -l <"$log")"
  (($(number reads) >= 10)) || fail "under $name only $(number reads) calls are answered"
  (($(number restores) >= 2)) || fail "under $name only $(number restores) keys are put back"
  if ! grep -qs '^NETTUNE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    # What the calls take that wait: they are counted.
    ((grown < 16384)) || fail "under $name the memory grows by $grown KiB"
  fi
}

under nothing true
(($(number lost) == 0)) || fail 'a key is not put back although nothing else happens'
stop_service
for count in "${writers[@]}"; do
  under "$count writers" "$load" writers $((seconds + 1)) "$count" "${flooded[@]}"
  # Five restores and a word a second about each key, whatever is written.
  (($(wc -l <"$log") < 400)) || fail "each write is worth a line: $(wc -l <"$log")"
  stop_service
done
for method in "${methods[@]}"; do
  under "calls of $method" runuser -u nobody -- "$load" calls $((seconds + 1)) 60 120 "$method"
  grep -q '^answers [1-9]' "$work/load.out" || fail "no call of $method is answered"
  stop_service
done
under 'callers who read no answer' runuser -u nobody -- "$load" calls $((seconds + 1)) 20 500 ListProfiles deaf
stop_service
kill "$bus_pid"
finish
