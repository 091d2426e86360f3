#!/bin/bash
# SPDX-License-Identifier: MIT
# apply and revert, killed at each of their system calls, and refused the state's files: on real
# keys, in namespaces of their own. crash.py does it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_namespaces 'strace -o /dev/null true' "$@"
ip link add v0 type veth peer name v1

put p/a.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: 8192
  net.ipv4.ip_forward: true
  net.ipv4.ip_local_port_range: [40000, 60999]
  net.ipv4.ip_unprivileged_port_start: 35000
  net.ipv4.tcp_keepalive_time: 300 s
  net.ipv4.tcp_rmem: [8192, 262144, 8388608]'
put p/b.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: 16384
  net.ipv4.conf.v0.rp_filter: 2
  net.ipv4.tcp_keepalive_time: 120 s
  net.ipv4.tcp_wmem: [8192, 65536, 8388608]'
export NETTUNE_PROFILE_PATH=$work/p
# What a sanitizer looks for at the end of a process it cannot find while that is traced.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
"$python" "$source_dir/tests/nettunectl/crash.py" "$nettunectl" "$work"
