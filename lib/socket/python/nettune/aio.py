# SPDX-License-Identifier: MIT
"""A preset for asyncio: servers, clients, protocols; with uvloop too.

    preset = nettune.Preset.named("latency")
    server = await nettune.aio.start_server(serve, "0.0.0.0", 8080, preset=preset)
    reader, writer = await nettune.aio.open_connection("db1", 5432, preset=preset)

A listener gets the preset before it listens, so that accepted sockets have it from the kernel, also
where asyncio would not see that they are TCP (a listener that the program has bound itself). Where
the preset has reuse-port, each worker process makes its own listener for the same port. What is not
in force on a socket is one warning of the logger "nettune" for each option; a server runs without
it. For a refusal instead: Preset.apply() on a socket of one's own, and Report.raise_for_error().

An aiohttp server is a protocol factory:

    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    server = await nettune.aio.create_server(runner.server, "0.0.0.0", 8080, preset=preset)

An aiohttp client makes its sockets itself, and shows them once they are connected:

    class Connector(aiohttp.TCPConnector):
        async def _create_connection(self, req, traces, timeout):
            protocol = await super()._create_connection(req, traces, timeout)
            nettune.aio.tune_transport(protocol.transport, preset, "client")
            return protocol

Since 3.12 it takes socket_factory=, in which Preset.apply(sock, "client") precedes the connect.

A server that makes its own loop, such as uvicorn, takes a listener that is tuned already. asyncio
itself would set no TCP_NODELAY on what comes from a listener of socket.create_server():

    sock = socket.create_server(("0.0.0.0", 8080))
    preset.apply(sock, "listener")
    await uvicorn.Server(uvicorn.Config(app)).serve(sockets=[sock])

Without a line of code, and with worker processes, from outside:

    nettunectl run --preset latency -- python3 -m uvicorn --workers 4 app:app
    nettunectl run --preset latency -- gunicorn --workers 4 app:app

All of it belongs to the thread of the event loop.
"""
from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from . import _WRONG, Hints, Preset, Report

__all__ = ["create_server", "open_connection", "quickack", "start_server", "tune_transport"]

Factory = Callable[[], asyncio.BaseProtocol]

_logger = logging.getLogger("nettune")
_STREAM_LIMIT = 65536  # asyncio's own, in bytes


def tune_transport(transport: asyncio.Transport, preset: Preset, role: str = "auto") -> Report:
    """Applies the preset to a transport's socket, and sets its write-buffer limits, in bytes, where
    the preset has any. ValueError: the transport has no socket. Else as Preset.apply()."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        raise ValueError(f"{transport!r} has no socket")
    report = preset.apply(sock, role)
    _set_limits(transport, preset.hints)
    return report


def quickack(factory: Factory, preset: Preset) -> Factory:
    """A protocol factory whose connections set TCP_QUICKACK again after each read, since the kernel
    forgets it with each prompt reply. `factory` itself where the preset does not say
    quickack=every-read. transport.get_protocol() then gives an object that passes all calls on to
    the protocol of `factory`; after StreamWriter.start_tls() nothing is set again."""
    if not _re_arms(preset):
        return factory

    def make() -> asyncio.BaseProtocol:
        protocol = factory()
        buffered = isinstance(protocol, asyncio.BufferedProtocol)
        return _BufferedQuickack(protocol) if buffered else _Quickack(protocol)

    return make


async def create_server(factory: Factory, host: Any = None, port: int | None = None, *,
                        preset: Preset, start_serving: bool = True, **options: Any
                        ) -> asyncio.AbstractServer:
    """loop.create_server() with the preset: on the listeners before they listen, and on what an
    accepted connection does not inherit from them. `options` are loop.create_server()'s."""
    loop = asyncio.get_running_loop()
    make = _tuned(factory, preset, "accepted")
    sock = options.get("sock")
    if sock is not None:
        _tell(preset.apply(sock, "listener"))
        return await loop.create_server(make, start_serving=start_serving, **options)
    if _wants(preset, "listener", "reuse-port"):
        options.setdefault("reuse_port", True)  # it has to precede bind()
    server = await loop.create_server(make, host, port, start_serving=False, **options)
    try:
        for listener in server.sockets:
            _tell(preset.apply(listener, "listener"))
        if start_serving:
            await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


async def start_server(connected: Callable[..., Any], host: Any = None, port: int | None = None, *,
                       preset: Preset, limit: int | None = None, **options: Any
                       ) -> asyncio.AbstractServer:
    """asyncio.start_server() with the preset, see create_server(). `limit` of the readers, in
    bytes, is the preset's where it is not given."""
    loop = asyncio.get_running_loop()
    size = _limit(preset, limit)

    def factory() -> asyncio.BaseProtocol:
        reader = asyncio.StreamReader(limit=size, loop=loop)
        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    return await create_server(factory, host, port, preset=preset, **options)


