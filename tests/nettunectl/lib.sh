# SPDX-License-Identifier: MIT
# What the scripts here share: a temporary root, a way to run nettunectl, and expectations. A script
# is called with the path of nettunectl and that of the source tree, and sources this file.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts use what is set here

nettunectl=${1:?usage: $0 NETTUNECTL SOURCE_DIR}
source_dir=${2:?usage: $0 NETTUNECTL SOURCE_DIR}
python=/usr/bin/python3 # Debian's, which has Debian's modules

unset COLUMNS NO_COLOR
export LC_ALL=C.UTF-8 TERM=xterm
umask 022  # some systems give a user who is alone in a group 002
export NETTUNE_PROFILE_PATH=$source_dir/profiles

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# run ARG...: leaves $out, $err and $status.
run() {
  status=0
  "$nettunectl" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
  ran="nettunectl $*"
}

# run_with INPUT ARG...: the same with a file as standard input.
run_with() {
  local input=$1
  shift
  status=0
  "$nettunectl" "$@" >"$work/out" 2>"$work/err" <"$input" || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
  ran="nettunectl $* < $input"
}

# traced OPTION... COMMAND...: strace. A sanitizer that looks for leaks at the end cannot do so in a
# process that is traced, and says so with an exit status of its own.
traced() { ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace "$@"; }

fail() {
  printf 'FAILED %s:%s: %s\n' "${BASH_SOURCE[-1]##*/}" "${BASH_LINENO[1]-?}" "$1"
  printf '  ran: %s\n  status: %s\n' "${ran-}" "${status-}"
  awk 'NR <= 40 { print "  out: " $0 }' <<<"${out-}"
  awk 'NR <= 20 { print "  err: " $0 }' <<<"${err-}"
  failures=$((failures + 1))
}

expect_status() { [[ $status == "$1" ]] || fail "the exit status is not $1"; }
expect_out() { [[ $out == *"$1"* ]] || fail "standard output lacks: $1"; }
expect_err() { [[ $err == *"$1"* ]] || fail "standard error lacks: $1"; }
expect_no_out() { [[ $out != *"$1"* ]] || fail "standard output holds: $1"; }
expect_silent_out() { [[ -z $out ]] || fail "standard output is not empty"; }
expect_silent_err() { [[ -z $err ]] || fail "standard error is not empty"; }
expect_line() { grep -qxF -- "$1" <<<"$out" || fail "standard output has no line: $1"; }
# expect_seen: what was printed holds no character that a person does not see.
expect_seen() {
  local held
  held=$("$python" "$source_dir/tests/support/seen.py" "$work/out" "$work/err" 2>&1) || fail "$held"
}

# expect_completion SHELL FILE: completion.py, with a /run of its own where that can be had.
expect_completion() {
  local own_run=() said
  if unshare -rm mount -t tmpfs tmpfs /run 2>/dev/null; then
    # shellcheck disable=SC2016  # it is sh that expands it
    own_run=(unshare -rm sh -c 'mount -t tmpfs tmpfs /run && mkdir /run/netns && exec "$@"' sh)
  fi
  mkdir "$work/completion.$1"
  said=$("${own_run[@]}" "$python" "$source_dir/tests/nettunectl/completion.py" "$1" \
    "$nettunectl" "$2" "$work/completion.$1" 2>&1) || fail "$said"
}

# expect_schema NAME [FILE [whole]]: the answer is as the schema has it, see tests/support/schema.py.
expect_schema() {
  "$python" "$source_dir/tests/support/schema.py" \
    "$source_dir/packaging/schema/nettune-$1.schema.json" "${2-$work/out}" "${@:3}" ||
    fail "the JSON is not as the schema of $1 has it"
}

# put FILE TEXT: a file below $work, with the folders above it.
put() {
  mkdir -p "$(dirname "$work/$1")"
  printf '%s\n' "$2" >"$work/$1"
}

# set_key ROOT KEY VALUE
set_key() { put "$1/proc/sys/${2//./\/}" "$3"; }

# A machine with 8 GiB and Linux 6.1 below $work/$1.
make_root() {
  put "$1/proc/meminfo" 'MemTotal:        8388608 kB'
  put "$1/proc/sys/kernel/osrelease" '6.1.0-13-amd64'
  set_key "$1" net.core.rmem_max 4194304
  set_key "$1" net.core.wmem_max 16777216
  set_key "$1" net.core.somaxconn 4096
  set_key "$1" net.core.optmem_max 20480
  set_key "$1" net.ipv4.tcp_rmem $'4096\t131072\t33554432'
  set_key "$1" net.ipv4.tcp_mem $'94386\t125849\t188772'
  set_key "$1" net.ipv4.tcp_mtu_probing 1
}

# in_own_namespaces NEEDED ARGUMENT...: the script goes on, with these arguments, as root of a user
# namespace, where it has a /run and a network with "lo" alone; the command NEEDED has to work there.
in_own_namespaces() {
  local needed=$1
  shift
  if [[ -z ${NETTUNE_INSIDE-} ]]; then
    command -v "${needed%% *}" >/dev/null || { echo "skipped: needs ${needed%% *}"; exit 77; }
    # shellcheck disable=SC2086  # words
    unshare --user --map-root-user --net --mount $needed 2>/dev/null ||
      { echo "skipped: no namespace may be made here in which \"$needed\" works"; exit 77; }
    rm -rf "$work"
    NETTUNE_INSIDE=1 exec unshare --user --map-root-user --net --mount "$BASH" "$0" "$@"
  fi
  mount -t tmpfs -o mode=755 tmpfs /run
  ip link set lo up
}

finish() {
  if ((failures > 0)); then
    echo "$failures expectations failed"
    exit 1
  fi
}
