#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl audit --netns all: every network namespace once, by what runs in it. Within namespaces
# of its own (mounts, processes, network), so that the host's are neither seen nor touched.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ -z ${NETTUNE_NETNS_INSIDE-} ]]; then
  run audit server-base --netns all --live -
  expect_status 2
  expect_silent_out
  expect_err 'audit: --live and --netns cannot be combined'
  make_root machine
  run audit server-base --netns all --root "$work/machine"
  expect_status 2
  expect_silent_out
  expect_err "no network namespace is shown by $work/machine/proc and $work/machine/run/netns"
  finish
  apart=(unshare -nmpf --kill-child --mount-proc --propagation private)
  ((EUID == 0)) || apart+=(-Ur)
  if ! "${apart[@]}" mount -t tmpfs tmpfs /run 2>"$work/why"; then
    echo "skipped: this machine makes no namespaces for this user: $(head -n 1 "$work/why")"
    exit 77
  fi
  NETTUNE_NETNS_INSIDE=1 "${apart[@]}" "${BASH_SOURCE[0]}" "$@"
  exit
fi

put p/one.yaml 'nettune: 1
sysctl:
  net.ipv4.tcp_fin_timeout: 17
  net.ipv4.conf.*.rp_filter: 0
  net.core.rmem_max: at least 4096'
export NETTUNE_PROFILE_PATH=$work/p work
mount -t tmpfs tmpfs /run
mkdir /run/netns
add() {
  : >"/run/netns/$1"
  unshare --net="/run/netns/$1" bash -c "echo $2 >/proc/sys/net/ipv4/tcp_fin_timeout"
}
echo 17 >/proc/sys/net/ipv4/tcp_fin_timeout

# Only the own one, which runs this shell and nettunectl.
run audit one --netns all
expect_status 0
expect_out 'in 1 network namespace of this machine'
expect_out '(this one)'
expect_out 'in sync: 4 keys; 1 host-wide key skipped'
expect_out 'the one network namespace that was read is in sync'
expect_silent_err

# One with a name and no process, one with a process and no name, and one that has both.
add blue 17
add green 60
mkfifo "$work/ready" "$work/done"
# shellcheck disable=SC2016
unshare -n bash -c 'echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout; echo >"$work/ready"; read -r _ <"$work/done"' &
child=$!
read -r _ <"$work/ready"
mkfifo "$work/ready2" "$work/done2"
# shellcheck disable=SC2016
nsenter --net=/run/netns/green bash -c 'echo >"$work/ready2"; read -r _ <"$work/done2"' &
second=$!
read -r _ <"$work/ready2"
ln -s "/proc/$second/ns/net" /run/netns/olive

run audit one --netns all
expect_status 1
expect_silent_err
expect_out 'in 4 network namespaces of this machine'
grep -qE '^✓ blue +0  in sync: 4 keys; 1 host-wide key skipped$' <<<"$out" || fail 'blue is wrong'
grep -qE '^✗ green, olive +1  1 of 4 keys differs; 1 host-wide key skipped$' <<<"$out" || fail 'green is wrong'
grep -qE "^✗ bash\[$child\] +1  1 of 4 keys differs, as in green, olive; 1 host-wide" <<<"$out" || fail 'bash is wrong'
[[ $(grep -c 'net.ipv4.tcp_fin_timeout' <<<"$out") == 1 ]] || fail 'the same rows are shown again'
expect_out '    net.ipv4.tcp_fin_timeout  drift  1 min; desired 17'
expect_out '2 of 4 network namespaces differ'
expect_out '"nettunectl audit one --netns green" says more of one'
run audit one --netns green
expect_status 1

run audit one --netns all --all
expect_status 1
[[ $(grep -c 'net.ipv4.tcp_fin_timeout  *drift' <<<"$out") == 2 ]] || fail '--all leaves rows out'
[[ $(grep -c 'net.core.rmem_max .*skipped  host-wide: ' <<<"$out") == 4 ]] || fail '--all lacks the host-wide key'

run audit one --netns all --quiet
expect_status 1
expect_silent_out
expect_silent_err

export COLUMNS=40
run audit one --netns all
unset COLUMNS
[[ $(awk '{ if (length($0) > most) most = length($0) } END { print most }' <<<"$out") -le 40 ]] ||
  fail 'the narrow table is wider than 40 columns'

check_json() {
  "$python" - "$work/out" "$source_dir/packaging/schema" "$status" <<'PY' || fail 'the JSON is not as the schema has it'
import json, pathlib, sys
answer = json.load(open(sys.argv[1]))
assert (2 if not answer["complete"] else 0 if answer["in_sync"] else 1) == int(sys.argv[3])
assert len({n["inode"] for n in answer["namespaces"]}) == len(answer["namespaces"])
try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed; the schema is not held against the answer")
else:
    folder = pathlib.Path(sys.argv[2])
    path = pathlib.Path(sys.argv[2]).resolve() / "nettune-audit-netns.schema.json"
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(path.as_uri(), schema)  # finds the other one beside it
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(answer)
PY
}
run audit one --netns all --format json
expect_status 1
check_json
"$python" - "$work/out" "$child" <<'PY' || fail 'the JSON is wrong'
import json, sys
answer = json.load(open(sys.argv[1]))
own, blue, green, process = answer["namespaces"]
assert own["own"] and own["state"] == "in sync" and not own["initial"]
assert blue["names"] == ["blue"] and blue["processes"] == 0 and blue["first_process"] is None
assert green["names"] == ["green", "olive"] and green["processes"] == 1
assert process["first_process"] == {"pid": int(sys.argv[2]), "command": "bash"}
assert [len(n["keys"]) for n in answer["namespaces"]] == [5] * 4
assert {k["reason"] for n in answer["namespaces"] for k in n["keys"] if k["verdict"] == "skipped"} <= {
    "host-wide: read-only here", "host-wide: not in this namespace"}
