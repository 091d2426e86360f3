#!/bin/bash
# SPDX-License-Identifier: MIT
# packaging/abi-check sees what breaks programs, and nothing else: in a copy of what it looks at.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
source_dir=${2:?usage: $0 BUILD_DIR SOURCE_DIR}
command -v abidiff >/dev/null || {
  echo 'skipped: abidiff is not installed (apt-get install abigail-tools)'
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
mkdir "$work/lib"
cp -r "$source_dir/packaging" "$work/packaging"

# answers STATUS FILE SED-SCRIPT WHAT: how the check ends after that change alone.
answers() {
  local status=0
  rm -rf "$work/lib/socket"
  cp -r "$source_dir/lib/socket" "$work/lib/socket"
  sed -i "$3" "$work/lib/socket/$2"
  if [[ -n $3 ]] && cmp -s "$work/lib/socket/$2" "$source_dir/lib/socket/$2"; then
    echo "FAILED: $4 changes nothing"
    failures=1
  fi
  "$work/packaging/abi-check" >"$work/out" 2>&1 || status=1
  if ((status != $1)); then
    printf 'FAILED: %s ends with %d\n' "$4" "$status"
    cat "$work/out"
    failures=1
  fi
}
header=include/nettune/nettune.h
answers 0 $header '' 'the tree as it is'
answers 1 nettune.map '/nettune_undo;/d' 'a function that goes'
answers 1 $header 's/int64_t reserved\[4\];/int64_t reserved[5];/' 'a struct that grows'
answers 0 preset.hpp 's/bool rearms_quickack = false;/&\n  int more = 0;/' 'a member behind the handle'
exit "$failures"
