#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The hooks for aiohttp that nettune.aio shows, with a server and a client of it.

usage: aiohttp_test.py [asyncio|uvloop]
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import socket
import unittest

import loops
import nettune
import nettune.aio

aiohttp = loops.need("aiohttp")
from aiohttp import web  # noqa: E402  it is there now

TCP_NOTSENT_LOWAT = 25


def facts(transport):
    sock = transport.get_extra_info("socket")
    return {"nodelay": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
            "lowat": sock.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT),
            "limits": list(transport.get_write_buffer_limits())}


class Aiohttp(unittest.IsolatedAsyncioTestCase):
    async def test_server_and_client(self):
        for quickack in ("off", "every-read"):
            for bound in (False, True):
                with self.subTest(quickack=quickack, bound=bound):
                    await self.check(quickack, bound)

    async def check(self, quickack, bound):
        preset = nettune.Preset.line(f"nodelay=1,notsent-lowat=16KiB,quickack={quickack},"
                                     "write-buffer-high=16KiB,write-buffer-low=4KiB")
        wanted = {"nodelay": 1, "lowat": 16384, "limits": [4096, 16384]}

        async def answer(request):
            body = await request.read()
            return web.json_response(dict(facts(request.transport), size=len(body)))

        app = web.Application(client_max_size=1 << 22)
        app.router.add_post("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        where = ({"sock": socket.create_server(("127.0.0.1", 0))} if bound
                 else {"host": "127.0.0.1", "port": 0})
        server = await nettune.aio.create_server(runner.server, preset=preset, **where)

        class Connector(aiohttp.TCPConnector):
            async def _create_connection(self, req, traces, timeout):
                protocol = await super()._create_connection(req, traces, timeout)
                nettune.aio.tune_transport(protocol.transport, preset, "client")
                self.shown = facts(protocol.transport)
                return protocol

        connector = Connector()
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
                for size in (0, 10, 1 << 20):  # one connection, kept alive
                    async with session.post(url, data=b"x" * size) as response:
                        self.assertEqual(response.status, 200)
                        self.assertEqual(await response.json(), dict(wanted, size=size))
            self.assertEqual(connector.shown, wanted)
        finally:
            server.close()
            await server.wait_closed()
            await runner.cleanup()


if __name__ == "__main__":
    loops.main()
