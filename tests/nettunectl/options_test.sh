#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line itself: help, version, and what is said of arguments that are wrong.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

commands=(audit check list show explain recommend)

run --version
expect_status 0
[[ $out =~ ^nettunectl\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail 'this is no version'
run --help
expect_status 0
expect_silent_err
for command in "${commands[@]}"; do
  expect_out "  $command "
done
run help
expect_status 0
run
expect_status 2
expect_silent_out
expect_err 'usage: nettunectl COMMAND'

for command in "${commands[@]}"; do
  run "$command" --help
  expect_status 0
  expect_silent_err
  expect_out "usage: nettunectl $command "
  expect_out 'examples:'
  expect_out '-h, --help'
  expect_out '--root DIR'
  help=$out
  run "$command" -h
  [[ $out == "$help" ]] || fail '-h and --help differ'
  run help "$command"
  [[ $out == "$help" ]] || fail 'help COMMAND and COMMAND --help differ'

  run "$command" --no-such-thing
  expect_status 2
  expect_silent_out
  expect_err "nettunectl: $command: unknown option \"--no-such-thing\""
  expect_err "see \"nettunectl $command --help\""
  [[ $err != *$'\n'* ]] || fail 'an error takes more than one line'

  run "$command" --format
  expect_status 2
  expect_err '--format needs a value'
  run "$command" --format yml
  expect_status 2
  expect_err '--format takes '
  expect_err 'not "yml"'
done

run audti
expect_status 2
expect_silent_out
expect_err 'unknown command "audti"; did you mean "nettunectl audit"?'
run frobnicate
expect_status 2
expect_err 'unknown command "frobnicate"; see "nettunectl --help"'
run --frobnicate
expect_status 2
expect_err 'unknown option "--frobnicate"'
run --verison
expect_status 2
expect_err 'unknown option "--verison"; did you mean "nettunectl --version"?'
for word in version -v; do
  run $word
  expect_status 2
  expect_err 'did you mean "nettunectl --version"?'
done
for command in apply revert; do
  run $command --help
  expect_out 'change another network namespace'
done
run apply --plan "$work/nosuch"
expect_status 2
expect_err "the plan $work/nosuch can't be read: No such file or directory"
run help audti
expect_status 2
expect_err 'did you mean'
run audit --fromat json
expect_status 2
expect_err 'unknown option "--fromat"; did you mean --format?'
run audit --fromat=json
expect_err 'did you mean --format?'
run audit a b
expect_status 2
expect_err 'unexpected argument "b"'
run show
expect_status 2
expect_err 'no PROFILE is given'
run check
expect_status 2
expect_err 'no FILE is given'
run audit $'\033[31m'
expect_status 2
[[ $err != *$'\033'* ]] || fail 'an argument reaches the terminal as it is'

# Both ways to give a value, and a name that begins with a hyphen after "--".
make_root m
put p/two.yaml 'nettune: 1
sysctl: {net.core.somaxconn: at least 4096}'
export NETTUNE_PROFILE_PATH=$work/p
run audit --format=json two --root="$work/m"
expect_status 0
expect_out '"audit/1"'
run audit -f json --root "$work/m" -- two
expect_status 0

# NETTUNE_PROFILE_PATH takes several folders; the first wins.
put q/two.yaml 'nettune: 1
summary: the second folder
sysctl: {net.core.somaxconn: at least 8192}'
put q/three.yaml 'nettune: 1
sysctl: {net.core.somaxconn: at least 8192}'
NETTUNE_PROFILE_PATH=$work/p:$work/q run audit two --root "$work/m"
expect_status 0
NETTUNE_PROFILE_PATH=$work/q:$work/p run audit two --root "$work/m"
expect_status 1
NETTUNE_PROFILE_PATH=$work/p:$work/q run audit three --root "$work/m"
expect_status 1

# Without it: below the root.
unset NETTUNE_PROFILE_PATH
put m/etc/nettune/profiles/mine.yaml 'nettune: 1
sysctl: {net.core.somaxconn: at least 4096}'
run audit mine --root "$work/m"
expect_status 0

# --- a build of nettunectl alone has no service to ask ---
cp "$nettunectl" "$work/alone"
status=0
err=$("$work/alone" status 2>&1) || status=$?
ran="$work/alone status"
# Elsewhere an installed nettune answers in its place.
if [[ $err == *"can't be run"* ]]; then
  expect_status 2
  expect_err '"status" is about the service, and needs nettune to be installed'
else
  echo 'not tested: a missing nettunectl-bus, since nettune is installed here'
fi
finish
