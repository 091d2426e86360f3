#!/bin/bash
# SPDX-License-Identifier: MIT
# nettunectl run hands on what it has inherited as it was: what is ignored and blocked of signals, limits,
# descriptors, and all else that outlives execve(2).
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/socket/preload/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Starts what follows with an unusual state of each kind, says what the program at its end has of it.
cat >"$work/show.py" <<'PY'
import ctypes, os, resource, signal, sys
libc = ctypes.CDLL(None)
for name in sorted(n for n in dir(resource) if n.startswith("RLIMIT_")):
    print(name, resource.getrlimit(getattr(resource, name)))
for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        print("descriptor", fd, os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        pass  # that of the listing
for name, value in sorted(os.environ.items()):
    if name not in ("LD_PRELOAD", "NETTUNE_PRESET_LINE", "NETTUNE_REPORT", "NETTUNE_SECCOMP_FILTERS"):
        print(name, value)
print("nice", os.nice(0), "folder", os.getcwd(), "session", os.getsid(0), os.getpgrp(), os.getppid())
print("scheduler", os.sched_getscheduler(0), "timer", signal.getitimer(signal.ITIMER_REAL)[1])
print("subreaper, death signal, slack:", libc.prctl(37, ctypes.byref(n := ctypes.c_int())), n.value,
      libc.prctl(2, ctypes.byref(n)), n.value, libc.prctl(30))
print("personality", libc.personality(0xffffffff), "arguments", sys.argv[1:])
PY
# Python itself ignores SIGPIPE, and a shell changes what is blocked: grep shows the state of signals.
states='^(Umask|Groups|NoNewPrivs|Sig(Blk|Ign)|(Sig|Shd)Pnd|Cap.*|Seccomp.*|Cpus_allowed):'
show() { # PIPES COMMAND...
  "$python" "$work/unusual.py" "$1" "${@:2}" grep -E "$states" /proc/self/status
  "$python" "$work/unusual.py" "$1" "${@:2}" "$python" "$work/show.py" 'a  b' ''
}
cat >"$work/unusual.py" <<'PY'
import ctypes, os, resource, signal, sys
libc = ctypes.CDLL(None)
for one in signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD, signal.SIGQUIT, signal.SIGXFSZ:
    signal.signal(one, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN if sys.argv[1] == "ignored" else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)  # it stays pending
os.umask(0o027)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456))
resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.RLIM_INFINITY))
os.nice(3)
os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
libc.prctl(29, 70000)
libc.prctl(1, signal.SIGURG)
os.setpgid(0, 0)
signal.setitimer(signal.ITIMER_REAL, 1000, 77)
os.chdir("/usr")
os.dup2(os.open("/dev/null", os.O_RDONLY), 42)
os.close(0)  # the program's first file becomes its standard input
os.environ.update({"A": "", "PATH": os.environ["PATH"] + ":", "MALLOC_ARENA_MAX": "1", "ASAN_OPTIONS": "x=y"})
os.execvp(sys.argv[2], sys.argv[2:])
PY
# Each run has other processes and pipes.
same() { sed 's/session .*//; s/pipe:.*//' "$1"; }
for pipes in ignored usual; do
  show $pipes env 2>/dev/null | cat >"$work/without"
  (($(wc -l <"$work/without") > 40)) || fail 'the list is short'
  grep -q '^descriptor 42 /dev/null$' "$work/without" || fail 'the list lacks a descriptor'
  for options in '--preset latency' '--profile server-base' "--preset nodelay=1 --report $work/report"; do
    # shellcheck disable=SC2086  # words
    show $pipes "$nettunectl" run $options -- 2>/dev/null | cat >"$work/with"
    ran="run $options"
    diff <(same "$work/without") <(same "$work/with") || fail "with SIGPIPE $pipes and $options the program has something else"
  done
done

finish
