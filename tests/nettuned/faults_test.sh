#!/bin/bash
# SPDX-License-Identifier: MIT
# The service when things go wrong: killed at any moment, a storm of links, a broken profile at the
# start, the watchdog and READY, watches that are not to be had, events that the kernel drops, a wall
# clock that jumps.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
for value in 0 1; do
  {
    printf 'nettune: 1\nsysctl:\n'
    for key in tcp_sack tcp_timestamps tcp_window_scaling tcp_moderate_rcvbuf; do
      printf '  net.ipv4.%s: %d\n' $key $value
    done
    printf '  net.ipv4.tcp_fin_timeout: %d\n  net.ipv4.ip_local_port_range: [%d, 60000]\n' \
      $((30 + value)) $((20000 + value))
  } >/etc/nettune/profiles/p$value.yaml
done
keys='net.ipv4.tcp_sack net.ipv4.tcp_timestamps net.ipv4.tcp_window_scaling
  net.ipv4.tcp_moderate_rcvbuf net.ipv4.tcp_fin_timeout net.ipv4.ip_local_port_range'
# shellcheck disable=SC2086  # words
values() { sysctl -n $keys | tr '\n\t' '  '; }
before=$(values)
p1='1 1 1 1 31 20001 60000 '

# --- READY comes once the profile is in force and the name is owned; STATUS is in words ---
printf 'p1\n' >/var/lib/nettune/active
cat >"$work/notified.py" <<'PY'
import os, socket, subprocess, sys, time
path = sys.argv[1] + "/notify"
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(path)
server.settimeout(10)
environment = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC="400000")
service = subprocess.Popen([sys.argv[2]], env=environment, stderr=subprocess.DEVNULL)
environment["WATCHDOG_PID"] = str(service.pid)
seen = []
while not any("READY=1" in text for text in seen):
    seen.append(server.recv(4096).decode())
value = subprocess.run(["sysctl", "-n", "net.ipv4.tcp_fin_timeout"], stdout=subprocess.PIPE, text=True).stdout
assert value == "31\n", value
assert subprocess.run(["busctl", "--system", "status", "org.nettune1"], stdout=subprocess.DEVNULL).returncode == 0
end = time.monotonic() + 2
while time.monotonic() < end and not ("STATUS=6 keys" in "".join(seen) and "WATCHDOG=1" in "".join(seen)):
    seen.append(server.recv(4096).decode())
assert "STATUS=6 keys: 6 as declared" in "".join(seen), seen
assert "WATCHDOG=1" in "".join(seen), seen
service.send_signal(1)
seen.clear()
while not any("READY=1" in text for text in seen):
    seen.append(server.recv(4096).decode())
assert "RELOADING=1" in "".join(seen), seen
service.terminate()
assert service.wait(10) == 0
while "STOPPING=1" not in seen:
    seen.append(server.recv(4096).decode())
PY
/usr/bin/python3 "$work/notified.py" "$work" "$nettuned" || fail 'systemd is not told what it is to be told'
[[ $(values) == "$p1" ]] || fail 'the end of the service changes values'

# --- killed at random moments of 200 switches, under a foreign writer ---
printf 'contest: {restores: 1000, within: 1 s}\n' >/etc/nettune/nettuned.yaml
rm /var/lib/nettune/active
run revert
[[ $(values) == "$before" ]] || fail "what was before is lost: $(values)"
for ((i = 0; i < 24; i++)); do echo "link add k$i type veth peer name l$i"; done | ip -batch -
for value in 0 1; do
  {
    printf 'nettune: 1\nsysctl:\n  net.ipv4.tcp_sack: %d\n' $value
    for folder in /proc/sys/net/ipv4/conf/[kl][0-9]*; do
      for key in accept_local arp_filter arp_notify bc_forwarding log_martians proxy_arp \
        route_localnet src_valid_mark; do
        printf '  net.ipv4.conf.%s.%s: %d\n' "${folder##*/}" $key $value
      done
    done
  } >/etc/nettune/profiles/k$value.yaml
done
/usr/bin/python3 "$source_dir/tests/nettuned/killed.py" "$nettuned" "$log" "$work" 200 ||
  fail 'a service that was killed leaves something inconsistent'
[[ $(values) == "$before" ]] || fail "what was before the kills is lost: $(values)"
for ((i = 0; i < 24; i++)); do echo "link delete k$i"; done | ip -batch -
start_service

# --- a storm of links ---
cat >/etc/nettune/profiles/links.yaml <<'YAML'
nettune: 1
sysctl:
  net.ipv4.conf.*.rp_filter: 2
