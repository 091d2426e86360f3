#!/bin/bash
# SPDX-License-Identifier: MIT
# NETTUNE_LOG=debug: what a command opens, reads, writes and asks, on standard error and escaped.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

root=$work/root
mkdir -p "$root"/proc/sys/{net/core,net/ipv4,kernel/random} "$root/run"
cp /proc/sys/kernel/random/boot_id "$root/proc/sys/kernel/random/"
cp /proc/meminfo /proc/version "$root/proc/"
printf '4096\n' >"$root/proc/sys/net/core/somaxconn"
printf 'a\033[31mb\n' >"$root/proc/sys/net/ipv4/tcp_congestion_control"
cat >"$work/base.yaml" <<'YAML'
nettune: 1
sysctl:
  net.core.somaxconn: 8192
YAML
cat >"$work/web.yaml" <<'YAML'
nettune: 1
inherits: [base.yaml]
sysctl:
  net.ipv4.tcp_congestion_control: cubic
YAML

# Nothing, and the same answer, without it.
run audit "$work/web.yaml" --root "$root"
expect_status 1
expect_silent_err
plain=$out
export NETTUNE_LOG=debug
run audit "$work/web.yaml" --root "$root"
expect_status 1
[[ $out == "$plain" ]] || fail 'the answer is another one'
expect_err "nettunectl: debug: looking at the machine below $root: "
expect_err "nettunectl: debug: opened $work/web.yaml"
expect_err "nettunectl: debug: opened $work/base.yaml"
expect_err 'nettunectl: debug: read net.core.somaxconn: 4096'
expect_err "nettunectl: debug: looked for 2 keys in the files of sysctl.d and TuneD below $root/: 0 are set there"
expect_err 'nettunectl: debug: read net.ipv4.tcp_congestion_control: a\x1B[31mb'
[[ $err != *$'\033'* ]] || fail 'a control character reaches the terminal'
! grep -v '^nettunectl: debug: ' <<<"$err" || fail 'a line does not say what it is'

printf 'nettune: 1\nsysctl:\n  net.core.somaxconn: 8192\n' >"$work/one.yaml"
run apply "$work/one.yaml" --root "$root"
expect_status 0
expect_err "nettunectl: debug: took the lock in $root/run/nettune"
expect_err 'nettunectl: debug: wrote net.core.somaxconn: 8192'
run export sysctl.d "$work/one.yaml" -o "$work/one.conf" --root "$root"
expect_err "nettunectl: debug: wrote $work/one.conf"
run check "$work/one.conf"
expect_err "nettunectl: debug: opened $work/one.conf"
PATH=/none run status
expect_err 'nettunectl: debug: starting '

# What it can't be is told once, and changes nothing else.
for value in 1 DEBUG $'\033[31m'; do
  NETTUNE_LOG=$value run check "$work/one.yaml"
  expect_status 0
  [[ $err == 'nettunectl: warning: NETTUNE_LOG is ignored: it may be "debug", not '* ]] || fail 'it is not told'
  [[ $(wc -l <<<"$err") == 1 && $err != *$'\033'* ]] || fail 'not one line'
done
NETTUNE_LOG='' run check "$work/one.yaml"
expect_silent_err
finish
