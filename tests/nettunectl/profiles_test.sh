#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl list, show and recommend.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root m
shipped=(asyncio latency many-connections server-base small-memory throughput wan-bulk)

# --- list
run list
expect_status 0
for name in "${shipped[@]}"; do expect_out "$name "; done
run list --format names
[[ $out == "$(printf '%s\n' "${shipped[@]}")" ]] || fail 'these are not the shipped profiles'

put p/base.yaml 'nettune: 1
summary: the first
sysctl: {net.core.somaxconn: 4096}'
put q/base.yaml 'nettune: 1
summary: the second'
put q/new.yaml 'nettune: 1
summary: for a kernel to come
requires: {kernel: ">= 99.0"}
sysctl: {net.core.somaxconn: 4096}'
put q/broken.yaml 'nettune: 2'
NETTUNE_PROFILE_PATH=$work/p:$work/q run list --root "$work/m"
expect_status 0
expect_silent_err
# Each remark has a line of its own; the folder is a column where there are several.
grep -qE "^base +yes +$work/p +the first\$" <<<"$out" || fail 'the first is not there'
grep -qE "^ +hides $work/q/base.yaml\$" <<<"$out" || fail 'what it hides has no line'
grep -qE '^ +not here: it requires kernel >= 99.0, and this one is 6.1.0-13-amd64$' <<<"$out" ||
  fail 'the reason has no line'
expect_no_out 'the second'
expect_out 'not here: '
expect_out '"nettunectl check broken" says what is wrong'
NETTUNE_PROFILE_PATH=$work/p:$work/q run list --root "$work/m" --format json
expect_schema list "$work/out" whole
"$python" - "$work/out" <<'PY' || fail 'the JSON says something else'
import json, sys
answer = json.load(open(sys.argv[1]))
by_name = {p["name"]: p for p in answer["profiles"]}
assert by_name["base"]["applies"] is True and len(by_name["base"]["hides"]) == 1
assert by_name["new"]["applies"] is False and by_name["new"]["unmet"]
assert by_name["broken"]["valid"] is False and by_name["broken"]["applies"] is None
PY
NETTUNE_PROFILE_PATH=$work/p run list --root "$work/m"
expect_out 'PROFILE  APPLIES  SUMMARY'
expect_line "it is from $work/p"
for width in 60 80 120; do
  COLUMNS=$width run list --root "$work/m"
  awk -v width="$width" 'length > width { exit 1 }' "$work/out" || fail "wider than $width columns"
done
NETTUNE_PROFILE_PATH=$work/none run list
expect_status 2
expect_err "no profile found in $work/none"

# --- show: what it writes is a profile that says the same
put s/base.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: at least 4096
  net.core.rmem_max: 2% ram
sockets:
  default: {nodelay: true, keepalive: {idle: 60 s}}
  listener: {why: "a reason: with # signs", fast-open: {queue: 256, connect: true}, save-syn: 2}'
put s/top.yaml 'nettune: 1
summary: "top: with # signs"
inherits: [base]
requires: {kernel: ">= 4.18", memory: ">= 1 GiB"}
on-drift: report
sysctl:
  net.core.somaxconn: {value: at least 8192, why: "a reason: with # signs", optional: true}
  net.ipv4.tcp_rmem: [keep, 128 KiB, "at least max(16 MiB, bdp(10 Gbit/s, 20 ms))"]
  net.ipv4.tcp_congestion_control: one of [bbr, cubic]
  net.ipv4.tcp_mem: [4.5% ram, 6% ram, 1000000000 B]
  net.ipv4.tcp_no_metrics_save: true
  net.ipv4.conf.*.rp_filter: 2
  net/ipv4/conf/eth0.100/rp_filter: keep'
export NETTUNE_PROFILE_PATH=$work/s
run show top --root "$work/m"
expect_status 0
expect_silent_err
expect_out '# top.yaml:7; replaces base.yaml:3'
expect_out 'net.core.rmem_max: 2% ram  # base.yaml:4'
expect_out 'keepalive: {idle: 60 s}'
expect_out 'fast-open: {queue: 256, connect: true}'
expect_out '    why: "a reason: with # signs"'
expect_out 'at least max(16 MiB, bdp(10 Gbit/s, 20 ms))'
expect_out 'on-drift: report'
printf '%s\n' "$out" >"$work/shown.yaml"
run check "$work/shown.yaml" --root "$work/m"
expect_no_out 'error:'
run show "$work/shown.yaml" --root "$work/m" --format json
expect_schema show
"$python" -c 'import json, sys
answer = json.load(sys.stdin)
print([(e["key"], e["value"], e["optional"], e["why"]) for e in answer["sysctl"]])
print([(p["name"], p["why"], p["options"]) for p in answer["sockets"]])' <<<"$out" >"$work/a"
run show top --root "$work/m" --format json
expect_schema show
run show top --resolved --root "$work/m" --format json
expect_schema show "$work/out" whole
run show top --root "$work/m" --format json
"$python" -c 'import json, sys
answer = json.load(sys.stdin)
print([(e["key"], e["value"], e["optional"], e["why"]) for e in answer["sysctl"]])
print([(p["name"], p["why"], p["options"]) for p in answer["sockets"]])' <<<"$out" >"$work/b"
cmp -s "$work/a" "$work/b" || fail 'what show writes is another profile'

