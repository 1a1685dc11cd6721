"""Ending what aiokafka began, also when a broker hangs: within seconds, and whatever it raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.client import AIOKafkaClient

CLOSE_SECONDS_MAX: Final = 5.0


async def cut_off(client: AIOKafkaClient) -> None:
    """Drop every connection at once, so that nothing more can be sent or received on them.

    Closing alone would say good-bye in TLS first, and wait half a minute for a broker that hangs.
    """
    connections: dict[object, Any] = getattr(client, "_conns", {})
    for connection in [*connections.values()]:
        if (writer := getattr(connection, "_writer", None)) is not None:
            writer.transport.abort()
    await end(client.close)


async def end(step: Callable[[], Awaitable[object]]) -> None:
    """Take a step that ends something; what goes wrong in it, or takes over 5 s, is let go."""
    task = asyncio.ensure_future(step())
    await asyncio.wait([task], timeout=CLOSE_SECONDS_MAX)
    task.cancel()
    task.add_done_callback(_look_at)


def _look_at(task: asyncio.Future[object]) -> None:
    """Its error was expected, and is nobody's mistake."""
    if not task.cancelled():
        task.exception()
