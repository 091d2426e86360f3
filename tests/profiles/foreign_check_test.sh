#!/bin/bash
# SPDX-License-Identifier: MIT
# A stranger's first try: nettunectl check over a copied sysctl.conf and over TuneD's profiles.
# usage: foreign_check_test.sh NETTUNECTL
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail

nettunectl=$(realpath "$1")
cd "$(dirname "$0")/foreign"
failed=0
# A root of its own, for what TuneD's profiles include may be on this machine in another version, or not.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/proc/sys/net" "$root/usr/lib"
cp -r tuned "$root/usr/lib"

# expect STATUS TEXT... -- FILE...: the exit status, and each text in the output.
expect() {
  local wanted=$1 status=0 texts=() output text
  shift
  while [[ $1 != -- ]]; do
    texts+=("$1")
    shift
  done
  shift
  output=$("$nettunectl" check --root "$root" --kernel 6.18 --memory "24 GiB" "$@" 2>&1) || status=$?
  if ((status != wanted)); then
    printf 'FAILED: check %s exits with %d instead of %d\n' "$*" "$status" "$wanted"
    failed=1
  fi
  for text in "${texts[@]}"; do
    if ! grep -qF -- "$text" <<<"$output"; then
      printf 'FAILED: check %s does not say "%s" but\n%s\n' "$*" "$text" "$output"
      failed=1
    fi
  done
}

expect 2 'blog-sysctl.conf:30:1: warning: Linux 4.12 removed net.ipv4.tcp_tw_recycle [removed-key]' \
  'blog-sysctl.conf:35:1: warning: net.ipv4.tcp_low_latency has no effect' \
  '[lowers-kernel]' '[default-above-max]' '[no-effect]' \
  'error: net.ipv4.tcp_mem counts pages' -- blog-sysctl.conf
expect 2 '[inverted]' '[harmful]' -- blog-errors.conf
expect 0 '[lowers-kernel]' -- "$root/usr/lib/tuned/oracle/tuned.conf"
expect 2 '[lowers-kernel]' -- --strict "$root/usr/lib/tuned/oracle/tuned.conf"
expect 0 'no fault found' -- "$root/usr/lib/tuned/spectrumscale-ece/tuned.conf"
# The later of two files wins, and the line that loses is named.
expect 2 '[overridden]' -- blog-sysctl.conf large-host.conf

exit "$failed"
