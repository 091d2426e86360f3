#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl audit --live: what "sysctl -a" printed on another machine, in all the states in which
# such a file arrives.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

put p/plain.yaml 'nettune: 1
sysctl:
  net.core.rmem_max: at least 16 MiB
  net.core.somaxconn: at least 4096'
put p/share.yaml 'nettune: 1
sysctl: {net.ipv4.tcp_mem: [keep, keep, at least 5% ram]}'
put p/modern.yaml 'nettune: 1
requires: {kernel: ">= 6.5"}
sysctl: {net.core.somaxconn: at least 4096}'
export NETTUNE_PROFILE_PATH=$work/p

cat >"$work/good.txt" <<'TXT'
kernel.hostname = db1
kernel.osrelease = 5.10.0-28-amd64
net.core.rmem_max = 33554432
net.core.somaxconn = 128
net.ipv4.tcp_mem = 94386	125849	188772
vm.swappiness = 60
TXT

run audit plain --live "$work/good.txt"
expect_status 1
expect_silent_err
expect_out "plain, on saved values of $work/good.txt: Linux 5.10.0-28-amd64"
expect_out 'net.core.somaxconn'
expect_line '1 of 2 keys differs'

# A key that the text lacks may well be on that machine: sysctl -a leaves out what a user may not read.
put p/lacking.yaml 'nettune: 1
sysctl:
  net.core.wmem_max: at least 16 MiB
  net.core.rmem_maxx: 1
  net.core.busy_read: {value: 0, optional: true}'
run audit lacking --live "$work/good.txt" --all
expect_status 1
expect_out 'it is not in the saved values'
expect_out 'it is not in the saved values; was net.core.rmem_max meant?'
expect_out 'optional, and it is not in the saved values'
expect_no_out 'this kernel has no such key'

# The machine's kernel is in the text, its memory is not.
run audit modern --live "$work/good.txt"
expect_status 2
expect_err '6.5'
run audit share --live "$work/good.txt"
expect_status 2
expect_silent_out
expect_err 'memory'
put p/shares.yaml 'nettune: 1
sysctl:
  net.ipv4.udp_mem: [4% ram, 5% ram, 6% ram]
  net.core.rmem_max: at least 1% ram
  net.ipv4.tcp_mem: [4% ram, 5% ram, 6% ram]'
run audit shares --live "$work/good.txt"
expect_status 2
expect_err 'shares.yaml:3:22: error: the memory size of that machine is not known'
expect_err 'the same in lines 4, 5'
[[ $(grep -c 'is not known' <<<"$err") == 1 ]] || fail 'one thing is said more than once'
run audit share --live "$work/good.txt" --memory '2 GiB'
expect_status 0
run audit share --live "$work/good.txt" --memory '64 GiB'
expect_status 1

# Standard input, and a pipe as a file.
run_with "$work/good.txt" audit plain --live -
expect_status 1
expect_out 'saved values of standard input'
cat "$work/good.txt" >"$work/copy" # a process substitution is a FIFO
run audit plain --live <(cat "$work/copy")
expect_status 1

# Windows line ends, a byte order mark.
{
  printf '\xEF\xBB\xBF'
  sed 's/$/\r/' "$work/good.txt"
} >"$work/crlf.txt"
run audit plain --live "$work/crlf.txt"
expect_status 1
expect_silent_err
expect_out '128'
expect_no_out '\x0d'

# sysctl's own refusals, as they end in the file with 2>&1.
{
  echo "sysctl: permission denied on key 'net.core.rmem_max'"
  grep -v rmem_max "$work/good.txt"
} >"$work/denied.txt"
run audit plain --live "$work/denied.txt"
expect_status 1
expect_out 'unreadable'
expect_out 'Permission denied'

# Cut in the middle of a value: that line says nothing.
head -c -30 "$work/good.txt" >"$work/part.txt"
printf 'net.core.somaxconn = 40' >>"$work/part.txt"
run audit plain --live "$work/part.txt"
expect_status 1
expect_err "part.txt:"
expect_err 'warning: '
expect_err 'cut'
expect_no_out ' 40 '

# Lines that are none: named by number, at most ten of them.
{
  cat "$work/good.txt"
  for _ in {1..30}; do echo 'what is this'; done
} >"$work/noise.txt"
run audit plain --live "$work/noise.txt"
expect_status 1
expect_err 'noise.txt:7: warning:'
expect_err 'warning: 20 more lines could not be read'

# Nothing that can be used.
echo 'vm.swappiness = 60' >"$work/other.txt"
: >"$work/empty.txt"
head -c 4096 /dev/urandom >"$work/noise.bin"
for file in other.txt empty.txt noise.bin; do
  run audit plain --live "$work/$file"
  expect_status 2
  expect_silent_out
  expect_err 'it has no net.* key; expected the output of "sysctl -a"'
done
run audit plain --live "$work"
expect_status 2
expect_err 'Is a directory'
run audit plain --live "$work/none"
expect_status 2
expect_err "open $work/none: No such file or directory"
run audit plain --live /dev/zero
expect_status 2
expect_err 'File too large'

# It is one machine, and one that only the caller knows the work of.
run audit --live "$work/good.txt"
expect_status 2
expect_err '--live needs the name of a profile'
run audit plain --live "$work/good.txt" --netns x
expect_status 2
expect_err '--live and --netns cannot be combined'

# JSON says that nobody looked for conflicts.
run audit plain --live "$work/good.txt" --format json
expect_out '"looked_for_conflicts": false'
expect_out '"memory_bytes": null'

finish
