#!/bin/bash
# SPDX-License-Identifier: MIT
# apply, switch, revert, confirm and the recovery of a change that was cut short, with each system
# call of theirs failing: on real keys, in namespaces of their own. faults.py does it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
library=${3:?usage: $0 NETTUNECTL SOURCE_DIR FAULTS_LIBRARY}
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_namespaces 'strace -o /dev/null true' "$@"
ip link add v0 type veth peer name v1

put p/a.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: 8192
  net.ipv4.conf.*.arp_announce: 2
  net.ipv4.ip_forward: true
  net.ipv4.tcp_keepalive_time: 300 s
  net.ipv4.tcp_rmem: [8192, 262144, 8388608]'
put p/b.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: 16384
  net.ipv4.conf.v0.rp_filter: 2
  net.ipv4.conf.*.arp_ignore: 1
  net.ipv4.tcp_keepalive_time: 120 s'
export NETTUNE_PROFILE_PATH=$work/p
"$python" "$source_dir/tests/nettunectl/faults.py" "$nettunectl" "$library" "$work"
