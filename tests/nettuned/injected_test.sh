#!/bin/bash
# SPDX-License-Identifier: MIT
# The service with each of its system calls failing while it changes keys; and commands and the
# service at once, for 10 seconds or as many as NETTUNE_STRESS_SECONDS says, with random faults:
# afterwards a revert leads back to the start. injected.py does it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
library=${3:?usage: $0 BUILD_DIR SOURCE_DIR FAULTS_LIBRARY}

start_bus
ip link add v0 type veth peer name v1
cat >/etc/nettune/profiles/a.yaml <<'YAML'
nettune: 1
sysctl:
  net.core.somaxconn: 8192
  net.ipv4.conf.*.arp_announce: 2
  net.ipv4.ip_forward: true
  net.ipv4.tcp_keepalive_time: 300 s
  net.ipv4.tcp_rmem: [8192, 262144, 8388608]
YAML
cat >/etc/nettune/profiles/b.yaml <<'YAML'
nettune: 1
sysctl:
  net.core.somaxconn: 16384
  net.ipv4.conf.v0.rp_filter: 2
  net.ipv4.conf.*.arp_ignore: 1
  net.ipv4.tcp_keepalive_time: 120 s
YAML
printf 'contest: {restores: 1000, within: 1 s}\n' >/etc/nettune/nettuned.yaml
/usr/bin/python3 "$source_dir/tests/nettuned/injected.py" "$build/nettuned" "$nettunectl" \
  "$library" "$work" "${NETTUNE_STRESS_SECONDS:-10}" || fail 'a fault has cost a baseline'
finish
