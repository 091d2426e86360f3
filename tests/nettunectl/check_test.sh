#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl check on profiles, sysctl.d files and TuneD profiles.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root m
check() { run check --root "$work/m" "$@"; }

put good.yaml 'nettune: 1
sysctl: {net.core.somaxconn: at least 8192}'
check "$work/good.yaml"
expect_status 0
expect_silent_err
expect_line 'no fault found'
check "$work/good.yaml" --quiet
expect_status 0
expect_silent_out

# Every fault at once, on standard output, like a compiler.
put bad.yaml 'nettune: 1
sysctl:
  net.core.rmem_max: 16M
  net.core.somaxconn: yes
  kernel.panic: 1'
check "$work/bad.yaml"
expect_status 2
expect_silent_err
expect_out 'bad.yaml:3:'
expect_out 'bad.yaml:4:'
expect_out 'bad.yaml:5:'
expect_out '    3 |   net.core.rmem_max: 16M'
expect_out 'help: '
expect_line '3 errors'
check -q "$work/bad.yaml"
expect_status 2
expect_silent_out

# Several files: none is left out because another is faulty.
check "$work/bad.yaml" "$work/good.yaml" "$work/none.yaml"
expect_status 2
expect_out 'none.yaml'
expect_line '4 errors'
check "$work/good.yaml" "$work/good.yaml"
expect_status 0
expect_line 'no fault found in 2 files'

# What can't be read is named once, whatever kind of file it is.
check "$work/none.conf"
expect_status 2
expect_line "$work/none.conf: error: the file can't be read: No such file or directory"
check "$work/none/tuned.conf"
expect_status 2
expect_line "error: $work/none/tuned.conf can't be read: No such file or directory"
mkdir -p "$work/e/sysctl.d"
check "$work/e/sysctl.d"
expect_status 2
expect_line "error: $work/e/sysctl.d can't be read: it is a directory"
expect_out "help: name its files: $work/e/sysctl.d/*.conf"

# A misspelt key is found in a file of sysctl.d too; one that is like no other is not ours to judge.
put e/sysctl.d/60-slip.conf 'net.core.sommaxconn = 4096
-net.ipv4.tcp_congestion_controll = bbr
net.foo.bar = 1
kernel.panic = 1'
check "$work/e/sysctl.d/60-slip.conf"
expect_status 0
expect_out '60-slip.conf:1:1: warning: nettune does not know the key net.core.sommaxconn [unknown-key]'
expect_out 'help: did you mean net.core.somaxconn?'
expect_out 'help: did you mean net.ipv4.tcp_congestion_control?'
expect_line '2 warnings'
printf '%s = 1\n' net.ipv4.conf.\*.rp_filer 'net.ipv4.tcp_*men' >"$work/61-glob.conf"
check "$work/61-glob.conf"
expect_out '61-glob.conf:1:1: warning: nettune does not know the key net.ipv4.conf.*.rp_filer [unknown-key]'
expect_out 'help: did you mean net.ipv4.conf.*.rp_filter?'
expect_line '1 warning' # a pattern of names is no name

# A warning is an error only with --strict.
put lowers.yaml 'nettune: 1
sysctl: {net.core.rmem_max: 100 KiB}'
check "$work/lowers.yaml"
expect_status 0
expect_out 'warning:'
expect_out '[lowers-kernel]'
expect_line '1 warning'
check --strict "$work/lowers.yaml"
expect_status 2
expect_out 'error:'
expect_line '1 error'

