#!/bin/bash
# SPDX-License-Identifier: MIT
# The whole service on a system bus of its own, with real keys in a network namespace and the real
# polkit: what people and foreign clients do with it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
start_polkit 'polkit.addRule(function(action, subject) {
  if (subject.user == "daemon" && action.id == "org.nettune1.activate") return polkit.Result.YES;
});'
cat >/etc/nettune/profiles/web.yaml <<'YAML'
nettune: 1
summary: for this test
sysctl:
  net.ipv4.tcp_fin_timeout: 20
  net.ipv4.tcp_keepalive_time: 600
  net.ipv4.conf.*.rp_filter: 2
  net.ipv4.conf.later0.rp_filter: 1
YAML

# --- without the service ---
run status
expect_status 2
expect_err 'nettuned is not running; "systemctl enable --now nettuned" starts it'
expect_err 'no profile is active or chosen'

# --- inactive ---
start_service
[[ $(property State) == '"inactive"' ]] || fail 'a fresh start is not inactive'
run status
expect_status 3
expect_line 'inactive'
expect_value net.ipv4.tcp_fin_timeout 60

# --- the contract: the live objects are what the XML says ---
/usr/bin/python3 "$source_dir/tests/nettuned/contract.py" "$source_dir/packaging/dbus/org.nettune1.xml" \
  manager || fail 'the manager is not what org.nettune1.xml says'

# --- activate ---
run activate web
expect_status 0
expect_out 'profile web: 6 keys: 5 as declared, 1 pending'
expect_value net.ipv4.tcp_fin_timeout 20
expect_value net.ipv4.conf.lo.rp_filter 2
[[ $(</var/lib/nettune/active) == web ]] || fail 'the choice is not kept'
run status
expect_status 0
expect_line 'in-sync'
expect_out 'net.ipv4.conf.later0.rp_filter  pending'
run status --format json
expect_out '"profile": "web"'
run audit
expect_out 'web'
/usr/bin/python3 "$source_dir/tests/nettuned/contract.py" "$source_dir/packaging/dbus/org.nettune1.xml" \
  parameter || fail 'a parameter is not what org.nettune1.xml says'

# --- drift ---
"$nettunectl" monitor --format json >"$work/monitor" 2>/dev/null &
monitor_pid=$!
"$nettunectl" monitor >"$work/monitor.txt" 2>/dev/null &
busctl --system --match "type='signal',sender='org.nettune1'" monitor >"$work/signals" 2>&1 &
signals_pid=$!
# matches WHAT: what was emitted.
emitted() { grep -qE -- "$1" "$work/signals"; }
both_see_a_reload() {
  manager Reload
  grep -q profile-changed "$work/monitor" &&
    grep -q ' profile-changed  profile: web' "$work/monitor.txt" && emitted Member=ProfileChanged
}
wait_for 5 both_see_a_reload || fail 'monitor does not see a reload'
sysctl -q -w net.ipv4.tcp_fin_timeout=99
expect_value net.ipv4.tcp_fin_timeout 20
expect_logged 'net.ipv4.tcp_fin_timeout was changed from 20 to 99 by an unknown writer; the profile wants 20'
expect_logged 'net.ipv4.tcp_fin_timeout is 20 again; it was 99'
sysctl -q -w net.ipv4.tcp_fin_timeout=20   # changes nothing
manager Audit 'sa{sv}' '' 1 wrong-only b true
[[ $out == 'a(ssssss) 1 "net.ipv4.conf.later0.rp_filter" "pending"'* ]] || fail 'the audit is another'

# --- a watch outlives the kernel's caches ---
for value in 31 32 33; do
  echo 2 >/proc/sys/vm/drop_caches
  sysctl -q -w net.ipv4.tcp_keepalive_time=$value
  expect_value net.ipv4.tcp_keepalive_time 600
done

# --- links ---
ip link add later0 type veth peer name later1
expect_value net.ipv4.conf.later0.rp_filter 1
expect_value net.ipv4.conf.later1.rp_filter 2
run status
expect_no_out pending
ip link set later1 down
ip link set later1 name renamed
expect_value net.ipv4.conf.renamed.rp_filter 2
sysctl -q -w net.ipv4.conf.renamed.rp_filter=0   # the watch is on the new folder
expect_value net.ipv4.conf.renamed.rp_filter 2
ip link delete later0
two_pairs_gone() { [[ $("$nettunectl" status --format json) != *renamed* ]]; }
wait_for 5 two_pairs_gone || fail 'keys of a link that is gone are still in the report'
expect_logged 'net.ipv4.conf.later0.rp_filter was'
ip link add later0 type veth peer name later1   # the same names, and other keys
expect_value net.ipv4.conf.later0.rp_filter 1
expect_value net.ipv4.conf.later1.rp_filter 2
sysctl -q -w net.ipv4.conf.later0.rp_filter=0
expect_value net.ipv4.conf.later0.rp_filter 1
ip link delete later0
for signal in 'Member=InterfacesAdded' 'Member=InterfacesRemoved' 'Member=DriftRestored' \
  'Path=/org/nettune1/parameter/net_2eipv4_2etcp_5ffin_5ftimeout .* Member=PropertiesChanged' \
  'Path=/org/nettune1  .*Member=PropertiesChanged'; do
  wait_for 5 emitted "$signal" || fail "no such signal: $signal"