YAML
run activate links
expect_status 0
pairs=500
for ((i = 0; i < pairs; i++)); do echo "link add s$i type veth peer name t$i"; done | ip -batch -
all_there() {
  local right
  right=$(cat /proc/sys/net/ipv4/conf/[st][0-9]*/rp_filter | grep -c '^2$')
  ((right == 2 * pairs))
}
wait_for 20 all_there || fail "of $((2 * pairs)) links not all have their value"
counted() { [[ $("$nettunectl" status) == *" $((2 * pairs + 3)) keys: $((2 * pairs + 3)) as declared"* ]]; }
wait_for 20 counted || { run status; fail 'the report has not all links'; }
sysctl -q -w net.ipv4.conf.s499.rp_filter=0
expect_value net.ipv4.conf.s499.rp_filter 2
for ((i = 0; i < pairs; i++)); do echo "link delete s$i"; done | ip -batch -
gone() { [[ $("$nettunectl" status) == *' 3 keys: 3 as declared'* ]]; }
wait_for 20 gone || { run status; fail 'links that are gone are still in the report'; }
if logged 'failed'; then fail 'the storm has made an error'; fi

# --- the same at once, as for a service that was busy: one object comes for each link, in few turns ---
signals() { grep -cE -- "$1" "$work/signals" || true; } # PATTERN
heard() { # COMMAND...: what it makes the service say, with how many changes of the report
  busctl --system --match "type='signal',sender='org.nettune1'" monitor >"$work/signals" 2>&1 &
  signals_pid=$!
  is_monitoring() { manager Reload && (($(signals Member=ProfileChanged) > 0)); }
  wait_for 5 is_monitoring || fail 'the bus can not be monitored'
  kill -STOP "$service_pid"
  before_storm=$(signals 'Path=/org/nettune1  .*Member=PropertiesChanged')
  "$@"
  kill -CONT "$service_pid"
}
is_heard() { (($(signals "Member=$1") >= 2 * pairs)); } # MEMBER
# MEMBER: came once for each link, and the report changed no oftener than in some turns of the loop.
expect_coalesced() {
  wait_for 20 is_heard "$1" || fail "$(signals "Member=$1") of $((2 * pairs)) times $1"
  sleep 0.2 # the looks that follow a message about links
  kill "$signals_pid"
  wait "$signals_pid" || true
  local links changes
  links=$(grep -oE '/org/nettune1/parameter/net_2eipv4_2econf_2e[st][0-9]+_2erp_5ffilter' "$work/signals" |
    sort -u | wc -l)
  ((links == 2 * pairs)) || fail "$1 names $links of $((2 * pairs)) links"
  (($(signals "Member=$1") == 2 * pairs)) || fail "$(signals "Member=$1") times $1 for $((2 * pairs)) links"
  changes=$(($(signals 'Path=/org/nettune1  .*Member=PropertiesChanged') - before_storm))
  echo "$((2 * pairs)) links at once: $(signals "Member=$1") times $1, $changes changes of the report"
  ((changes > 0 && changes <= 10)) || fail "$changes changes of the report for one storm"
}
make_links() {
  for ((i = 0; i < pairs; i++)); do echo "link add s$i type veth peer name t$i"; done | ip -batch -
}
delete_links() { for ((i = 0; i < pairs; i++)); do echo "link delete s$i"; done | ip -batch -; }
heard make_links
expect_coalesced InterfacesAdded
all_there || fail "of $((2 * pairs)) links that came at once not all have their value"
counted || { run status; fail 'the report has not all links that came at once'; }
heard delete_links
expect_coalesced InterfacesRemoved
gone || { run status; fail 'links that went at once are still in the report'; }

# --- a profile that is replaced again and again while it is read ---
(
  while :; do
    for value in 1 2; do
      sed "s/rp_filter: .*/rp_filter: $value/" /etc/nettune/profiles/links.yaml >/etc/nettune/profiles/.new
      mv /etc/nettune/profiles/.new /etc/nettune/profiles/links.yaml
    done
  done
) &
foreign_pid=$!
for ((i = 0; i < 30; i++)); do
  run reload
  [[ $status == 0 ]] || fail 'a profile that is being replaced is not read'
  value=$(sysctl -n net.ipv4.conf.lo.rp_filter)
  [[ $value == [12] ]] || fail "the value is neither of the two: $value"
done
kill "$foreign_pid"
{ wait "$foreign_pid" || true; } 2>/dev/null
manager Deactivate 'a{sv}' 0
stop_service

# --- too few open files: it says so, and how many it needs ---
for limit in 8 16 63; do
  : >"$log"
  status=0
  prlimit --nofile=$limit:$limit "$build/nettuned" 2>>"$log" || status=$?
  ((status == 1)) || fail "with $limit open files it ends with status $status"
  logged "this process may have $limit open files, and needs at least 64: raise LimitNOFILE= of its unit" ||
    fail "with $limit open files it says: $(<"$log")"
  [[ $(wc -l <"$log") == 1 ]] || fail "with $limit open files it says more: $(<"$log")"
