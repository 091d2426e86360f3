#!/bin/bash
# SPDX-License-Identifier: MIT
# The man pages are free of warnings by mandoc's own measure, fit a terminal of 80 columns, so that
# what is copied from them is whole, and say whose they are.
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
  # plain: without what is struck over for bold and underlined text
  plain=$(mandoc -T ascii -O width=80 "$page" | sed 's/.\x08//g')
  if wide=$(grep -nE '^.{81}' <<<"$plain"); then
    printf '%s: wider than 80 columns:\n%s\n' "${page##*/}" "$wide"
    failed=1
  fi
  if command -v groff >/dev/null; then
    plain+=$'\n'$(groff -mandoc -Tascii -rLL=80n -P-cbou "$page")
  fi
  if foreign=$(grep -w 'BSD' <<<"$plain"); then
    printf '%s: head or foot of another system:\n%s\n' "${page##*/}" "$foreign"
    failed=1
  fi
done
exit "$failed"
