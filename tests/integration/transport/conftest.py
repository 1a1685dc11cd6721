"""Fixtures of the conformance suite: a bus of each kind, transports to it, and fresh names."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.database import EmbeddedServer
from shared.messaging.transport import Transport
from tests.support.buses import READER, WRITER, Bus
from tests.support.transports import BUSES, EmbeddedBus, embedded_bus, open_address

OpenTransport = Callable[[str], Awaitable[Transport]]


@pytest.fixture(scope="session", params=BUSES)
async def bus(
    request: pytest.FixtureRequest,
    postgres_server: EmbeddedServer,
    template_names: dict[str, str],
) -> AsyncIterator[Bus]:
    async with BUSES[request.param](postgres_server, template_names) as bus:
        yield bus


@pytest.fixture(scope="session")
async def embedded(
    postgres_server: EmbeddedServer, template_names: dict[str, str]
) -> AsyncIterator[EmbeddedBus]:
    """An embedded bus, for what only that kind promises."""
    async with embedded_bus(postgres_server, template_names) as bus:
        yield bus


@pytest.fixture
async def open_transport(bus: Bus) -> AsyncIterator[OpenTransport]:
    """Start transports, each as the principal asked for; closed after the test."""
    opened: list[Transport] = []

    async def open_as(principal: str) -> Transport:
        transport = open_address(bus.address(principal))
        opened.append(transport)
        await transport.start()
        return transport

    yield open_as
    for transport in reversed(opened):
        await transport.close()


@pytest.fixture
async def writer(open_transport: OpenTransport) -> Transport:
    return await open_transport(WRITER)


@pytest.fixture
async def reader(open_transport: OpenTransport) -> Transport:
    return await open_transport(READER)


@pytest.fixture
def topic() -> str:
    """A topic name nobody used before; the test creates it."""
    return f"test.{secrets.token_hex(6)}.v1"


@pytest.fixture
def group() -> str:
    """A group of the reader that nobody joined before."""
    return f"{READER}.{secrets.token_hex(6)}"
