#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands that ask the service, as their user sees them: what they print, how they exit, and
# what the kernel has afterwards.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
cat >/etc/nettune/profiles/web.yaml <<'YAML'
nettune: 1
sysctl:
  net.ipv4.tcp_fin_timeout: 20
  net.ipv4.tcp_keepalive_time: 600
YAML
# By this one a key is left as something else has made it.
sed '1a on-drift: report' /etc/nettune/profiles/web.yaml >/etc/nettune/profiles/watch.yaml

# --- status without the service, where a profile is chosen ---
printf 'web\n' >/var/lib/nettune/active
run status
expect_status 2
expect_silent_out
expect_err 'nettuned is not running; "systemctl enable --now nettuned" starts it'
run activate web --no-wait
expect_status 2
expect_err 'nettuned is not running; "systemctl enable --now nettuned" starts it'
run status
expect_err 'the profile is web; "nettunectl audit" compares this machine with it'
rm /var/lib/nettune/active

# --- monitor: words, one line an event ---
"$nettunectl" monitor >"$work/monitor" 2>"$work/monitor.err" &
monitor_pid=$!
waits() { grep -q 'nettuned is not running yet' "$work/monitor.err"; }
wait_for 5 waits || fail 'monitor does not say that there is no service'
busctl --system --match "type='signal',interface='org.nettune1.Manager'" monitor >"$work/signals" 2>&1 &
signals_pid=$!
is_listening() { grep -q '^Monitoring' "$work/signals"; }
wait_for 5 is_listening || fail 'the bus can not be monitored'
printf 'contest: {restores: 2, within: 60 s}\n' >/etc/nettune/nettuned.yaml
start_service
told=0
# expect_told TEXT: it is the next line, after the time; and nothing else was told before it.
expect_told() {
  told=$((told + 1))
  has_line() { (($(wc -l <"$work/monitor") >= told)); }
  wait_for 5 has_line || fail "monitor does not tell: $1"
  local line
  line=$(sed -n "${told}p" "$work/monitor")
  [[ $line =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}[^\ ]*\ (.*)$ && ${BASH_REMATCH[1]} == "$1" ]] ||
    fail "line $told of monitor is not \"$1\": $line"
}
expect_told service-started
run activate web
expect_status 0
expect_told 'profile-changed  profile: web'
key=net.ipv4.tcp_fin_timeout
for value in 71 72; do
  sysctl -q -w $key=$value
  expect_told "drift-detected $key  desired: 20  live: $value  writer: unknown"
  expect_told "drift-restored $key  desired: 20  live: 20"
  expect_value $key 20
done
run status
expect_status 0
expect_line in-sync

# --- contested: status, monitor and the bus ---
sysctl -q -w $key=73
expect_told "drift-detected $key  desired: 20  live: 73  writer: unknown"
expect_told "contested $key  desired: 20  live: 73  reason: something else keeps changing it back: left alone for 1 min"
run status
expect_status 1
expect_line contested
expect_out "$key  contested  20       73    3 times"
run status --format json
expect_status 1
expect_out '"state": "contested"'
expect_schema service "$work/out" whole
holds $key 73 || fail 'a contested key is put back'
on_bus() { # MEMBER STRING...: such a signal, with these strings in that order
  /usr/bin/python3 - "$work/signals" "$@" <<'PY'
import re, sys
path, member, *strings = sys.argv[1:]
with open(path) as file:
    messages = file.read().split("\n\n")
found = [re.findall(r'STRING "([^"]*)"', message) for message in messages if f"Member={member}" in message]
sys.exit(strings not in [values[:len(strings)] for values in found])
PY
}
wait_for 5 on_bus Contested $key 20 73 || fail 'Contested is not on the bus'
wait_for 5 on_bus DriftDetected $key 20 73 || fail 'DriftDetected is not on the bus'
run reload
expect_status 0
expect_told 'profile-changed  profile: web  reason: applied again'
expect_value $key 20
run status
expect_status 0

