#!/bin/bash
# SPDX-License-Identifier: MIT
# packaging/quickstart, tests/run and packaging/deb of a user who may not install: they name the packages that are
# missing and the command, and leave all as it is.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
source_dir=$2
command -v dpkg-query >/dev/null || { echo "skipped: needs dpkg"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failures=$((failures + 1))
}

mkdir -p "$work/tree/packaging" "$work/tree/tests" "$work/dpkg/info" "$work/dpkg/updates"
cp "$source_dir/packaging/"{quickstart,dependencies,deb} "$work/tree/packaging/"
cp "$source_dir/tests/run" "$work/tree/tests/"
# This machine's packages, but for three.
awk 'BEGIN { RS = ""; ORS = "\n\n" } !/(^|\n)Package: (ninja-build|doctest-dev|pkg-config)\n/' \
  /var/lib/dpkg/status >"$work/dpkg/status"
chmod -R a+rX "$work"
as_user=()
((EUID != 0)) || as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# tell COMMAND MISSING [ARGUMENT]: it ends with 2, and names what is missing.
tell() {
  local status=0
  "${as_user[@]}" env DPKG_ADMINDIR="$work/dpkg" "$work/tree/$1" ${3+"$3"} >"$work/out" 2>"$work/err" </dev/null || status=$?
  ((status == 2)) || fail "$1 ends with $status"
  grep -qF -- "${1##*/}: these packages are missing:" "$work/err" || fail "$1 does not say that packages are missing"
  local package
  for package in $2; do
    grep -qE "apt-get install .*\\b$package\\b" "$work/err" || fail "$1 has no command that installs $package"
  done
  [[ ! -s $work/out ]] || fail "$1 goes on: $(head -n 3 "$work/out")"
}
tell packaging/quickstart ninja-build
grep -q doctest-dev "$work/err" && fail 'quickstart asks for what the tests need'
tell tests/run 'ninja-build doctest-dev'
# More than one of its lists has that one.
tell packaging/deb pkg-config out
[[ $(grep -o 'these packages.*' "$work/err" | grep -ow pkg-config | wc -l) == 1 ]] || fail 'packaging/deb names a package twice'
[[ $(find "$work/tree" -type f | wc -l) == 4 ]] || fail 'something was made'
((failures == 0))
