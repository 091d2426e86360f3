#!/bin/bash
# SPDX-License-Identifier: MIT
# import tuned, held against TuneD itself: every profile of the package against what TuneD merges,
# and the keys of two of them against what its daemon sets, in namespaces of its own.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
strangers=$(dirname "$(realpath "$1")")/strangers
own=(unshare --mount)
((EUID == 0)) || own=(unshare --user --map-root-user --mount)
if [[ ! -d /usr/lib/tuned && -d $strangers/usr/lib/tuned ]] && "${own[@]}" true 2>/dev/null; then
  # TuneD's unpacked package is laid over this machine's /usr and /etc, for this test alone.
  # shellcheck disable=SC2016  # the inner shell expands it
  exec "${own[@]}" "$BASH" -euc '
    for folder in usr etc; do
      mount -t overlay -o "lowerdir=$0/$folder:/$folder" overlay "/$folder"
    done
    exec "$BASH" "$@"' "$strangers" "$0" "$@"
fi
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

skip() {
  finish
  echo "skipped: $1"
  exit 77
}
[[ -d /usr/lib/tuned ]] || skip 'TuneD is not installed'

# --- every profile imports, and passes the check
names=()
for file in /usr/lib/tuned/{,profiles/}*/tuned.conf; do
  [[ -e $file ]] || continue # later releases of TuneD have them in profiles/
  name=$(basename "$(dirname "$file")")
  run import tuned "$name" -o "$work/$name.yaml"
  [[ $status == [01] ]] || fail 'no profile comes of it'
  if [[ $status == 1 ]]; then
    expect_err 'left out: '
  else
    expect_silent_err
  fi
  cp "$work/err" "$work/$name.err"
  run check "$work/$name.yaml"
  expect_status 0
  names+=("$name")
