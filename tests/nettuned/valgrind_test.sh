#!/bin/bash
# SPDX-License-Identifier: MIT
# One life of the service under valgrind: no access to what is not its own, and no leak at the end.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
if ! command -v valgrind >/dev/null; then
  echo 'skipped: valgrind is not installed (apt-get install valgrind)'
  exit 77
fi
if grep -qs '^NETTUNE_SANITIZE:BOOL=ON' "${1:?}/CMakeCache.txt"; then
  echo 'skipped: a sanitizer looks for the same, and valgrind does not run it'
  exit 77
fi
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
cat >/etc/nettune/profiles/web.yaml <<'YAML'
nettune: 1
inherits: [latency]
sysctl:
  net.ipv4.tcp_fin_timeout: 20
  net.ipv4.conf.*.rp_filter: 2
  net.ipv4.conf.later0.arp_notify: 1
YAML
printf 'sweep: 1 s\ncontest: {restores: 3, within: 60 s}\n' >/etc/nettune/nettuned.yaml
report=$work/valgrind
start_service valgrind --quiet --vgdb=no --leak-check=full --show-leak-kinds=definite,indirect,possible \
  --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=33 --log-file="$report" \
  "$nettuned"

run activate web
expect_status 0
sysctl -q -w net.ipv4.tcp_fin_timeout=71
expect_value net.ipv4.tcp_fin_timeout 20
ip link add later0 type veth peer name later1
expect_value net.ipv4.conf.later0.arp_notify 1
expect_value net.ipv4.conf.later1.rp_filter 2
ip link delete later0
run reload
expect_status 0
# One that is refused, with its diagnostics; and on the way of a signal.
sed -i 's/tcp_fin_timeout: 20/tcp_fin_timeout: apple/' /etc/nettune/profiles/web.yaml
run reload
expect_status 2
kill -HUP "$service_pid"
expect_logged 'web stays in force as it was'
sed -i 's/tcp_fin_timeout: apple/tcp_fin_timeout: 25/' /etc/nettune/profiles/web.yaml
run reload
expect_value net.ipv4.tcp_fin_timeout 25
for value in 81 82 83 84; do # none that the log holds already
  sysctl -q -w net.ipv4.tcp_fin_timeout=$value
  has_seen() { logged " to $value by"; }
  wait_for 5 has_seen || fail "it does not see $value"
done
run status
expect_status 1
expect_line contested
# Every call once, allowed and refused.
manager Audit 'sa{sv}' '' 0
expect_status 0
manager Plan 'sa{sv}' latency 0
expect_status 0
manager Explain 'sa{sv}' net.ipv4.tcp_rmem 0
expect_status 0
manager DescribeProfile 'sa{sv}' latency 0
expect_status 0
manager ListProfiles
expect_status 0
manager Activate 'sa{sv}' nonesuch 0
busctl --system --json=short call org.nettune1 /org/nettune1 org.freedesktop.DBus.ObjectManager \
  GetManagedObjects >/dev/null || fail 'the objects can not be listed'
as nobody deactivate
expect_status 2
expect_err 'not authorized for org.nettune1.deactivate'
run reload # ends the contest
expect_value net.ipv4.tcp_fin_timeout 25
# Another program's change, and a trial that nobody confirms.
run apply latency
expect_status 0
expect_logged 'nettunectl applied it'
run activate web --confirm 1
expect_status 0
expect_logged 'web was not confirmed in time'
run activate web
expect_status 0
kill "$bus_pid"
wait "$bus_pid" || true
expect_logged 'lost the connection to the system bus'
start_bus
wait_for 20 busctl --system status org.nettune1 || fail 'it does not come back to the bus'
run deactivate
expect_status 0

kill "$service_pid"
status=0
wait "$service_pid" || status=$?
if [[ $status != 0 || -s $report ]]; then
  fail "valgrind has found something; nettuned ends with $status"
  head -n 60 "$report"
fi
kill "$bus_pid"
finish
