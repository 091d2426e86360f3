#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl run, with programs that set a seccomp filter: no call that they do not make is made for
# them from then on, whatever the filter kills for; and what a container's filter allows still works.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
filtered=$3
in_own_network "$0" "$@"
ulimit -c 0

# TCP_NODELAY tells whether a socket has the preset; the other options make as many calls as they can.
preset='nodelay=1,notsent-lowat=16KiB,quickack=every-read,keepalive-idle=61s,tos=0x10'

# Each program works by itself, and without a filter: else this shows nothing.
for how in none prctl seccomp syscall-prctl threads strict inline; do
  out=$("$filtered" $how) || fail "$how: it does not work without the preset"
  [[ $out == 'done' ]] || fail "$how: without the preset it says $out"
done
for how in none prctl seccomp syscall-prctl threads strict; do
  rm -f "$work/report"
  run run --preset "$preset" --report "$work/report" -- "$filtered" $how
  expect_status 0
  expect_line 'done'
  expect_in_report '^pid [0-9]+, filtered, accepted, descriptor [0-9]+:$'
  [[ $how == none ]] ||
    expect_in_report '^pid [0-9]+, filtered: sets a seccomp filter: from here on its sockets are left alone$'
done
# The kernel has it so, too: after the filter there are the program's own calls alone.
if command -v strace >/dev/null; then
  strace -o "$work/without" "$filtered" prctl >/dev/null
  run run --preset "$preset" -- strace -o "$work/with" "$filtered" prctl
  expect_status 0
  names() { sed -n '/SECCOMP_MODE_FILTER, {len/,$ s/(.*//p' "$1"; }
  (($(names "$work/without" | wc -l) > 20)) || fail 'the trace is short'
  diff <(names "$work/without") <(names "$work/with") || fail 'there are other calls after the filter'
fi
# A question whether there are filters sets none, and a filter that the kernel refuses is none.
run run --preset "$preset" --report "$work/report" -- "$filtered" trial
expect_status 0
expect_line 'nodelay of a client after it: 1'
# In a child, it is the child's alone.
cat >"$work/fork.sh" <<'CHILD'
"$1" prctl && "$1" sockets
CHILD
run run --preset "$preset" -- sh "$work/fork.sh" "$filtered"
expect_status 0
expect_line 'nodelay of a client: 1'

# What is started under a filter that its starter has set gets no preset, whoever set it.
for how in deny inline-deny; do
  run run --preset "$preset" -- "$filtered" $how "$filtered" none
  expect_status 0
  expect_line 'done'
done
run run --preset "$preset" -- "$filtered" harmless "$filtered" sockets
expect_status 0
expect_line 'nodelay of a client: 0'
# But a container's, which nettunectl itself has, is tried: most allow the options of sockets.
under() {
  status=0
  "$filtered" "$@" >"$work/out" 2>"$work/err" || status=$?
  out=$(<"$work/out") err=$(<"$work/err") ran="filtered $*"
}
under harmless "$nettunectl" run --preset "$preset" -- "$filtered" sockets
expect_status 0
expect_line 'nodelay of a client: 1'
under harmless "$nettunectl" run --preset "$preset" -- "$filtered" prctl
expect_status 0
expect_line 'done'
under deny "$nettunectl" run --preset "$preset" -- "$filtered" none
expect_status 2
expect_silent_out
expect_err 'the seccomp filter of this process kills a program that sets socket options'

finish
