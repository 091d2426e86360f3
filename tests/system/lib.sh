# SPDX-License-Identifier: MIT
# What the scripts here share on the host's side. Sourced by them.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts use what is set here
set -euo pipefail
system_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/dependencies
source "$system_dir/../../packaging/dependencies"

# What is slow to make and safe to keep: root file systems, kernels, disk images.
cache=${NETTUNE_SYSTEM_CACHE:-/var/cache/nettune-system}
# What belongs to one run. Not on overlayfs: containers put their upper layer here.
state=${NETTUNE_SYSTEM_STATE:-/var/tmp/nettune-system}
# The Debian release of the systems that are booted.
suite=${NETTUNE_SYSTEM_SUITE:-bookworm}
mkdir -p "$cache"

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
