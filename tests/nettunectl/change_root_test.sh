#!/bin/bash
# SPDX-License-Identifier: MIT
# What changing keys needs root of the initial user namespace for: other network namespaces, an
# ordinary user with CAP_NET_ADMIN, the TCP metrics; and a terminal that is cut off.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
if [[ -z ${NETTUNE_INSIDE-} ]]; then
  ((EUID == 0)) || { echo "skipped: needs root"; exit 77; }
  unshare --net --mount true 2>/dev/null || { echo "skipped: no namespace may be made here"; exit 77; }
  export NETTUNE_INSIDE=1
  exec unshare --net --mount --propagation private "$BASH" "$0" "$@"
fi
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
chmod 755 "$work"

key() { sysctl -n "$1" | tr '\t' ' '; }
expect_key() { [[ $(key "$1") == "$2" ]] || fail "$1 is $(key "$1"), not $2"; }
there() { ip netns exec other sysctl -n "$1"; }

put p/a.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_keepalive_time: 300 s
  net.core.rmem_max: at least 64 MiB
  net.ipv4.tcp_mem: [4% ram, 6% ram, 9% ram]'
put p/metrics.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_no_metrics_save: true'
put p/forget.yaml 'nettune: 1
flush-metrics: true
sysctl:
  net.ipv4.tcp_no_metrics_save: true'
chmod -R go+rX "$work"
export NETTUNE_PROFILE_PATH=$work/p

# --- another network namespace: its keys, its baseline, and nothing of the host's
ip netns add other
run plan a --netns other
expect_status 1
expect_out '1 key would be written'
expect_out 'net.core.rmem_max is left alone (live: '
expect_out 'skipped: host-wide: read-only here'
expect_out 'skipped: host-wide: not in this namespace'
run apply a --netns other
expect_status 0
expect_key net.ipv4.tcp_keepalive_time 7200
[[ $(there net.ipv4.tcp_keepalive_time) == 300 ]] || fail "the other namespace was not changed"
run audit --netns other
expect_out 'a (the active profile)'
run revert
expect_line 'nothing to revert: nettune has changed no key since the boot'
run revert --netns other
expect_status 0
[[ $(there net.ipv4.tcp_keepalive_time) == 7200 ]] || fail "the other namespace was not reverted"
run apply a --netns other --quiet
ip netns del other
ip netns add other
run revert --netns other # whatever inode it has now, it is not the one that was changed
expect_line 'nothing to revert: nettune has changed no key since the boot'
rm -f /run/nettune/*.state

# --- the second time nothing is written below /proc/sys
# traced_apply: prints what `apply a` writes there.
traced_apply() {
  traced -f -y -e trace=openat,write,writev,pwrite64,pwritev,ftruncate -o "$work/trace" \
    "$nettunectl" apply a --quiet
  grep -E 'O_TRUNC|^[0-9]+ +[a-z0-9]*(write|truncate)[a-z0-9]*\([0-9]+<[^>]*/proc/sys/' \
    "$work/trace" || true
}
if command -v strace >/dev/null; then
  [[ -n $(traced_apply) ]] || fail "the trace shows no write"
  [[ -z $(traced_apply) ]] || fail "a key was written"
  grep -q 'tcp_keepalive_time' "$work/trace" || fail "the trace shows no key"
else
  run apply a --quiet
  expect_status 0
  echo "without strace the second apply is not traced"
fi
run revert --quiet
expect_status 0

# --- an ordinary user: with CAP_NET_ADMIN and a folder of his own, and without
ordinary=(setpriv --reuid 65534 --regid 65534 --clear-groups)
run_as() { # WORDS... -- ARGUMENT...
  local before=()
  while [[ $1 != -- ]]; do
    before+=("$1")
    shift
  done
  shift
  status=0
  "${before[@]}" "$nettunectl" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
  ran="${before[*]} nettunectl $*"
}
rm -rf /run/nettune
run_as "${ordinary[@]}" -- apply a
expect_status 2
expect_err 'make /run/nettune: Permission denied'
expect_err 'changing keys needs root, or CAP_NET_ADMIN and write access to /run/nettune'
expect_err '"nettunectl activate" asks the service'
install -d -o 65534 -m 755 /run/nettune
run_as "${ordinary[@]}" -- apply a
expect_status 2
expect_err 'net.ipv4.tcp_keepalive_time: asked 300, got 7200 (Permission denied)'
expect_err 'all was rolled back'
expect_err 'writing keys needs root or CAP_NET_ADMIN; "nettunectl activate" asks the service'
[[ $(ls /run/nettune) == lock ]] || fail "/run/nettune holds $(ls /run/nettune)"
with_right=("${ordinary[@]}" --inh-caps +net_admin --ambient-caps +net_admin)
run_as "${with_right[@]}" -- apply a
expect_status 0
expect_key net.ipv4.tcp_keepalive_time 300
[[ $(stat -c %u:%a /run/nettune/*.state) == 65534:644 ]] || fail "the state is not the user's"
run revert # to root his word is nothing
expect_status 2
expect_err '/run/nettune is not trusted: it belongs to user 65534'
expect_key net.ipv4.tcp_keepalive_time 300
sed '/^nettune:/d' /etc/passwd >"$work/passwd"
echo 'nettune:x:65534:65534::/:/usr/sbin/nologin' >>"$work/passwd"
mount --bind "$work/passwd" /etc/passwd
run revert # where the service was root goes on
expect_status 0
expect_key net.ipv4.tcp_keepalive_time 7200
umount /etc/passwd
rm -rf /run/nettune

# --- what the kernel remembers of TCP peers
remember() {
  "$python" - <<'P'
import socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b"x" * 100000)
left = 100000
while left:
    left -= len(server.recv(65536))
client.close()
server.close()
P
}
if ip tcp_metrics show >/dev/null 2>&1; then
  remember
  run apply metrics
  expect_status 0
  expect_err 'the kernel remembers 1 TCP peer, and goes on using what it knows of it; --flush-metrics makes it forget'
  [[ -n $(ip tcp_metrics show) ]] || fail "the metrics were flushed"
  run apply metrics --flush-metrics
  expect_status 0
  expect_err 'the kernel has forgotten what it remembered of 1 TCP peer'
  [[ -z $(ip tcp_metrics show) ]] || fail "the metrics were not flushed"
  run revert --quiet
  remember
  run apply forget
  expect_status 0
  expect_err 'the kernel has forgotten what it remembered of 1 TCP peer'
  [[ -z $(ip tcp_metrics show) ]] || fail "the metrics were not flushed"
  run apply forget
  expect_silent_err
  run revert --quiet
else
  echo "this kernel has no TCP metrics to flush"
fi

# --- on trial on a terminal: Enter keeps it, and a terminal that is cut off takes it back in time
on_terminal() { # ANSWER: "enter" or "cut"
  "$python" - "$nettunectl" "$1" <<'P'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "apply", "a", "--confirm", "2" if sys.argv[2] == "cut" else "60"])
seen = b""
while b"on trial" not in seen:
    seen += os.read(terminal, 4096)
if sys.argv[2] == "enter":
    os.write(terminal, b"\n")
else:
    os.close(terminal)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
P
}
[[ $(on_terminal enter) == 0 ]] || fail "Enter does not keep the change"
expect_key net.ipv4.tcp_keepalive_time 300
run revert --quiet
[[ $(on_terminal cut) == 2 ]] || fail "a change that nobody confirmed does not end with 2"
expect_key net.ipv4.tcp_keepalive_time 7200
[[ $(ls /run/nettune) == lock ]] || fail "/run/nettune holds $(ls /run/nettune)"
finish
