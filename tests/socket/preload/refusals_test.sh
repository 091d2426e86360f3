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
run run ls
expect_status 2
expect_err 'put "--" before the program: nettunectl run -- ls'
run run -p latency --report out ls -l ls
expect_status 2
expect_err 'put "--" before the program: nettunectl run -p latency --report out -- ls -l ls'
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
# What may keep a program waiting is no report: a FIFO without a reader and with one, a terminal.
mkfifo "$work/fifo"
for file in "$work/fifo" /dev/full /dev/tty; do
  run run --preset nodelay=1 --report "$file" -- true
  expect_status 2
  expect_err "--report $file: "
done
exec {reader}<>"$work/fifo"
run run --preset nodelay=1 --report "$work/fifo" -- true
expect_status 2
expect_err 'it is not a regular file'
exec {reader}>&-

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
  expect_err 'static, setuid, Go and musl programs are not covered'
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
# Another C library's program, one of Go's that is linked dynamically, one for another processor.
if command -v musl-gcc >/dev/null; then
  printf '#include <stdio.h>\nint main(void) { puts("ran"); }\n' >"$work/musl.c"
  musl-gcc -o "$work/musl" "$work/musl.c"
  refused "$work/musl" "$work/musl is built for another C library than glibc: its loader is /lib/ld-musl-"
  # As a child it works, without the preset.
  run run -p nodelay=1,quickack=every-read -- sh -c "'$work/musl'; '$work/musl'"
  expect_status 0
  expect_line ran
  expect_silent_err
else
  echo 'musl-gcc is not installed: a program of musl was not tried'
fi
caddy=$(dirname "$nettunectl")/strangers/usr/bin/caddy
if [[ -x $caddy ]]; then
  refused "$caddy" "$caddy is written in Go: it makes its system calls without libc"
  if command -v strip >/dev/null; then
    strip -o "$work/caddy" "$caddy"
    refused "$work/caddy" 'is written in Go'
    rm "$work/caddy"
  fi
else
  echo 'caddy is not unpacked: a dynamically linked program of Go was not tried'
fi
cp /bin/echo "$work/foreign"
printf '\x03' | dd of="$work/foreign" bs=1 seek=18 conv=notrunc status=none # e_machine: EM_386
refused "$work/foreign" 'is built for another kind of processor'
cp /bin/echo "$work/foreign"
printf '\x02' | dd of="$work/foreign" bs=1 seek=5 conv=notrunc status=none # EI_DATA: the other byte order
refused "$work/foreign" 'is built for another kind of processor'
# A file that claims to hold more than it does is the kernel's to judge.
head -c 100 /bin/echo >"$work/short"
chmod +x "$work/short"
run run -p nodelay=1 -- "$work/short"
[[ $status != 0 ]] || fail 'a short file runs'

# A program with AddressSanitizer wants its own library first, and works all the same, with the preset.
if cc -fsanitize=address -o "$work/sanitized" "$here/filtered.c" 2>/dev/null && "$work/sanitized" trial >/dev/null 2>&1; then
  for command in "$work/sanitized sockets" "sh -c '$work/sanitized sockets; true'"; do
    eval "run run -p nodelay=1 -- $command"
    expect_status 0
    expect_silent_err
    expect_line 'nodelay of a client: 1'
  done
else
  echo 'no program with AddressSanitizer can be built: none was tried'
fi

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
