"""A network that is slow: a proxy that keeps what passes for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE_BYTES = 65_536


@asynccontextmanager
async def slow_road(port: int, *, delay_seconds: float) -> AsyncIterator[int]:
    """A port of this machine that leads to another one, each way taking so long."""
    loop = asyncio.get_running_loop()
    roads: set[asyncio.Task[None]] = set()

    async def travel(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(PIECE_BYTES):
                loop.call_later(delay_seconds, target.write, piece)
            await asyncio.sleep(delay_seconds)
        except OSError:
            pass  # one end was cut off; the other one is told
        finally:
            target.transport.abort()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        roads.update(
            asyncio.create_task(road) for road in (travel(reader, back), travel(there, writer))
        )

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for road in roads:
            road.cancel()
        await asyncio.gather(*roads, return_exceptions=True)
