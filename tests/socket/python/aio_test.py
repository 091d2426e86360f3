#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""nettune.aio on real sockets.

usage: aio_test.py [asyncio|uvloop]
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import subprocess
import tempfile
import unittest
import unittest.mock
import weakref

import loops
import nettune
import nettune.aio

LINE = ("nodelay=1,notsent-lowat=16KiB,user-timeout=30s,"
        "write-buffer-high=16KiB,write-buffer-low=4KiB,read-limit=8KiB")
IN_FORCE = [1, 16384, 30000]
TCP_NOTSENT_LOWAT = 25


def options(sock):
    return [sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_NODELAY, TCP_NOTSENT_LOWAT, socket.TCP_USER_TIMEOUT)]


def priority(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY)


class Peer(asyncio.Protocol):
    """Keeps what it got, and answers with as much."""

    made = []

    def __init__(self):
        self.received = b""
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        Peer.made.append(self)

    def data_received(self, data):
        self.received += data
        self.transport.write(data)

    def connection_lost(self, exc):
        self.lost.set_result(exc)


class SlottedPeer(Peer):
    __slots__ = ()


class BufferedPeer(asyncio.BufferedProtocol):
    def __init__(self):
        self.buffer = bytearray(4096)
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        Peer.made.append(self)

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, nbytes):
        self.transport.write(bytes(self.buffer[:nbytes]))

    def connection_lost(self, exc):
        self.lost.set_result(exc)


class Recorder:
    """A transport's socket, as far as quickack() uses it."""

    def __init__(self):
        self.set = []
        self.closing = False

    def setsockopt(self, *arguments):
        self.set.append(arguments)

    def get_extra_info(self, _):
        return self

    def is_closing(self):
        return self.closing

    def write(self, _):
        pass


class AioTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        Peer.made.clear()

    async def asyncSetUp(self):
        self.assertEqual(type(asyncio.get_running_loop()).__module__.partition(".")[0], loops.NAME)

    @contextlib.asynccontextmanager
    async def serving(self, make, *where, **how):
        server = await make(*where, **how)
        try:
            yield server.sockets[0]
        finally:
            server.close()
            await server.wait_closed()

    async def ask(self, preset, address, text=b"hello"):
        reader, writer = await nettune.aio.open_connection(*address[:2], preset=preset)
        writer.write(text)
        self.assertEqual(await reader.readexactly(len(text)), text)
        return reader, writer

    @staticmethod
    async def end(writer):
        writer.close()
        await writer.wait_closed()


class Servers(AioTest):
    async def check(self, preset, make, *where, **how):
        async with self.serving(make, *where, preset=preset, **how) as listener:
            self.assertEqual(options(listener), IN_FORCE)
            _, writer = await self.ask(preset, listener.getsockname())
            client = writer.transport
            accepted = Peer.made[0].transport
            for transport in (client, accepted):
                self.assertEqual(options(transport.get_extra_info("socket")), IN_FORCE)
                self.assertEqual(transport.get_write_buffer_limits(), (4096, 16384))
            self.assertIs(type(accepted.get_protocol()), type(Peer.made[0]))
            await self.end(writer)
            await Peer.made[0].lost

    async def test_both_ends_have_the_preset(self):
        preset = nettune.Preset.line(LINE)
        for peer in (Peer, SlottedPeer, BufferedPeer):
            Peer.made.clear()
            with self.subTest(peer.__name__):
                await self.check(preset, nettune.aio.create_server, peer, "127.0.0.1", 0)

    async def test_ipv6(self):
        preset = nettune.Preset.line(LINE)
        try:
            await self.check(preset, nettune.aio.create_server, Peer, "::1", 0)
        except OSError as error:
            self.skipTest(f"no IPv6: {error}")

    async def test_a_listener_that_is_bound_already(self):
        """Its proto is 0, and asyncio would not set TCP_NODELAY on what it accepts."""
        preset = nettune.Preset.line(LINE)
        for listen in (False, True):
            Peer.made.clear()
            with self.subTest(listen=listen):
                sock = socket.socket()
                self.assertEqual(sock.proto, 0)
                sock.bind(("127.0.0.1", 0))
                if listen:
                    sock.listen()
                await self.check(preset, nettune.aio.create_server, Peer, sock=sock)

    async def test_not_serving_yet(self):
        preset = nettune.Preset.line(LINE)
        server = await nettune.aio.create_server(Peer, "127.0.0.1", 0, preset=preset,
                                                 start_serving=False)
        listener = server.sockets[0]
        self.assertEqual(options(listener), IN_FORCE)
        self.assertEqual(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 0)
        server.close()

    async def test_streams_have_the_presets_limit(self):
        preset = nettune.Preset.line(LINE)
        limits = []

        async def serve(reader, writer):
            limits.append(reader._limit)
            writer.write(await reader.readexactly(5))
            await self.end(writer)
        for given, limit in ((None, 8192), (100, 100)):
            async with self.serving(nettune.aio.start_server, serve, "127.0.0.1", 0,
                                    preset=preset, limit=given) as listener:
                reader, writer = await self.ask(preset, listener.getsockname())
                self.assertEqual(limits[-1], limit)
                self.assertEqual(reader._limit, 8192)
                await self.end(writer)

    async def test_streams_without_a_limit_have_asyncios(self):
        preset = nettune.Preset.line("nodelay=1")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as listener:
            reader, writer = await self.ask(preset, listener.getsockname())
            self.assertEqual(reader._limit, 65536)
            await self.end(writer)

    async def test_what_is_not_inherited_is_set_on_each_connection(self):
        preset = nettune.Preset.line("nodelay=1,priority=3")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as listener:
            _, writer = await self.ask(preset, listener.getsockname())
            self.assertEqual(priority(writer.get_extra_info("socket")), 3)
            self.assertEqual(priority(Peer.made[0].transport.get_extra_info("socket")), 3)
            await self.end(writer)

    async def test_nodelay_off_outlives_the_transport(self):
        preset = nettune.Preset.line("nodelay=0")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as listener:
            _, writer = await self.ask(preset, listener.getsockname())
            for transport in (writer.transport, Peer.made[0].transport):
                self.assertEqual(options(transport.get_extra_info("socket"))[0], 0)
            await self.end(writer)

    async def test_workers_share_a_port(self):
        preset = nettune.Preset.line("reuse-port=1,nodelay=1")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as first:
            port = first.getsockname()[1]
            async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", port,
                                    preset=preset) as second:
                self.assertEqual(second.getsockname()[1], port)
        without = nettune.Preset.line("nodelay=1")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=without) as first:
            with self.assertRaises(OSError):
                await nettune.aio.create_server(Peer, "127.0.0.1", first.getsockname()[1],
                                                preset=without)

    async def test_what_is_not_in_force_is_logged_by_name(self):
        preset = nettune.Preset.line("nodelay=1,congestion-control=nosuch")
        with self.assertLogs("nettune", "WARNING") as logs:
            async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                    preset=preset):
                pass
        self.assertEqual(len(logs.output), 1)
        self.assertIn("congestion-control", logs.output[0])

    async def test_connections_are_freed(self):
        preset = nettune.Preset.line(LINE + ",quickack=every-read")
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as listener:
            _, writer = await self.ask(preset, listener.getsockname())
            await self.end(writer)
            del writer
            await Peer.made[0].lost
            peer = weakref.ref(Peer.made.pop())
            for _ in range(3):
                await asyncio.sleep(0)
                gc.collect()
            self.assertIsNone(peer())


