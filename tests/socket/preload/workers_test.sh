#!/bin/bash
# SPDX-License-Identifier: MIT
# gunicorn and uvicorn with their worker processes, by the lines of the documents: they answer, and
# the kernel has the preset's options on the listener and on the connection.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$python" -c 'import gunicorn, uvicorn' 2>/dev/null || skip 'gunicorn or python3-uvicorn is not installed'
in_own_network "$0" "$@"

documents=("$source_dir"/{README.md,man/nettunectl.1,lib/socket/python/nettune/aio.py}
  "$source_dir/daemon/nettunectl/command/run.cpp")
# shellcheck disable=SC2016  # a backquote ends a line of the README
regex='nettunectl run [^`"]* -- [^`"]*(gunicorn|uvicorn) [^`"]*'
mapfile -t lines < <(grep -ohE "$regex" "${documents[@]}" | LC_ALL=C sort -u)
((${#lines[@]} == 2)) || fail "the documents have other lines: ${lines[*]}"
[[ $("$nettunectl" sockets preset latency) == nodelay=1,notsent-lowat=16KiB,user-timeout=30s,keepalive-idle=1min,keepalive-interval=10s,keepalive-probes=6,keepalive=1,* ]] ||
  fail 'app.py looks at other options than the preset has'
# Debian's python3, which has Debian's modules.
PATH=$(dirname "$nettunectl"):$(dirname "$python"):$PATH

fetch() {
  "$python" -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/", timeout=10).read().decode())' >"$work/answer"
}
for line in "${lines[@]}"; do
  interface=wsgi
  if [[ $line == *uvicorn* ]]; then interface=asgi; fi
  mkdir "$work/$interface"
  { cat "$here/app.py" && printf '\n\napp = %s\n' "$interface"; } >"$work/$interface/app.py"
  (cd "$work/$interface" && PYTHONDONTWRITEBYTECODE=1 exec bash -c "exec $line") >"$work/log" 2>&1 &
  server=$!
  started "$server"
  if ! wait_for fetch; then
    cat "$work/log"
    continue
  fi
  "$python" - "$work/answer" "$server" <<'PY' || fail "$line: $(<"$work/answer")"
import json, sys
answer = json.load(open(sys.argv[1]))
latency = [1, 16384, 30000, 1, 60, 10, 6]
assert answer["pid"] != int(sys.argv[2]), "no worker answers"
for kind in ("listener", "connection"):
    assert answer["sockets"][kind] == [latency], kind
PY
  run sockets --preset latency --pid "$(grep -oE '"pid": [0-9]+' "$work/answer" | grep -oE '[0-9]+')"
  expect_status 0
  end_children
done
finish
