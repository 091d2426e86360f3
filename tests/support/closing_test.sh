#!/bin/bash
# SPDX-License-Identifier: MIT
# What tests/run prints behind the tests: the ten slowest, the skipped ones with their reasons, and
# ctest's own closing line, of real runs of ctest.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
closing=$(dirname "$(realpath "$0")")/closing.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
fail() {
  printf 'FAILED: %s\n' "$@"
  failed=1
}
# close LINE...: ctest with these lines of a CTestTestfile.cmake, as tests/run starts it; in $work/out.
close() {
  printf '%s\n' "$@" >CTestTestfile.cmake
  ctest --output-junit results.xml --test-output-size-passed 10000 | /usr/bin/python3 "$closing" results.xml >out
}

# Long enough that nothing else comes between, however busy this machine is.
tests=('add_test(slow sleep 1.5)' 'add_test(slower sleep 3)' 'add_test(absent sh -c "echo skipped: no moon; exit 77")'
  'set_tests_properties(absent PROPERTIES SKIP_RETURN_CODE 77)')
for i in {1..9}; do tests+=("add_test(quick$i true)"); done
close "${tests[@]}"
sed -n '/^slowest:$/,/^$/p' out >slowest
(($(grep -c ' s  ' slowest) == 10)) || fail "not ten" "$(<slowest)"
[[ $(sed -n 2p slowest) =~ ^\ +[0-9]+\.[0-9]\ s\ \ slower$ ]] || fail "the slowest is not first" "$(<slowest)"
[[ $(sed -n 3p slowest) =~ ^\ +[0-9]+\.[0-9]\ s\ \ slow$ ]] || fail "the second is not second" "$(<slowest)"
grep -qx '  absent: no moon' out || fail "no reason" "$(<out)"
[[ $(tail -n 1 out) == '100% tests passed, 0 tests failed out of 12' ]] || fail "ends with" "$(tail -n 1 out)"

status=0
close 'add_test(wrong false)' 2>/dev/null || status=$?
((status == 8)) || fail "ctest's exit status becomes $status"
grep -qE '^ +[0-9]+\.[0-9] s  wrong$' out || fail "a test that failed has no time" "$(<out)"
[[ $(tail -n 1 out) == '0% tests passed, 1 tests failed out of 1' ]] || fail "ends with" "$(tail -n 1 out)"
exit "$failed"
