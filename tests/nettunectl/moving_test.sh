#!/bin/bash
# SPDX-License-Identifier: MIT
# import and export on a temporary root; and what the real systemd-sysctl and sysctl(8) make of an
# export, in namespaces.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$work"

# --- import: values in units where these are exact, each with its line
put a.conf '# a list
net.core.rmem_max = 16777216
net.core.wmem_max = 16777215
net.core.rmem_default = 2500000
net.ipv4.tcp_rmem = 4096 87380 16777216
net.ipv4.tcp_wmem = 8192
net.ipv4.tcp_keepalive_time = 600
net.ipv4.tcp_keepalive_intvl = 75
net.core.netdev_budget_usecs = 8000
net.ipv4.tcp_mem = 8192 12288 16384
net.ipv4.tcp_sack = 1
net.ipv4.tcp_fin_timeout = 036
-net.core.busy_poll = 50
net/ipv4/conf/eth0.100/rp_filter = 2
net.ipv4.conf.*.rp_filter = 1
-net.ipv4.conf.lo.rp_filter
net.ipv4.tcp_congestion_control = bbr'
run import sysctl.d a.conf
expect_status 0
expect_silent_err
diff - "$work/out" <<'YAML' || fail 'another profile'
# Made by nettunectl import of a.conf
nettune: 1
summary: What a.conf sets
sysctl:
  net.core.rmem_max:
    value: 16 MiB
    why: "a.conf:2"
  net.core.wmem_max:
    value: 16777215
    why: "a.conf:3"
  net.core.rmem_default:
    value: 2500 kB
    why: "a.conf:4"
  net.ipv4.tcp_rmem:
    value: [4 KiB, 87380, 16 MiB]
    why: "a.conf:5"
  net.ipv4.tcp_wmem:
    value: [8 KiB, keep, keep]
    why: "a.conf:6; the second and third fields keep their values"
  net.ipv4.tcp_keepalive_time:
    value: 10 min
    why: "a.conf:7"
  net.ipv4.tcp_keepalive_intvl:
    value: 75 s
    why: "a.conf:8"
  net.core.netdev_budget_usecs:
    value: 8 ms
    why: "a.conf:9"
  net.ipv4.tcp_mem:
    value: [8192, 12288, 16384]
    why: "a.conf:10"
  net.ipv4.tcp_sack:
    value: true
    why: "a.conf:11"
  net.ipv4.tcp_fin_timeout:
    value: 30 s
    why: "a.conf:12; octal: 036 is 30"
  net.core.busy_poll:
    value: 50 us
    optional: true
    why: "a.conf:13"
  net/ipv4/conf/eth0.100/rp_filter:
    value: 2
    optional: true
    why: "a.conf:14"
  "net.ipv4.conf.*.rp_filter":
    value: 1
    why: >-
      a.conf:15. 1 drops the traffic of hosts with several links, asymmetric routes or policy
      routing, the administrator's connection included.
  net.ipv4.conf.lo.rp_filter:
    value: keep
    why: "a.conf:16"
  net.ipv4.tcp_congestion_control:
    value: bbr
    why: >-
      a.conf:17. In the initial network namespace the name is also added to
      net.ipv4.tcp_allowed_congestion_control, for good: to undo the change, restore both keys.
YAML
put forward.conf 'net.ipv4.ip_forward=0
net.ipv4.conf.all.forwarding=1
net.ipv4.ip_local_reserved_ports='
run import sysctl.d forward.conf # two names of one value: the later line counts
expect_status 1
expect_line '  net.ipv4.conf.all.forwarding:'
[[ $out != *$'\n  net.ipv4.ip_forward:'* ]] || fail 'the earlier line is imported'
expect_err 'forward.conf:1: net.ipv4.ip_forward: net.ipv4.conf.all.forwarding and net.ipv4.ip_forward are one value'
expect_line '    value: ""' # an empty list is a value
put forward.conf 'net.ipv4.conf.all.forwarding=1
net.ipv4.ip_forward=0'
run import sysctl.d forward.conf
expect_line '  net.ipv4.ip_forward:'
expect_err 'forward.conf:1: net.ipv4.conf.all.forwarding: net.ipv4.conf.all.forwarding and net.ipv4.ip_forward are one value'

