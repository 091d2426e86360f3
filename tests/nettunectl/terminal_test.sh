#!/bin/bash
# SPDX-License-Identifier: MIT
# What a terminal, a pipe and a full disk do to the output.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root m
put p/two.yaml 'nettune: 1
sysctl:
  net.core.rmem_max: at least 16 MiB
  net.ipv4.tcp_rmem: [keep, 128 KiB, at least 64 MiB]
  net.ipv4.tcp_mtu_probing: 1'
export NETTUNE_PROFILE_PATH=$work/p

# on_terminal COLUMNS ARG...: runs nettunectl on a terminal of that width; $out, $status.
on_terminal() {
  status=0
  "$python" - "$@" >"$work/out" 2>"$work/err" <<'PY' || status=$?
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    # The width is set by the child itself, before anybody asks for it.
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
chunks = []
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    chunks.append(chunk)
sys.stdout.buffer.write(b"".join(chunks).replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
  out=$(<"$work/out")
  err=$(<"$work/err")
  ran="terminal of $*"
}

# The widest line of $out without escape sequences, in characters.
widest() {
  "$python" -c 'import re, sys
text = re.sub("\x1b\\[[0-9;]*m", "", sys.stdin.read())
print(max(len(line) for line in text.split("\n")))' <<<"$out"
}

audit_args=(audit two --root "$work/m" --all)

# --- every width is kept to, and no key, number or cause is lost
for width in 20 30 40 60 80 100 140 200; do
  on_terminal "$width" "$nettunectl" "${audit_args[@]}"
  expect_status 1
  [[ $(widest) -le $width ]] || fail "a line is wider than $width columns"
  flat=$("$python" -c 'import re, sys
text = re.sub("\x1b\\[[0-9;]*m", "", sys.stdin.read())
print(re.sub(r"\s+", "", text))' <<<"$out")
  for word in net.core.rmem_max net.ipv4.tcp_rmem net.ipv4.tcp_mtu_probing 16MiB 16777216 4194304 \
    two.yaml:3 two.yaml:4; do
    [[ $flat == *"$word"* ]] || fail "$word is lost at $width columns"
  done
done

# --- COLUMNS wins, also in a pipe; what is no number is passed over
COLUMNS=40 run "${audit_args[@]}"
[[ $(widest) -le 40 ]] || fail 'COLUMNS does not count'
COLUMNS=wide run "${audit_args[@]}"
expect_out 'at least 16 MiB (16777216)'

# --- every other command keeps to 20 and to 60 columns as well
for width in 20 60; do
  for command in 'list' 'recommend --verbose' 'explain rmem_max' '--help' 'audit --help' 'explain'; do
    # shellcheck disable=SC2086  # words
    NETTUNE_PROFILE_PATH=$source_dir/profiles on_terminal "$width" "$nettunectl" $command
    expect_status 0
    case $command in
      # A command line is not broken: it is there to be copied.
      *--help) ;;
      *) [[ $(widest) -le $width ]] || fail "a line is wider than $width columns" ;;
    esac
  done
done

# --- a table that does not fit becomes paragraphs, and each cell keeps the name of its column
put m/proc/sys/kernel/random/boot_id 00000000-0000-0000-0000-000000000001
COLUMNS=50 run plan two --root "$work/m"
expect_line '1 net.core.rmem_max'
expect_line '  live         4 MiB (4194304)'
expect_line '  new          16 MiB (16777216)'
expect_line '  declared at  two.yaml:4'
COLUMNS=20 run plan two --root "$work/m"
expect_line '  live 4 MiB'
expect_line '    (4194304)'

# --- colour: on a terminal, unless told otherwise
on_terminal 100 "$nettunectl" "${audit_args[@]}"
expect_out $'\033[31mdrift'
on_terminal 100 /usr/bin/env NO_COLOR=1 "$nettunectl" "${audit_args[@]}"
expect_no_out $'\033'
on_terminal 100 /usr/bin/env NO_COLOR= "$nettunectl" "${audit_args[@]}"
expect_out $'\033['
on_terminal 100 /usr/bin/env TERM=dumb "$nettunectl" "${audit_args[@]}"
expect_no_out $'\033'
run "${audit_args[@]}"
expect_no_out $'\033'

# --- signs: by the locale
LC_ALL=C.UTF-8 run "${audit_args[@]}"
expect_out '✗'
LC_ALL=C run "${audit_args[@]}"
LC_ALL=C grep -q '[^ -~]' "$work/out" && fail 'bytes beyond ASCII in the C locale'
expect_out 'net.core.rmem_max'

# --- a reader that has gone is no error, and does not change the answer
closed_pipe() {
  set +o pipefail
  { "$nettunectl" "$@" 2>"$work/err" && echo 0 >"$work/rc" || echo $? >"$work/rc"; } | true
  set -o pipefail
  status=$(<"$work/rc")
  err=$(<"$work/err")
  out=''
  ran="nettunectl $* | true"
}
closed_pipe "${audit_args[@]}"
expect_status 1
expect_silent_err
NETTUNE_PROFILE_PATH=$source_dir/profiles closed_pipe explain --format json
expect_status 0
expect_silent_err
closed_pipe --help
expect_status 0
expect_silent_err

# --- a full disk is one, and a closed output too
for command in 'list' 'show two' 'explain rmem_max' 'audit two --format json' 'check two' '--version'; do
  status=0
  # shellcheck disable=SC2086  # words
  "$nettunectl" $command >/dev/full 2>"$work/err" || status=$?
  err=$(<"$work/err") out='' ran="nettunectl $command > /dev/full"
  expect_status 2
  expect_err 'write standard output: No space left on device'
done
status=0
"$nettunectl" --version >&- 2>"$work/err" || status=$?
err=$(<"$work/err") out='' ran='nettunectl --version >&-'
expect_status 2
expect_err 'write standard output: Bad file descriptor'
status=0
"$nettunectl" audit two --root "$work/m" --quiet >&- 2>&- || status=$?
ran='nettunectl audit --quiet >&- 2>&-'
expect_status 1

# --- Ctrl-C leaves nothing behind
mkdir "$work/cwd" "$work/tmp"
mkfifo "$work/fifo"
(
  cd "$work/cwd"
  exec env TMPDIR="$work/tmp" "$python" - "$nettunectl" "$work/fifo" <<'PY'
import os, signal, subprocess, sys
process = subprocess.Popen([sys.argv[1], "audit", "two", "--live", sys.argv[2]])
writer = os.open(sys.argv[2], os.O_WRONLY)  # returns once nettunectl has opened it to read
process.send_signal(signal.SIGINT)
assert process.wait() == -signal.SIGINT, process.returncode
PY
) || fail 'Ctrl-C does not end it'
[[ -z $(find "$work/cwd" "$work/tmp" -mindepth 1) ]] || fail 'Ctrl-C leaves a file behind'

finish