done
kill "$signals_pid"
wait "$signals_pid" || true

# --- a local apply and revert are no drift, and who asks right after one is told of it ---
: >"$log"
for ((i = 0; i < 10; i++)); do
  for profile in latency throughput; do
    run apply $profile --quiet
    expect_status 0
    [[ $(property ActiveProfile) == "\"$profile\"" ]] || fail 'a command that has ended is not known yet'
  done
done
: >"$log"
run apply latency
expect_status 0
expect_logged 'profile latency is active: nettunectl applied it'
run status
expect_out "profile: latency (until a reload or the service's next start; then web)"
run revert
expect_status 0
expect_logged 'no profile is active any more: nettunectl took it back'
expect_value net.ipv4.tcp_fin_timeout 60
if logged 'was changed'; then fail 'a local apply is taken for drift'; fi

# --- what is refused ---
run activate /nowhere/web.yaml
expect_status 2
expect_err "the service can't read /nowhere/web.yaml: No such file or directory; it sees neither /root"
expect_err 'put the file into /etc/nettune/profiles, and name it without its path'
run activate wbe
expect_status 2
expect_err 'did you mean "web"?'
printf 'nettune: 1\nsysctl:\n  net.ipv4.tcp_fin_timeout: 1 apple\n' >/etc/nettune/profiles/faulty.yaml
run activate faulty
expect_status 2
expect_err 'faulty.yaml:3:'
expect_err '^'
manager Activate 'sa{sv}' faulty 0
expect_err 'faulty.yaml:3:'
printf 'nettune: 1\nsysctl:\n  net.ipv4.tcp_fin_timeout: 30\n' >/etc/nettune/profiles/open.yaml
chmod 666 /etc/nettune/profiles/open.yaml
run activate open
expect_status 2
expect_err 'others may write /etc/nettune/profiles/open.yaml (mode 0666)'
chmod 644 /etc/nettune/profiles/open.yaml
chown 1000 /etc/nettune/profiles/open.yaml
run activate open
expect_err '/etc/nettune/profiles/open.yaml belongs to user 1000'
rm /etc/nettune/profiles/open.yaml
mkfifo /etc/nettune/profiles/pipe.yaml
run activate pipe
expect_status 2
expect_err 'a FIFO'
rm /etc/nettune/profiles/pipe.yaml
[[ $(property State) == '"inactive"' ]] || fail 'a refusal has changed the state'

# --- arguments that are too much, or of no use ---
manager Activate 'sa{sv}' "$(printf 'x%.0s' {1..2000})" 0
expect_err 'a name has at most 1024 bytes'
manager Audit 'sa{sv}' web 1 nonsense b true
expect_err 'no option is called "nonsense"; there are: wrong-only'
manager Activate 'sa{sv}' web 1 confirm s soon
expect_err 'option "confirm" is of type t'
manager Activate 'sa{sv}' web 1 confirm t 5
expect_err 'from 1 s to 24 h'
manager Activate 'sa{sv}' ../etc/passwd 0
expect_err 'the name of a profile or an absolute path'
manager DescribeProfile 'sa{sv}' /etc/shadow 0
expect_err 'a profile, not a path'
manager Explain 'sa{sv}' kernel.panic 0
expect_err 'only keys below net. are supported'
manager Explain 'sa{sv}' net.ipv4.tcp_rmem 0
expect_out '"Meaning" s "'

# --- a trial ---
run activate web --confirm 1
expect_status 0
expect_out 'on trial until it is confirmed'
expect_line 'run "nettunectl confirm" within 1 s to keep it; otherwise it is taken back'
expect_value net.ipv4.tcp_fin_timeout 20
expect_value net.ipv4.tcp_fin_timeout 60   # by itself
expect_logged 'web was not confirmed in time'
run activate web --confirm 60
run confirm
expect_status 0
web_is_chosen() { [[ $(</var/lib/nettune/active) == web && $(property ActiveProfile) == '"web"' ]]; }
wait_for 5 web_is_chosen || fail 'what was confirmed is not the choice'

