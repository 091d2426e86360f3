#!/bin/bash
# SPDX-License-Identifier: MIT
# redis-server, nginx and iperf3 as Debian has them, under nettunectl run: they do their own work, and
# the kernel shows the options on their sockets.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# tests/run unpacks them beside the build: installed, they would be services of this machine.
strangers=$(dirname "$nettunectl")/strangers
PATH=$PATH:/usr/sbin:$strangers/usr/bin:$strangers/usr/sbin
for program in redis-server redis-cli nginx iperf3 ss; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
in_own_network "$0" "$@"

preset='nodelay=1,notsent-lowat=16KiB,quickack=every-read,keepalive-idle=61s,keepalive=1,user-timeout=31s,congestion-control=reno'
under=("$nettunectl" run --preset "$preset" --report "$work/report" --)

# is_shown PORT: "ss" shows what of the preset it knows on the listener at PORT and on the server's
# end of a connection: the algorithm, and the timer of keepalive, which counts down from 61 s.
is_shown() {
  local listening connected
  listening=$(ss -Htlino "sport = :$1")
  [[ $listening == *' reno '* ]] || fail "ss shows no reno on the listener: $listening"
  connected=$(ss -Htino "sport = :$1" | paste -sd ' ')
  [[ $connected == *' reno '* ]] || fail "ss shows no reno on the connection: $connected"
  [[ $connected =~ timer:\(keepalive,(1min(,[0-9.]+)?|1min[0-9.]*sec|5[0-9](\.[0-9]+)?sec) ]] ||
    fail "ss shows no timer of keepalive: $connected"
}

# hold PORT: opens a connection to PORT that stays, as descriptor $held.
hold() { exec {held}<>"/dev/tcp/127.0.0.1/$1"; }
let_go() { exec {held}>&-; }

# redis-server: it sets keepalive itself on what it accepts (tcp-keepalive), unless it is told not to.
"${under[@]}" redis-server --port 6390 --bind 127.0.0.1 --save '' --dir "$work" --tcp-keepalive 0 \
  >"$work/redis.log" 2>&1 &
started $!
wait_for redis-cli -p 6390 ping
hold 6390
printf 'SET key value\r\n' >&"$held"
read -r -t 5 answer <&"$held"
[[ $answer == $'+OK\r' ]] || fail "redis answers: $answer"
is_shown 6390
let_go
[[ $(redis-cli -p 6390 get key) == value ]] || fail 'redis has not the value'
out=$(redis-benchmark -p 6390 -n 2000 -c 20 -t set,get --csv 2>&1) || fail 'redis-benchmark fails'
expect_out '"GET"'
expect_in_report '^pid [0-9]+, redis-server, listener, '

# nginx, with a worker: it calls listen() twice on a socket.
mkdir "$work/www"
head -c 1000000 /dev/urandom >"$work/www/file"
cat >"$work/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 2;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:8090; root $work/www; }
  server { listen 127.0.0.1:8091; location / { proxy_pass http://127.0.0.1:8090; } }
}
CONF
chmod 755 "$work"
"${under[@]}" nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
started $!
fetch() { "$python" -c 'import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10).read())' "http://127.0.0.1:$1/file"; }
wait_for fetch 8090
for port in 8090 8091; do
  fetch "$port" | cmp - "$work/www/file" || fail "nginx serves another file at $port"
  hold "$port"
  is_shown "$port"
  let_go
done
expect_in_report '^pid [0-9]+, nginx, listener, '
expect_in_report '^pid [0-9]+, nginx, client, '
(($(grep -c ', nginx, listener, ' "$work/report") == 2)) || fail 'not one block for each of the two listeners of nginx'

# iperf3, both ends.
"${under[@]}" iperf3 -s -p 5290 -1 >"$work/iperf3.log" 2>&1 &
server=$!
started "$server"
listens() { [[ -n $(ss -Htln "sport = :$1") ]]; }
wait_for listens 5290
"${under[@]}" iperf3 -c 127.0.0.1 -p 5290 -t 2 -J >"$work/iperf3.json" &
client=$!
started "$client"
sleep 1
[[ $(ss -Htlino 'sport = :5290') == *' reno '* ]] || fail 'ss shows no reno on the listener of iperf3'
streams=$(ss -Htino '( sport = :5290 or dport = :5290 )' | paste -sd ' ')
(($(grep -o ' reno ' <<<"$streams" | wc -l) == 4)) || fail "not two connections with reno at both ends: $streams"
wait "$client" || fail 'the client of iperf3 fails'
wait "$server" || fail 'the server of iperf3 fails'
"$python" -c 'import json, sys
result = json.load(open(sys.argv[1]))
sys.exit("error" in result or result["end"]["sum_received"]["bytes"] < 1000000)' "$work/iperf3.json" ||
  fail 'iperf3 has moved no data'
expect_in_report '^pid [0-9]+, iperf3, listener, '
expect_in_report '^pid [0-9]+, iperf3, client, '
expect_in_report '^  congestion-control: asked for reno, is reno: applied$'

end_children
finish
