#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl audit --netns: the keys of another network namespace, by process, by file and by name.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What is asked for is not there: this needs no right.
run audit server-base --netns nosuch
expect_status 2
expect_silent_out
expect_err 'no network namespace "nosuch" in /run/netns'
run audit server-base --netns 4194305
expect_status 2
expect_err 'network namespace of process 4194305: there is no such process'
run audit server-base --netns "$work/none"
expect_status 2
expect_err "enter network namespace $work/none: No such file or directory"
echo text >"$work/file"
run audit server-base --netns "$work/file"
expect_status 2
expect_silent_out

# The kernel's own version, also where a program is told an old one.
run audit server-base
release=$(</proc/sys/kernel/osrelease)
expect_out "Linux $release"
setarch "$(uname -m)" --uname-2.6 "$nettunectl" audit server-base >"$work/old" || (($? == 1))
grep -qF "Linux $release" "$work/old" || fail "told of an old kernel it says $(head -n 1 "$work/old")"

if ! unshare -Urn true 2>/dev/null; then
  finish
  echo 'skipped: this machine makes no network namespaces for its users'
  exit 77
fi

put p/one.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_fin_timeout: 17
  net.core.rmem_max: at least 4096'
export NETTUNE_PROFILE_PATH=$work/p
export -f run fail expect_status expect_out expect_no_out
export nettunectl work failures

# Within one user namespace: a child that has changed its own network namespace, looked at from outside it.
unshare -Urn bash -euo pipefail <<'SH' || failures=$((failures + 1))
mkfifo "$work/ready" "$work/done"
unshare -n bash -c 'echo 17 >/proc/sys/net/ipv4/tcp_fin_timeout; echo >"$work/ready"; read -r _ <"$work/done"' &
child=$!
read -r _ <"$work/ready"

run audit one --netns "$child"
expect_status 0
expect_out "network namespace $child"
expect_out '1 skipped'
run audit one
expect_status 1
expect_out '60'
run audit one --netns "/proc/$child/ns/net" --all
expect_status 0
expect_out '17'
run audit one --netns "$child" --format json
expect_out '"looked_for_conflicts": false'
run explain tcp_fin_timeout --netns "$child"
expect_status 0
expect_out 'live value    17'

echo >"$work/done"
wait "$child"
exit "$failures"
SH

# A container's own file in the place of the kernel's says how much memory there is to share.
echo 'MemTotal:        3145728 kB' >"$work/meminfo"
if unshare -Urm true 2>/dev/null; then
  unshare -Urm bash -euo pipefail <<'SH' || failures=$((failures + 1))
mount --bind "$work/meminfo" /proc/meminfo
run audit one
expect_out '3 GiB of memory'
exit "$failures"
SH
fi

finish