class Clients(AioTest):
    async def test_options_precede_the_connect(self):
        """max-segment has to: its share of the handshake is what the peer may send."""
        preset = nettune.Preset.line("max-segment=1000,syn-count=3")
        async with self.serving(asyncio.get_running_loop().create_server, Peer, "127.0.0.1",
                                0) as listener:
            _, writer = await self.ask(preset, listener.getsockname())
            server = Peer.made[0].transport.get_extra_info("socket")
            # Less the timestamps, where they are on.
            self.assertIn(server.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), (1000, 988))
            await self.end(writer)

    async def test_a_refused_connection_is_an_error_and_no_leak(self):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            with self.assertRaises(ConnectionRefusedError):
                await nettune.aio.open_connection(*sock.getsockname(),
                                                  preset=nettune.Preset.line("nodelay=1"))

    async def test_an_address_needs_no_thread_that_resolves_it(self):
        preset = nettune.Preset.line(LINE)
        threads = os.listdir("/proc/self/task")
        for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
            try:
                listener = socket.create_server((host, 0), family=family)
            except OSError:
                continue  # a machine without IPv6
            with listener:
                port = listener.getsockname()[1]
                for given in (port, str(port)):
                    _, writer = await nettune.aio.open_connection(host, given, preset=preset)
                    self.assertEqual(options(writer.get_extra_info("socket")), IN_FORCE)
                    await self.end(writer)
        self.assertEqual(os.listdir("/proc/self/task"), threads)

    async def test_a_name_is_for_the_resolver(self):
        asked = []

        async def answer(*arguments, **_):
            asked.append(arguments)
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

        with unittest.mock.patch.object(asyncio.get_running_loop(), "getaddrinfo", answer):
            with self.assertRaises(socket.gaierror):
                await nettune.aio.open_connection("name.invalid", 1,
                                                  preset=nettune.Preset.line(LINE))
        self.assertEqual(asked, [("name.invalid", 1)])

    async def test_a_local_address_and_a_socket_of_ones_own(self):
        preset = nettune.Preset.line(LINE)
        async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                preset=preset) as listener:
            address = listener.getsockname()
            _, writer = await nettune.aio.open_connection(*address, preset=preset,
                                                          local_addr=("127.0.0.2", 0))
            self.assertEqual(writer.get_extra_info("sockname")[0], "127.0.0.2")
            await self.end(writer)
            sock = socket.create_connection(address)
            _, writer = await nettune.aio.open_connection(sock=sock, preset=preset)
            self.assertEqual(options(writer.get_extra_info("socket")), IN_FORCE)
            await self.end(writer)


