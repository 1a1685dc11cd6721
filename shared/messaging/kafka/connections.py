"""Ending what aiokafka began, also when a broker hangs: within seconds, and whatever it raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import client
from aiokafka.client import AIOKafkaClient

CLOSE_SECONDS_MAX: Final = 5.0

_library: Final[Any] = client
_begin: Final[Any] = AIOKafkaClient.bootstrap
_connect: Final[Any] = _library.create_conn
_begun: Final[dict[asyncio.Task[object] | None, list[Any]]] = {}


def close_when_interrupted() -> None:
    """Have aiokafka's clients in this process close what they began with, also when cut short.

    aiokafka knows the connection that a client asks for its first metadata only inside of that
    step: interrupted there, it leaves the connection open to be found by the garbage collector.
    """
    _library.create_conn = _create_conn
    _library.AIOKafkaClient.bootstrap = _bootstrap


async def _create_conn(*arguments: object, **options: object) -> Any:  # noqa: ANN401 - aiokafka's
    connection = await _connect(*arguments, **options)
    # Those made by other tasks are the client's own, which closes them.
    if (begun := _begun.get(asyncio.current_task())) is not None:
        begun.append(connection)
    return connection


async def _bootstrap(client: AIOKafkaClient) -> None:
    task = asyncio.current_task()
    begun = _begun[task] = []
    try:
        await _begin(client)
    except BaseException:
        for connection in begun:
            _drop(connection)
            connection.close()
        raise
    finally:
        del _begun[task]


async def cut_off(client: AIOKafkaClient) -> None:
    """Drop every connection at once, so that nothing more can be sent or received on them.

    Closing alone would say good-bye in TLS first, and wait half a minute for a broker that hangs.
    """
    connections: dict[object, Any] = getattr(client, "_conns", {})
    for connection in [*connections.values()]:
        _drop(connection)
    await end(client.close)


def _drop(connection: object) -> None:
    if (writer := getattr(connection, "_writer", None)) is not None:
        writer.transport.abort()


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
