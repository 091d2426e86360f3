#!/bin/bash
# SPDX-License-Identifier: MIT
# The completions of zsh and fish, sourced and asked, held against the program's own --help.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for shell in zsh fish; do
  command -v "$shell" >/dev/null || {
    echo "skipped: there is no $shell"
    exit 77
  }
done
PATH=$(cd "$(dirname "$nettunectl")" && pwd):$PATH
export PATH HOME=$work
mkdir -p "$work/cwd/sub"
cd "$work/cwd"
touch own.yaml own.conf

# What zsh's own functions are given is printed. The last word is the one to be completed.
cat >"$work/ask.zsh" <<'ZSH'
compdef() { }
compadd() { [[ $1 == -a ]] && print -l -- "${(@P)2}" || print -l -- "$@" }
_describe() { print -l -- "${(@P)3}" }
_files() { [[ $1 == -g ]] && print -l -- ${~2}(N); return 0 }
source "$1"
shift
words=("$@")
CURRENT=$#
_nettunectl
ZSH
of_zsh() { zsh -f "$work/ask.zsh" "$source_dir/packaging/zsh/_nettunectl" nettunectl "$@" | sed 's/:.*//'; }
of_fish() {
  local text=nettunectl word
  for word; do text+=" $word"; done
  # shellcheck disable=SC2016  # it is fish that expands them
  fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
    "$source_dir/packaging/fish/nettunectl.fish" "$text" | cut -f 1
}

asked() {
  local shell=$1
  shift
  out=$("of_$shell" "$@" | sed '/^$/d' | LC_ALL=C sort -u | paste -sd ' ')
  ran="$shell completion of: $*"
  status=0
  err=''
}
offers() { # WANTED SHELL WORD...
  local wanted=$1
  shift
  asked "$@"
  [[ $out == "$wanted" ]] || fail "it does not offer: $wanted"
}
sorted() { sed '/^$/d' | LC_ALL=C sort -u | paste -sd ' '; }

run --help
words=$(awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' <<<"$out")
(($(wc -w <<<"$words") > 10)) || fail 'the help names hardly a command'
for shell in zsh fish; do
  offers "$(printf '%s\n' "$words" help --help --version | sorted)" "$shell" ''
  for command in $words; do
    run "$command" --help
    help=$out
    offers "$(sed -n '/^options:/,/^examples:/p' <<<"$help" |
      grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sorted)" "$shell" "$command" --
    formats=$(sed -n 's/^ *-f, --format \([a-z|]*\).*/\1/p' <<<"$help" | tr '|' '\n' | sorted)
    if [[ -n $formats ]]; then offers "$formats" "$shell" "$command" --format ''; fi
  done
  asked "$shell" audit ''
  for name in asyncio latency own.conf own.yaml; do
    [[ " $out " == *" $name "* ]] || fail "it does not offer: $name"
  done
  run sockets preset --format names
  offers "$(sorted <<<"$out")" "$shell" run --preset ''
  offers "$(sorted <<<"$out")" "$shell" sockets -p ''
  asked "$shell" explain net.core.rmem_
  [[ " $out " == *" net.core.rmem_max "* ]] || fail 'it offers no keys'
  asked "$shell" import ''
  [[ " $out " == *" sysctl.d "* && " $out " == *" tuned "* ]] || fail 'it does not offer what can be imported'
done
expect_completion zsh "$source_dir/packaging/zsh/_nettunectl"
expect_completion fish "$source_dir/packaging/fish/nettunectl.fish"
finish
