"""Whoever connects and keeps silent is let go; whoever asks is answered, however slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.web.connections import PunctualConnection
from shared.web.server import HttpServer

HEAD_SECONDS_MAX = 0.3
ASKING = b"GET / HTTP/1.1\r\nHost: sammen.test\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(2 * HEAD_SECONDS_MAX)
    await Response("done")(scope, receive, send)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpServer]:
    monkeypatch.setattr(PunctualConnection, "head_seconds_max", HEAD_SECONDS_MAX)
    server = HttpServer("HTTP", "127.0.0.1", 0)
    await server.start(slowly)
    yield server
    await server.stop()


@asynccontextmanager
async def connected(server: HttpServer) -> AsyncIterator[Connection]:
    """A connection, on which the time runs from now on: no fixture, whose test may begin late."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def said(reader: asyncio.StreamReader) -> bytes:
    """Everything the server says until it hangs up."""
    async with asyncio.timeout(20):
        return await reader.read()


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", ASKING])
async def test_a_request_that_never_begins_is_not_waited_for(
    server: HttpServer, beginning: bytes
) -> None:
    async with connected(server) as (reader, writer):
        writer.write(beginning)
        assert await said(reader) == b""


async def test_a_head_that_comes_in_drops_buys_no_time(server: HttpServer) -> None:
    async with connected(server) as (reader, writer):
        listening = asyncio.create_task(said(reader))
        drops = 0
        while not listening.done():
            writer.write(b"X-Drop: 1\r\n" if drops else ASKING)
            drops += 1
            await asyncio.sleep(HEAD_SECONDS_MAX / 10)
        assert drops < 1000


async def test_a_request_is_answered_and_the_next_one_on_the_same_line_too(
    server: HttpServer,
) -> None:
    async with connected(server) as (reader, writer):
        for _ in range(2):
            writer.write(ASKING + b"\r\n")
            async with asyncio.timeout(20):
                assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200")
        writer.write(ASKING)
        assert await said(reader) == b""
