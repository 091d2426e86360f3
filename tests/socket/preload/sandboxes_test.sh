#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl run, with servers that shut themselves in by a seccomp filter before a user is known: one
# logs in to OpenSSH's sshd, which prctl(2) does that for, under each preset that ships, and asks tor,
# which has libseccomp, for its version.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# tests/run unpacks both beside the build: installed, they would be services of this machine.
strangers=$(dirname "$nettunectl")/strangers
sshd=$strangers/usr/sbin/sshd
for program in ssh ssh-keygen ss "$sshd" "$strangers/usr/bin/tor"; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
((EUID == 0)) || skip 'a server that changes its user has to be started as root'
in_own_network "$0" "$@"
# Files of this machine that the two want otherwise: an account, a folder below /run.
if [[ -z ${NETTUNE_TEST_IN_MOUNTS-} ]]; then
  rm -rf "$work"
  NETTUNE_TEST_IN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
mount -t tmpfs tmpfs /run
mkdir /run/sshd
cp /etc/passwd "$work/passwd"
echo 'sshd:x:65001:65534::/run/sshd:/usr/sbin/nologin' >>"$work/passwd"
mount --bind "$work/passwd" /etc/passwd

libraries=$(echo "$strangers"/usr/lib/*-linux-gnu)
listens() { [[ -n $(ss -Htln "sport = :$1") ]]; }

# --- sshd ---

ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
cat >"$work/sshd.conf" <<CONF
Port 7022
ListenAddress 127.0.0.1
HostKey $work/host
AuthorizedKeysFile $work/user.pub
StrictModes no
PidFile none
UsePAM no
PermitRootLogin yes
CONF
# Later releases have a login in programs of their own.
for part in Session Auth; do
  program=${sshd%/sbin/sshd}/lib/openssh/sshd-${part,}
  [[ ! -x $program ]] || echo "Sshd${part}Path $program" >>"$work/sshd.conf"
done
log_in() {
  timeout 20 "$@" ssh -F none -p 7022 -i "$work/user" -o BatchMode=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1 'echo logged in; head -c 300000 /dev/zero' \
    >"$work/session" 2>"$work/err" || return 1
  [[ $(head -n 1 "$work/session") == 'logged in' && $(wc -c <"$work/session") == 300010 ]]
}
# The presets of each profile that ships, as "PROFILE PRESET".
"$python" - "$source_dir/profiles" >"$work/presets" <<'PY'
import pathlib, sys, yaml
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    for name in yaml.safe_load(path.read_text()).get("sockets", {}):
        print(path.stem, name)
PY
(($(wc -l <"$work/presets") >= 5)) || fail "few presets ship: $(<"$work/presets")"
while read -r profile preset; do
  LD_LIBRARY_PATH=$libraries "$nettunectl" run --profile "$profile" --preset "$preset" \
    --report "$work/report" -- "$sshd" -D -e -f "$work/sshd.conf" 2>"$work/log" </dev/null &
  server=$!
  started "$server"
  wait_for listens 7022 || fail "$profile, $preset: sshd does not listen: $(<"$work/log")"
  for client in '' "$nettunectl run --profile $profile --preset $preset --"; do
    # shellcheck disable=SC2086  # words, or none
    log_in $client </dev/null || fail "$profile, $preset: no login ${client:+with the client under it, too}: $(<"$work/err")
$(<"$work/log")"
  done
  kill "$server"
  wait "$server" || true
  expect_in_report '^pid [0-9]+, sshd, listener, '
  expect_in_report '^pid [0-9]+, sshd, accepted, '
  rm "$work/report"
  echo "$preset of $profile: logged in"
done <"$work/presets"

# --- tor ---

cat >"$work/torrc" <<CONF
DataDirectory $work/tor
SocksPort 0
ControlPort 127.0.0.1:7051
CookieAuthentication 0
Sandbox 1
Log notice stderr
CONF
LD_LIBRARY_PATH=$libraries "$nettunectl" run --preset latency --profile server-base \
  --report "$work/report" -- "$strangers/usr/bin/tor" --defaults-torrc /dev/null -f "$work/torrc" >"$work/log" 2>&1 </dev/null &
server=$!
started "$server"
wait_for listens 7051 || fail "tor does not listen: $(<"$work/log")"
version=$(timeout 20 "$python" - <<'PY' || true
import socket
stream = socket.create_connection(("127.0.0.1", 7051)).makefile("rw", newline="")
for line in "AUTHENTICATE", "GETINFO version":
    stream.write(line + "\r\n")
    stream.flush()
    print(stream.readline().strip())
PY
)
[[ $version == '250 OK'*'250-version='* ]] || fail "tor does not answer: $version $(<"$work/log")"
expect_in_report '^pid [0-9]+, tor, listener, '
expect_in_report '^pid [0-9]+, tor: sets a seccomp filter: from here on its sockets are left alone$'

kill -KILL "$server" # it blocks SIGTERM at times: its mask is what it found in memory
end_children
finish
