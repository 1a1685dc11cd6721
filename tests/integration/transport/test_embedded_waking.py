"""Consumers of the embedded bus hear at once, rest when nothing comes, and are replaced quickly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.messaging.embedded import EmbeddedTransport, membership
from shared.messaging.transport import Subscription
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.transports import EmbeddedBus
from tests.support.waiting import until

# Far longer than a test may take: what happens in time happened for another reason.
NEVER_SECONDS = 600.0

Open = Callable[[str], Awaitable[EmbeddedTransport]]


@pytest.fixture
async def open_patient(embedded: EmbeddedBus) -> AsyncIterator[Open]:
    """Open transports that never look by themselves, and forgive any silence."""
    opened: list[EmbeddedTransport] = []

    async def open_as(principal: str) -> EmbeddedTransport:
        transport = EmbeddedTransport(
            embedded.database.url(f"sammen_{principal}"),
            session_timeout_seconds=NEVER_SECONDS,
            poll_seconds=NEVER_SECONDS,
        )
        opened.append(transport)
        await transport.start()
        return transport

    yield open_as
    for transport in opened:
        await transport.close()


async def test_a_consumer_is_woken_by_what_is_appended(
    embedded: EmbeddedBus, open_patient: Open, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    writer, reader = await open_patient(WRITER), await open_patient(READER)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    waits = []
    for number in range(1, 21):
        began = time.monotonic()
        await writer.publish([record(topic)])
        await until(lambda number=number: len(inbox.records) == number, what="it has arrived")
        waits.append(time.monotonic() - began)
    await consumer.stop()
    assert sorted(waits)[10] < 0.5


async def test_a_member_hears_of_its_new_partitions_at_once(
    embedded: EmbeddedBus,
    open_patient: Open,
    topic: str,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(membership, "HEARTBEAT_SECONDS_MAX", NEVER_SECONDS)
    await embedded.create_topic(topic, partitions=2)
    reader = await open_patient(READER)
    first, second = (reader.consumer(Subscription(group, (topic,)), Inbox()) for _ in range(2))
    await first.start()
    await second.start()

    async def is_shared() -> bool:
        return len(await first.positions()) == len(await second.positions()) == 1

    await until(is_shared, what="each holds one")
    await first.stop()

    async def is_handed_over() -> bool:
        return len(await second.positions()) == 2

    await until(is_handed_over, what="the one left holds both")
    await second.stop()


async def test_a_member_whose_connections_are_gone_is_replaced_before_its_session_ends(
    embedded: EmbeddedBus, open_patient: Open, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    writer, dying, living = [await open_patient(each) for each in (WRITER, READER, READER)]
    stuck, inbox = Inbox(), Inbox()
    stuck.may_return.clear()
    await dying.consumer(Subscription(group, (topic,)), stuck).start()
    await writer.publish([record(topic, b"1")])
    await stuck.entered.wait()
    consumer = living.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    began = time.monotonic()
    await dying.close()
    await until(lambda: bool(inbox.records), what="the batch has come to the other")
    assert time.monotonic() - began < NEVER_SECONDS / 10
    await consumer.stop()


async def test_a_waiting_consumer_asks_little_of_the_database(
    embedded: EmbeddedBus, open_patient: Open, topic: str, group: str
) -> None:
    await embedded.create_topic(topic, partitions=12)
    reader = await open_patient(READER)
    consumer = reader.consumer(Subscription(group, (topic,)), Inbox())
    await consumer.start()

    async def has_joined() -> bool:
        return len(await consumer.positions()) == 12

    await until(has_joined, what="it holds all partitions")
    asked: set[tuple[object, ...]] = set()
    until_when = time.monotonic() + 3.0
    while time.monotonic() < until_when:
        asked |= await _last_asked(embedded)
        await asyncio.sleep(0.05)
    # Its heartbeats, once a second each, and what it had asked before.
    assert 2 <= len(asked) <= 12
    await consumer.stop()


async def _last_asked(embedded: EmbeddedBus) -> set[tuple[object, ...]]:
    """When each connection of the reader asked last: the database's own work does not count."""
    rows = await embedded.as_superuser(
        """
        SELECT pid, query_start
        FROM pg_stat_activity
        WHERE datname = current_database() AND usename = $1
        """,
        f"sammen_{READER}",
    )
    return {tuple(row) for row in rows}
