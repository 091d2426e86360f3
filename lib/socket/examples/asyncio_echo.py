#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An echo server of several processes, each with its own listener from one preset.

usage: asyncio_echo.py [--workers N] [--preset LINE] [--host HOST] PORT

The preset has reuse-port: the kernel spreads connections over the listeners, and no process accepts
for the others. Ends on SIGINT or SIGTERM.
"""
import argparse
import asyncio
import multiprocessing
import signal

import nettune
import nettune.aio

PRESET = "reuse-port=1,nodelay=1,notsent-lowat=16KiB,write-buffer-high=16KiB,write-buffer-low=4KiB"


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()  # returns once less than write-buffer-high waits
    except ConnectionError:
        pass  # the client is gone, and with it what there was to do
    finally:
        writer.close()


async def serve(host, port, preset):
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await nettune.aio.start_server(echo, host, port, preset=preset)
    print(f"{multiprocessing.current_process().name} listens\n", end="", flush=True)
    async with server:
        await stop.wait()


def work(host, port, preset):
    asyncio.run(serve(host, port, preset))


def main():
    parser = argparse.ArgumentParser(description="echo server of several processes")
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--preset", type=nettune.Preset.line, default=PRESET)
    arguments = parser.parse_args()
    workers = [multiprocessing.Process(target=work, name=f"worker {i}",
                                       args=(arguments.host, arguments.port, arguments.preset))
               for i in range(arguments.workers)]
    for worker in workers:
        worker.start()

    def stop(*_):
        for worker in workers:
            worker.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
