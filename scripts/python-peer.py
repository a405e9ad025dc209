"""The Python half of scripts/test-python-peer.js, on the package websockets.

    python-peer.py client <none|deflate> <url>   sends, and checks the echoes
    python-peer.py server <none|deflate>         echoes, until its input ends
"""

import asyncio
import contextlib
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError

LENGTHS = [0, 1, 125, 126, 65535, 65536, 2**20]


async def client(compression, url):
    options = {"compression": compression, "max_size": None}

    async with connect(url, **options) as websocket:
        agreed = len(websocket.protocol.extensions) > 0
        assert agreed == (compression is not None), "compression"

        for length in LENGTHS:
            for data in ["é" * length, bytes(i % 251 for i in range(length))]:
                await websocket.send(data)
                assert await websocket.recv() == data, length

        await websocket.send(["in ", "", "three ", "parts"])
        assert await websocket.recv() == "in three parts"
        await (await websocket.ping(b"are you there"))

        await websocket.send("mixture")
        for i in range(40):
            text = f"{i} " + "what comes again, " * 7 ** (i % 5)
            assert await websocket.recv() == f"own {text}", i
            assert await websocket.recv() == f"all {text}", i

        await websocket.close(4001, "done")
        assert websocket.close_code == 4001


async def echo(websocket):
    # 4001, with which the other side says goodbye, is an error to websockets.
    with contextlib.suppress(ConnectionClosedError):
        async for message in websocket:
            await websocket.send(message)


async def server(compression):
    options = {"compression": compression, "max_size": None}

    async with serve(echo, "127.0.0.1", 0, **options) as running:
        print(running.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


role, compression, *rest = sys.argv[1:]
main = client if role == "client" else server
asyncio.run(main(None if compression == "none" else compression, *rest))
