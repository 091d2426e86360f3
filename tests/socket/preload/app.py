# SPDX-License-Identifier: MIT
# An application for ASGI and for WSGI. It answers with the process that it runs in, and with what the
# kernel has of the preset latency on each of that's TCP sockets:
# {"pid": 7, "sockets": {"listener": [[1, 16384, 30000, 1, 60, 10, 6]], "connection": [...]}}.
import json
import os
import socket

TCP_NOTSENT_LOWAT = 25
OPTIONS = [(socket.IPPROTO_TCP, number)
           for number in (socket.TCP_NODELAY, TCP_NOTSENT_LOWAT, socket.TCP_USER_TIMEOUT)]
OPTIONS.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE))
OPTIONS += [(socket.IPPROTO_TCP, number)
            for number in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)]


def sockets():
    found = {"listener": [], "connection": []}
    for name in os.listdir("/proc/self/fd"):
        try:
            copy = os.dup(int(name))
        except OSError:
            continue  # the listing's own descriptor
        try:
            with socket.socket(fileno=copy) as one:
                if one.family != socket.AF_INET or one.type != socket.SOCK_STREAM:
                    continue
                listens = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                found["listener" if listens else "connection"].append(
                    [one.getsockopt(*option) for option in OPTIONS])
        except OSError:
            os.close(copy)  # it is no socket
    return found


def answer():
    return json.dumps({"pid": os.getpid(), "sockets": sockets()}).encode()


def wsgi(_, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [answer()]


async def asgi(scope, _, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": answer()})