done
start_service prlimit --nofile=64:64 "$build/nettuned"
run activate p1
expect_status 0
run deactivate
stop_service

# --- a broken profile at the start ---
: >"$log"
printf 'nettune: 1\nsysctl:\n  net.ipv4.tcp_fin_timeout: fast\n' >/etc/nettune/profiles/p0.yaml
printf 'p0\n' >/var/lib/nettune/active
start_service
[[ $(property State) == '"failed"' ]] || fail 'the state is not failed'
[[ $(property StateText) == *p0.yaml:3:* ]] || fail 'the reason is not on the bus'
expect_logged 'p0.yaml:3:'
[[ $(values) == "$before" ]] || fail 'a broken profile has changed values'
run status
expect_status 2
expect_line failed
expect_out 'p0.yaml:3:'
run activate p1
expect_status 0
[[ $(property State) == '"in-sync"' ]] || fail 'a good profile does not end that'
stop_service

# --- no watch is to be had: it sweeps every 2 s instead, and says so ---
: >"$log"
# One watch is for the state. The limit is of this user namespace; root of it is the root that owns
# the keys. Where none can be made, the kernel's answer is put in by strace.
without_watches=()
if unshare --user --map-root-user true 2>/dev/null; then
  # shellcheck disable=SC2016  # the inner shell's
  without_watches=(unshare --user --map-root-user
    sh -c 'echo 1 >/proc/sys/user/max_inotify_watches && exec "$0"' "$nettuned")
elif traced -qq -o /dev/null true 2>/dev/null; then
  # A function would be a process of its own.
  without_watches=(env "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" strace -D -qq -o /dev/null
    -e trace=inotify_add_watch -e inject=inotify_add_watch:error=ENOSPC:when=2+ "$nettuned")
