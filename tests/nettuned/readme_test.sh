#!/bin/bash
# SPDX-License-Identifier: MIT
# What the README shows of the service, on a host of its own.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettuned/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus
start_service
/usr/bin/python3 "$source_dir/tests/documents/documents_test.py" --service "$nettunectl" "$source_dir" ||
  fail 'the README shows what the service does not do'
stop_service
kill "$bus_pid"
finish
