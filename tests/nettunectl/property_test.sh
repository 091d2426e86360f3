#!/bin/bash
# SPDX-License-Identifier: MIT
# For random profiles, and random writes of others in between: apply and revert lead back to the
# start. On real keys, in namespaces of their own; property.py does it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_namespaces true "$@"
ip link add v0 type veth peer name v1
"$python" "$source_dir/tests/nettunectl/property.py" "$nettunectl" "$work"