# --- drifted ---
run activate watch
expect_status 0
expect_told 'profile-changed  from: web  to: watch'
sysctl -q -w $key=74
expect_told "drift-detected $key  desired: 20  live: 74  writer: unknown"
run status
expect_status 1
expect_line drifted
expect_out "$key  drift    20       74    "
holds $key 74 || fail 'a key is put back although the profile says report'

# --- activate --no-wait: the service asks the bus who has called, and that one must not have gone ---
before=watch
for profile in web watch web watch web watch web; do
  run activate $profile --no-wait
  expect_status 0
  expect_silent_out
  expect_silent_err
  expect_told "profile-changed  from: $before  to: $profile"
  before=$profile
done
expect_value $key 20
run activate nonesuch --no-wait # the refusal is not waited for
expect_status 0
expect_silent_err
if logged 'was refused to'; then fail 'root was refused'; fi
[[ $(</var/lib/nettune/active) == web ]] || fail 'what was not waited for is not the choice'

# --- deactivate --keep, and without ---
run deactivate --keep
expect_status 0
expect_line 'deactivated web: the values are kept'
expect_told 'profile-changed  from: web  to: none  reason: the values are kept'
holds $key 20 || fail '--keep does not leave the value'
holds net.ipv4.tcp_keepalive_time 600 || fail '--keep does not leave the value'
run status
expect_status 3
expect_line inactive
[[ $(</var/lib/nettune/active) == '' ]] || fail 'the choice stays'
sysctl -q -w $key=75
run reload
holds $key 75 || fail 'a key is kept that nobody looks after'
sysctl -q -w $key=20
run activate web
expect_status 0
run deactivate
expect_status 0
expect_line 'deactivated web: 2 keys put back'
expect_value $key 60
expect_value net.ipv4.tcp_keepalive_time 7200
run deactivate
expect_status 0
expect_line 'no profile is active: nothing to do'

# --- after a local apply or revert the choice is not in force until a reload; all commands say so ---
run activate web
run apply watch
is_seen() { [[ $(property ActiveProfile) == "\"$1\"" ]]; }
wait_for 5 is_seen watch || fail 'the service does not see an apply'
run status
expect_line "  profile: watch (until a reload or the service's next start; then web)"
run reload
expect_status 0
expect_out 'profile web: 2 keys: 2 as declared'
run revert
wait_for 5 is_seen '' || fail 'the service does not see a revert'
expect_value $key 60
run status
expect_status 3
expect_line "  web is chosen, and not in force until a reload or the service's next start"
run audit
expect_out 'web (chosen, not in force), on this machine'
run audit --format json
expect_out '"chosen_by": "choice"'
run deactivate
expect_status 0
expect_line 'deactivated: web is no longer chosen'
run activate web
run audit
expect_out 'web (the active profile), on this machine'
run deactivate

# --- a profile in a folder that others may write, wherever that is on the way ---
refused() { # FOLDER MODE: of the way to a profile, with that mode
  local before
  before=$(stat -c %a "$1")
  chmod "$2" "$1"
  run activate "$way"
  expect_status 2
  expect_err "others may write $1 (mode 0$2)"
  holds $key 60 || fail 'a profile that is not trusted changes a value'
  chmod "$before" "$1"
}
mkdir -p /etc/nettune/one/two /etc/nettune/safe
cp /etc/nettune/profiles/web.yaml /etc/nettune/one/two/there.yaml
way=/etc/nettune/one/two/there.yaml
refused /etc/nettune/one/two 777
refused /etc/nettune/one/two 775
refused /etc/nettune/one 772
refused /etc/nettune/one/two/there.yaml 664
ln -s ../one/two/there.yaml /etc/nettune/safe/link.yaml
way=/etc/nettune/safe/link.yaml
refused /etc/nettune/one 777
way=web
refused /etc/nettune/profiles 777
refused /etc/nettune 775
way=/etc/nettune/one/two/there.yaml
run activate "$way"
expect_status 0
run deactivate
expect_status 0

stop_service
tells_end() { grep -qE '^20[0-9: -]+ service-stopped$' "$work/monitor"; }
wait_for 5 tells_end || fail 'monitor does not tell that the service has ended'
kill "$monitor_pid" "$signals_pid"
wait "$monitor_pid" "$signals_pid" || true
kill "$bus_pid"
finish
