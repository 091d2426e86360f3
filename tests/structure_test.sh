#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The rules about files that no compiler checks: which layer may include which, where a library's
# header may stand, who opens /proc/sys, what the top level holds, how a file begins.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

faults=0
fault() {
  printf '%s\n' "$@" >&2
  faults=$((faults + 1))
}

# forbid "why" REGEX FILE...: no line of the files matches.
forbid() {
  local why=$1 regex=$2 found
  shift 2
  (($#)) || return 0
  if found=$(grep -nE -- "$regex" "$@" /dev/null); then fault "$why:" "$found"; fi
}

code() { find "$@" \( -name '*.cpp' -o -name '*.hpp' -o -name '*.c' -o -name '*.h' \) | LC_ALL=C sort; }
shopt -s globstar nullglob
mapfile -t engine < <(code lib/engine)
((${#engine[@]} > 10)) || fault "lib/engine was not found: this test sees nothing"

# Includes point one way: programs -> change -> audit -> foreign -> profile -> sysctl -> file -> the headers of
# engine/ itself -> text.
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]'
layers=(file sysctl profile foreign audit change)
for i in "${!layers[@]}"; do
  for later in "${layers[@]:i+1}"; do
    forbid "engine/${layers[i]} includes a later stage" "${include}engine/$later/" \
      lib/engine/"${layers[i]}"/**/*.[ch]pp
  done
done
forbid "engine/ itself includes a stage" "${include}engine/(file|sysctl|profile|foreign|audit|change)/" \
  lib/engine/*.[ch]pp
forbid "engine/text includes another thing" "${include}engine/[^t]" lib/engine/text/*.[ch]pp
forbid "the engine includes a program's header" "${include}(daemon|nettunectl|nettuned)/" "${engine[@]}"
forbid "the engine includes the bus, the event loop or netlink" \
  "${include}(systemd/|netlink/|linux/rtnetlink)" "${engine[@]}"
forbid "the engine includes a renderer's library" "${include}(CLI/|nlohmann/)" "${engine[@]}"

# nettunectl: a command (command/) makes text (render/) of what it was given and what it finds
# (input/), and writes it (output/). Text is made without input or output.
layers=(output input render command)
for i in "${!layers[@]}"; do
  for later in "${layers[@]:i+1}"; do
    forbid "nettunectl/${layers[i]} includes $later/" "$include$later/" \
      daemon/nettunectl/"${layers[i]}"/*.[ch]pp
  done
done
forbid "nettunectl/render reads, writes or complains" \
  "${include}(output/output|engine/file/|unistd|fcntl|cstdio|iostream|fstream|sys/(ioctl|stat))|(^|[^_a-z])(complain|print|getenv|tree\\.read)\\(" \
  daemon/nettunectl/render/*.[ch]pp

# A library's header stands where its exceptions are caught, or where its cost is paid.
yaml=()
for file in $(code lib daemon); do
  [[ $file =~ ^lib/engine/profile/(document|plain_yaml)\.cpp$ ]] || yaml+=("$file")
done
forbid "yaml-cpp belongs in document.cpp and plain_yaml.cpp alone" "${include}yaml-cpp/" "${yaml[@]}"

# Nothing but ProcTree opens a file below /proc/sys. Messages and comments may name the place.
others=()
for file in $(code lib daemon); do
  [[ $file == lib/engine/sysctl/proc_tree.cpp ]] || others+=("$file")
done
forbid "only proc_tree.cpp opens files below /proc/sys" \
  '(open|openat|fopen|ifstream|opendir|read_file|directory_iterator)[[:space:]]*[({][^;]*"[^"]*proc/sys' \
  "${others[@]}"

# Files are read, replaced and listed in one place; proc_tree.cpp has the kernel's keys. Elsewhere a
# descriptor is opened for what is no text: a namespace, a program, an inotify or a pipe.
others=()
for file in $(code lib/engine lib/netlink daemon); do
  [[ $file == lib/engine/file/* || $file == lib/engine/sysctl/proc_tree.cpp ]] || others+=("$file")
done
forbid "only lib/engine/file lists, replaces and syncs" \
  '(::|std::|[^a-z_:.>])(fsync|rename|renameat|readdir|opendir|fdopendir|fopen)[[:space:]]*\(|std::(i|o)?fstream|directory_iterator' \
  "${others[@]}"
forbid "project code throws nothing" '^[^/"]*\bthrow\b' "${engine[@]}"

# What git knows is what the project is. A tree without git (an unpacked archive) holds no more, but
# for what building adds, a package's folders among it.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  mapfile -t files < <(git ls-files)
else
  mapfile -t files < <(find . -type f -not -path './build*' -not -path './debian/*' \
    -not -path './obj-*' -printf '%P\n' | LC_ALL=C sort)
fi

known='CMakeLists.txt|daemon|lib|profiles|tests|packaging|man|README.md'
known+='|LICENSE|\.ci|\.github|\.clang-format|\.clang-tidy|\.gitignore'
if extra=$(printf '%s\n' "${files[@]}" | cut -d/ -f1 | LC_ALL=C sort -u | grep -vxE "$known"); then
  fault "the top level is fixed, and these are not on it:" "$extra"
fi

# What the keys of both families share stands in neighbours.hpp and families.hpp, once: six equal lines
# one after the other are an entry that was copied.
runs_of() { awk '!/^ /{ next } { sub(/^ +/, "") } ++n > 5 { print a, b, c, d, e, $0 } { a = b; b = c; c = d; d = e; e = $0 }' "$1"; }
runs_of_both() { comm -12 <(runs_of lib/engine/sysctl/catalogue/ipv4.hpp | LC_ALL=C sort -u) \
  <(runs_of lib/engine/sysctl/catalogue/ipv6.hpp | LC_ALL=C sort -u); }
if found=$(LC_ALL=C runs_of_both) && [[ $found ]]; then
  fault "ipv4.hpp and ipv6.hpp hold the same entry:" "$found"
fi

# The licence stands in the first line, or after the one that names the interpreter.
texts='\.(cpp|hpp|c|h|py|sh|cmake|map)$|(^|/)CMakeLists\.txt$|(^|/)\.(ci/|clang|gitignore)'
texts+='|^man/.*\.[1-8]$|/run$|^packaging/[^/]*$|^profiles/.*\.yaml$'
for file in "${files[@]}"; do
  [[ $file =~ $texts && -f $file ]] || continue
  sed -n '1{/SPDX-License-Identifier: MIT/q;/^#!/n;/SPDX-License-Identifier: MIT/q;q1}' "$file" ||
    fault "$file: has no SPDX-License-Identifier in its first line"
done

# The words are put together here, so that this file holds none of them itself.
unfinished="TO""DO|FIX""ME"
if found=$(grep -nIE "\\b($unfinished)\\b" -- "${files[@]}"); then
  fault "unfinished work is an issue, not a comment:" "$found"
fi

if ((faults)); then
  printf '%d rules are broken\n' "$faults" >&2
  exit 1
fi
printf 'all rules hold for %d files\n' "${#files[@]}"
