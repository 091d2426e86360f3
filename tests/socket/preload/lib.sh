# SPDX-License-Identifier: MIT
# What the scripts here share, beside what those of nettunectl do: a network namespace of their own.
# They are called with the path of nettunectl and that of the source tree.
# shellcheck shell=bash

# shellcheck source=tests/nettunectl/lib.sh
source "${2:?usage: $0 NETTUNECTL SOURCE_DIR}/tests/nettunectl/lib.sh"
# shellcheck disable=SC2034  # the scripts use it
here=$source_dir/tests/socket/preload
library=$(dirname "$nettunectl")/nettune/libnettune-preload.so

skip() {
  echo "skipped: $1"
  exit 77
}

if grep -q __asan_init "$library"; then
  skip 'a library with AddressSanitizer in it goes into no program without it'
fi

# in_own_network SCRIPT ARGUMENT...: goes on in a network namespace that has "lo" alone.
in_own_network() {
  [[ -z ${NETTUNE_TEST_IN_NETWORK-} ]] || return 0
  local how=(-n)
  if ((EUID != 0)); then how=(-rn); fi
  unshare "${how[@]}" true 2>/dev/null || skip 'this machine makes no network namespaces for its users'
  rm -rf "$work"
  NETTUNE_TEST_IN_NETWORK=1 exec unshare "${how[@]}" bash -c 'ip link set lo up && exec "$@"' bash "$@"
}

# started PID: it is ended with the script.
children=()
started() { children+=("$1"); }
end_children() {
  local pid
  for pid in "${children[@]}"; do
    kill "$pid" 2>/dev/null || continue
    wait "$pid" 2>/dev/null || true
  done
  children=()
}
trap 'end_children; rm -rf "$work"' EXIT

# wait_for COMMAND...: until it succeeds, 10 s at most.
wait_for() {
  local i
  for ((i = 0; i < 200; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  fail "it never succeeds: $*"
  return 1
}

expect_in_report() { grep -qE -- "$1" "$work/report" || fail "the report lacks: $1
$(head -n 40 "$work/report")"; }
