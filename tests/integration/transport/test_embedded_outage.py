"""PostgreSQL goes and comes back in mid-run: everybody goes on by themselves, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.database import EmbeddedPostgres
from shared.messaging.transport import (
    Subscription,
    Transport,
    TransportUnavailableError,
)
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.lifelines import guarded
from tests.support.transports import EmbeddedBus, embedded_bus, open_address
from tests.support.waiting import until

Stop = Callable[[EmbeddedPostgres], Awaitable[None]]


@pytest.fixture
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, running."""
    folder = Path(tempfile.mkdtemp(prefix="sammen-test-bus-"))
    server = EmbeddedPostgres(folder / "server", durable=False)
    with guarded(folder):
        await server.start()
        yield server
        await server.stop()


@pytest.fixture
async def own_bus(postgres: EmbeddedPostgres) -> AsyncIterator[EmbeddedBus]:
    async with embedded_bus(await postgres.start(), {}) as bus:
        yield bus


async def stop_in_order(postgres: EmbeddedPostgres) -> None:
    await postgres.stop()


async def kill(postgres: EmbeddedPostgres) -> None:
    running = await postgres.start()
    assert running.found_running
    os.kill(running.pid, signal.SIGKILL)


async def publish_in_order(writer: Transport, topic: str, numbers: range) -> int:
    """Publish in batches, each again until it is taken; how many tries failed."""
    failures = 0
    for start in numbers[::10]:
        batch = [
            record(topic, b"%d" % each, key=b"%d" % (each % 3)) for each in range(start, start + 10)
        ]
        while True:
            try:
                await writer.publish(batch)
            except TransportUnavailableError:
                failures += 1
                await asyncio.sleep(0.02)
            else:
                break
    return failures


@pytest.mark.parametrize("end", [stop_in_order, kill])
async def test_a_server_stopped_and_started_under_load_loses_nothing(
    postgres: EmbeddedPostgres, own_bus: EmbeddedBus, topic: str, group: str, end: Stop
) -> None:
    await own_bus.create_topic(topic, partitions=3)
    writer, reader = (open_address(own_bus.address(each)) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    inboxes = Inbox(), Inbox()
    members = [
        reader.consumer(Subscription(group, (topic,), batch_records_max=20), inbox)
        for inbox in inboxes
    ]
    for member in members:
        await member.start()
    seen: dict[bytes | None, None] = {}

    def numbers_seen() -> int:
        seen.update(dict.fromkeys(value for inbox in inboxes for value in inbox.values))
        return len(seen)

    publishing = asyncio.create_task(publish_in_order(writer, topic, range(2000)))
    for reached in (300, 900):
        await until(lambda reached=reached: numbers_seen() >= reached, what="they are at work")
        await end(postgres)
        await asyncio.sleep(0.2)
        await postgres.start()
    assert await publishing > 0, "the outage was never noticed"
    await until(lambda: numbers_seen() == 2000, what="all have arrived")
    for member in members:
        await member.stop()
        assert member.failure() is None
    await writer.close()
    await reader.close()


async def test_publishing_while_the_server_is_away_fails_at_once(
    postgres: EmbeddedPostgres, own_bus: EmbeddedBus, topic: str
) -> None:
    await own_bus.create_topic(topic)
    writer = open_address(own_bus.address(WRITER))
    await writer.start()
    await writer.publish([record(topic)])
    await postgres.stop()
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(TransportUnavailableError):
            await writer.publish([record(topic)])
        assert time.monotonic() - began < 1.0
    await postgres.start()
    await writer.publish([record(topic)])
    await writer.close()


async def test_a_batch_in_flight_during_an_outage_is_committed_after_it(
    postgres: EmbeddedPostgres, own_bus: EmbeddedBus, topic: str, group: str
) -> None:
    await own_bus.create_topic(topic)
    writer, reader = (open_address(own_bus.address(each)) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    await writer.publish([record(topic, b"1")])
    inbox = Inbox()
    inbox.may_return.clear()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await inbox.entered.wait()
    await postgres.stop()
    inbox.may_return.set()
    await asyncio.sleep(0.1)
    await postgres.start()
    await writer.publish([record(topic, b"2")])
    await until(lambda: len(inbox.records) >= 2, what="the second has arrived")
    await consumer.stop()
    assert inbox.values == [b"1", b"2"]
    await writer.close()
    await reader.close()


async def test_stopping_during_an_outage_gives_up_what_it_can_not_commit(
    postgres: EmbeddedPostgres, own_bus: EmbeddedBus, topic: str, group: str
) -> None:
    await own_bus.create_topic(topic)
    writer, reader = (open_address(own_bus.address(each)) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    await writer.publish([record(topic, b"1")])
    stuck, inbox = Inbox(), Inbox()
    stuck.may_return.clear()
    consumer = reader.consumer(Subscription(group, (topic,)), stuck)
    await consumer.start()
    await stuck.entered.wait()
    await postgres.stop()
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.sleep(0)
    stuck.may_return.set()
    async with asyncio.timeout(5.0):
        await stopping
    assert consumer.failure() is None
    await postgres.start()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: inbox.values == [b"1"], what="the batch has come again")
    await consumer.stop()
    await writer.close()
    await reader.close()


async def test_starting_waits_for_a_server_that_is_still_starting(
    postgres: EmbeddedPostgres, own_bus: EmbeddedBus, topic: str
) -> None:
    await own_bus.create_topic(topic)
    await postgres.stop()
    writer = open_address(own_bus.address(WRITER))
    starting = asyncio.create_task(writer.start())
    await asyncio.sleep(0.3)
    assert not starting.done()
    await postgres.start()
    await starting
    await writer.publish([record(topic)])
    await writer.close()