for seconds in never 0; do
  run activate web --confirm "$seconds"
  expect_status 2
  expect_err "--confirm must be from 1 to 86400 seconds, not \"$seconds\""
done

# --- reload ---
sed -i 's/tcp_fin_timeout: 20/tcp_fin_timeout: 25/' /etc/nettune/profiles/web.yaml
COLUMNS=200 run status
expect_out 'its files have changed since: "nettunectl reload" puts them in force'
run reload
expect_status 0
expect_value net.ipv4.tcp_fin_timeout 25
run status
expect_no_out 'its files'
sed -i 's/tcp_fin_timeout: 25/tcp_fin_timeout: apple/' /etc/nettune/profiles/web.yaml
kill -HUP "$service_pid"
expect_logged 'web stays in force as it was'
COLUMNS=300 run status
expect_status 0
expect_out 'its files have a fault now, with which the next start would fail: /etc/nettune/profiles/web.yaml:'
sysctl -q -w net.ipv4.tcp_fin_timeout=40
expect_value net.ipv4.tcp_fin_timeout 25
sed -i 's/tcp_fin_timeout: apple/tcp_fin_timeout: 20/' /etc/nettune/profiles/web.yaml
printf 'sweep: 1 s\non-drift: report\n' >/etc/nettune/nettuned.yaml
run reload
expect_status 0
sysctl -q -w net.ipv4.tcp_fin_timeout=41
expect_logged 'net.ipv4.tcp_fin_timeout was changed from 20 to 41'
holds net.ipv4.tcp_fin_timeout 41 || fail 'it is put back although the settings say report'
printf 'sweep: soon\n' >/etc/nettune/nettuned.yaml
run reload
expect_status 2
expect_err 'nettuned.yaml:1:'
kill -HUP "$service_pid"
expect_logged 'the settings stay as they were: /etc/nettune/nettuned.yaml:1:'
expect_logged '    1 | sweep: soon' # a line of its own, as a compiler has it
rm /etc/nettune/nettuned.yaml
run reload
expect_value net.ipv4.tcp_fin_timeout 20

# --- rights ---
as nobody status
expect_status 0
expect_line in-sync
for command in 'activate latency' deactivate reload; do
  # shellcheck disable=SC2086  # two words
  as nobody $command
  expect_status 2
  expect_err 'not authorized for org.nettune1.'
done
expect_logged 'Activate was refused to user 65534'
[[ $(property ActiveProfile) == '"web"' ]] || fail 'nobody has changed the profile'
as daemon activate latency
expect_status 0
[[ $(property ActiveProfile) == '"latency"' ]] || fail 'a polkit rule does not let daemon in'
as daemon deactivate
expect_status 2
expect_err 'not authorized for org.nettune1.deactivate'
run deactivate

# A polkit that does not answer keeps nobody else waiting, and only so many may wait for it.
kill -STOP "$polkit_pid"
cat >"$work/impatient.py" <<'PY'
import dbus, dbus.lowlevel
bus = dbus.SystemBus()
serials = []
for _ in range(80):
    call = dbus.lowlevel.MethodCallMessage("org.nettune1", "/org/nettune1", "org.nettune1.Manager", "Activate")
    call.append("web", dbus.Dictionary({}, signature="sv"), signature="sa{sv}")
    bus.send_message(call)
bus.flush()
try:
    bus.get_object("org.nettune1", "/org/nettune1").Activate(
        "web", {}, dbus_interface="org.nettune1.Manager", timeout=10)
except dbus.DBusException as fault:
    print(fault.get_dbus_name())
PY
chmod 644 "$work/impatient.py"
[[ $(runuser -u daemon -- /usr/bin/python3 "$work/impatient.py") == *LimitsExceeded ]] ||
  fail 'any number of callers may wait for polkit'
run status
expect_status 3
# Those callers have left: they take nobody's place, and what they asked for is not done.
cat >"$work/patient.py" <<'PY'
import dbus
bus = dbus.SystemBus()
try:
    bus.get_object("org.nettune1", "/org/nettune1").Activate(
        "web", {}, dbus_interface="org.nettune1.Manager", timeout=2)
except dbus.DBusException as fault:
    print(fault.get_dbus_name())
PY
chmod 644 "$work/patient.py"
[[ $(runuser -u daemon -- /usr/bin/python3 "$work/patient.py") == *NoReply ]] ||
  fail 'callers who have left keep others from asking'
