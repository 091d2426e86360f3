#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl run: what it starts and what it refuses to start, the exit statuses, the environment.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The program's own status, arguments, streams.
# shellcheck disable=SC2016  # the program expands it
run run --preset nodelay=1 -- sh -c 'echo "$1"; echo err >&2; exit 7' sh 'a  b'
expect_status 7
expect_line 'a  b'
expect_err err
run_with "$source_dir/LICENSE" run --preset nodelay=1 -- head -n 1
expect_status 0
expect_line "$(head -n 1 "$source_dir/LICENSE")"
run run --preset nodelay=1 -- sh -c 'kill -TERM $$'
expect_status 143

# The environment: a preset by name, one of another profile, a line; what was there before stays.
# shellcheck disable=SC2016  # the program expands it
show='echo "$NETTUNE_PRESET_LINE|$LD_PRELOAD|${NETTUNE_REPORT-none}"'
run run --preset latency --profile server-base -- sh -c "$show"
expect_out 'nodelay=1'
expect_out 'quickack=every-read'
expect_out "|$library|none"
run run -p nodelay=0 -- sh -c "$show"
expect_line "nodelay=0|$library|none"
cd "$work"
LD_PRELOAD=libm.so.6 run run -p nodelay=1 --report sockets.txt -- sh -c "$show"
expect_line "nodelay=1|$library:libm.so.6|$work/sockets.txt"
NETTUNE_REPORT=elsewhere run run -p nodelay=1 -- sh -c "$show"
expect_line "nodelay=1|$library|none"

# Bad arguments.
run run
expect_status 2
expect_err 'a program is missing'
run run --preset nodelay=1 true
expect_status 2
run run --preset nodelay=1 --
expect_status 2
expect_err 'a program is missing'
run run --preset nonsense --profile server-base -- true
expect_status 2
expect_err 'has no preset "nonsense"; it has default, latency'
run run --preset nodelay=7 -- true
expect_status 2
run run --preset latency --profile "$work/none.yaml" -- true
expect_status 2
run run --preset nodelay=1 --report "$work/none/report" -- true
expect_status 2
expect_err 'No such file or directory'

# As env(1) has them.
PATH=/usr/bin:/bin run run -p nodelay=1 -- nettune-no-such-program
expect_status 127
expect_err 'nettune-no-such-program: No such file or directory'
run run -p nodelay=1 -- "$work/none"
expect_status 127
put plain 'echo never'
run run -p nodelay=1 -- "$work/plain"
expect_status 126
expect_err 'Permission denied'
run run -p nodelay=1 -- "$work"
expect_status 126
PATH=$work:$PATH run run -p nodelay=1 -- plain
expect_status 126
PATH=$work/none::/usr/bin run run -p nodelay=1 -- true
expect_status 0
chmod +x "$work/plain"
run run -p nodelay=1 -- "$work/plain"
expect_status 0
expect_line never

# refused FILE WHY: it is not started, and it is said why.
refused() {
  run run -p nodelay=1 -- "$1"
  expect_status 2
  expect_silent_out
  expect_err "$2"
  expect_err 'static, setuid and Go programs are not covered'
}
cp /bin/echo "$work/setuid"
chmod u+s "$work/setuid"
refused "$work/setuid" "$work/setuid is setuid"
cp /bin/echo "$work/setgid"
chmod g+s "$work/setgid"
refused "$work/setgid" "$work/setgid is setgid"
cp /bin/echo "$work/capable"
if setcap cap_net_raw+ep "$work/capable" 2>/dev/null; then
  refused "$work/capable" "$work/capable has file capabilities"
fi
if command -v cc >/dev/null && printf '#include <stdio.h>\nint main(void) { puts("never"); }\n' >"$work/static.c" &&
  cc -static -o "$work/static" "$work/static.c" 2>/dev/null; then
  refused "$work/static" "$work/static is linked statically"
  # Only its interpreter is what a script runs in.
  printf '#! %s/static\n' "$work" >"$work/script"
  chmod +x "$work/script"
  refused "$work/script" "$work/static is linked statically"
  printf '#!%s/script -x\n' "$work" >"$work/script2"
  chmod +x "$work/script2"
  refused "$work/script2" "$work/static is linked statically"
else
  echo 'there is no compiler: a static program was not tried'
fi
refused "$(readlink -f /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 | head -n 1)" 'is linked statically'
printf '#!/bin/sh\necho ran\n' >"$work/script3"
chmod u+sx "$work/script3"
run run -p nodelay=1 -- "$work/script3" # Linux has no setuid scripts
expect_status 0
expect_line ran
# A script that names itself is the kernel's to refuse.
printf '#!%s/loop\n' "$work" >"$work/loop"
chmod +x "$work/loop"
run run -p nodelay=1 -- "$work/loop"
expect_status 126
# One that is run by a FIFO with no writer, too: looking into it waits for nobody.
mkfifo "$work/pipe"
chmod +x "$work/pipe"
printf '#!%s/pipe\n' "$work" >"$work/piped"
chmod +x "$work/piped"
run run -p nodelay=1 -- "$work/piped"
expect_status 126

finish
