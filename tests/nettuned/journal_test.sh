#!/bin/bash
# SPDX-License-Identifier: MIT
# What the service logs, read back from a real journal by its fields; the catalogue; the remote bus.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
mkdir -p /run/log/journal /run/systemd/journal
printf '%032d\n' 1 >/etc/machine-id
rm -rf /var/log/journal
/lib/systemd/systemd-journald 2>"$work/journald.log" &
journald_pid=$!
wait_for 10 test -S /run/systemd/journal/socket || { cat "$work/journald.log"; exit 1; }
journal=/run/log/journal/$(printf '%032d' 1)

cat >/etc/nettune/profiles/web.yaml <<'YAML'
nettune: 1
sysctl:
  net.ipv4.tcp_fin_timeout: 20
YAML
sed 's/: 20$/: 21/' /etc/nettune/profiles/web.yaml >/etc/nettune/profiles/watch.yaml
printf 'contest: {restores: 2, within: 60 s}\n' >/etc/nettune/nettuned.yaml
# As systemd starts it: its standard error is the journal's, and it is told so.
cat >"$work/as_systemd" <<'SH'
#!/bin/sh
JOURNAL_STREAM=$(stat -L -c '%d:%i' /proc/self/fd/2) exec "$@"
SH
chmod 755 "$work/as_systemd"
start_service systemd-cat "$work/as_systemd" "$nettuned"
run activate web
expect_status 0
for value in 71 72 73; do
  sysctl -q -w net.ipv4.tcp_fin_timeout=$value
  sleep 0.2
done
as nobody activate web
expect_status 2
expect_err 'not authorized for org.nettune1.activate'
run status
expect_status 1
expect_line contested
expect_out 'net.ipv4.tcp_fin_timeout  contested  20       73    3 times'
journalctl --sync 2>/dev/null || true

# field NAME EVENT: of the last entry of that event.
field() {
  journalctl --directory="$journal" -o json "NETTUNE_EVENT=$2" 2>/dev/null | tail -n 1 |
    /usr/bin/python3 -c 'import json, sys
text = sys.stdin.read()
print(json.loads(text).get(sys.argv[1], "") if text else "")' "$1"
}
has_contested() { [[ $(field NETTUNE_KEY contested) == net.ipv4.tcp_fin_timeout ]]; }
wait_for 10 has_contested || fail 'the journal has no event of the contest'
[[ $(field NETTUNE_LIVE drift-detected) == 73 ]] || fail 'the journal has no live value'
[[ $(field NETTUNE_BEFORE drift-detected) == 20 ]] || fail 'the journal has no value before'
[[ $(field NETTUNE_CHANGE written) == $'net.ipv4.tcp_fin_timeout\t60\t20' ]] || fail 'the journal has no change'
[[ $(field NETTUNE_DESIRED drift-detected) == 20 ]] || fail 'the journal has no desired value'
[[ $(field NETTUNE_WRITER drift-detected) == unknown ]] || fail 'an unknown writer is not unknown'
[[ $(field NETTUNE_LIVE drift-restored) == 20 ]] || fail 'the restore has no live value'
[[ $(field NETTUNE_BEFORE drift-restored) == 72 ]] || fail 'the restore has no value before'
[[ $(field NETTUNE_PROFILE profile-changed) == web ]] || fail 'the journal has no profile'
[[ $(field NETTUNE_CALLER_UID denied) == 65534 ]] || fail 'the denied caller is not in the journal'
[[ $(field PRIORITY contested) == 4 ]] || fail 'a contest is no warning'

# Each MESSAGE_ID is in the catalogue, and each entry of that is one of the program's.
catalog=$source_dir/packaging/systemd/nettune.catalog
for event in written profile-changed drift-detected drift-restored contested denied; do
  id=$(field MESSAGE_ID "$event")
  [[ $id =~ ^[0-9a-f]{32}$ ]] || fail "$event has no MESSAGE_ID"
  grep -qx -- "-- $id" "$catalog" || fail "the catalogue does not explain $event"
done
while read -r id; do
  grep -q "$id" "$source_dir/daemon/nettuned/journal.cpp" || fail "no event has the id $id"
