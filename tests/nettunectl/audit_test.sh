#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl audit on a temporary root: verdicts, causes, formats, exit statuses.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root m
put p/two.yaml 'nettune: 1
summary: Two keys
sysctl:
  net.core.rmem_max: at least 16 MiB
  net.core.wmem_max: at least 8 MiB'
put p/right.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: at least 4096
  net.core.wmem_max: {value: at least 8 MiB, why: large sends}'
export NETTUNE_PROFILE_PATH=$work/p

# --- what differs
run audit two --root "$work/m"
expect_status 1
expect_silent_err
expect_out 'net.core.rmem_max  drift    at least 16 MiB (16777216)  4 MiB (4194304)  two.yaml:4'
expect_no_out 'net.core.wmem_max'
expect_line '1 of 2 keys differs'
expect_out 'nettunectl explain net.core.rmem_max'
expect_out 'Linux 6.1.0-13-amd64, 8 GiB of memory'

run audit two --root "$work/m" --all
expect_status 1
expect_out '✓ net.core.wmem_max  match    at least 8 MiB (8388608)    16 MiB (16777216)'

# --- in sync: one line
run audit right --root "$work/m"
expect_status 0
expect_line '✓ in sync: all 2 keys of right are as declared'
expect_no_out KEY

run audit right --root "$work/m" --quiet
expect_status 0
expect_silent_out
expect_silent_err
run audit two --root "$work/m" -q
expect_status 1
expect_silent_out

# --- a key that nettune has no facts of
put p/foreign.yaml 'nettune: 1
sysctl:
  net.core.of_our_own: 5
  net.core.somaxconn: at least 4096'
set_key m net.core.of_our_own 5
run audit foreign --root "$work/m"
expect_status 0
expect_line "net.core.of_our_own is not in nettune's catalogue: compared as the kernel prints it"

# --- a key that is not there, one whose module is not, one that cannot be parsed, a skipped one
put p/absent.yaml 'nettune: 1
sysctl:
  net.core.netdev_budget: 600
  net.netfilter.nf_conntrack_max: 1000000
  net.core.optmem_max: at least 128 KiB
  net.core.busy_poll: {value: 50, optional: true}'
set_key m net.core.optmem_max 'many'
run audit absent --root "$work/m" --all
expect_status 1
expect_out 'missing'
expect_out 'pending'
expect_out 'the module nf_conntrack is not loaded'
expect_out 'unreadable'
expect_out 'skipped'
expect_line '3 of 3 keys differ: 1 pending, 1 missing, 1 unreadable; 1 skipped'
set_key m net.core.optmem_max 20480

# --- causes: sysctl.d
put m/etc/sysctl.d/50-net.conf 'net.core.rmem_max = 4194304
net.core.wmem_max = 8192'
run audit two --root "$work/m"
expect_status 1
expect_out '/etc/sysctl.d/50-net.conf:1 sets 4194304 (4 MiB) at boot'
expect_out 'that is the live value'
expect_out '/etc/sysctl.d/50-net.conf:2 sets 8192 (8 KiB) at boot'
expect_line '1 key is right now and will be wrong after the next boot: another file sets it'

# Where nettuned puts the profile in force at boot, it has the last word: each half alone does not.
ends_well='/etc/sysctl.d/50-net.conf:2 sets 8192 (8 KiB) at boot (systemd-sysctl and sysctl --system), before nettuned sets at least 8 MiB: drop the line'
put m/var/lib/nettune/active two
run audit two --root "$work/m"
expect_out 'right today, and no longer after the next boot'
mkdir -p "$work/m/etc/systemd/system/multi-user.target.wants"
ln -s /lib/systemd/system/nettuned.service "$work/m/etc/systemd/system/multi-user.target.wants/nettuned.service"
for argument in two ''; do
  run audit ${argument:+"$argument"} --root "$work/m" --all
  expect_status 1
  [[ $(tr -s ' \n' ' ' <<<"$out") == *"$ends_well"* ]] || fail "it does not say: $ends_well"
  expect_line 'another file sets 1 key at boot, before nettuned puts it right'
  expect_no_out 'after the next boot'
