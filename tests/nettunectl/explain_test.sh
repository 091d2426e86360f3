#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl explain.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root m
explain() { run explain --root "$work/m" "$@"; }

explain net.core.rmem_max
expect_status 0
expect_silent_err
expect_out 'live value    4194304 (4 MiB)'
expect_out 'a number; bytes'
expect_out '2304 (2.25 KiB) to 2147483647'
expect_out 'read-only in other network namespaces'
expect_out 'server-base'
expect_out 'no file of sysctl.d, no active TuneD profile'
expect_out 'Documentation/'
whole=$out
for spelling in net/core/rmem_max rmem_max core.rmem_max core/rmem_max /proc/sys/net/core/rmem_max; do
  explain "$spelling"
  [[ $out == "$whole" ]] || fail "$spelling is another key"
done

put m/etc/sysctl.d/50-a.conf 'net.core.rmem_max = 1000000'
put m/etc/sysctl.d/60-b.conf 'net.core.rmem_max = 4194304'
explain rmem_max
# A line that both loaders read is told once.
expect_out '/etc/sysctl.d/50-a.conf:1: 1000000 (systemd-sysctl and sysctl --system, overridden)'
expect_out '/etc/sysctl.d/60-b.conf:1: 4194304 (systemd-sysctl and sysctl --system, their last'
[[ $(grep -c 60-b.conf <<<"$out") == 1 ]] || fail 'a line is told once for each loader'

explain net.ipv4.tcp_mem
expect_out 'pages of 4096 bytes'
expect_out 'harmful'

# A default that follows the memory is an estimate; one that its bound decides is not.
put m/proc/zoneinfo 'Node 0, zone   Normal
        high     1000
        managed  2000000'
explain net.ipv4.tcp_mem
expect_out 'default       about 98256 131009 196512 (~383.81 MiB, ~511.75 MiB, ~767.62 MiB)'
explain net.ipv4.tcp_mem --format json
expect_schema explain "$work/out" whole
expect_out '"default_is_estimate": true'
explain net.ipv4.tcp_rmem
expect_out 'default       4096 131072 6291456'
explain net.ipv4.tcp_rmem --format json
expect_out '"default_is_estimate": false'

# One key of a link, and what holds for each.
put m/proc/sys/net/ipv4/conf/eth0.100/rp_filter 2
explain net/ipv4/conf/eth0.100/rp_filter
expect_status 0
expect_out 'live value    2'
put m/proc/sys/net/ipv4/conf/all/rp_filter 0
put m/proc/sys/net/ipv4/conf/lo/rp_filter 0
explain 'net.ipv4.conf.*.rp_filter'
expect_status 0
expect_out 'net.ipv4.conf.*.rp_filter'
expect_out 'live values   0: all, lo'
expect_out '2: eth0.100'
explain rp_filter --format json
expect_out '"key": "net/ipv4/conf/eth0.100/rp_filter"'

# Lists: globs, parts of names, everything.
explain 'net.core.*mem_max'
expect_status 0
expect_out 'net.core.rmem_max'
expect_out 'net.core.wmem_max'
expect_out 'net.core.optmem_max'
expect_no_out 'somaxconn'
explain 'net.ipv4.tcp_nothing*'
expect_status 2
expect_err 'no key matches'
explain net.core
expect_status 0
expect_out 'net.core.somaxconn'
explain
expect_status 0
expect_out 'net.ipv4.tcp_fin_timeout'
explain --format names
expect_out 'net.core.rmem_max'
expect_no_out ' '

# Keys that are not known, or not there.
set_key m net.ipv4.novel_key '1 2'
explain net.ipv4.novel_key
expect_status 0
expect_out "nettune's catalogue does not have this key"
expect_out 'live value    1 2'
explain net.ipv4.tcp_fin_timeout
expect_status 0
expect_out 'this kernel has no such key here'
explain net.core.rmem_mxa
expect_status 2
expect_silent_out
expect_err 'did you mean net.core.rmem_max?'
explain rmem_mxa
expect_err 'did you mean net.core.rmem_max?'
explain net.core.somaxcon
expect_err 'did you mean net.core.somaxconn?'
explain rp_filer
expect_err 'did you mean rp_filter?'
for word in netfilter nf_conntrack; do # of a name that is near, but a part of many
  explain $word
  expect_status 0
done
explain net.ipv4.conf.eth0.rp_filer
expect_status 2
expect_err 'did you mean net.ipv4.conf.eth0.rp_filter?'
explain net.ipv4.conf.all.rp_filer
expect_err 'did you mean net.ipv4.conf.all.rp_filter?'
explain 'net.ipv4.conf.*.rp_filer'
expect_status 2
expect_err 'no key matches "net.ipv4.conf.*.rp_filer"; did you mean net.ipv4.conf.*.rp_filter?'
explain 'net.core.zz*'
expect_err 'no key matches "net.core.zz*"'
explain ../../etc/passwd
expect_status 2
explain zzzz
expect_status 2
expect_err '"nettunectl explain" lists all that are known'

# JSON, of one and of many.
explain rmem_max --format json
expect_schema explain "$work/out" whole
"$python" - "$work/out" <<'PY' || fail 'the JSON says something else'
import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["format"] == "explain/2"
key, = answer["keys"]
assert key["key"] == "net.core.rmem_max" and key["live"]["text"] == "4194304"
assert key["parameter"]["minimum"] == 2304 and key["parameter"]["unit"] == "bytes"
assert [s["wins"] for s in key["setters"] if s["loader"] == "systemd-sysctl"] == [False, True]
assert any(p["profile"] == "server-base" for p in key["profiles"])
PY
explain 'net.core.*' --format json
expect_schema explain "$work/out" whole
"$python" -c 'import json, sys; assert len(json.load(sys.stdin)["keys"]) > 10' <<<"$out" || fail 'keys are lacking'

# On this machine every key of the catalogue can be explained.
run explain net.ipv4.tcp_rmem
expect_status 0
expect_silent_err

finish