done < <(sed -n 's/^-- //p' "$catalog")
[[ $(grep -c '^-- ' "$catalog") == "$(grep -cE '"[0-9a-f]{32}"' "$source_dir/daemon/nettuned/journal.cpp")" ]] ||
  fail 'the catalogue lacks an event'
mkdir -p "$work/root/usr/lib/systemd/catalog" "$work/root/var/lib/systemd/catalog"
cp "$catalog" "$work/root/usr/lib/systemd/catalog/"
journalctl --root="$work/root" --update-catalog || fail 'the catalogue is not understood'
journalctl --root="$work/root" --list-catalog | grep -q 'nettune: Something else changed a managed network key' ||
  fail 'the catalogue has no subjects'

# --- history ---
run history --directory "$journal"
expect_status 0
expect_out 'drift-detected'
expect_out 'net.ipv4.tcp_fin_timeout was changed from 20 to 71 by an unknown writer; the profile wants 20'
expect_out 'profile web is active'
run history --directory "$journal" --format json
expect_status 0
expect_schema history
run history net.ipv4.tcp_fin_timeout --directory "$journal" --since -1h --format json
expect_out '"event": "contested"'
expect_no_out 'profile-changed'
expect_out '"event": "written"'
expect_out '"before": "60"'
run history net.ipv4.tcp_fin_timeout --directory "$journal"
expect_out 'net.ipv4.tcp_fin_timeout was 60 and is 20 now'
run history net.ipv4.tcp_rmem --directory "$journal"
expect_status 0
expect_silent_out
expect_err "the journal in $journal has no entry about net.ipv4.tcp_rmem"
run history net/ipv4/tcp_fin_timeout --directory "$journal" --since 2099-01-01
expect_err "the journal in $journal has no entry about net.ipv4.tcp_fin_timeout since 2099-01-01"
run history --since someday
expect_status 2
expect_err '"someday" is not a valid time'
run history kernel.panic
expect_status 2

# --- another host: through ssh, whose place a script takes ---
mkdir "$work/bin"
cat >"$work/bin/ssh" <<'SSH'
#!/bin/sh
echo "$*" >>"$SSH_LOG"
exec systemd-stdio-bridge
SSH
chmod 755 "$work/bin/ssh"
export SSH_LOG=$work/ssh.log
PATH=$work/bin:$PATH run status -H admin@db1
expect_status 1
expect_line contested
grep -q 'admin@db1' "$work/ssh.log" || fail 'ssh was not called for the host'
# An ssh that reaches nothing, and none at all.
printf '#!/bin/sh\nexit 255\n' >"$work/bin/ssh"
for path in "$work/bin:$PATH" "$work/none"; do
  for command in status monitor 'activate web'; do
    # shellcheck disable=SC2086  # words
    PATH=$path run $command -H admin@db1
    expect_status 2
    expect_err 'no answer from admin@db1 through ssh; "ssh admin@db1 true" shows why'
    [[ $(wc -l <<<"$err") == 1 ]] || fail 'it is not said in one line'
  done
done

# --- each act of nettune's own has its own name ---
run activate web --confirm 60
run confirm
expect_status 0
run activate latency --confirm 1
is_web() { [[ $(property ActiveProfile) == '"web"' ]]; }
wait_for 10 is_web || fail 'a trial does not end'
run apply watch
is_watch() { [[ $(property ActiveProfile) == '"watch"' ]]; }
wait_for 5 is_watch || fail 'the service does not see an apply'
run revert
is_none() { [[ $(property ActiveProfile) == '""' ]]; }
wait_for 5 is_none || fail 'the service does not see a revert'
run reload
is_web || fail 'a reload does not put the choice in force'
sed -i 's/: 20$/: atleast 20/' /etc/nettune/profiles/web.yaml
run reload
expect_status 2
sed -i 's/: atleast 20$/: 20/' /etc/nettune/profiles/web.yaml
has_fault() {
  journalctl --sync 2>/dev/null || true
  run history --directory "$journal"
  [[ $out == *'failed'* ]]
}
wait_for 10 has_fault || fail 'a refused reload is not in the journal'
events() { sed -E 's/^[^ ]+ [^ ]+ +//; s/  +/ /' <<<"$out"; }
has_event() { grep -qxF -- "$1" <<<"$(events)" || fail "the history has no line: $1"; }
has_event 'trial-ended confirmed: web is kept'
has_event 'profile-changed profile latency is active: on trial'
grep -qE '^trial-ended latency was not confirmed in time: [0-9]+ keys put back$' <<<"$(events)" ||
  fail 'the history does not name a trial that was not confirmed'