run activate latency
expect_status 0
: >"$log"
kill -CONT "$polkit_pid"
as daemon activate latency # its answer comes after those of the callers who have left
expect_status 0
if logged 'profile web is active'; then fail 'a caller who has left is obeyed'; fi
run deactivate

# Without polkit root alone is let in.
kill "$polkit_pid"
wait "$polkit_pid" || true
as daemon activate web
expect_status 2
expect_err 'not authorized'
run activate web
expect_status 0

# --- a foreign client ---
memory=measured
if grep -qs '^NETTUNE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
  memory=kept   # a sanitizer gives none back for a while
fi
/usr/bin/python3 "$source_dir/tests/nettuned/foreign_client.py" "$memory" ||
  fail 'a foreign client does not get on with it'

# --- the bus goes and comes back ---
kill "$bus_pid"
wait "$bus_pid" || true
expect_logged 'lost the connection to the system bus'
sysctl -q -w net.ipv4.tcp_fin_timeout=44
expect_value net.ipv4.tcp_fin_timeout 20
start_bus
wait_for 10 busctl --system status org.nettune1 || fail 'it does not come back to the bus'
[[ $(property ActiveProfile) == '"web"' ]] || fail 'the profile is lost with the bus'

# --- killed: the values stay; the next start goes on ---
kill -KILL "$service_pid"
{ wait "$service_pid" || true; } 2>/dev/null
holds net.ipv4.tcp_fin_timeout 20 || fail 'a value flaps when the service is killed'
sysctl -q -w net.ipv4.tcp_fin_timeout=45
start_service
holds net.ipv4.tcp_fin_timeout 20 || fail 'a start does not put the profile in force'
manager Deactivate 'a{sv}' 0
expect_status 0
expect_value net.ipv4.tcp_fin_timeout 60
expect_value net.ipv4.conf.lo.rp_filter 0
[[ $(ls /run/nettune) == lock ]] || fail "something is left in /run/nettune: $(ls /run/nettune)"

# --- as its own user, with one capability ---
stop_service
chown -R nettune:nettune /run/nettune /var/lib/nettune
start_service setpriv --reuid nettune --regid nettune --clear-groups --inh-caps -all,+net_admin \
  --ambient-caps -all,+net_admin --bounding-set -all,+net_admin --no-new-privs "$nettuned"
run activate web
expect_status 0
expect_value net.ipv4.tcp_fin_timeout 20
sysctl -q -w net.ipv4.tcp_fin_timeout=46
expect_value net.ipv4.tcp_fin_timeout 20
run apply latency   # by root, in the same folder
expect_status 0
expect_logged 'profile latency is active: nettunectl applied it'
run deactivate
expect_status 0
expect_value net.ipv4.tcp_fin_timeout 60
expect_value net.ipv4.tcp_notsent_lowat 4294967295
run status
expect_status 3

# --- what something else has changed is left, and named ---
echo 'on-drift: report' >/etc/nettune/nettuned.yaml
run reload
run activate web
sysctl -q -w net.ipv4.tcp_fin_timeout=47
drift_is_shown() { [[ $("$nettunectl" status) == *'  last changed 20'*' by an unknown writer'* ]]; }
wait_for 5 drift_is_shown || fail 'status does not say who changed the key'
COLUMNS=40 run status
expect_line 'net.ipv4.tcp_fin_timeout'
expect_line '  live     47'
run deactivate
expect_status 1
expect_line 'left as it is: net.ipv4.tcp_fin_timeout: something else changed it: nettune left 20, and it was 60 before'
expect_line '"nettunectl revert --force" puts that back as well'
holds net.ipv4.tcp_fin_timeout 47 || fail 'it is put back although something else changed it'
run deactivate --quiet
expect_status 1
expect_silent_out
run revert --force
expect_status 0
holds net.ipv4.tcp_fin_timeout 60 || fail 'it is not put back by force'
run deactivate
expect_status 0
stop_service

kill "$monitor_pid" 2>/dev/null || true
wait "$monitor_pid" || true
grep -q '"event":"drift-detected","key":"net.ipv4.tcp_fin_timeout","desired":"20","live":"99","writer":"unknown"' \
  "$work/monitor" || fail 'monitor does not show the drift'
grep -q '"event":"drift-restored","key":"net.ipv4.tcp_fin_timeout"' "$work/monitor" ||
  fail 'monitor does not show the restore'
expect_schema monitor "$work/monitor"
grep -q ' profile-changed  from: web  to: latency' "$work/monitor.txt" ||
  fail "monitor does not say what the profile was: $(cat "$work/monitor.txt")"
kill "$bus_pid"
finish
