# SPDX-License-Identifier: MIT
# What the items share. They run in a booted system, as root, and source this file.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the items use what is set here
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=$here/packages         # the built ones
previous=$here/previous         # the same, of an earlier version
memory=$here/memory             # what one item or boot leaves to the next
mkdir -p "$memory"
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NO_COLOR=1 SYSTEMD_PAGER=cat SYSTEMD_COLORS=0

# A container is emulated by nobody, but may not load modules or write the global keys.
in_container() { systemd-detect-virt --quiet --container; }

# The shipped profile that is kept in force, and one key of it with the value that it wants.
if in_container; then profile=system-test; else profile=latency; fi
key=net.ipv4.tcp_slow_start_after_idle
wanted=0
other=1

reboot_please=194  # the exit status that asks for a reboot; the item is run again after it
boot=${SYSTEM_TEST_BOOT:-1}

failures=0
# check "what" COMMAND...: a named check, which holds where COMMAND succeeds.
check() {
  local what=$1 out rc=0
  shift
  out=$("$@" 2>&1) || rc=$?
  if ((rc == 0)); then
    printf 'ok   %s: %s\n' "${0##*/}" "$what"
  else
    printf 'FAIL %s: %s (exit status %d)\n' "${0##*/}" "$what" "$rc"
    [[ -z $out ]] || printf '%s\n' "$out" | sed 's/^/     | /'
    failures=$((failures + 1))
  fi
}
tell() { printf '     %s: %s\n' "${0##*/}" "$*"; }
finish() { ((failures == 0)); }

not() { ! "$@"; }
# match REGEX COMMAND...: a line of its output matches, whatever its exit status.
match() {
  local regex=$1 out
  shift
  out=$("$@" 2>&1) || true
  grep -Eq -- "$regex" <<<"$out" || {
    printf 'no match for /%s/ in:\n%s\n' "$regex" "$out"
    return 1
  }
}
# exits STATUS COMMAND...
exits() {
  local wanted=$1 rc=0
  shift
  "$@" || rc=$?
  ((rc == wanted)) || {
    printf 'exit status %d, not %d\n' "$rc" "$wanted"
    return 1
  }
}
# wait_for SECONDS COMMAND...
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || {
      printf 'not in time; at last:\n'
      "$@"
      return
    }
    sleep 0.05
  done
}
value() { sysctl -n "$1" | tr '\t' ' '; }
holds() { [[ $(value "$1") == "$2" ]] || { printf '%s is %s, not %s\n' "$1" "$(value "$1")" "$2"; return 1; }; }
as_tester() { runuser -u tester -- "$@"; }
main_pid() { systemctl show -P MainPID nettuned.service; }
has_new_pid() { [[ $(main_pid) != 0 && $(main_pid) != "$1" ]] && systemctl is-active nettuned.service; }

# journal_has FIELD=VALUE...: an entry of this boot has them all.
journal_has() { [[ -n $(journalctl --sync; journalctl -b -q -o cat "$@") ]]; }

# Every value of the managed key is looked at about each millisecond, from start to stop.
sampler_pid=
start_sampler() {
  /usr/bin/python3 "$here/sampler.py" "$memory/samples" "$key" &
  sampler_pid=$!
  wait_for 20 test -s "$memory/samples"
}
stop_sampler() {
  kill -TERM "$sampler_pid"
  wait "$sampler_pid"
  tell "$(cat "$memory/samples")"
}
saw_only() { match "^$key: values $1, " cat "$memory/samples"; }

install_packages() { apt-get install -y -q --no-install-recommends "$@"; }

# The values that nobody but the kernel moves, for a comparison.
net_values() { sysctl -a 2>/dev/null | grep '^net\.' | grep -vE 'nf_conntrack_count|stable_secret|random_offset'; }
# What the machine has, but for what any use of it changes.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /root \
    -o -path /var/log -o -path /var/cache -o -path "$here" -o -path /var/lib/dpkg -o -path /var/lib/apt \
    -o -path /var/lib/systemd -o -path /var/lib/private -o -path /run \) -prune -o -print |
    grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$' | LC_ALL=C sort
}
