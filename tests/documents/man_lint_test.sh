#!/bin/bash
# SPDX-License-Identifier: MIT
# The man pages are free of warnings by mandoc's own measure.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v mandoc >/dev/null; then
  echo "skipped: mandoc is not installed (apt-get install mandoc)"
  exit 77
fi

failed=0
for page in "$source_dir"/man/*.[1-8]; do
  # mandoc's database of other pages has no say in this one: drop what it says of references.
  if ! findings=$(mandoc -T lint -W warning "$page" 2>&1); then
    findings=$(grep -v 'outdated mandoc.db' <<<"$findings" || true)
    if [[ -n $findings ]]; then
      printf '%s\n' "$findings"
      failed=1
    fi
  fi
done
exit "$failed"
