#!/bin/bash
# SPDX-License-Identifier: MIT
# A message in two writes waits for the delayed acknowledgement of the first, but not where the
# reader's preset has quickack=every-read.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
in_own_network "$0" "$@"

cat >"$work/server.py" <<'PY'
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
while True:
    size = 0
    while size < 8:
        part = connection.recv(64)
        if not part:
            sys.exit(0)
        size += len(part)
    connection.sendall(b"done")
PY
cat >"$work/client.py" <<'PY'
import socket, statistics, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
rounds = []
for _ in range(30):
    start = time.perf_counter()
    connection.sendall(b"head")
    connection.sendall(b"body")
    connection.recv(4)
    rounds.append((time.perf_counter() - start) * 1000)
print(round(statistics.median(rounds)))
PY

# median SERVER-COMMAND...: milliseconds a message, the client being a stranger.
median() {
  local server port
  coproc SERVER { exec "$@"; }
  # shellcheck disable=SC2153  # coproc sets it
  server=$SERVER_PID
  started "$server"
  read -r -t 10 port <&"${SERVER[0]}"
  milliseconds=$(timeout 30 "$python" "$work/client.py" "$port")
  wait "$server" || fail 'the server failed'
}

median "$python" "$work/server.py"
((milliseconds >= 20)) || fail "without the preset a message takes $milliseconds ms: this shows nothing"
printf 'without: %s ms\n' "$milliseconds"
median "$nettunectl" run --preset nodelay=1 -- "$python" "$work/server.py"
((milliseconds >= 20)) || fail "without quickack a message takes $milliseconds ms: this shows nothing"
median "$nettunectl" run --preset quickack=every-read -- "$python" "$work/server.py"
((milliseconds < 10)) || fail "with quickack a message takes $milliseconds ms"
printf 'with quickack=every-read: %s ms\n' "$milliseconds"

finish