done
run audit two --root "$work/m" --format json
expect_out '"overridden_at_boot": 0'
expect_out '"corrected_at_boot": 1'
ln -s /dev/null "$work/m/etc/systemd/system/nettuned.service"   # masked
run audit two --root "$work/m"
expect_out 'right today, and no longer after the next boot'
rm "$work/m/etc/systemd/system/nettuned.service"
echo latency >"$work/m/var/lib/nettune/active"   # another profile
run audit two --root "$work/m"
expect_out 'right today, and no longer after the next boot'
rm -r "$work/m/etc/systemd" "$work/m/var/lib/nettune/active"

put p/wmem.yaml 'nettune: 1
sysctl: {net.core.wmem_max: at least 8 MiB}'
run audit wmem --root "$work/m"
expect_status 0
expect_out '/etc/sysctl.d/50-net.conf:2'
expect_out 'in sync: the one key of wmem is as declared'

put m/etc/sysctl.d/50-net.conf 'net.core.rmem_max = 33554432'
run audit two --root "$work/m"
expect_out 'sets 33554432 (32 MiB) at boot'
expect_out 'that would be right, and something changed it since'

# --- which profile
run audit --root "$work/m"
expect_status 2
expect_err 'no profile is active and none that ships is found in'
put m/var/lib/nettune/active right
run audit --root "$work/m"
expect_status 0
expect_out 'right (chosen, not in force)'
put m/var/lib/nettune/active gone
run audit --root "$work/m"
expect_status 2
expect_err 'the chosen profile is "gone"'
rm "$work/m/var/lib/nettune/active"
put m/etc/nettune/nettuned.yaml 'profile: right' # until activate or deactivate says otherwise
run audit --root "$work/m"
expect_out 'right (chosen, not in force)'
put m/var/lib/nettune/active ''
run audit --root "$work/m"
expect_err 'no profile is active and none that ships is found in'
rm "$work/m/var/lib/nettune/active" "$work/m/etc/nettune/nettuned.yaml"
NETTUNE_PROFILE_PATH=$source_dir/profiles run audit --root "$work/m"
expect_status 1
expect_out 'server-base (none is active; it is what "nettunectl recommend" picks)'

# --- files that are no profiles
put f/99-x.conf 'net.core.somaxconn = 4096'
run audit "$work/f/99-x.conf" --root "$work/m"
expect_status 0
put f/tuned/tuned.conf '[main]
summary=x
[sysctl]
net.core.somaxconn=8192'
run audit "$work/f/tuned/tuned.conf" --root "$work/m"
expect_status 1
expect_out 'tuned.conf:4'
run audit "$work/f/tuned" --root "$work/m"
expect_status 1

# --- trouble
run audit rihgt --root "$work/m"
expect_status 2
expect_silent_out
expect_err 'did you mean "right"?'
put p/faulty.yaml 'nettune: 1
sysctl:
  net.core.rmem_max: 16M
  net.core.wmem_mxa: 8 MiB'
run audit faulty --root "$work/m"
expect_status 2
expect_silent_out
expect_err 'faulty.yaml:3:24: error:'
expect_err '16 MiB'
expect_err 'faulty.yaml:4:'
put p/new.yaml 'nettune: 1
requires: {kernel: ">= 99.1"}
sysctl: {net.core.somaxconn: 4096}'
run audit new --root "$work/m"
expect_status 2
expect_err 'profile new does not apply to'
expect_err '99.1'
run audit right --root "$work/nowhere"
expect_status 2
expect_err '--root needs a folder with proc/sys/net in it'
run audit right --root "$work/m" --memory 16M
expect_status 2
expect_err '--memory "16M": unknown unit "M"; write "16 MiB" (16777216 bytes) or "16 MB"'
run audit right --root "$work/m" --memory 24
expect_status 2
expect_err '--memory "24": a unit is missing; write "24 GiB"'
run audit right --root "$work/m" --memory 512
expect_err 'a unit is missing; write "512 GiB" or "512 MiB"'
run audit right --root "$work/m" --memory '2 Gbit/s'
expect_status 2
expect_err '--memory "2 Gbit/s"'
run audit right --root "$work/m" --kernel v6.1
expect_status 2
expect_err '--kernel "v6.1": not a Linux version; write 6.1'
run audit right --root "$work/m" --kernel six
expect_status 2
expect_err '--kernel "six": not a Linux version; it is two numbers'