has_event 'profile-changed profile web is active: the trial is over'
has_event 'profile-changed profile watch is active: nettunectl applied it'
has_event 'taken-over nettunectl: watch set 1 key: net.ipv4.tcp_fin_timeout'
has_event 'taken-over net.ipv4.tcp_fin_timeout was 20 and is 21 now'
has_event 'profile-changed no profile is active any more: nettunectl took it back'
has_event 'taken-over nettunectl: put back 1 key: net.ipv4.tcp_fin_timeout'
has_event 'taken-over net.ipv4.tcp_fin_timeout was 21 and is 60 now'
fault=$(events | grep '^failed')
[[ $fault == 'failed web stays in force as it was: /etc/nettune/profiles/web.yaml:3:'*'; help: '* ]] ||
  fail "a refused reload is not told in words: $fault"
[[ $out != *'\x'* ]] || fail 'the history holds escapes'
run history net.ipv4.tcp_fin_timeout --directory "$journal" --format json
expect_out '"writer": "nettunectl"'

# --- text from outside: no entry, and nothing that is read from one, holds it as it is ---
hostile=$'a\e[31m\a\x9b\u202e\u2066\xff'
path=/etc/nettune/profiles/$hostile$'\nNETTUNE_FORGED=1\nMESSAGE=forged.yaml'
key=/proc/sys/net/ipv4/tcp_congestion_control now=$(sysctl -n net.ipv4.tcp_congestion_control)
sed "s/: 21$/: 22\n  net.ipv4.tcp_congestion_control: $now/" /etc/nettune/profiles/watch.yaml >"$path"
# A key whose text no kernel would take: a file in its place.
printf '%s\n' "$now" >"$work/key"
mount --bind "$work/key" "$key"
"$nettunectl" monitor >"$work/monitor" 2>&1 &
monitor_pid=$!
"$nettunectl" monitor --format json >"$work/monitor.json" 2>&1 &
monitor_json_pid=$!
# No watch of the folder sees that file.
printf 'sweep: 1 s\n' >>/etc/nettune/nettuned.yaml
run reload
run apply "$path"
expect_status 0
expect_seen
is_hostile() { [[ $(property ActiveProfile) == *'\\x1B[31m\\x07'*'\\u202E'*'\\xFF\\x0ANETTUNE_FORGED=1'* ]]; }
wait_for 5 is_hostile || fail "the service does not see it: $(property ActiveProfile)"
# What is put back is only a part of it: it stays what it is.
printf '%s %s\nNETTUNE_FORGED=1\nMESSAGE=forged\n' "$now" "$hostile" >"$key"
has_hostile() { journalctl --sync && [[ $(field NETTUNE_LIVE drift-detected) == "$now "'a\x1B[31m\x07'*'\xFF NETTUNE_FORGED=1 MESSAGE=forged' ]]; }
wait_for 10 has_hostile || fail "the journal does not have the value: $(field NETTUNE_LIVE drift-detected)"
sees_drift() { grep -q tcp_congestion "$work/monitor" && grep -q tcp_congestion "$work/monitor.json"; }
wait_for 5 sees_drift || fail 'monitor does not see the drift'
rm "$path"
for format in table json; do
  for command in status 'history --directory' 'audit --all latency' 'plan latency'; do
    [[ $command != history* ]] || command+=" $journal"
    # shellcheck disable=SC2086  # words
    run $command --format "$format"
    expect_seen
    [[ $command != [sh]* || $out == *FORGED* ]] || fail 'it does not show what was hostile'
  done
done
run revert
expect_seen
kill "$monitor_pid" "$monitor_json_pid"
wait "$monitor_pid" "$monitor_json_pid" || true
"$python" "$source_dir/tests/support/seen.py" "$work/monitor" "$work/monitor.json" "$log" ||
  fail 'monitor, or the log, shows what is not seen'