async def open_connection(host: str | None = None, port: int | str | None = None, *,
                          preset: Preset, limit: int | None = None, family: int = 0,
                          local_addr: tuple[Any, ...] | None = None,
                          sock: socket.socket | None = None, **options: Any
                          ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """asyncio.open_connection() with the preset on the socket before it connects. The addresses of
    `host` are tried in order; OSError is the last one's. A `sock` is connected already. `options`
    are loop.create_connection()'s, such as ssl; `limit` as in start_server()."""
    loop = asyncio.get_running_loop()
    own = sock is None
    if sock is None:
        sock = await _connected(loop, host, port, preset, family, local_addr)
    else:
        _tell(preset.apply(sock, "client"))
    if options.get("ssl"):
        options.setdefault("server_hostname", host)
    reader = asyncio.StreamReader(limit=_limit(preset, limit), loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        transport, _ = await loop.create_connection(
            _tuned(lambda: protocol, preset, "client"), sock=sock, **options)
    except BaseException:
        if own:
            sock.close()
        raise
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _connected(loop: asyncio.AbstractEventLoop, host: str | None, port: int | str | None,
                     preset: Preset, family: int, local_addr: tuple[Any, ...] | None
                     ) -> socket.socket:
    try:  # an address needs no resolver, and so no thread that asks it
        addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM,
                                       flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)
    except socket.gaierror:
        addresses = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for found_family, kind, protocol, _, address in addresses:
        sock = socket.socket(found_family, kind, protocol)
        try:
            sock.setblocking(False)
            report = preset.apply(sock, "client")
            if local_addr is not None:
                sock.bind(local_addr)
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            _tell(report)
            return sock
    raise failure if failure is not None else OSError(f"no address for {host!r}")


def _tell(report: Report) -> None:
    if not report.ok:
        for entry in report.entries:
            if entry.outcome in _WRONG:
                _logger.warning("%s", entry.text)


def _limit(preset: Preset, limit: int | None) -> int:
    if limit is not None:
        return limit
    hint = preset.hints.read_limit
    return _STREAM_LIMIT if hint is None else hint


def _set_limits(transport: asyncio.WriteTransport, hints: Hints) -> None:
    if hints.write_high is not None:
        transport.set_write_buffer_limits(hints.write_high, hints.write_low)


def _wants(preset: Preset, role: str, option: str) -> bool:
    return any(entry.option == option and entry.requested == 1 for entry in preset.plan(role))


def _re_arms(preset: Preset) -> bool:
    return _wants(preset, "client", "quickack")


def _after_connect(preset: Preset, role: str) -> bool:
    """Whether a connection's options are to be set once its transport is there: asyncio and uvloop
    set TCP_NODELAY then, and priority is not inherited. quickack is set with each read."""
    plan = preset.plan(role)
    if any(entry.option == "nodelay" and entry.requested == 0 for entry in plan):
        return True
    return role == "accepted" and any(
        entry.outcome == "planned" and entry.option != "quickack" for entry in plan)


def _tuned(factory: Factory, preset: Preset, role: str) -> Factory:
    hints, again = preset.hints, _after_connect(preset, role)
    make = quickack(factory, preset)
    if not again and hints.write_high is None:
        return make

    def tune(transport: asyncio.Transport) -> None:
        if again:
            _tell(preset.apply(transport.get_extra_info("socket"), role))
        _set_limits(transport, hints)

    return lambda: _First(make(), tune)


class _First(asyncio.Protocol):
    """Tunes a new transport, and gives way to the connection's own protocol."""

    __slots__ = ("_protocol", "_tune")

    def __init__(self, protocol: asyncio.BaseProtocol,
                 tune: Callable[[asyncio.Transport], None]) -> None:
        self._protocol = protocol
        self._tune = tune

    def connection_made(self, transport: Any) -> None:
        self._tune(transport)
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(transport)


class _QuickackBase(asyncio.BaseProtocol):
    """Passes a protocol's calls on. The socket's own setsockopt() costs less than ctypes."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def connection_made(self, transport: Any) -> None:
        self._closing = transport.is_closing
        self._arm = partial(transport.get_extra_info("socket").setsockopt, socket.IPPROTO_TCP,
                            socket.TCP_QUICKACK, 1)
        self._arm()
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def eof_received(self) -> Any:
        return self._protocol.eof_received()


class _Quickack(_QuickackBase, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)
        if not self._closing():  # an answer that was just written carries the acknowledgement
            self._arm()


class _BufferedQuickack(_QuickackBase, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint: int) -> Any:
        return self._protocol.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.buffer_updated(nbytes)
        if not self._closing():
            self._arm()
