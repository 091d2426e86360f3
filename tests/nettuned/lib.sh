# SPDX-License-Identifier: MIT
# A host of one's own for a test of the whole service: mounts, processes and network of its own, a
# system bus with the project's policy file, and polkit, real or none. A script is called with the
# build directory and the source tree, and sources this file; it is started again inside.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts use what is set here

build=${1:?usage: $0 BUILD_DIR SOURCE_DIR}
source_dir=${2:?usage: $0 BUILD_DIR SOURCE_DIR}

if [[ -z ${NETTUNE_TEST_INSIDE-} ]]; then
  skip() {
    echo "skipped: $1"
    exit 77
  }
  ((EUID == 0)) || skip "it needs root"
  command -v dbus-daemon >/dev/null || skip "it needs dbus-daemon"
  [[ -x /usr/lib/polkit-1/polkitd ]] || skip "it needs polkitd"
  unshare --mount --net --pid --fork --kill-child --mount-proc true 2>/dev/null ||
    skip "it may not make namespaces"
  export NETTUNE_TEST_INSIDE=1
  # On a thread of its own no signal of the runner's is lost: the exit status is the test's.
  exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
    bash "$0" "$@"
fi

# shellcheck source=tests/nettunectl/lib.sh
source "$source_dir/tests/nettunectl/lib.sh" "$build/nettunectl" "$source_dir"
unset NETTUNE_PROFILE_PATH DBUS_SYSTEM_BUS_ADDRESS
export LC_ALL=C.UTF-8 TZ=UTC

# What the service and the bus use of the host is this mount namespace's own: what is changed there
# goes with it.
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /mnt
for folder in etc var; do
  mkdir "/mnt/$folder" "/mnt/$folder.work"
  mount -t overlay -o "lowerdir=/$folder,upperdir=/mnt/$folder,workdir=/mnt/$folder.work" \
    overlay "/$folder"
done
mount -t tmpfs -o mode=755 tmpfs /run
rm -rf /etc/nettune /var/lib/nettune
mkdir -p /run/dbus /etc/nettune/profiles /var/lib/nettune
cp "$source_dir"/profiles/*.yaml /etc/nettune/profiles/
chown -R root:root /etc/nettune
# The account that packages make.
grep -q '^nettune:' /etc/passwd || echo 'nettune:x:60991:60991::/:/usr/sbin/nologin' >>/etc/passwd
grep -q '^nettune:' /etc/group || echo 'nettune:x:60991:' >>/etc/group
chmod 755 "$work"
# Other users start the programs, too, which a tree below /root keeps from them.
mkdir "$work/programs"
cp "$build"/{nettuned,nettunectl,nettunectl-bus} "$work/programs/"
nettuned=$work/programs/nettuned nettunectl=$work/programs/nettunectl

wait_for() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS <= end)) || return 1
    sleep 0.02
  done
}

start_bus() {
  mkdir -p "$work/bus.d"
  cp "$source_dir/packaging/dbus/org.nettune1.conf" "$work/bus.d/"
  # As Debian's own system.conf, without the services that it would start.
  sed -e '/<servicehelper>/d; /<standard_system_servicedirs/d; /<fork\/>/d; /<pidfile>/d' \
    -e "s,<includedir>system.d<,<includedir>/usr/share/dbus-1/system.d<," \
    -e "s,</busconfig>,<includedir>$work/bus.d</includedir></busconfig>," \
    /usr/share/dbus-1/system.conf >"$work/bus.conf"
  # Messages name users that need not be on this host.
  dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile --nosyslog 2>>"$work/bus.log" &
  bus_pid=$!
  wait_for 10 test -S /run/dbus/system_bus_socket || { cat "$work/bus.log"; exit 1; }
}

# start_polkit RULES: the real one, with the project's actions and these rules.
start_polkit() {
  mount -t tmpfs -o mode=755 tmpfs /usr/share/polkit-1/actions
  rm -rf /etc/polkit-1
  mkdir -p /etc/polkit-1/rules.d
  chmod 755 /etc/polkit-1 /etc/polkit-1/rules.d
  install -m 644 "$source_dir/packaging/polkit/org.nettune1.policy" /usr/share/polkit-1/actions/
  printf '%s\n' "$1" >/etc/polkit-1/rules.d/10-test.rules
  chmod 644 /etc/polkit-1/rules.d/10-test.rules
  /usr/lib/polkit-1/polkitd --no-debug >"$work/polkit.log" 2>&1 &
  polkit_pid=$!
  wait_for 10 busctl --system status org.freedesktop.PolicyKit1 ||
    { cat "$work/polkit.log"; exit 1; }
}

# start_service [COMMAND...]: nettuned, or COMMAND that becomes it; its log is $log.
log=$work/nettuned.log
start_service() {
  (($#)) || set -- "$nettuned"
  "$@" 2>>"$log" &
  service_pid=$!
  wait_for 10 busctl --system status org.nettune1 || { cat "$log"; exit 1; }
}
stop_service() {
  kill "$service_pid"
  wait "$service_pid" || fail "nettuned ends with status $?"
}

# as USER ARGUMENT...: nettunectl, as run has it.
as() {
  local user=$1
  shift
  ran="as $user: $*"
  status=0
  out=$(runuser -u "$user" -- "$nettunectl" "$@" 2>"$work/err") || status=$?
  err=$(<"$work/err")
}

manager() { # METHOD [ARGUMENT...]
  ran="call $*"
  status=0
  out=$(busctl --system call org.nettune1 /org/nettune1 org.nettune1.Manager "$@" 2>"$work/err") ||
    status=$?
  err=$(<"$work/err")
}
property() {
  busctl --system get-property org.nettune1 /org/nettune1 org.nettune1.Manager "$1" | cut -d ' ' -f 2-
}
# holds KEY VALUE: the kernel has it.
holds() { [[ $(sysctl -n "$1" | tr '\t' ' ') == "$2" ]]; }
expect_value() { wait_for 5 holds "$1" "$2" || fail "$1 is $(sysctl -n "$1"), not $2"; }
logged() { grep -qF -- "$1" "$log"; }
expect_logged() { wait_for 5 logged "$1" || { fail "it does not log: $1"; tail -n 5 "$log"; }; }