class Tls(AioTest):
    async def test_both_ends_over_tls(self):
        with tempfile.TemporaryDirectory(prefix="nettune-tls-") as folder:
            key, certificate = f"{folder}/key", f"{folder}/certificate"
            try:
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                                "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                                "-keyout", key, "-out", certificate],
                               check=True, capture_output=True)
            except FileNotFoundError:
                self.skipTest("openssl is not installed")
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(certificate, key)
            client = ssl.create_default_context(cafile=certificate)
        for quickack in ("off", "every-read"):
            Peer.made.clear()
            preset = nettune.Preset.line(f"{LINE},quickack={quickack}")
            async with self.serving(nettune.aio.create_server, Peer, "127.0.0.1", 0,
                                    preset=preset, ssl=server) as listener:
                address = listener.getsockname()
                reader, writer = await nettune.aio.open_connection(
                    *address, preset=preset, ssl=client)
                writer.write(b"hello")
                self.assertEqual(await reader.readexactly(5), b"hello")
                for transport in (writer.transport, Peer.made[0].transport):
                    self.assertEqual(options(transport.get_extra_info("socket")), IN_FORCE)
                    self.assertEqual(transport.get_write_buffer_limits(), (4096, 16384))
                await self.end(writer)
                await Peer.made[0].lost
                # The server's loop would tell of the client that went away.
                asyncio.get_running_loop().set_exception_handler(lambda *_: None)
                with self.assertRaises(ssl.SSLCertVerificationError):
                    await nettune.aio.open_connection(*address, preset=preset, ssl=client,
                                                      server_hostname="another")


class Transports(AioTest):
    async def test_tune_transport(self):
        preset = nettune.Preset.line(LINE)
        loop = asyncio.get_running_loop()
        async with self.serving(loop.create_server, Peer, "127.0.0.1", 0) as listener:
            transport, peer = await loop.create_connection(Peer, *listener.getsockname())
            report = nettune.aio.tune_transport(transport, preset, "client")
            self.assertTrue(report.ok)
            self.assertEqual(options(transport.get_extra_info("socket")), IN_FORCE)
            self.assertEqual(transport.get_write_buffer_limits(), (4096, 16384))
            transport.close()
            await peer.lost

    async def test_without_a_socket(self):
        transport = asyncio.Transport()
        with self.assertRaisesRegex(ValueError, "no socket"):
            nettune.aio.tune_transport(transport, nettune.Preset.line("nodelay=1"))


class Quickack(AioTest):
    REARMED = (socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def test_the_factory_itself_where_it_is_off(self):
        for line in ("nodelay=1", "quickack=off"):
            self.assertIs(nettune.aio.quickack(Peer, nettune.Preset.line(line)), Peer)

    async def test_once_for_each_read(self):
        preset = nettune.Preset.line("quickack=every-read")
        protocol = nettune.aio.quickack(Peer, preset)()
        transport = Recorder()
        protocol.connection_made(transport)
        for count in (2, 3, 4):
            protocol.data_received(b"x")
            self.assertEqual(transport.set, [self.REARMED] * count)
        transport.closing = True
        protocol.data_received(b"x")
        self.assertEqual(len(transport.set), 4)
        self.assertEqual(protocol.received, b"xxxx")

    async def test_buffered_protocols(self):
        protocol = nettune.aio.quickack(BufferedPeer,
                                        nettune.Preset.line("quickack=every-read"))()
        self.assertIsInstance(protocol, asyncio.BufferedProtocol)
        transport = Recorder()
        protocol.connection_made(transport)
        protocol.get_buffer(-1)[:1] = b"x"
        protocol.buffer_updated(1)
        self.assertEqual(transport.set, [self.REARMED] * 2)

    async def slowest(self, make, preset):
        """Write-write-read against a server that answers the whole message, from a client with
        Nagle's algorithm; the median round in seconds."""
        loop = asyncio.get_running_loop()

        async def serve(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    writer.write(await reader.readexactly(2))
            writer.close()
        listener = socket.create_server(("127.0.0.1", 0))
        async with self.serving(make, serve, sock=listener, **preset) as bound:
            with socket.create_connection(bound.getsockname()) as sock:
                sock.setblocking(False)
                rounds = []
                for _ in range(12):
                    begin = loop.time()
                    await loop.sock_sendall(sock, b"a")
                    await loop.sock_sendall(sock, b"b")
                    answer = b""
                    while len(answer) < 2:
                        answer += await loop.sock_recv(sock, 2)
                    rounds.append(loop.time() - begin)
        return sorted(rounds)[6]

    async def test_a_peer_with_nagle_does_not_wait(self):
        plain = await self.slowest(asyncio.start_server, {})
        if plain < 0.03:
            self.skipTest(f"this host acknowledges at once: {plain * 1000:.3f} ms")
        preset = nettune.Preset.line("quickack=every-read")
        tuned = await self.slowest(nettune.aio.start_server, {"preset": preset})
        self.assertLess(tuned, plain / 4)


if __name__ == "__main__":
    loops.main()
