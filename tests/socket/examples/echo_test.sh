#!/bin/bash
# SPDX-License-Identifier: MIT
# echo_test.sh NETTUNECTL SOURCE_DIR PROGRAM: an example serves a real client, and both its listener
# and what it accepted have the preset, as "nettunectl sockets" sees them.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
program=${3:?usage: $0 NETTUNECTL SOURCE_DIR PROGRAM}
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../nettunectl/lib.sh"

if ! unshare -Urn true 2>/dev/null; then
  echo 'skipped: this machine makes no network namespaces for its users'
  exit 77
fi
preset=nodelay=1,notsent-lowat=16KiB,user-timeout=30s,keepalive-idle=60s,keepalive=1,quickack=every-read
cat >"$work/client.py" <<'PY'
import socket, subprocess, sys, time
nettunectl, pid, preset = sys.argv[1:]
end = time.monotonic() + 20
while True:
    try:
        client = socket.create_connection(("::1", 7777))
        break
    except ConnectionRefusedError:
        assert time.monotonic() < end, "the server does not listen"
        time.sleep(0.02)
for text in (b"one", b"two", b"x" * 10000):
    client.sendall(text)
    answer = b""
    while len(answer) < len(text):
        answer += client.recv(65536)
    assert answer == text, answer
audit = subprocess.run([nettunectl, "sockets", "--pid", pid, "--preset", preset],
                       stdout=subprocess.PIPE, text=True)
print(audit.stdout)
assert audit.returncode == 0, audit.returncode
assert "2 TCP sockets of 1 process, 0 differ" in audit.stdout
PY
export -f fail
export nettunectl program preset work python
unshare -Urn bash -euo pipefail <<'SH'
ip link set lo up
"$program" 7777 "$preset" &
server=$!
status=0
"$python" "$work/client.py" "$nettunectl" "$server" "$preset" || status=$?
kill "$server"
wait "$server" || true
exit "$status"
SH