# sysctl.d: what the kernel refuses, what it lowers, what a later file overrides.
put etc/sysctl.d/10-a.conf '# a comment
net.core.somaxconn = 8192
net.ipv4.tcp_rmem = 16777216 131072 4096'
put etc/sysctl.d/90-b.conf 'net.core.somaxconn = 16384
net.core.rmem_max = lots'
check "$work"/etc/sysctl.d/*.conf
expect_status 2
expect_out '10-a.conf:2:'
expect_out '10-a.conf:3:'
expect_out '90-b.conf:2:'
# The order is that of the names, not that of the arguments.
straight=$out
check "$work/etc/sysctl.d/90-b.conf" "$work/etc/sysctl.d/10-a.conf"
[[ $out == "$straight" ]] || fail 'the order of the arguments counts'
# A link to a file that is given as well is read once: 99-sysctl.conf is one on Debian.
ln -s 10-a.conf "$work/etc/sysctl.d/50-link.conf"
check "$work"/etc/sysctl.d/*.conf
expect_status 2
expect_no_out '50-link.conf'
# A file of the same name in a weaker folder is not read at all.
put usr/lib/sysctl.d/10-a.conf 'net.core.somaxconn = 128'
check "$work/usr/lib/sysctl.d/10-a.conf" "$work/etc/sysctl.d/10-a.conf"
expect_out 'usr/lib/sysctl.d/10-a.conf: note: systemd-sysctl does not read this file'

# A mask is a file that the loaders read as an empty one.
mkdir -p "$work/masked"
ln -s /dev/null "$work/masked/10-mask.conf"
put masked/20-ok.conf 'net.core.somaxconn = 8192'
check "$work"/masked/*.conf
expect_status 0
expect_out '10-mask.conf: note: a mask, which hides the files of its name'
# The words of a command are no part of any key's name, and braces need a glob.
put shell.conf 'sysctl -w net.core.somaxconn=1024
net.ipv4.conf.{lo,default}.arp_notify = 1'
check "$work/shell.conf"
expect_status 2
expect_out 'help: write net.core.somaxconn = 1024'
expect_out '[brace]'

# TuneD.
put tuned/tuned.conf '[main]
summary=x
[sysctl]
net.core.rmem_max=1000'
check "$work/tuned/tuned.conf"
expect_status 2
expect_out 'tuned.conf:4:'

# JSON has the same diagnostics.
check "$work/bad.yaml" "$work/lowers.yaml" --format json
expect_schema check "$work/out" whole
expect_status 2
"$python" - "$work/out" <<'PY' || fail 'the JSON says something else'
import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["nettune"] == 1 and answer["format"] == "check/1"
assert (answer["errors"], answer["warnings"]) == (3, 1), answer
first = answer["diagnostics"][0]
assert first["file"].endswith("bad.yaml") and first["line"] == 3 and first["severity"] == "error"
assert answer["diagnostics"][-1]["lint"] == "lowers-kernel"
PY

# What is no file to read.
mkfifo "$work/fifo.yaml"
mkdir "$work/dir.yaml"
ln -s loop.yaml "$work/loop.yaml"
truncate -s 2G "$work/huge.yaml"
for file in fifo.yaml dir.yaml loop.yaml huge.yaml none.yaml none.conf tuned2/tuned.conf; do
  check "$work/$file"
  expect_status 2
  expect_out "$file"
  expect_line '1 error'
done

# The lints know the host: another memory, another kernel.
put share.yaml 'nettune: 1
sysctl: {net.core.rmem_max: 1% ram}'
check "$work/share.yaml" --memory '16 MiB'
expect_out 'warning:'
check "$work/share.yaml" --memory '64 GiB'
expect_status 0
expect_line 'no fault found'

# The profiles that ship, as gates in CI run them.
for memory in '512 MiB' '8 GiB' '1024 GiB'; do
  run check --strict --memory "$memory" "$source_dir"/profiles/*.yaml
  [[ $status == 0 ]] || echo "note: with $memory the shipped profiles have warnings"
  run check --memory "$memory" "$source_dir"/profiles/*.yaml
  expect_status 0
done

# A link's key that is misspelt, for one link and for all.
put link.yaml 'nettune: 1
sysctl:
  net.ipv4.conf.eth0.rp_filer: 1
  net.ipv4.conf.*.rp_filer: 1
  net.ipv4.conf.e*.rp_filer: 1'
run check "$work/link.yaml"
expect_status 0
expect_out 'did you mean net.ipv4.conf.eth0.rp_filter?'
expect_out 'did you mean net.ipv4.conf.*.rp_filter?'
expect_line '2 warnings'

# What is no text at all is said to be that, once.
run check /bin/ls
expect_status 2
expect_out 'error: a binary file: it is full of NUL bytes'
expect_line '1 error'

# --- a line end in a value would be a line of its own in a file of sysctl.d
put inject.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_allowed_congestion_control: "reno\nkernel.core_pattern=|/tmp/x"'
run check "$work/inject.yaml"
expect_status 2
expect_out 'inject.yaml:3:49: error: control character U+000A (line feed)'
run export sysctl.d "$work/inject.yaml"
expect_status 2
expect_silent_out

# --- the CPUs of this machine say nothing of another one
make_root cpus
put cpus/sys/devices/system/cpu/possible 0-1
put mask.yaml 'nettune: 1
sysctl:
  net.core.rps_default_mask: {value: f, optional: true}'
run check "$work/mask.yaml" --root "$work/cpus"
expect_status 2
expect_out 'this host has at most 2'
run check "$work/mask.yaml" --root "$work/cpus" --kernel 6.12
expect_status 0
run check "$work/mask.yaml" --root "$work/cpus" --memory '64 GiB'
expect_status 0

finish