run import sysctl.d a.conf -o a.yaml
expect_status 0
expect_silent_out
run check a.yaml
expect_status 0

# --- what is left out: on standard error, at the end, and in the exit status
put b.conf 'kernel.panic = 10
net.ipv4.tcp_ecn = 1
net.core.wmem_max = 1M
this is nothing
net.ipv4.tcp_notsent_lowat = 0
net.ipv4.tcp_rmem = 16777216 4096 8192
"net.ipv4.tcp_sack" = 1
net.ipv4.tcp_ecn = 2'
run import sysctl.d b.conf
expect_status 1
[[ $(grep -c '^nettunectl: left out: ' <<<"$err") == 7 && $(wc -l <<<"$err") == 7 ]] ||
  fail 'not seven lines are left out'
expect_err 'nettunectl: left out: b.conf:1: kernel.panic: it is not below net.'
expect_err 'nettunectl: left out: b.conf:2: net.ipv4.tcp_ecn: line 8 sets it again'
expect_err 'nettunectl: left out: b.conf:3: net.core.wmem_max: the kernel refuses this value: "1M"'
expect_err 'nettunectl: left out: b.conf:4: this is nothing: this line is not an assignment'
expect_err 'nettunectl: left out: b.conf:5: net.ipv4.tcp_notsent_lowat: 0 is harmful'
expect_err 'nettunectl: left out: b.conf:6: net.ipv4.tcp_rmem: the default of net.ipv4.tcp_rmem (4 KiB) is below its min'
expect_err 'nettunectl: left out: b.conf:7: "net.ipv4.tcp_sack": the quotes are a part of the name'
expect_line '# Left out:'
expect_line '#   b.conf:1: kernel.panic: it is not below net.'
[[ $(grep -c '^#   [^ ]' <<<"$out") == 7 ]] || fail 'the profile does not list the seven'
cp "$work/out" "$work/b.yaml"
run check b.yaml
expect_status 0
run show b.yaml --format json
"$python" -c 'import json, sys
assert [k["key"] for k in json.load(sys.stdin)["sysctl"]] == ["net.ipv4.tcp_ecn"]' <<<"$out" ||
  fail 'the profile holds other keys'

# --- a glob over keys of the host, of which each is a parameter and the glob is none
make_root globs
set_key globs net.ipv4.icmp_echo_ignore_all 0
set_key globs net.ipv4.ip_default_ttl 64
put g.conf 'net.ipv4.icmp_echo_ignore_* = 1
net.ipv4.ip_default_* = 3'
run import sysctl.d g.conf --root globs
expect_status 0
expect_out 'g.conf:1. '
expect_out 'g.conf:2. A small number'
expect_no_out 'Say in a'

# --- a file whose name holds what no profile may hold
cp g.conf $'g\x1b[31m\u202e.conf'
run import sysctl.d $'g\x1b[31m\u202e.conf' --root globs
expect_status 0
expect_line 'summary: "What g\\x1B[31m\\u202E.conf sets"'

# --- keys that are not there: removed ones are left out, and the others are optional
set_key globs net.ipv4.tcp_fin_timeout 60
put absent.conf 'net.ipv4.tcp_tw_recycle = 0
net.vrf.strict_mode = 1
net.ipv4.conf.eth7.rp_filter = 1
net.x.unheard_of = 1
net.ipv4.tcp_fin_timeout = 30'
run import sysctl.d absent.conf --root globs
expect_status 1
expect_err 'left out: absent.conf:1: net.ipv4.tcp_tw_recycle: Linux 4.12 removed it'
[[ $(grep -c '    optional: true' "$work/out") == 3 ]] || fail 'other keys than those that lack are optional'
grep -A1 '  net.ipv4.tcp_fin_timeout:' "$work/out" | grep -q 'value: 30 s' || fail 'a key that is there'
run import sysctl.d absent.conf --root globs -o absent.yaml
run audit absent.yaml --root globs --quiet
expect_status 1 # of tcp_fin_timeout alone
set_key globs net.ipv4.tcp_fin_timeout 30
run audit absent.yaml --root globs
expect_status 0
# Of another kernel's keys only the catalogue knows.
put new.conf 'net.ipv4.tcp_comp_sack_nr = 10
net.ipv4.tcp_tw_recycle = 0'
run import sysctl.d new.conf --kernel 4.4
expect_status 0
grep -A2 '  net.ipv4.tcp_tw_recycle:' "$work/out" | grep -q optional && fail 'this kernel still had it'
grep -A2 '  net.ipv4.tcp_comp_sack_nr:' "$work/out" | grep -q 'optional: true' || fail 'this kernel was too old'

