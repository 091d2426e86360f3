# SPDX-License-Identifier: MIT
"""The asyncio server that is measured; it prints its port, and ends with its standard input.

usage: server.py [--preset NAME-OR-LINE] [--bound] [--port PORT] one|two|stream

one, two: answers each request of 64 bytes with 64 bytes, in one write or in two. stream: sends
messages of 4096 bytes, which begin with the time of their making in ns, as fast as drain() lets it; a
client that sends "?" gets the number of bytes that all streams have written so far instead.
"""
import argparse
import asyncio
import socket
import sys
import time

REQUEST = 64
MESSAGE = 4096


class Answer(asyncio.Protocol):
    def __init__(self, parts):
        self.parts = parts
        self.waiting = 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.waiting += len(data)
        while self.waiting >= REQUEST:
            self.waiting -= REQUEST
            for part in self.parts:
                self.transport.write(part)


class Stream:
    def __init__(self):
        self.written = 0

    async def serve(self, reader, writer):
        try:
            if await reader.read(1) == b"?":
                writer.write(self.written.to_bytes(8, "little"))
            else:
                padding = bytes(MESSAGE - 8)
                while True:
                    writer.write(time.monotonic_ns().to_bytes(8, "little") + padding)
                    self.written += MESSAGE
                    await writer.drain()
        except ConnectionError:
            pass  # the client has seen enough
        finally:
            writer.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset")
    parser.add_argument("--bound", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("kind", choices=("one", "two", "stream"))
    arguments = parser.parse_args()

    loop = asyncio.get_running_loop()
    start_server, create_server, preset = asyncio.start_server, loop.create_server, {}
    if arguments.preset:
        import nettune.aio  # not where the module is not measured
        start_server, create_server = nettune.aio.start_server, nettune.aio.create_server
        preset["preset"] = (nettune.Preset.line(arguments.preset) if "=" in arguments.preset
                            else nettune.Preset.named(arguments.preset, "server-base"))
    if arguments.bound:
        where = {"sock": socket.create_server(("127.0.0.1", arguments.port), reuse_port=True)}
    else:
        where = {"host": "127.0.0.1", "port": arguments.port, "reuse_port": True}
    if arguments.kind == "stream":
        server = await start_server(Stream().serve, **where, **preset)
    else:
        parts = [bytes(REQUEST)] if arguments.kind == "one" else [bytes(REQUEST // 2)] * 2
        server = await create_server(lambda: Answer(parts), **where, **preset)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
