#!/bin/bash
# SPDX-License-Identifier: MIT
# The completion, sourced and asked as bash asks it.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=packaging/completion/nettunectl
source "$source_dir/packaging/completion/nettunectl"
complete -p nettunectl >/dev/null || fail 'nothing is registered for nettunectl'

# asked WORD...: what is offered for the last word, sorted, on one line.
asked() {
  COMP_WORDS=("$nettunectl" "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _nettunectl "$nettunectl" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  out=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd ' ')
  ran="completion of: $*"
  status=0
  err=''
}
offers() {
  local wanted=$1
  shift
  asked "$@"
  [[ $out == "$wanted" ]] || fail "it does not offer: $wanted"
}

mkdir -p "$work/cwd/sub"
cd "$work/cwd"
touch own.yaml own.conf other.txt

# Every command of --help is offered, and nothing else.
run --help
words=$(awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' <<<"$out" | LC_ALL=C sort | paste -sd ' ')
asked ''
[[ $out == "--help --version $(tr ' ' '\n' <<<"$words help" | LC_ALL=C sort | paste -sd ' ')" ]] || fail 'the commands differ from --help'
offers 'audit' au
offers '--version' --v
offers 'recommend' rec
offers 'explain' help expl

# Every long option of each command's --help, and nothing else.
for command in $words; do
  run "$command" --help
  long=$(sed -n '/^options:/,/^examples:/p' <<<"$out" | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | LC_ALL=C sort | paste -sd ' ')
  offers "$long" "$command" --
  # And every value of --format.
  kinds=$(sed -n 's/^ *-f, --format \([a-z|]*\).*/\1/p' <<<"$("$nettunectl" "$command" --help)" | tr '|' '\n' | LC_ALL=C sort | paste -sd ' ')
  offers "$kinds" "$command" --format ''
  offers "$kinds" "$command" --format = ''
done
offers 'json junit' audit --format j
offers 'json junit' audit --format = j
offers 'json' audit -f js
asked audit --netns al
[[ " $out " == *' all '* ]] || fail 'it does not offer: all'

# Profiles, and files that are one.
offers 'asyncio latency many-connections own.conf own.yaml server-base small-memory sub/ throughput wan-bulk' audit ''
offers 'latency' audit --all l
offers 'server-base small-memory sub/' show s
offers 'own.conf own.yaml' check own
offers 'own.yaml' check server-base own.y

# The presets of the profile that a command takes them from.
run sockets preset --format names
presets=$(LC_ALL=C sort <<<"$out" | paste -sd ' ')
[[ " $presets " == *' latency '* ]] || fail 'there is no preset latency'
offers "$presets" run --preset ''
offers 'latency' run -p la
offers "$presets" sockets --preset = ''

# What import and export take.
offers 'sysctl.d tuned' import ''
offers 'sysctl.d' export ''
offers 'own.conf sub/' import sysctl.d ''
offers 'own.conf sub/' import --output own.yaml sysctl.d ''
offers 'latency' export sysctl.d l
asked import tuned own
[[ " $out " == *' own.conf '* ]] || fail 'it does not offer: own.conf'

offers 'latency' activate l
# Keys.
offers 'net.core.rmem_default net.core.rmem_max' explain net.core.rmem_
offers '' explain nothing

# Values of options.
offers '- other.txt own.conf own.yaml sub/' audit --live ''
offers 'sub/' audit --root s
offers '' audit --memory ''
offers '' list x
offers '' nonsense x

expect_completion bash "$source_dir/packaging/completion/nettunectl"

finish