mkdir -p "$work/m/proc/sys/net/ipv4/conf/all"
echo 0 >"$work/m/proc/sys/net/ipv4/conf/all/rp_filter"
run show top --root "$work/m" --resolved
expect_status 0
expect_out 'net.core.rmem_max: 171798691  # ~163.83 MiB; base.yaml:4'
expect_out 'net.ipv4.conf.all.rp_filter: 2'
expect_out '[keep, 131072, at least 25000000]'
printf '%s\n' "$out" >"$work/shown.yaml"
run check "$work/shown.yaml" --root "$work/m"
expect_no_out 'error:'

export NETTUNE_PROFILE_PATH=$source_dir/profiles
for name in "${shipped[@]}"; do
  run show "$name"
  expect_status 0
  printf '%s\n' "$out" >"$work/shown.yaml"
  run audit "$name" --root "$work/m" --memory '3 GiB' --format json
  "$python" -c 'import json, sys
print([(k["key"], k["desired"]["text"], k["verdict"]) for k in json.load(sys.stdin)["keys"]])' <<<"$out" >"$work/a"
  run audit "$work/shown.yaml" --root "$work/m" --memory '3 GiB' --format json
  "$python" -c 'import json, sys
print([(k["key"], k["desired"]["text"], k["verdict"]) for k in json.load(sys.stdin)["keys"]])' <<<"$out" >"$work/b"
  cmp -s "$work/a" "$work/b" || fail "what show writes of $name audits differently"
done
run show nothing
expect_status 2
expect_silent_out
expect_err 'no profile is called "nothing"'
mkdir "$work/here"
cp "$source_dir/profiles/latency.yaml" "$work/here/mine.yaml"
cd "$work/here"
run show mine
expect_status 2
expect_err 'a file is named by a path: ./mine.yaml'
run show nothing
[[ $err != *'a file is named by a path'* ]] || fail 'it names a file that is not there'
cd - >/dev/null

# --- recommend: from facts, and always the same
first() { "$python" -c 'import json, sys; print(json.load(sys.stdin)["profiles"][0]["name"])' <<<"$out"; }
recommend() {
  run recommend --root "$work/m" --format json
  expect_status 0
  expect_silent_err
  [[ $(first) == "$1" ]] || fail "the recommendation is not $1"
}
listen() { # a line of /proc/net/tcp for each port
  local port i=0
  mkdir -p "$work/m/proc/net"
  echo '  sl  local_address rem_address   st' >"$work/m/proc/net/tcp"
  for port; do
    printf '%4d: 00000000:%04X 00000000:0000 0A 00000000:00000000\n' $((i++)) "$port"
  done >>"$work/m/proc/net/tcp"
  # Not a listener: it says nothing.
  printf '%4d: 0100007F:0CEA 0100007F:C350 01 00000000:00000000\n' "$i" >>"$work/m/proc/net/tcp"
}
recommend server-base
run recommend --root "$work/m"
expect_status 0
expect_out '1. server-base'
expect_no_out '2. '
expect_line 'small-memory does not apply here: it requires memory <= 4 GiB, and this host has 8 GiB'
run recommend --root "$work/m" --format json
expect_schema recommend "$work/out" whole
"$python" - "$work/out" <<'PY' || fail 'the ranks are others'
import json, sys
profiles = json.load(open(sys.argv[1]))["profiles"]
ranks = [(p["rank"], p["applies"], p["points"] > 0) for p in profiles]
assert ranks[0] == (1, True, True)
assert all(rank is None for rank, applies, points in ranks if not (applies and points))
assert [rank for rank, *_ in ranks if rank] == [1]
PY
run recommend --root "$work/m" --kernel 4.0
expect_status 0
expect_no_out '1. '
expect_line 'no profile that ships applies to this machine'
listen 22 443
recommend latency
expect_out 'listens on TCP port 443'
put m/proc/811/comm python3 # as networkd-dispatcher and many others are: no evidence
run recommend --root "$work/m" --verbose
expect_no_out python3
put m/proc/812/comm uvicorn
recommend asyncio
expect_out 'uvicorn runs'
put m/proc/net/sockstat 'sockets: used 60000
TCP: inuse 45000 orphan 2 tw 100 alloc 45010 mem 900'
recommend many-connections
expect_out '45000 TCP sockets in use'
run recommend --root "$work/m" --verbose
expect_status 0
expect_out '1. many-connections'
expect_out 'listening TCP ports  22, 443'
twice=$out
run recommend --root "$work/m" --verbose
[[ $out == "$twice" ]] || fail 'two runs differ'
rm -r "$work/m/proc/812" "$work/m/proc/net"
put m/sys/class/net/eth0/speed 100000
put m/sys/class/net/eth1/speed -1
recommend throughput
expect_out 'eth0 runs at 100 Gbit/s'
put m/proc/net/netstat 'TcpExt: SyncookiesSent PruneCalled ListenOverflows TCPRcvCollapsed
TcpExt: 0 7 3 5'
put m/proc/net/softnet_stat '00000010 0000000a 00000000
00000010 00000001 00000000'
recommend throughput
expect_out 'receive buffers overran 12 times'
expect_out '11 packets dropped'
expect_out 'listen queues overflowed 3 times'
rm -r "$work/m/sys" "$work/m/proc/net"
echo 'MemTotal: 524288 kB' >"$work/m/proc/meminfo"
recommend small-memory
run recommend
expect_status 0
expect_out '1. '

finish