done
((${#names[@]} > 0)) || skip 'TuneD has no profiles'

# --- what TuneD merges of them is what the profiles say
"$python" -c 'import tuned.profiles' 2>/dev/null || skip "TuneD's own modules are not there"
status=0
out='' err='' ran='the comparison with what TuneD merges'
"$python" - "$nettunectl" "$work" "${names[@]}" >"$work/compared" 2>&1 <<'P' || status=$?
import json
import logging
import subprocess
import sys

import tuned.consts as consts
import tuned.logs
tuned.logs.get().setLevel(logging.CRITICAL)
from tuned.profiles import Factory, Loader, Locator, Merger
from tuned.profiles.variables import Variables
from tuned.utils.global_config import GlobalConfig

nettunectl, work, *names = sys.argv[1:]
folders = getattr(consts, "LOAD_DIRECTORIES", None) or consts.CFG_DEF_PROFILE_DIRS
wrong = keys = 0
for name in names:
    answer = subprocess.run([nettunectl, "show", f"{work}/{name}.yaml", "--resolved", "--format", "json"],
                            capture_output=True, text=True, check=True)
    ours = {one["key"]: one["value"] for one in json.loads(answer.stdout)["resolved"]}
    with open(f"{work}/{name}.err", encoding="utf-8") as file:
        left_out = file.read()
    loader = Loader(Locator(folders), Factory(), Merger(), GlobalConfig(), Variables())
    theirs = {}
    for unit in loader.load([name]).units.values():
        if unit.type != "sysctl" or not unit.enabled or unit.cpuinfo_regex or unit.uname_regex:
            continue
        for key, value in unit.options.items():
            if key.startswith(("net.", "net/")):
                value = " ".join(value.strip('"').split())
                if value.startswith(">"):
                    value = "at least " + value[1:]
                elif value.startswith("<"):
                    value = "at most " + value[1:]
                theirs[key] = value
    for key in sorted(ours.keys() | theirs.keys()):
        keys += 1
        if ours.get(key) == theirs.get(key):
            continue
        # Either the line is listed, or the file that holds it is one that only TuneD can find.
        if key not in ours and (f": {key}: " in left_out or "is known to TuneD alone" in left_out):
            continue
        wrong += 1
        print(f"{name}: {key}: {ours.get(key)} instead of {theirs.get(key)}")
print(f"{keys} keys of {len(names)} profiles compared")
sys.exit(1 if wrong or not keys else 0)
P
out=$(<"$work/compared")
expect_status 0

# --- what the daemon sets is what apply sets
((EUID == 0)) || skip 'the daemon needs root'
unshare --net --mount --pid --fork true 2>/dev/null || skip 'no namespaces may be made here'

# In namespaces of its own, where nothing but net. may be written.
cat >"$work/inside" <<'SH'
set -euo pipefail
cd "$work"
mount --make-rprivate /
mkdir -p /etc/tuned
for folder in /etc/tuned /run /var/log; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir -p /run/tuned /var/log/tuned /run/sysctl.d
[[ $by != last-word ]] || echo 'net.ipv4.tcp_fastopen = 1' >/run/sysctl.d/zz.conf
mount -t proc proc /proc
for folder in /proc/sys/*; do
  [[ -d $folder && $folder != /proc/sys/net ]] || continue
  mount --bind "$folder" "$folder"
  mount -o remount,bind,ro "$folder"
done
mount -t sysfs -o ro sysfs /sys
mkdir -p dev
for node in null urandom; do
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mount --rbind dev /dev
! [[ -w /proc/sys/vm/swappiness || -w /proc/sys/kernel/panic || -w /sys/kernel || -e /dev/cpu ]] || {
  echo 'the host is within reach'
  exit 77
}
if [[ $by == nettune ]]; then
  "$nettunectl" apply "$name.yaml" --quiet
else
  # Not the host's own sysctl.d files, unless asked: the daemon would write those as well.
  printf 'daemon = 1\ndynamic_tuning = 0\nreapply_sysctl = %d\nrecommend_command = 0\n' \
    "$reapply" >/etc/tuned/tuned-main.conf
  touch /etc/tuned/bootcmdline
  rm -f "$work/tuned.log"
  tuned --no-dbus --no-socket --profile "$name" --pid /run/tuned/pid --log "$work/tuned.log" &
  pid=$!
  for ((i = 0; i < 600; i++)); do
    ! grep -qs "static tuning from profile '$name' applied" "$work/tuned.log" || break
    kill -0 "$pid" || exit 1
    sleep 0.1
  done
fi
sysctl -a -r '^net\.' 2>/dev/null | grep -v nf_conntrack_count >"$name.$by"
if [[ $by == last-word ]]; then
  echo "$name" >/etc/tuned/active_profile
  "$nettunectl" explain net.ipv4.tcp_fastopen --format json >"explained.$reapply"
fi
if [[ $by != nettune ]]; then
  kill "$pid"
  wait "$pid" || true
fi
SH
export work nettunectl
for name in network-latency network-throughput; do
  for by in nobody tuned nettune; do
    if [[ $by == nobody ]]; then
      unshare --net sysctl -a -r '^net\.' 2>/dev/null | grep -v nf_conntrack_count >"$work/$name.nobody"
      continue
    fi
    status=0
    by=$by name=$name reapply=0 unshare --net --mount --pid --fork bash "$work/inside" \
      >"$work/out" 2>"$work/err" || status=$?
    out=$(<"$work/out") err=$(<"$work/err") ran="$name by $by"
    [[ $status != 77 ]] || skip "$out"
    if [[ $by == nettune ]]; then
      # Host-wide keys are not in the namespace; apply says so, and what is there is as declared.
      [[ $status == [01] ]] || fail 'apply fails'
    else
      expect_status 0
    fi
  done
  ran="$name, set by TuneD and by nettunectl"
  diff "$work/$name.tuned" "$work/$name.nettune" >"$work/out" || {
    out=$(<"$work/out")
    fail 'TuneD sets other values'
  }
  ! cmp -s "$work/$name.nobody" "$work/$name.tuned" || fail 'TuneD has set nothing'
done

# --- whose value a key has after a boot is what the daemon makes of it ---
for reapply in 0 1; do
  status=0
  by=last-word name=network-latency reapply=$reapply unshare --net --mount --pid --fork \
    bash "$work/inside" >"$work/out" 2>"$work/err" || status=$?
  out=$(<"$work/out") err=$(<"$work/err") ran="network-latency with reapply_sysctl=$reapply"
  expect_status 0
  "$python" - "$work/explained.$reapply" "$work/network-latency.last-word" $((reapply ? 1 : 3)) <<'PY' \
    >"$work/out" 2>&1 || { out=$(<"$work/out"); fail 'the last word at boot is another'; }
import json, re, sys
setters = json.load(open(sys.argv[1]))["keys"][0]["setters"]
live = re.search(r"net\.ipv4\.tcp_fastopen = (\d+)", open(sys.argv[2]).read())[1]
last = [setter["value"] for setter in setters if setter["at_boot"]]
assert last == [live] == [sys.argv[3]], (last, live, setters)
PY
done
finish
