#!/bin/bash
# SPDX-License-Identifier: MIT
# plan, apply, confirm and revert on real keys, in a network namespace with a /run of its own.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_namespaces true "$@"

key() { sysctl -n "$1" | tr '\t' ' '; }
expect_key() { [[ $(key "$1") == "$2" ]] || fail "$1 is $(key "$1"), not $2"; }
expect_only_lock() { [[ $(ls /run/nettune) == lock ]] || fail "/run/nettune holds $(ls /run/nettune)"; }
everything() { sysctl -a -r '^net\.' 2>/dev/null | grep -v nf_conntrack_count; }

put p/a.yaml 'nettune: 1
summary: A
sysctl:
  net.ipv4.tcp_keepalive_time: 300 s
  net.ipv4.tcp_rmem: [keep, 256 KiB, at least 8 MiB]
  net.core.somaxconn: at least 8192'
put p/b.yaml 'nettune: 1
summary: B
sysctl:
  net.ipv4.tcp_keepalive_time: 120 s
  net.ipv4.ip_forward: true'
put p/bad.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_keepalive_time: 60 s
  net.ipv4.tcp_congestion_control: nosuch'
put p/absent.yaml 'nettune: 1
sysctl:
  net.core.nosuch1: 1
  net.core.nosuch2: 1
  net.core.nosuch3: 1
  net.core.nosuch4: 1
  net.core.nosuch5: 1'
export NETTUNE_PROFILE_PATH=$work/p
everything >"$work/start"
rmem=$(key net.ipv4.tcp_rmem)

