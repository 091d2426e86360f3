#!/bin/bash
# SPDX-License-Identifier: MIT
# accepts_test.sh PROGRAM: what nettune_accept() costs in system calls beside accept4(), counted one
# by one. What the listener passes on costs none, but for one look at the first socket of a preset,
# which tells whether listeners do pass it on here; the rest is set and read back.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
program=${1:?usage: $0 PROGRAM}
command -v strace >/dev/null || { echo 'skipped: strace is not installed'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strace -o "$work/trace" true || { echo 'skipped: this machine lets no process be traced'; exit 77; }

# LeakSanitizer would trace the process itself, which strace does.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

# expect LINE COUNT...: each COUNT is "CALLS NAME".
expect() {
  local line=$1
  shift
  strace -o "$work/trace" "$program" "$line" >/dev/null
  sed -n '/^write(1, "begin/,/^write(1, "end/p' "$work/trace" | sed '1d;$d' >"$work/calls"
  sed 's/(.*//' "$work/calls" | sort | uniq -c | sed 's/^ *//' >"$work/counts"
  if ! diff <(printf '%s\n' "$@") "$work/counts"; then
    echo "with $line it makes other calls:"
    head -n 20 "$work/calls"
    exit 1
  fi
  printf '%s: %s\n' "$line" "$(paste -sd , "$work/counts")"
}

expect nodelay=1,notsent-lowat=16KiB,user-timeout=30s,keepalive-idle=60s,keepalive=1 \
  '100 accept4' '1 getsockopt'
sed -n 1,2p "$work/calls" | cut -d '(' -f 1 | paste -sd ' ' | grep -qx 'accept4 getsockopt'
# Nothing in it tells an heir from another, and nothing is asked.
expect quickack=off '100 accept4'
# Before, after, and once between: a value that is the socket's own.
expect nodelay=1,priority=5 '100 accept4' '201 getsockopt' '100 setsockopt'
