"""No connection outlives an opening that is cut short while a broker is silent."""

from __future__ import annotations

import asyncio
import gc
import struct
from collections.abc import Awaitable, Callable, Iterator

import pytest
from aiokafka import ConsumerRebalanceListener

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.publishing import Publisher
from shared.messaging.kafka.shell import SessionTimes, Shell
from shared.messaging.transport import Subscription, TransportUnavailableError

METADATA = (3, 0, 1)
"""A request's number, and the versions of it that the broker knows."""


class SilentBroker:
    """Says what it knows, as Kafka's protocol has it, and answers nothing that it is asked then."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        answer = request[4:8] + struct.pack(">hihhh", 0, 1, *METADATA)
        writer.write(struct.pack(">i", len(answer)) + answer)
        await reader.readexactly(4)
        self.asked.set()
        await reader.read()
        self.left.set()
        writer.close()


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked: object) -> None:
        raise AssertionError(f"nothing was given, and now {revoked} is taken")

    def on_partitions_assigned(self, assigned: object) -> None:
        raise AssertionError(f"nobody was there to give {assigned}")


async def publish(access: KafkaAccess, _: SilentBroker) -> None:
    with pytest.raises(TransportUnavailableError):
        await Publisher(access, publish_seconds_max=0.5).open()


async def hear(access: KafkaAccess, broker: SilentBroker) -> None:
    async def nothing(_: object) -> None:
        raise AssertionError("it heard of nothing")

    shell = Shell(
        access,
        Subscription("bonus.placements", ("placements.events.v1",)),
        times=SessionTimes(),
        instance=None,
        listener=Listener(),
        on_batch=nothing,
        on_error=lambda _: None,
    )
    opening = asyncio.create_task(shell.open())
    await broker.asked.wait()
    opening.cancel()
    await shell.close()


@pytest.fixture
def nobody_collects() -> Iterator[None]:
    """The garbage collector would close what was forgotten, some day."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nobody_collects")
@pytest.mark.parametrize("begin", [publish, hear])
async def test_what_is_cut_short_leaves_the_broker(
    begin: Callable[[KafkaAccess, SilentBroker], Awaitable[None]],
) -> None:
    broker = SilentBroker()
    async with await asyncio.start_server(broker.serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with asyncio.timeout(10):
            await begin(KafkaAccess(f"{host}:{port}"), broker)
            assert broker.asked.is_set()
            await broker.left.wait()