# --- a plan changes nothing, and says what apply will do
run plan a
expect_status 1
expect_silent_err
expect_out 'net.core.somaxconn'
expect_out '5 min (300)'
expect_out '3 keys would be written, in this order'
expect_key net.core.somaxconn 4096
[[ ! -e /run/nettune ]] || fail "plan made /run/nettune"
run plan a --format json
expect_status 1
"$python" -c 'import json, sys; plan = json.load(sys.stdin)
assert plan["format"] == "plan/2" and plan["profile"] == "a", plan
assert [w["key"] for w in plan["writes"]] == ["net.core.somaxconn", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem"], plan
assert plan["writes"][0]["before"] == "4096" and plan["writes"][0]["after"] == "8192", plan' \
  <<<"$out" || fail "the plan in JSON is another one"
"$python" - "$source_dir/packaging/schema/nettune-plan.schema.json" "$work/out" <<'P' ||
import json, sys
try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed; the schema is not held against the plan")
    sys.exit()
schema, plan = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(plan)
plan["writes"][0]["purpose"] = "other"
assert not jsonschema.Draft202012Validator(schema).is_valid(plan)
P
  fail "the plan in JSON is not as its schema has it"

# --- where one of two values has its unit, the other has it as well
put p/short.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_keepalive_time: 45 s'
run plan short
grep -qE '^1  net.ipv4.tcp_keepalive_time  2 h \(7200\)  45 s \(45\)  ' <<<"$out" || fail 'another row'
run audit short
expect_out ' 45 s (45)  '
expect_out ' 2 h (7200)  '

# --- apply, and again
run apply a
expect_status 0
expect_silent_err
expect_out 'applied a: 3 keys written and read back'
expect_key net.ipv4.tcp_keepalive_time 300
expect_key net.ipv4.tcp_rmem "${rmem%% *} 262144 ${rmem##* }"
run audit
expect_status 0
expect_out 'a (the active profile)'
run plan a
expect_status 0
expect_out 'nothing to change; 3 right already'
run explain tcp_keepalive_time
expect_out 'nettune, with profile a: 300; before that 7200'
run explain tcp_keepalive_time --format json
expect_schema explain
expect_out '"before": "7200"'
run explain tcp_fin_timeout --format json
expect_out '"nettune": null'
run apply a
expect_status 0
expect_out 'nothing to change'

# --- a refusal rolls back to the profile before
run apply bad
expect_status 2
expect_err 'net.ipv4.tcp_congestion_control: asked nosuch'
expect_err 'No such file or directory'
expect_err 'available: '
expect_err 'all was rolled back: the machine is as it was'
expect_key net.ipv4.tcp_keepalive_time 300
run apply bad --keep-going
expect_status 1
expect_err 'asked nosuch'
expect_line '! partly applied bad: 3 keys written and read back; left out: net.ipv4.tcp_congestion_control'
expect_key net.ipv4.tcp_keepalive_time 60
expect_key net.core.somaxconn 4096

# --- what could not be made so is named in the last line, as the exit status has it
run apply absent
expect_status 1
expect_silent_err
expect_no_out '✓'
expect_out 'net.core.nosuch5 is left alone: missing: this kernel has no such key'
expect_line '! partly applied absent: 1 key written and read back; left out: net.core.nosuch1, net.core.nosuch2, net.core.nosuch3 and 2 more'
run apply absent
expect_status 1
expect_line '! nothing was changed; left out: net.core.nosuch1, net.core.nosuch2, net.core.nosuch3 and 2 more'
run plan absent
expect_status 0
expect_line 'nothing to change; left out: net.core.nosuch1, net.core.nosuch2, net.core.nosuch3 and 2 more'
run apply a --quiet

# --- switching, and back to the start
run apply a --quiet
expect_status 0
expect_silent_out
run apply b
expect_status 0
expect_out 'back to its baseline'
expect_key net.core.somaxconn 4096
expect_key net.ipv4.conf.lo.forwarding 1
run revert
expect_status 0
expect_out 'reverted: '
expect_only_lock
everything | diff "$work/start" - >"$work/diff" || fail "not as at the start: $(cat "$work/diff")"
run revert
expect_status 0
expect_line 'nothing to revert: nettune has changed no key since the boot'

# --- what something else has changed is left, or forced
run apply a --quiet
sysctl -q -w net.core.somaxconn=5000
run audit
expect_status 1
expect_out '└ something changed it since nettune left 8192 in it'
expect_line '1 of 3 keys differs'
run audit --format json
expect_out '"something changed it since nettune left 8192 in it"'
run revert
expect_status 1
expect_out 'net.core.somaxconn is left alone (live: 5000): something else changed it: nettune left 8192, and it was 4096 before'
expect_line '! partly reverted: 2 keys written and read back; left out: net.core.somaxconn'
expect_key net.core.somaxconn 5000
expect_key net.ipv4.tcp_keepalive_time 7200
expect_line '"nettunectl revert --force" puts back also what something else has changed'
run revert
expect_status 1
expect_line '! nothing was changed; left out: net.core.somaxconn'
run audit a
expect_status 1
expect_no_out 'since nettune left'
run revert --force
expect_status 0
expect_no_out 'nettunectl revert --force'
expect_key net.core.somaxconn 4096
expect_only_lock
run apply a --quiet
sysctl -q -w net.core.somaxconn=5000
run revert --quiet
expect_status 1
expect_silent_out
expect_key net.core.somaxconn 5000
run apply b --quiet # it has nothing to do with it
expect_status 0
run apply b --quiet
expect_status 0
expect_key net.core.somaxconn 5000
run revert --force
expect_status 0
expect_key net.core.somaxconn 4096
expect_only_lock
run apply a --quiet
sysctl -q -w net.core.somaxconn=5000
run revert --force
expect_status 0
expect_key net.core.somaxconn 4096
expect_only_lock

# --- so is what it may change along with another key: it is not nettune's because it stays the same
ip link add v0 type veth peer name v1
printf 'nettune: 1\nsysctl:\n  net.ipv4.conf.*.rp_filter: 2\n' >"$work/links.yaml"
run apply "$work/links.yaml" --quiet
sysctl -q -w net.ipv4.conf.v0.rp_filter=1
for _ in 1 2; do # the first puts conf.default back, whose change the kernel may hand on
  run apply a
  expect_status 1
  expect_out 'net.ipv4.conf.v0.rp_filter is left alone (live: 1): something else changed it: nettune left 2, and it was 0 before'
  expect_key net.ipv4.conf.v0.rp_filter 1
done
run revert --force
expect_status 0
expect_key net.ipv4.conf.v0.rp_filter 0
expect_only_lock
ip link del v0

# --- the same in JSON, for programs
# expect_change RESULT KEYS: what was written, and that the answer is as its schema has it.
expect_change() {
  "$python" - "$source_dir/packaging/schema/nettune-change.schema.json" "$work/out" "$1" "$2" <<'P' ||
import json, sys
schema, change = (json.load(open(path)) for path in sys.argv[1:3])
assert change["format"] == "change/2" and change["result"] == sys.argv[3], change
assert " ".join(one["key"] for one in change["written"]) == sys.argv[4], change
try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed; the schema is not held against the change")
    sys.exit()
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(change)
change["result"] = "other"
assert not jsonschema.Draft202012Validator(schema).is_valid(change)
P
    fail "the change in JSON is another one than $1: $2"
}
of_a='net.core.somaxconn net.ipv4.tcp_keepalive_time net.ipv4.tcp_rmem'
run apply a --format json
expect_status 0
expect_silent_err
expect_change changed "$of_a"
run apply a -f json
expect_status 0
expect_change unchanged ''
expect_out '"reason": "it is right already"'
run apply bad --format json
expect_status 2
expect_err 'all was rolled back'
expect_change rolled-back ''
expect_out '"error": "ENOENT"'
run apply bad --keep-going --format json
expect_status 1
expect_change changed 'net.core.somaxconn net.ipv4.tcp_keepalive_time net.ipv4.tcp_rmem'
expect_out '"asked": "nosuch"'
run apply a --quiet --format json
expect_silent_out
run revert --format json
expect_status 0
expect_change changed "$of_a"
run revert --format json
expect_status 0
expect_change unchanged ''
run apply a --confirm 1 --format json
expect_status 2
expect_err 'not confirmed in time: taken back'
expect_change taken-back "$of_a"
expect_key net.core.somaxconn 4096
run apply nosuch --format json
expect_status 2
expect_silent_out

# --- an empty list is a value, and is shown as one
put p/ports.yaml 'nettune: 1
sysctl:
  net.ipv4.ip_local_reserved_ports: ""'
printf '7\n' >/proc/sys/net/ipv4/ip_local_reserved_ports
run apply ports
expect_status 0
expect_key net.ipv4.ip_local_reserved_ports ''
printf '9\n' >/proc/sys/net/ipv4/ip_local_reserved_ports
run audit
expect_status 1
expect_out 'net.ipv4.ip_local_reserved_ports  drift    (empty)  9'
expect_out 'since nettune left (empty) in it'
run revert --force
expect_status 0
expect_key net.ipv4.ip_local_reserved_ports 7
printf '\n' >/proc/sys/net/ipv4/ip_local_reserved_ports

# --- a saved plan, as it is or stale
run plan a -o "$work/plan.json" --format json
expect_status 1
run plan b -o "$work/plan.json"
expect_status 2
expect_silent_out
expect_err 'is there already; --force replaces it'
grep -q '"profile": "a"' "$work/plan.json" || fail 'the plan that was there is lost'
run plan b -o "$work/plan.json" --force
expect_status 1
[[ $(tr '\n' ' ' <<<"$out") == *"saved; \"nettunectl apply --plan $work/plan.json\" carries it out"* ]] ||
  fail 'it does not say that the plan is saved'
grep -q '"profile": "b"' "$work/plan.json" || fail 'the plan was not replaced'
run plan a --output - # as import and export have it
expect_status 1
expect_out '"format": "plan/2"'
[[ ! -e - ]] || fail 'there is a file "-"'
# JSON holds UTF-8 alone, and a plan that named another file would be worse than none.
latin=$work/p/caf$'\xe9'.yaml
cp "$work/p/a.yaml" "$latin"
run apply "$latin" --quiet
expect_status 0
for how in "-o $work/no.json" '-o -' '--format json'; do
  # shellcheck disable=SC2086  # words
  run plan $how
  expect_status 2
  expect_silent_out
  expect_err "the plan can't be written as JSON: the profile's path \"$work/p/caf\\xE9.yaml\" is not valid UTF-8"
done
[[ ! -e $work/no.json ]] || fail 'the plan was written'
run plan
expect_status 0
run revert --quiet
rm "$latin"
run plan a -o "$work/plan.json" --force
run apply --plan "$work/plan.json"
expect_status 0
expect_key net.core.somaxconn 8192
run audit
expect_out 'a (the active profile)'
run apply --plan "$work/plan.json"
expect_status 2
expect_err 'stale: net.core.somaxconn was 4096 and is 8192; net.ipv4.tcp_keepalive_time was 7200 and is 300'
run revert --quiet
expect_status 0
sed 's/"boot_id": "[^"]*"/"boot_id": "other"/' "$work/plan.json" >"$work/old.json"
run apply --plan "$work/old.json"
expect_status 2
expect_err 'old.json: it was changed since it was made: its checksum does not match'
# The format before has no checksum.
sed -i 's,plan/2,plan/1,' "$work/plan.json"
sed 's/"boot_id": "[^"]*"/"boot_id": "other"/' "$work/plan.json" >"$work/old.json"
run apply --plan "$work/old.json"
expect_status 2
expect_err 'stale: the host was booted since it was made'
sed 's/"inode": [0-9]*/"inode": 1/' "$work/plan.json" >"$work/old.json"
run apply --plan "$work/old.json"
expect_err 'stale: it was made for another network namespace'
sed 's/"net.core.somaxconn"/"kernel.panic"/' "$work/plan.json" >"$work/old.json"
run apply --plan "$work/old.json"
expect_status 2
expect_err 'write 1 "kernel.panic" is not a valid key'
sed 's/"net.ipv4.tcp_keepalive_time"/"net.core.somaxconn"/' "$work/plan.json" >"$work/old.json"
run apply --plan "$work/old.json"
expect_status 2
expect_err 'net.core.somaxconn appears twice'
for text in '' '{}' '[' '{"format": "plan/2"}' '{"format": "plan/1"}'; do
  printf '%s' "$text" >"$work/old.json"
  run apply --plan "$work/old.json"
  expect_status 2
  expect_err 'old.json: '
done
# Whatever text a plan, or the state that it leaves, holds: it is shown as a text.
hostile=$'a\e[31m\a\n\r\xc2\x9b\u202e\u2066 nettunectl: forged'
shown='a\x1B[31m\x07\x0A\x0D\u009B\u202E\u2066 nettunectl: forged'
for member in format profile host boot_id key before after purpose declared_at order; do
  for format in table json; do
    "$python" - "$work/plan.json" "$work/old.json" "$member" "$hostile" <<'P'
import json, sys
source, made, member, hostile = sys.argv[1:]
plan = json.load(open(source))
if member == "host":
    plan["host"]["name"] = hostile
elif member in plan:
    plan[member] = ("plan/" if member == "format" else "") + hostile
for write in plan["writes"] if member not in plan else []:
    write[member] = " ".join(hostile.split()) if member in ("before", "after") else hostile
json.dump(plan, open(made, "w"))
P
    run apply --plan "$work/old.json" --format "$format"
    expect_seen
    ! grep -q '^nettunectl: forged' "$work/out" "$work/err" || fail "a line is forged by $member"
    case $member in
      profile | declared_at | order)
        expect_status 0
        [[ $format == json || $out == *"${shown% nettunectl*}"* ]] || fail "$member is not shown"
        for command in audit 'audit a' 'plan a' "apply a --format $format" "revert --format $format"; do
          # shellcheck disable=SC2086  # words
          run $command
          expect_seen
        done
        expect_status 0
        ;;
      boot_id) expect_status 2 ;;
      *)
        expect_status 2
        [[ $err == *"${shown%%\\x0A*}"* ]] || fail "what $member is is not said"
        ;;
    esac
  done
