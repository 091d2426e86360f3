# SPDX-License-Identifier: MIT
"""Under the preload library with PRESET: each TCP socket has its options, and no other socket has.
Prints what is wrong; the exit status is 1 then.

PRESET: nodelay=1,notsent-lowat=16KiB,quickack=every-read,keepalive-idle=61s,user-timeout=31s,priority=5
"""

import os
import socket
import subprocess
import sys
import threading

TCP_NOTSENT_LOWAT = 25
INHERITED = {
    "nodelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    "notsent-lowat": (socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384),
    "keepalive-idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 61),
    "user-timeout": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 31000),
}
PRIORITY = {"priority": (socket.SOL_SOCKET, socket.SO_PRIORITY, 5)}
wrong = []


def expect(who, one, options):
    for name, (level, number, value) in options.items():
        live = one.getsockopt(level, number)
        if live != value:
            wrong.append(f"{who}: {name} is {live}, not {value}")


def pair(family, host):
    listener = socket.socket(family)
    listener.bind((host, 0))
    expect(f"bound {host}", listener, {"nodelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)})
    listener.listen()
    listener.listen(20)  # as nginx does
    client = socket.socket(family)
    client.connect(listener.getsockname())
    accepted, _ = listener.accept()
    return listener, client, accepted


def check_pair(family, host):
    listener, client, accepted = pair(family, host)
    expect(f"listener {host}", listener, INHERITED)
    expect(f"client {host}", client, INHERITED | PRIORITY)
    expect(f"accepted {host}", accepted, INHERITED | PRIORITY)
    client.sendall(b"ping")
    if accepted.recv(16) != b"ping":
        wrong.append(f"{host}: no data comes through")
    for one in (listener, client, accepted):
        one.close()


check_pair(socket.AF_INET, "127.0.0.1")
check_pair(socket.AF_INET6, "::1")

# What is neither listening nor connecting is no business of the library's.
expect("fresh", socket.socket(), {"nodelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)})

# The numbers of closed descriptors come back as something else.
for _ in range(3):
    check_pair(socket.AF_INET, "127.0.0.1")
    with open(__file__, "rb") as file:
        if not file.read().startswith(b"# SPDX"):
            wrong.append("a file reads differently")

# Other kinds.
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", 9))
expect("UDP", udp, {"priority": (socket.SOL_SOCKET, socket.SO_PRIORITY, 0)})
unix_name = f"\0nettune-preload-test-{os.getpid()}"
unix = socket.socket(socket.AF_UNIX)
unix.bind(unix_name)
unix.listen()
other = socket.socket(socket.AF_UNIX)
other.connect(unix_name)
accepted, _ = unix.accept()
for one in (unix, other, accepted):
    expect("AF_UNIX", one, {"priority": (socket.SOL_SOCKET, socket.SO_PRIORITY, 0)})

# Many threads at once, and a child of fork.
threads = [threading.Thread(target=lambda: [check_pair(socket.AF_INET, "127.0.0.1") for _ in range(40)])
           for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
child = os.fork()
if child == 0:
    check_pair(socket.AF_INET, "127.0.0.1")
    os._exit(len(wrong))
if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != len(wrong):
    wrong.append("the child of fork differs")

# A program that this one starts.
if "child" not in sys.argv and subprocess.run([sys.executable, __file__, "child"]).returncode != 0:
    wrong.append("the program that this one started differs")

print(*wrong, sep="\n", end="")
sys.exit(bool(wrong))
