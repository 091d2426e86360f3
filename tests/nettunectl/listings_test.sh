#!/bin/bash
# SPDX-License-Identifier: MIT
# A folder that is there and can't be read, or not to its end, is never taken for an empty one.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
library=${3:?usage: $0 NETTUNECTL SOURCE_DIR FAULTS_LIBRARY}
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root root
put p/a.yaml 'nettune: 1
sysctl:
  net.core.somaxconn: 8192
  net.ipv4.conf.*.rp_filter: 2'
set_key root net.ipv4.conf.eth0.rp_filter 0
put root/etc/sysctl.d/50-net.conf 'net.core.somaxconn = 1024'
put root/sys/class/net/eth0/speed 1000
put root/proc/1/comm nginx
put root/run/netns/blue ''
export NETTUNE_PROFILE_PATH=$work/p:$source_dir/profiles

# listing STATUSES COMMAND...
listing() {
  "$python" "$source_dir/tests/nettunectl/listings.py" "$nettunectl" "$library" "$work" "$@" ||
    fail "${*:2}: a folder that can't be read is taken for an empty one"
}
listing 2 list --root "$work/root"
listing 2 list --format json --root "$work/root"
listing 2 list --format names
listing 0 explain net.core.somaxconn --root "$work/root"
listing 0,1,2 audit a --root "$work/root"
listing 0 recommend --root "$work/root"
listing 2 sockets --preset nodelay=1 --pid $$
listing 2 sockets --preset nodelay=1 --unit no-such-unit

# --- a way that leads nowhere ---
ln -s loop "$work/loop"
NETTUNE_PROFILE_PATH=$work/loop:$work/p run list
expect_status 2
expect_err "list $work/loop: Too many levels of symbolic links"
expect_out 'a '
run history --directory "$work/loop"
expect_status 2
expect_err "the journal in $work/loop can't be read: Too many levels of symbolic links"
NETTUNE_PROFILE_PATH=$work/p:$work/none:$work/p/a.yaml run list
expect_status 0
expect_silent_err
finish