# --- a file without a line of net. is none of those that set something
put bare.conf "# nothing here"
run import sysctl.d bare.conf absent.conf --root globs
expect_line 'summary: What absent.conf sets'

# --- words that the language, or YAML, would take for its own
put w.conf 'net.core.default_qdisc = keep
net.x.a = at least 5
net.x.b = one of [1]
net.x.c = 010
net.x.d = "quoted" # and a sign
net.x.e = a: b
net.x.f = 16 MiB
net.ipv4.ip_local_reserved_ports = 8080,9148-9150
net.ipv4.tcp_fastopen_key = 00000001-00000002-00000003-00000004
net.ipv4.tcp_congestion_control = true
net.x.g =
net.x.*h = [x'
run import sysctl.d w.conf -o w.yaml
expect_status 1
expect_err 'w.conf:1: net.core.default_qdisc: the value means something else in a profile'
run check w.yaml
expect_status 0
run show w.yaml --format json
"$python" - "$work/out" <<'P' || fail 'a value is another one'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    values = {one["key"]: one["value"] for one in json.load(file)["sysctl"]}
meant = {"net.x.d": '"quoted" # and a sign', "net.x.e": "a: b",
         "net.ipv4.ip_local_reserved_ports": "8080,9148-9150",
         "net.ipv4.tcp_fastopen_key": "00000001-00000002-00000003-00000004",
         "net.ipv4.tcp_congestion_control": "true"}
assert all(values.get(key, value) == value for key, value in meant.items()), values
assert "net.x.a" not in values and "net.x.b" not in values, values
P

# --- several files, in the order of systemd; masks; a name that comes twice
mkdir -p etc/sysctl.d run/sysctl.d usr/lib/sysctl.d
put usr/lib/sysctl.d/10-x.conf 'net.core.somaxconn = 1000'
put run/sysctl.d/10-x.conf 'net.core.somaxconn = 2000'
put usr/lib/sysctl.d/20-x.conf 'net.ipv4.tcp_sack = 0'
ln -s /dev/null etc/sysctl.d/20-x.conf
put etc/sysctl.d/05-x.conf 'net.core.somaxconn = 500'
run import sysctl.d usr/lib/sysctl.d/*.conf run/sysctl.d/10-x.conf etc/sysctl.d/*.conf
expect_status 1
expect_line 'summary: 2 files of sysctl.d'
expect_line '    value: 2000'
expect_no_out tcp_sack
expect_err 'usr/lib/sysctl.d/10-x.conf: systemd-sysctl does not read it: run/sysctl.d/10-x.conf has the same name'
expect_err 'usr/lib/sysctl.d/20-x.conf: systemd-sysctl does not read it: etc/sysctl.d/20-x.conf has the same name'
expect_err 'etc/sysctl.d/20-x.conf: it is a mask'
expect_err 'etc/sysctl.d/05-x.conf:1: net.core.somaxconn: run/sysctl.d/10-x.conf:1 sets it again'

# --- TuneD, below a root
make_root m
mkdir -p m/usr/lib/tuned
cp -r "$source_dir"/tests/profiles/foreign/tuned/* m/usr/lib/tuned/
# shellcheck disable=SC2016  # TuneD expands it
put m/etc/tuned/mine/tuned.conf '[main]
summary=Ours
include=network-throughput
[cpu]
governor=performance
[variables]
lowat=131072
[sysctl]
net.ipv4.tcp_notsent_lowat=${lowat}
net.core.somaxconn=${f:exec:echo:1}
net.core.rmem_max="<16777216"
vm.swappiness=10'
run import tuned mine --root m
expect_status 1
expect_line "summary: \"TuneD's mine: Ours\""
expect_line '    value: [4 KiB, 128 KiB, 16 MiB]'
expect_line '    why: "m/usr/lib/tuned/network-throughput/tuned.conf:8"'
expect_line '    value: at most 16 MiB'
expect_line '    why: "m/etc/tuned/mine/tuned.conf:9"'
expect_err 'left out: m/etc/tuned/mine/tuned.conf:12: vm.swappiness: it is not below net.'
expect_err 'left out: m/etc/tuned/mine/tuned.conf:4: [cpu]: it sets no sysctls'
# shellcheck disable=SC2016
expect_err 'left out: m/etc/tuned/mine/tuned.conf:10: net.core.somaxconn: TuneD computes ${f:exec:echo:1} when it runs'
expect_err 'left out: m/usr/lib/tuned/throughput-performance/tuned.conf:7: net.core.somaxconn: m/etc/tuned/mine/tuned.conf:10 sets it again'
expect_err 'left out: m/usr/lib/tuned/network-throughput/tuned.conf:10: net.ipv4.tcp_notsent_lowat: m/etc'
for profile in m/usr/lib/tuned/*/; do
  run import tuned "$profile" --root m -o t.yaml --force
  [[ $status == [01] ]] || fail 'no profile comes of it'
  run check t.yaml
  expect_status 0
done
run import tuned m/usr/lib/tuned/network-latency/tuned.conf --root m
run import tuned nosuch --root m
expect_status 2
expect_err 'there is no TuneD profile "nosuch"'
expect_silent_out

# --- files, and wrong arguments
run import sysctl.d a.conf -o a.yaml
expect_status 2
expect_err 'a.yaml is there already; --force replaces it'
echo x >a.yaml
run import sysctl.d a.conf -o a.yaml --force
expect_status 0
[[ $(wc -l <a.yaml) -gt 20 ]] || fail '--force does not replace the file'
mkdir -p kept
printf 'old\n' >kept/a.yaml
chmod 600 kept/a.yaml
ln -s kept/a.yaml linked.yaml
run import sysctl.d a.conf -o linked.yaml --force
expect_status 0
[[ -L linked.yaml && $(stat -c %a kept/a.yaml) == 600 ]] || fail 'the link or the mode is another'
[[ $(wc -l <kept/a.yaml) -gt 20 ]] || fail '--force does not replace what the link leads to'
printf 'old\n' >kept/a.yaml
# A limit on the size of files stands for a disk that is full; messages go through a pipe.
for ((i = 0; i < 100; i++)); do printf 'net.ipv4.conf.v%d.rp_filter = 1\n' $i; done >long.conf
err=$(
  trap '' XFSZ
  ulimit -f 1
  "$nettunectl" import sysctl.d long.conf -o linked.yaml --force 2>&1
) && fail 'it writes more than it may'
expect_err 'write linked.yaml: File too large'
[[ $(<kept/a.yaml) == old && $(ls kept) == a.yaml ]] || fail 'a write that fails leaves a part of a file'
run import sysctl.d a.conf -o -
expect_status 0
expect_line 'nettune: 1'
run import sysctl.d a.conf -o /dev/null
expect_status 0
run import sysctl.d a.conf -o no/such.yaml
expect_status 2
expect_err 'make no/such.yaml: No such file or directory'
if [[ -w /dev/full ]]; then
  run import sysctl.d a.conf -o /dev/full
  expect_status 2
  expect_err 'No space left on device'
fi
run import sysctl.d none.conf
expect_status 2
expect_err "none.conf: error: the file can't be read: No such file or directory"
run import
expect_status 2
expect_err 'import: expected "sysctl.d" or "tuned" as the first argument; see'
run import --help
expect_out '"tuned" takes a TuneD profile'
run import sysctl.d
expect_err 'import: no FILE is given'
expect_status 2
run import tuned
expect_err 'import: no PROFILE is given'
run import ini a.conf
expect_status 2
expect_err 'import: expected "sysctl.d" or "tuned" as the first argument, got "ini"'
run import tuned a b
expect_err 'unexpected argument "b"'
put empty.conf ''
run import sysctl.d empty.conf -o empty.yaml
expect_status 0
run check empty.yaml
expect_status 0

# --- export: live values where a rule leaves a choice, maximum first, slashes, what is not said
make_root e
set_key e net.core.rmem_default 212992
put e/proc/sys/net/ipv4/conf/eth0.100/rp_filter 0
put e/proc/sys/net/ipv4/conf/lo/rp_filter 0
set_key e net.ipv4.ip_forward 0
set_key e net.ipv4.conf.all.forwarding 0
set_key e net.ipv4.tcp_congestion_control cubic
put p/x.yaml 'nettune: 1
summary: x
on-drift: report
requires: {kernel: ">= 5.10"}
sysctl:
  net.core.rmem_default: 256 KiB
  net.core.rmem_max: at least 1 MiB
  net.core.wmem_max: at least 32 MiB
  net.core.somaxconn: between 1000 and 2000
  net.ipv4.tcp_rmem: [keep, 64 KiB, at least 16 MiB]
  net.ipv4.tcp_congestion_control: one of [bbr, cubic]
  net.ipv4.ip_forward: true
  net.ipv4.conf.all.forwarding: {value: true, on-drift: report}
  net.ipv4.conf.*.rp_filter: 2
  net.ipv4.conf.lo.rp_filter: keep
  net.ipv4.conf.veth*.rp_filter: 1
  net.ipv4.tcp_mtu_probing: {value: 1, optional: true}
  net.core.busy_poll: {value: 50, optional: true}
  net.core.nosuch: 1
  net.ipv4.conf.eth7.rp_filter: 1
  net.netfilter.nf_conntrack_max: at least 1000
sockets: {default: {nodelay: true}}'
export NETTUNE_PROFILE_PATH=$work/p
run export sysctl.d x --root e
expect_status 1
diff - <(sed '/^$/d; /^# From /d; /^# Left out:/q' "$work/out") <<'CONF' || fail 'another file'
# sysctl.d(5): what the profile x comes to on the machine below e: Linux 6.1.0-13-amd64, 8 GiB of
# memory
# For machines with Linux >= 5.10
# Made by "nettunectl export sysctl.d x". "at least" and the like are here what they come to with
# the live values of this machine; make the file anew for another one. systemd-sysctl sets the
# values at boot, and nothing watches them.
# x.yaml:18: 50; optional, and this kernel has no such key
# net.core.busy_poll is not set
# x.yaml:19: 1; this kernel has no such key
# net.core.nosuch is not set
# x.yaml:7: at least 1 MiB
net.core.rmem_max = 4194304
# x.yaml:6: 256 KiB
net.core.rmem_default = 262144
# x.yaml:9: between 1000 and 2000
net.core.somaxconn = 2000
# x.yaml:8: at least 32 MiB
net.core.wmem_max = 33554432
# x.yaml:12: true
net.ipv4.ip_forward = 1
# x.yaml:13: true
net.ipv4.conf.all.forwarding = 1
# x.yaml:14: 2, for net.ipv4.conf.*.rp_filter
net/ipv4/conf/eth0.100/rp_filter = 2
# x.yaml:20: 1; there is no link eth7 yet
-net.ipv4.conf.eth7.rp_filter = 1
# x.yaml:15: keep; the profile leaves it as it is
# net.ipv4.conf.lo.rp_filter is not set
# x.yaml:11: one of [bbr, cubic]
net.ipv4.tcp_congestion_control = cubic
# x.yaml:17: 1
-net.ipv4.tcp_mtu_probing = 1
# x.yaml:10: [keep, 64 KiB, at least 16 MiB]
net.ipv4.tcp_rmem = 4096 65536 33554432
# x.yaml:21: at least 1000; the module nf_conntrack is not loaded, and the value depends on the
#   live one
# net.netfilter.nf_conntrack_max is not set
# Left out:
CONF
expect_line "# From $work/p/x.yaml"
diff - "$work/err" <<ERR || fail 'other things are left out'
nettunectl: left out: $work/p/x.yaml:19: net.core.nosuch: this kernel has no such key
nettunectl: left out: $work/p/x.yaml:21: net.netfilter.nf_conntrack_max: the module nf_conntrack is not loaded, and the value depends on the live one
nettunectl: left out: $work/p/x.yaml:22: 1 socket preset: sysctl.d holds no options of sockets
nettunectl: left out: on-drift: report: systemd-sysctl does not watch what it has set
nettunectl: left out: $work/p/x.yaml:13: on-drift: report of net.ipv4.conf.all.forwarding: systemd-sysctl does not watch what it has set
nettunectl: left out: $work/p/x.yaml:14: net.ipv4.conf.*.rp_filter: only the keys that it matches now are here; links that come later are not covered
nettunectl: left out: $work/p/x.yaml:16: net.ipv4.conf.veth*.rp_filter: it matches no key now
ERR

# No value is lost: 0.
put p/w.yaml 'nettune: 1
on-drift: report
sysctl: {net.core.somaxconn: 8192}
sockets: {default: {nodelay: true}}'
run export sysctl.d w --root e
expect_status 0
expect_line 'net.core.somaxconn = 8192'
expect_err 'w.yaml:4: 1 socket preset: sysctl.d holds no options of sockets'

# Nothing is left out at all. A link whose name is a glob to systemd is.
put p/y.yaml 'nettune: 1
sysctl: {net.core.somaxconn: at least 8192, net.core.optmem_max: keep}'
run export sysctl.d y --root e -o y.conf
expect_status 0
expect_silent_out
expect_silent_err
grep -qx 'net.core.somaxconn = 8192' y.conf || fail 'y.conf has another value'
run export sysctl.d y --root e -o y.conf
expect_status 2
expect_err 'y.conf is there already; --force replaces it'
run export sysctl.d y --root e -o y.conf --force
expect_status 0
put e/proc/sys/net/ipv4/conf/'a[1]'/rp_filter 0
put p/z.yaml 'nettune: 1
sysctl: {net.ipv4.conf.*.rp_filter: 1}'
run export sysctl.d z --root e
expect_status 1
expect_err 'net.ipv4.conf.a[1].rp_filter: a line of sysctl.d cannot hold this name'
expect_no_out 'net.ipv4.conf.a[1].rp_filter = '
# A range of ports may begin below 1024 only after the ports for root do.
set_key e net.ipv4.ip_local_port_range $'32768\t60999'
set_key e net.ipv4.ip_unprivileged_port_start 1024
put p/z.yaml 'nettune: 1
sysctl: {net.ipv4.ip_local_port_range: [512, 60999], net.ipv4.ip_unprivileged_port_start: 512}'
run export sysctl.d z --root e
expect_status 0
[[ $(grep -o '^net[^ ]*' <<<"$out" | paste -sd ' ') == 'net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_port_range' ]] ||
  fail 'the range stands first'

put p/new.yaml 'nettune: 1
requires: {kernel: ">= 99.0"}'
run export sysctl.d new --root e
expect_status 2
expect_err 'does not apply'
put p/bad.yaml 'nettune: 1
sysctl: {net.core.somaxconn: 1M}'
run export sysctl.d bad --root e
expect_status 2
expect_err 'bad.yaml:2:31: error'
run export
expect_status 2
run export sysctl.d
expect_status 2
expect_err 'export: no PROFILE is given'
run export tuned x
expect_status 2
expect_err 'export: expected "sysctl.d" as the first argument, got "tuned"'
run export sysctl.d x y
expect_err 'unexpected argument "y"'

# --- there and back with systemd-sysctl, each profile that ships in a namespace of its own
systemd_sysctl=/lib/systemd/systemd-sysctl
if [[ ! -x $systemd_sysctl ]] || ! unshare -Urn true 2>/dev/null; then
  finish
  echo 'skipped: the way there and back; no systemd-sysctl, or no network namespaces here'
  exit 77
fi
cp "$source_dir"/profiles/*.yaml p/
# A bound of the machine, not of the keys.
sed -i '/^requires:/,+1d' p/small-memory.yaml
export -f run fail expect_status expect_silent_err
export nettunectl work failures systemd_sysctl
for path in "$source_dir"/profiles/*.yaml p/x.yaml; do
  profile=$(basename "$path" .yaml) unshare -Urn bash -euo pipefail <<'SH' || failures=$((failures + 1))
wrong() { fail "$1"; }
run export sysctl.d "$profile" -o "$profile-1.conf"
expect_status 1 # the socket presets
"$systemd_sysctl" "$PWD/$profile-1.conf" 2>"$work/said" || wrong "systemd-sysctl: $(<"$work/said")"
[[ ! -s $work/said ]] || wrong "systemd-sysctl: $(<"$work/said")"
[[ $profile == x ]] || { run audit "$profile" --all; expect_status 0; }
grep -q '^net' "$profile-1.conf" || wrong 'the file sets nothing'
run import sysctl.d "$profile-1.conf" -o "$profile-1.yaml"
expect_status 0
run check "$profile-1.yaml"
expect_status 0
[[ $profile == x ]] || { run audit "$profile-1.yaml"; expect_status 0; }
run export sysctl.d "$profile-1.yaml" -o "$profile-2.conf"
[[ $profile == x ]] || expect_status 0
# What is only there in time is "optional" in a profile.
diff <(grep '^[-n]' "$profile-1.conf" | grep -v eth7 | sort) <(grep '^[-n]' "$profile-2.conf" | sort) ||
  wrong 'import and export lead to other values'
exit "$failures"
SH
done

# --- a text with any sign is what the loaders write, each to a stand-in of /proc/sys that holds
# nothing: systemd-sysctl leaves what is longer
mkdir odd
"$python" - odd <<'P'
import json
import pathlib
import string
import sys

folder = pathlib.Path(sys.argv[1])
signs = [*string.punctuation, "é"]
texts = [text for sign in signs
         for text in (f"a{sign}z", f"a{sign}", f"a {sign} z", f"a{sign}net.x.other = 1")]
# A number may begin with one of the others.
texts += [text for sign in signs if sign not in "+-.<>" for text in (sign, f"{sign}z", f"{sign} z")]
texts += ["a\tz", "a  z", r"a\nnet.x.other = 1", "$(id)"]
keys = {f"t{i}": text for i, text in enumerate(texts)}
for name in "machine", "right", "systemd-sysctl", "sysctl":
    x = folder / name / "proc/sys/net/x"
    x.mkdir(parents=True)
    (x / "other").write_text("left\n")
    for key, text in keys.items():
        (x / key).write_text(f"{text}\n" if name == "right" else "", encoding="utf-8")
rules = "".join(f"  net.x.{key}: {json.dumps(text, ensure_ascii=False)}\n" for key, text in keys.items())
(folder / "odd.yaml").write_text(f"nettune: 1\nsysctl:\n{rules}", encoding="utf-8")
P
run export sysctl.d ./odd/odd.yaml --root odd/machine -o odd/odd.conf
expect_status 0
expect_silent_err
# expect_loaded COMMAND...: what it has written to the stand-in of its name is right.
expect_loaded() {
  local standin=odd/${1##*/}
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare -Urm bash -euc 'mount --bind "$0/proc/sys" /proc/sys; exec "$@"' "$standin" "$@" \
    >"$work/out" 2>&1 </dev/null || fail "$1 fails: $(head -n 20 "$work/out")"
  diff -r odd/right "$standin" >"$work/differences" ||
    fail "$1 writes something else: $(head -n 20 "$work/differences")"
}
expect_loaded "$systemd_sysctl" "$PWD/odd/odd.conf"
PATH=$PATH:/usr/sbin
if command -v sysctl >/dev/null; then
  expect_loaded sysctl -p "$PWD/odd/odd.conf"
fi
finish
