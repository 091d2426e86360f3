#!/bin/bash
# SPDX-License-Identifier: MIT
# threads_test.sh PROGRAM: runs threads.cpp, built with ThreadSanitizer. Its shadow memory wants the
# usual places of the address space, which some machines give to no program.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
program=${1:?usage: $0 PROGRAM}
as_usual=(setarch --addr-no-randomize)
"${as_usual[@]}" true 2>/dev/null || as_usual=()
status=0
out=$("${as_usual[@]}" "$program" 2>&1) || status=$?
if [[ $out == *'ThreadSanitizer: unexpected memory mapping'* ]]; then
  echo "skipped: ThreadSanitizer does not run here: ${out%%$'\n'*}"
  exit 77
fi
printf '%s\n' "$out"
exit "$status"