done

run apply
expect_status 2
expect_err 'a PROFILE or --plan FILE is required'
run apply a --plan "$work/plan.json"
expect_status 2
expect_only_lock

# --- on trial: taken back in time, confirmed, interrupted, cut off, killed
run apply a --confirm 1
expect_status 2
expect_err 'on trial: press Enter or run "nettunectl confirm" within 1 s'
expect_err 'not confirmed in time: taken back'
expect_key net.core.somaxconn 4096
expect_only_lock
run confirm
expect_status 2
expect_err 'no change is waiting for confirmation'
for seconds in never -1 1e3 0x5 inf ' 5' . s 86401 0 0.5; do
  run apply a --confirm "$seconds"
  expect_status 2
  expect_err "--confirm must be from 1 to 86400 seconds, not \"$seconds\""
done

run apply a --confirm ''
expect_status 2
expect_err '--confirm is given an empty value'
run apply ''
expect_status 2
expect_err 'is given an empty value'

# on_trial: starts one that waits, as $pid.
on_trial() {
  rm -f "$work/trial.err"
  "$nettunectl" apply a --confirm 60 >"$work/trial.out" 2>"$work/trial.err" </dev/null &
  pid=$!
  for ((i = 0; i < 200; i++)); do
    ! grep -qs 'on trial' "$work/trial.err" || return 0
    sleep 0.05
  done
  fail "the trial does not begin"
}
on_trial
expect_key net.core.somaxconn 8192
run apply b
expect_status 2
expect_err 'a change waits '
expect_err "(process $pid)"
run confirm
expect_status 0
expect_line 'confirmed: a is kept'
wait "$pid" || fail "the confirmed apply ended with $?"
run audit
expect_status 0
run revert --quiet

