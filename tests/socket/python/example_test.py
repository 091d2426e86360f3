#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The asyncio example: its workers listen on one port, answer, and end when they are told to.

usage: example_test.py ASYNCIO_ECHO
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import signal
import socket
import subprocess
import unittest
from pathlib import Path

EXAMPLE = sys.argv.pop(1)


def listeners(port):
    """The inodes of the sockets that listen on a port of 127.0.0.1."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return {row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A"}


class Example(unittest.TestCase):
    def test_workers(self):
        with socket.socket() as sock:  # keeps the port from others; it never listens
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            with subprocess.Popen([sys.executable, EXAMPLE, "--workers", "3", str(port)],
                                  stdout=subprocess.PIPE, text=True) as server:
                try:
                    names = {server.stdout.readline().strip() for _ in range(3)}
                    self.assertEqual(names, {f"worker {i} listens" for i in range(3)})
                    self.assertEqual(len(listeners(port)), 3)
                    for i in range(30):
                        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                            client.sendall(b"%d\n" % i)
                            self.assertEqual(client.recv(100), b"%d\n" % i)
                finally:
                    server.send_signal(signal.SIGTERM)
                    status = server.wait(timeout=10)
            self.assertEqual(status, 0)
            self.assertEqual(listeners(port), set())


if __name__ == "__main__":
    unittest.main()