umount --lazy "$key"
journalctl --sync 2>/dev/null || true
journalctl --directory="$journal" -o json --all _COMM=nettuned >"$work/entries"
"$python" - "$work/entries" "$source_dir" <<'PY' || fail 'the journal holds a text from outside as it is'
import json, sys
sys.path.insert(0, sys.argv[2] + "/tests/support")
from seen import hidden
entries = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
seen = 0
for entry in entries:
    if "NETTUNE_FORGED" in entry or entry["MESSAGE"] == "forged":
        sys.exit(f"forged: {entry}")
    for name, values in entry.items():
        if not name.startswith("NETTUNE_") and name != "MESSAGE":
            continue
        for value in values if isinstance(values, list) else [values]:
            parts = value.split("\t") if isinstance(value, str) and name == "NETTUNE_CHANGE" else [value]
            if any(not isinstance(part, str) or hidden(part) for part in parts):
                sys.exit(f"{name} is {value!r}")
            if name != "MESSAGE" and "\n" in value:
                sys.exit(f"{name} has several lines: {value!r}")
            seen += "FORGED" in value
if seen < 5:
    sys.exit(f"only {seen} fields have the text")
PY

# --- who may not read it is told so ---
chmod 755 /run/log /run/log/journal
chmod 600 "$journal"/*
run_as_nobody() {
  status=0
  out=$(runuser -u nobody -- "$nettunectl" "$@" 2>"$work/err") || status=$?
  err=$(<"$work/err")
  ran="as nobody: nettunectl $*"
}
run_as_nobody history --directory "$journal"
expect_status 2
expect_silent_out
expect_err "the journal in $journal can't be read: Permission denied"
chmod 755 "$journal"
run_as_nobody history --directory "$journal"
expect_err "the journal in $journal can't be read: Permission denied"
run_as_nobody history
expect_status 2
expect_err "the system's journal can't be read: Permission denied; reading it needs root or the group systemd-journal"

# An entry has room for some hundred keys: more are spread over several, and none is lost.
for ((i = 0; i < 125; i++)); do printf 'link add v%d type veth peer name w%d\n' "$i" "$i"; done | ip -batch -
cat >/etc/nettune/profiles/many.yaml <<'YAML'
nettune: 1
sysctl:
  net.ipv4.conf.*.log_martians: 1
  net.ipv4.conf.*.src_valid_mark: 1
YAML
run activate many
expect_status 0
has_all() {
  run history --directory "$journal" --since -1h
  [[ $(grep -c '_mark was 0 and is 1 now' <<<"$out") == 253 &&
    $(grep -c 'log_martians was 0 and is 1 now' <<<"$out") == 253 ]]
}
wait_for 10 has_all || fail 'the journal does not have each key'
for key in net.ipv4.conf.all.log_martians net.ipv4.conf.w99.src_valid_mark; do
  run history "$key" --directory "$journal"
  expect_out "$key was 0 and is 1 now"
done

# --- NETTUNE_LOG=debug: what woke it, and what it read, wrote and left, at debug priority ---
[[ -z $(journalctl --directory="$journal" -o cat _COMM=nettuned PRIORITY=7) ]] || fail 'it debugs unasked'
run deactivate
stop_service
NETTUNE_LOG=debug start_service systemd-cat "$work/as_systemd" "$nettuned"
run activate web
sysctl -q -w net.ipv4.tcp_fin_timeout=74
expect_value net.ipv4.tcp_fin_timeout 20
ip link add d0 type veth peer name d1
debugged() { journalctl --directory="$journal" -o cat _COMM=nettuned PRIORITY=7 | grep -qF -- "$1"; }
for line in 'opened /etc/nettune/nettuned.yaml' 'opened /etc/nettune/profiles/web.yaml' \
  'woken by a call of Activate from :' 'user 0 in unit ' 'read net.ipv4.tcp_fin_timeout: 74' \
  'woken by writes of net.ipv4.tcp_fin_timeout' 'wrote net.ipv4.tcp_fin_timeout: 20; read 20' \
  'woken by links; new: d'; do
  wait_for 10 debugged "$line" || fail "the journal lacks: $line"
done
ip link del d0
run deactivate
stop_service
SYSTEMD_LOG_LEVEL=debug NETTUNE_LOG=loud start_service
expect_logged 'NETTUNE_LOG is ignored: it may be "debug", not "loud"'
expect_logged 'active: no profile is chosen'
stop_service
kill "$journald_pid" "$bus_pid"
wait || true
finish