on_trial
kill -TERM "$pid"
! wait "$pid" || fail "an interrupted trial ends with 0"
grep -q 'interrupted: taken back' "$work/trial.err" || fail "$(cat "$work/trial.err")"
expect_key net.core.somaxconn 4096
expect_only_lock

on_trial
kill -HUP "$pid" # the terminal is gone: the trial goes on
run confirm
expect_status 0
wait "$pid" || fail "the apply that was cut off ended with $?"
run revert --quiet

on_trial
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
expect_key net.core.somaxconn 8192
run apply b
expect_status 0
expect_err 'a change was not confirmed in time; 3 keys were put back to what they were before'
expect_key net.core.somaxconn 4096
run revert --quiet
expect_only_lock

# --- two writers
on_trial
"$python" - "$nettunectl" <<'P' || fail "the lock of another process is not reported"
import fcntl, os, subprocess, sys
lock = open("/run/nettune/lock", "r+")
fcntl.lockf(lock, fcntl.LOCK_EX)
answer = subprocess.run([sys.argv[1], "revert", "--wait", "0.1"], capture_output=True, text=True)
assert answer.returncode == 2, answer
assert f"process {os.getpid()} (" in answer.stderr and "is changing this host's keys" in answer.stderr, answer
P
kill -TERM "$pid"
wait "$pid" || true

