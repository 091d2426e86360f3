#!/bin/bash
# SPDX-License-Identifier: MIT
# streams_test.sh PROGRAM...: none of them holds a standard stream of the C++ library, for nothing in
# it would set one up (daemon/without_iostreams.cpp).
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail

for program; do
  symbols=$(nm "$program")
  # Else it is stripped, or not what it was built as, and this says nothing.
  grep -q ' T main$' <<<"$symbols" || { echo "$program: no symbols"; exit 1; }
  grep -q '__wrap__ZNSt8ios_base4InitC1Ev' <<<"$symbols" || { echo "$program: streams are set up"; exit 1; }
  if grep -E ' _ZSt(3cin|4cout|4cerr|4clog|4wcin|5wcout|5wcerr|5wclog)$' <<<"$symbols"; then
    echo "$program: uses a stream that nothing sets up"
    exit 1
  fi
done