fi
if ((${#without_watches[@]} > 0)); then
  start_service "${without_watches[@]}"
  expect_logged 'fs.inotify.max_user_watches allows no more watches'
  [[ $(property State) == '"in-sync"' ]] || fail 'without watches the profile is not in force'
  sysctl -q -w net.ipv4.tcp_fin_timeout=77
  expect_value net.ipv4.tcp_fin_timeout 31
  stop_service
else
  echo 'skipped: a service without watches; no user namespace can be made here, and nothing traced'
fi

# --- the kernel drops its caches: the watch holds its folder itself, for no open key may do so ---
: >"$log"
# Keys are kept open from the first one on, up to half of the limit: those here, which stand before it.
{
  printf 'nettune: 1\nsysctl:\n  net.ipv4.neigh.lo.gc_stale_time: 70\n'
  for key in accept_local accept_source_route arp_accept arp_announce arp_filter arp_ignore arp_notify \
    bc_forwarding disable_policy drop_gratuitous_arp log_martians proxy_arp route_localnet tag; do
    printf "  net.ipv4.conf.%s.$key: 0\n" all default lo
  done
} >/etc/nettune/profiles/many.yaml
start_service prlimit --nofile=80:80 "$nettuned"
run activate many
expect_status 0
held=$(find "/proc/$service_pid/fd" -lname '/proc/sys/net/ipv4/neigh/lo/*' | wc -l)
((held == 0)) || fail 'the key is kept open: this says nothing of the watch'
for value in 71 72 73; do
  echo 2 >/proc/sys/vm/drop_caches
  sysctl -q -w net.ipv4.neigh.lo.gc_stale_time=$value
  expect_value net.ipv4.neigh.lo.gc_stale_time 70
  expect_logged "net.ipv4.neigh.lo.gc_stale_time was changed from 70 to $value"
done
run deactivate
expect_status 0
stop_service
printf 'p1\n' >/var/lib/nettune/active

# --- the kernel drops events: all is looked at at once ---
: >"$log"
# A folder that no message tells of: neither netlink nor the kernel's devices know of this one.
mount -t tmpfs tmpfs /proc/sys/net/unix
cp /etc/nettune/profiles/p1.yaml /etc/nettune/profiles/late.yaml
printf '  net.unix.late.key: 1\n' >>/etc/nettune/profiles/late.yaml
printf 'late\n' >/var/lib/nettune/active
start_service
sleep 1 # its first look at all links is over
mkdir /proc/sys/net/unix/late
echo 5 >/proc/sys/net/unix/late/key
sysctl -q -w net.ipv4.tcp_fin_timeout=77
expect_value net.ipv4.tcp_fin_timeout 31
# While the service stands still its queue runs over, and what is written last is not in it. A queue
# of one's own on the same folder is the witness.
cat >"$work/overflow.py" <<'PY'
import ctypes, os, signal, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
service = int(sys.argv[1])
folder = "/proc/sys/net/ipv4"
IN_MODIFY, IN_Q_OVERFLOW = 0x2, 0x4000
witness = libc.inotify_init1(os.O_NONBLOCK)
assert libc.inotify_add_watch(witness, folder.encode(), IN_MODIFY) >= 0
keys = [os.open(f"{folder}/{name}", os.O_RDWR) for name in ("tcp_frto", "tcp_reordering")]
values = [os.pread(key, 64, 0) for key in keys]
os.kill(service, signal.SIGSTOP)
lost, names = False, set()
try:
    # Two events in a row about one file would be one.
    for turn in range(int(open("/proc/sys/fs/inotify/max_queued_events").read()) + 10):
        os.pwrite(keys[turn % 2], values[turn % 2], 0)
    with open(f"{folder}/tcp_fin_timeout", "w") as file:
        file.write("88")
    # Before the service goes on, and writes as well.
    while True:
        try:
            data = os.read(witness, 65536)
        except BlockingIOError:
            break
        while data:
            _, mask, _, size = struct.unpack_from("iIII", data)
            names.add(data[16:16 + size].rstrip(b"\0").decode())
            lost |= mask & IN_Q_OVERFLOW != 0
            data = data[16 + size:]
finally:
    os.kill(service, signal.SIGCONT)
assert lost, "the queue did not run over"
assert "tcp_fin_timeout" not in names, names
PY
holds net.unix.late.key 5 || fail 'the folder is known already: this says nothing of the sweep'
/usr/bin/python3 "$work/overflow.py" "$service_pid" || fail 'no event was lost'
expect_value net.ipv4.tcp_fin_timeout 31
expect_logged 'net.ipv4.tcp_fin_timeout was changed from 31 to 88'
# The folder was found then, and it is watched from then on: the next sweep is far.
for _ in 1 2; do
  expect_value net.unix.late.key 1
  sysctl -q -w net.unix.late.key=7
done
expect_value net.unix.late.key 1
stop_service
umount /proc/sys/net/unix
printf 'p1\n' >/var/lib/nettune/active

# --- the wall clock jumps: people are told the new time, and what is waited for does not change ---
clock=$build/tests/nettuned/libwall_clock.so
: >"$log"
rm /etc/nettune/nettuned.yaml
jump() { printf '%s\n' $(($1 * 365 * 86400)) >"$work/clock.new" && mv "$work/clock.new" "$work/clock"; } # YEARS
jump 5
this_year=$(date +%Y)
# A sanitizer wants to be the first of the libraries.
start_service env LD_PRELOAD="$(ldd "$nettuned" | sed -n 's/.* => \(.*lib[a-z]*san\.so[^ ]*\) .*/\1/p'):$clock" \
  TEST_WALL_CLOCK="$work/clock" "$nettuned"
parameter=/org/nettune1/parameter/net_2eipv4_2etcp_5ffin_5ftimeout
changed_in() { # YEARS from now, as the bus has it
  local microseconds year
  microseconds=$(busctl --system get-property org.nettune1 $parameter org.nettune1.Parameter LastChanged)
  year=$(date -u -d "@$((${microseconds#t } / 1000000 - $1 * 365 * 86400))" +%Y)
  ((year == this_year))
}
# Five restores within a minute of the boot's clock, although years lie between them.
for years in 5 18 -3 60 -20; do
  jump $years
  sysctl -q -w net.ipv4.tcp_fin_timeout=77
  expect_value net.ipv4.tcp_fin_timeout 31
  changed_in $years || fail "a change is not told with the new time, $years years from now"
done
sysctl -q -w net.ipv4.tcp_fin_timeout=77
is_contested() { [[ $(property State) == '"contested"' ]]; }
wait_for 5 is_contested || fail 'years on the wall clock hide a contest'
# It is left alone for a minute, whatever the wall clock says.
jump 90
sysctl -q -w net.ipv4.tcp_timestamps=0
expect_value net.ipv4.tcp_timestamps 1
if ! holds net.ipv4.tcp_fin_timeout 77 || ! is_contested; then fail 'a jump ends a contest'; fi
# A trial lasts as long as it was to last.
manager Activate 'sa{sv}' p1 1 confirm t 60000000
expect_status 0
jump -20
sysctl -q -w net.ipv4.tcp_sack=0
busctl --system call org.nettune1 /org/nettune1 org.freedesktop.DBus.Peer Ping >/dev/null
manager Confirm
expect_status 0
stop_service

# --- a state that is not understood is not guessed at ---
echo 'something else' >"$(echo /run/nettune/netns-*.state)"
start_service
[[ $(property State) == '"failed"' ]] || fail 'a state that is not understood is taken'
[[ $(property StateText) == *'is not understood'* ]] || fail 'it does not say why'
rm /run/nettune/netns-*.state
run activate p1
expect_status 0
stop_service
kill "$bus_pid"
finish