# --- a state that is not understood, or not to be trusted
run apply a --quiet
state=$(echo /run/nettune/*.state)
cp "$state" "$work/state"
printf 'nettune-state\t7\n' >"$state"
for command in 'apply b' revert 'plan a'; do
  # shellcheck disable=SC2086
  run $command
  expect_status 2
  expect_err 'is not understood: its format is 7, and this nettune knows formats 1 and 2'
done
# Of a state that is, each text that it has, shown as a text; format 1 has no checksum.
for word in profile baseline foreign journal entry; do
  "$python" - "$work/state" "$word" "$hostile" >"$state" <<'P'
import sys
source, word, hostile = sys.argv[1:]
hostile = "".join(f"\\x{byte:02x}" for byte in hostile.encode())
lines = open(source).read().splitlines()
lines[0] = "nettune-state\t1"
text = hostile if word != "journal" else f"0\t0\t{hostile}"
out = []
for line in lines[:-1]:
    fields = line.split("\t")
    if fields[0] == "baseline" and word in ("foreign", "entry"):
        continue
    if fields[0] == word == "baseline":
        fields[3:] = [hostile, hostile]
    if fields[0] == word == "profile":
        fields[1] = hostile
    out.append("\t".join(fields))
if word == "foreign":
    out.append(f"foreign\tnet/core/somaxconn\twritten\t{hostile}\t{hostile}")
if word in ("journal", "entry"):
    out.append(f"journal\t0\t0\t{hostile}")
if word == "entry":
    out.append(f"entry\tnet/core/somaxconn\tdesired\t{hostile}\t{hostile}")
print("\n".join(out + ["end"]))
P
  cp "$state" "$work/hostile"
  for command in audit 'plan a' revert 'revert --force' 'revert --format json' confirm 'apply a' 'apply a --format json'; do
    cp "$work/hostile" "$state"
    # shellcheck disable=SC2086  # words
    run $command
    expect_seen
    [[ $err != *'not understood'* ]] || fail "the state with another $word is not one"
    ! grep -q '^nettunectl: forged' "$work/out" "$work/err" || fail "a line is forged by $word"
    [[ $word$command != profileaudit || $err == *"$shown"* ]] || fail 'the name of the profile is not shown'
    [[ $word$command != baselinerevert || $out == *"${shown% nettunectl*}"* ]] || fail 'the value is not shown'
  done
done
cp "$work/state" "$state"
run revert --force
expect_status 0
run apply a --quiet
cp "$state" "$work/state"
chmod 666 "$state"
run revert
expect_status 2
expect_err 'is not trusted: others may write it (mode 0666)'
chmod 644 "$state"
run revert
expect_status 0
everything | diff "$work/start" - >"$work/diff" || fail "not as at the start: $(cat "$work/diff")"

# --- what other people's files set, imported and applied, is in sync: also where a line of them is
# about a key that Linux has removed, or that is not there
run revert
put mine.conf 'net.ipv4.tcp_tw_recycle = 1
net.vrf.nosuch = 1
net.ipv4.conf.eth7.rp_filter = 1
net.ipv4.tcp_fin_timeout = 30'
imported=0
for file in "$work/mine.conf" "$source_dir"/tests/profiles/foreign/{,tuned/*/}*.conf; do
  kind=sysctl.d
  if [[ $file == */tuned.conf ]]; then
    kind=tuned
    ! grep -q '^include=' "$file" || continue # of a profile that is not here
  fi
  run import "$kind" "$file" -o "$work/imported.yaml" --force
  [[ $status == [01] ]] || fail "$file is not imported"
  run check "$work/imported.yaml"
  expect_status 0
  run apply "$work/imported.yaml"
  expect_status 0
  run audit "$work/imported.yaml"
  expect_status 0
  run revert
  expect_status 0
  imported=$((imported + 1))
done
((imported > 6)) || fail "only $imported files were imported"

# --- /run that is full, or read-only: nothing is written to the kernel
umount /run
mount -t tmpfs -o mode=755,size=4k tmpfs /run
head -c 4096 /dev/zero >/run/full 2>/dev/null || true
run apply a
expect_status 2
expect_err 'No space left on device'
expect_key net.core.somaxconn 4096
rm /run/full
mount -o remount,bind,ro /run
run apply a
expect_status 2
expect_err 'Read-only file system'
expect_key net.core.somaxconn 4096
finish