assert answer["counts"] == {"in_sync": 2, "differs": 2, "unreadable": 0, "vanished": 0}
PY

run audit one --netns all --format junit
expect_status 1
"$python" - "$work/out" <<'PY' || fail 'the JUnit is wrong'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.attrib["tests"] == "20" and root.attrib["failures"] == "2" and root.attrib["errors"] == "0"
assert [s.attrib["name"] for s in root][1:3] == ["nettune.netns.blue", "nettune.netns.green, olive"]
assert all(len(s.findall("testcase")) == int(s.attrib["tests"]) for s in root)
PY

# A process that ends is no zombie here, and leaves the list.
echo >"$work/done2"
wait "$second"
rm /run/netns/olive
run audit one --netns all
grep -qE '^✗ green +0 ' <<<"$out" || fail 'green has a process still'

# Gone between the list and the opening: what open(2) answers then.
if command -v strace >/dev/null && strace -o "$work/trace" true 2>/dev/null; then
  traced -qq -o "$work/trace" -P /run/netns/blue -e trace=openat -e inject=openat:error=ENOENT \
    "$nettunectl" audit one --netns all >"$work/out" 2>"$work/err" && status=0 || status=$?
  out=$(<"$work/out") err=$(<"$work/err") ran='audit one --netns all, and blue vanishes'
  expect_status 1
  expect_out 'vanished while this ran'
  expect_out '2 of 3 network namespaces differ'
  expect_out '1 vanished while this ran'
  for format in json junit; do
    traced -qq -o "$work/trace" -P /run/netns/blue -e trace=openat -e inject=openat:error=ENOENT \
      "$nettunectl" audit one --netns all --format $format >"$work/out" 2>"$work/err" && status=0 || status=$?
    out=$(<"$work/out")
    expect_status 1
    expect_out vanished
    [[ $format != json ]] || check_json
  done
  # The way back is refused: said, whatever was read.
  traced -qq -o "$work/trace" -e trace=setns -e inject=setns:error=EPERM:when=3 \
    "$nettunectl" audit one --netns all >"$work/out" 2>"$work/err" && status=0 || status=$?
  out=$(<"$work/out") err=$(<"$work/err") ran='audit one --netns all, and the way back fails'
  expect_status 2
  expect_silent_out
  expect_err 'cannot return to the original network namespace'
  # Nothing but reads: no write below /proc/sys, and no child.
  traced -f -qq -o "$work/trace" -e trace=openat,clone,clone3,fork,vfork \
    "$nettunectl" audit one --netns all >"$work/out" 2>"$work/err" || true
  if grep -E 'O_WRONLY|O_RDWR|clone|fork' "$work/trace"; then fail 'it writes, or makes a process'; fi
else
  echo 'not tested: strace, which shows a namespace that vanishes, is not installed or not allowed'
fi

# More namespaces than descriptors.
for ((i = 0; i < 40; i++)); do add "n$i" 17; done
ran='audit one --netns all with 16 descriptors' status=0
prlimit --nofile=16 "$nettunectl" audit one --netns all >"$work/out" 2>"$work/err" </dev/null || status=$?
out=$(<"$work/out") err=$(<"$work/err")
expect_status 1
expect_out '2 of 44 network namespaces differ'
for ((i = 0; i < 40; i++)); do umount "/run/netns/n$i" && rm "/run/netns/n$i"; done

# A name that no namespace is behind is trouble, and the rest is answered.
: >/run/netns/left
run audit one --netns all
expect_status 2
expect_out 'not read: no network namespace is mounted there for this process'
expect_out '2 of 4 network namespaces differ'
expect_out '1 could not be read'
for format in json junit; do
  run audit one --netns all --format $format
  expect_status 2
  expect_out unreadable
  [[ $format != json ]] || check_json
done
run audit one --netns all --quiet
expect_status 2
expect_silent_out
expect_err '1 of 5 network namespaces could not be read'
rm /run/netns/left
# So is a namespace of another kind.
: >/run/netns/uts
unshare --uts=/run/netns/uts true
run audit one --netns all
expect_status 2
expect_out 'not read: enter the network namespace: Invalid argument'
umount /run/netns/uts
rm /run/netns/uts

# Without the right to enter another one, the own one is still read.
cat >"$work/powerless" <<'POWERLESS'
#!/bin/sh
exec setpriv --bounding-set=-all --inh-caps=-all "$REAL" "$@"
POWERLESS
chmod 755 "$work/powerless"
export REAL=$nettunectl
real=$nettunectl
nettunectl=$work/powerless
run audit one --netns all --quiet
expect_status 2
expect_silent_out
expect_err '2 of 3 network namespaces could not be read'
expect_err 'not shown to this user'
run audit one --netns all
nettunectl=$real
expect_status 2
expect_out 'in sync: 4 keys'
expect_out 'no right to enter it; it needs root'
expect_out 'not shown to this user, so there may be more; it needs root (CAP_SYS_PTRACE)'

echo >"$work/done"
wait "$child"
finish
