#!/bin/bash
# SPDX-License-Identifier: MIT
# Each script that can be started says with --help what it is, and does nothing else: it finds only the
# commands that saying it takes.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
source_dir=${2:?usage: $0 BUILD_DIR SOURCE_DIR}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/empty"
for program in bash sh env sed dirname; do ln -s "$(command -v "$program")" "$work/bin/"; done
failures=0
count=0
while IFS= read -r -d '' script; do
  count=$((count + 1))
  status=0
  (cd "$work/empty" && timeout 20 env -i PATH="$work/bin" PYTHONDONTWRITEBYTECODE=1 "$script" --help) \
    >"$work/out" 2>"$work/err" </dev/null || status=$?
  if ((status != 0)) || [[ ! -s $work/out || -s $work/err ]]; then
    printf 'FAILED: %s --help ends with %d\n' "${script#"$source_dir"/}" "$status"
    head -n 3 "$work/out" "$work/err"
    failures=$((failures + 1))
  fi
done < <(find "$source_dir"/{.ci,packaging,tests} -type f -perm -u+x -print0)
((count > 60)) || failures=1
left=$(find "$work/empty" -mindepth 1)
[[ -z $left ]] || { printf 'FAILED: %s was made\n' "$left"; failures=1; }
printf '%d scripts\n' "$count"
((failures == 0))
