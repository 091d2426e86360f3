#!/bin/bash
# SPDX-License-Identifier: MIT
# For random profiles, and random writes of others in between: apply and revert lead back to the
# start. On real keys, in namespaces of their own; property.py does it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
if [[ -z ${NETTUNE_INSIDE-} ]]; then
  unshare --user --map-root-user --net --mount true 2>/dev/null ||
    { echo "skipped: no network namespace may be made here"; exit 77; }
  export NETTUNE_INSIDE=1
  exec unshare --user --map-root-user --net --mount "$BASH" "$0" "$@"
fi
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
ip link add v0 type veth peer name v1
"$python" "$source_dir/tests/nettunectl/property.py" "$nettunectl" "$work"