# --- --memory and --kernel stand in for what the machine has
put p/share.yaml 'nettune: 1
sysctl: {net.core.rmem_max: at least 1% ram}'
run audit share --root "$work/m" --memory '100 MiB'
expect_status 0
run audit share --root "$work/m" --memory '64 GiB'
expect_status 1
run audit new --root "$work/m" --kernel 99.2
expect_status 0

# --- JSON and JUnit
put m/etc/sysctl.d/50-net.conf 'net.core.rmem_max = 4194304'
for profile in two right absent share "$work/f/tuned/tuned.conf"; do
  run audit "$profile" --root "$work/m" --format json
  expect_silent_err
  "$python" - "$work/out" "$source_dir/packaging/schema/nettune-audit.schema.json" "$status" <<'PY' ||
import json, sys
answer = json.load(open(sys.argv[1]))
try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed; the schema is not held against the answer")
else:
    schema = json.load(open(sys.argv[2]))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(answer, schema, jsonschema.Draft202012Validator)
assert answer["in_sync"] == (sys.argv[3] == "0"), "in_sync and the exit status differ"
assert sum(answer["counts"].values()) == len(answer["keys"])
PY
    fail "the JSON of $profile is not as the schema has it"
done
run audit two --root "$work/m" --format json
"$python" - "$work/out" <<'PY' || fail 'the JSON says something else'
import json, sys
answer = json.load(open(sys.argv[1]))
first = answer["keys"][0]
assert first["key"] == "net.core.rmem_max" and first["verdict"] == "drift"
assert first["desired"] == {"text": "at least 16777216", "readable": "at least 16 MiB",
                            "fields": [{"rule": "at least", "minimum": 16777216}]}
assert first["live"]["numbers"] == [4194304]
assert first["declared_at"]["line"] == 4
assert first["setters"][0]["file"] == "/etc/sysctl.d/50-net.conf"
assert [key["key"] for key in answer["keys"]] == ["net.core.rmem_max", "net.core.wmem_max"]
PY

# A number beyond 2^53 is a string of digits.
put p/huge.yaml 'nettune: 1
sysctl: {net.ipv4.tcp_mem: [keep, keep, at most 18446744073709551615]}'
run audit huge --root "$work/m" --format json
expect_out '"maximum": "18446744073709551615"'

put 'p/odd&<name>.yaml' 'nettune: 1'
put 'd/odd&<name>/x.yaml' 'nettune: 1
sysctl: {net.core.rmem_max: {value: at least 16 MiB, why: "a < b & \"c\""}, net.core.busy_poll: {value: 1, optional: true}}'
run audit "$work/d/odd&<name>/x.yaml" --root "$work/m" --format junit
expect_status 1
"$python" - "$work/out" <<'PY' || fail 'the JUnit is not as CI servers read it'
import sys
import xml.etree.ElementTree as ET
suites = ET.parse(sys.argv[1]).getroot()
assert suites.tag == "testsuites"
suite = suites.find("testsuite")
assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("2", "1", "0", "1")
cases = {case.get("name"): case for case in suite.findall("testcase")}
failure = cases["net.core.rmem_max"].find("failure")
assert failure.get("message") == "desired at least 16 MiB, live 4 MiB", failure.get("message")
assert "odd&<name>" in failure.text
assert cases["net.core.busy_poll"].find("skipped") is not None
assert all(case.get("classname") == "nettune.x" for case in cases.values())
names = {p.get("name") for p in suite.find("properties")}
assert names == {"profile", "machine", "kernel", "memory_bytes"}, names
PY

# --- text from outside cannot drive the terminal
set_key m net.ipv4.tcp_congestion_control $'cubic\033[31m'
put p/cc.yaml 'nettune: 1
sysctl: {net.ipv4.tcp_congestion_control: bbr}'
for format in table json junit; do
  run audit cc --root "$work/m" --format "$format"
  expect_status 1
  expect_no_out $'\033'
done

# --- this machine, as any user, without a service
for profile in server-base latency; do
  NETTUNE_PROFILE_PATH=$source_dir/profiles run audit "$profile"
  [[ $status == [01] ]] || fail 'this machine cannot be audited'
  expect_silent_err
done

finish
