# SPDX-License-Identifier: MIT
"""Prints what calls on sockets give, errno included: failures above all. Run with and without the
preload library, it prints the same."""

import ctypes
import os
import socket
import struct
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
UNTOUCHED = 77


def call(name, *arguments, shown=None):
    ctypes.set_errno(UNTOUCHED)
    answer = getattr(libc, name)(*arguments)
    error = ctypes.get_errno()
    shown = answer if shown is None else shown(answer)
    print(name, shown, "errno kept" if error == UNTOUCHED else os.strerror(error))
    return answer


def address(port):
    packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton("127.0.0.1")
    return packed + bytes(8), 16


def is_descriptor(answer):
    return "a descriptor" if answer >= 0 else answer


folder = tempfile.mkdtemp()
file = os.open(folder + "/file", os.O_RDWR | os.O_CREAT)
os.write(file, b"some bytes")
os.lseek(file, 0, os.SEEK_SET)
buffer = ctypes.create_string_buffer(64)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
tcp = socket.socket()
tcp.bind(("127.0.0.1", 0))

print("-- listen")
for fd in (-1, 9999, file, udp.fileno()):
    call("listen", fd, 1)
call("listen", tcp.fileno(), 1)
call("listen", tcp.fileno(), 5)
unix = socket.socket(socket.AF_UNIX)
call("listen", unix.fileno(), 1)
unix.bind(folder + "/socket")
call("listen", unix.fileno(), 1)

print("-- connect")
port = tcp.getsockname()[1]
free = socket.socket()
free.bind(("127.0.0.1", 0))
refused = free.getsockname()[1]
free.close()
for fd in (-1, file):
    call("connect", fd, *address(port))
client = socket.socket()
call("connect", client.fileno(), *address(refused))
call("connect", client.fileno(), *address(port))
call("connect", client.fileno(), *address(port))
call("listen", client.fileno(), 1)
call("connect", tcp.fileno(), *address(port))
call("connect", client.fileno(), b"xx", 2)
missing = struct.pack("=H", socket.AF_UNIX) + folder.encode() + b"/none\0"
call("connect", socket.socket(socket.AF_UNIX).fileno(), missing, len(missing))
call("connect", udp.fileno(), *address(port))
waiting = socket.socket()
waiting.setblocking(False)
call("connect", waiting.fileno(), *address(port))

print("-- accept")
accepted = call("accept", tcp.fileno(), None, None, shown=is_descriptor)
call("accept4", tcp.fileno(), None, None, socket.SOCK_CLOEXEC, shown=is_descriptor)
call("accept4", tcp.fileno(), None, None, 12345)
tcp.setblocking(False)
call("accept", tcp.fileno(), None, None)
for fd in (-1, file, udp.fileno(), accepted):
    call("accept", fd, None, None)

print("-- reads")
client.send(b"hello")
call("read", accepted, buffer, 2)
call("recv", accepted, buffer, 2, 0)
call("__read_chk", accepted, buffer, 1, 64)
call("recv", accepted, buffer, 2, socket.MSG_DONTWAIT)
call("__recv_chk", accepted, buffer, 2, 64, socket.MSG_DONTWAIT)
call("recvfrom", accepted, buffer, 2, socket.MSG_DONTWAIT, None, None)
call("__recvfrom_chk", accepted, buffer, 2, 64, socket.MSG_DONTWAIT, None, None)
call("recvmsg", accepted, bytes(56), socket.MSG_DONTWAIT)
call("readv", accepted, None, 1)
call("readv", accepted, None, -1)
for fd in (-1, udp.fileno(), file, file, file):
    call("recv", fd, buffer, 4, socket.MSG_DONTWAIT)
    call("read", fd, buffer, 4) if fd != udp.fileno() else None
client.shutdown(socket.SHUT_WR)
call("read", accepted, buffer, 4)

print("-- descriptors")
call("close", accepted)
call("close", accepted)
call("read", accepted, buffer, 4)
call("socket", socket.AF_INET, 99, 99)
call("dup", -1)
call("dup2", -1, 5)
call("dup2", file, -1)
call("dup3", file, file, 0)
call("dup2", file, 60)
call("read", 60, buffer, 4)
call("close_range", 5, 4, 0)
call("close_range", 60, 70, 0)
call("read", 60, buffer, 4)
