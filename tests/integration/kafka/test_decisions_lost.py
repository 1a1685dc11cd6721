"""Offsets on the brokers that go beyond what a database has decided: nothing is passed over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec
from structlog.testing import capture_logs
from structlog.typing import EventDict

from shared.database import Database
from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from tests.integration.kafka.line import COMPANIES, PARTITIONS, Line, open_line
from tests.support.kafka_bus import KafkaBus
from tests.support.messaging import TOPIC, open_database, publish, seen, updated
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

DECIDED = ("seen", "inbox", "decided_offset", "heard_topic")
"""The tables that bonus writes when it decides."""


@pytest.fixture
async def line(one: KafkaBus, database_factory: DatabaseFactory) -> AsyncIterator[Line]:
    async with open_line(one, database_factory) as line:
        yield line


@pytest.fixture
async def owner(line: Line) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        yield await open_database(stack, line.world.database.owner_url, "bonus")


async def keep(owner: Database, tables: Collection[str] = DECIDED) -> None:
    """Take a copy of what is decided."""
    async with owner.transaction() as connection:
        for table in tables:
            await connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")


async def set_back(owner: Database, tables: Collection[str] = DECIDED) -> None:
    """Put the copy in the place of what is decided, as a restored backup does."""
    async with owner.transaction() as connection:
        for table in tables:
            await connection.execute(f"TRUNCATE {table}")
            await connection.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}"  # noqa: S608
            )


def move_to_the_end(line: Line, group: str) -> None:
    """What `kafka-consumer-groups --reset-offsets --to-latest` does."""
    admin = line.bus.admin
    places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    ends = admin.list_offsets(dict.fromkeys(places, OffsetSpec.latest()))
    offsets = [TopicPartition(TOPIC, p.partition, end.result().offset) for p, end in ends.items()]
    change = ConsumerGroupTopicPartitions(group, offsets)
    for answer in admin.alter_consumer_group_offsets([change]).values():
        assert all(each.error is None for each in answer.result().topic_partitions)


async def tell(line: Line, days: Iterable[int]) -> None:
    """Something about every company on each of the days of March, all of it on the bus."""
    for day in days:
        await publish(line.world, [updated(cvr, day) for cvr in COMPANIES])

    async def all_sent() -> bool:
        async with line.world.membership.connection() as connection:
            return (await outbox.count_waiting(connection)).rows == 0

    await until(all_sent, what="the relay has sent all")


async def all_decided(line: Line, days: Iterable[int]) -> None:
    """Wait until all of these days are decided: each once, in order for every company."""
    expected = {cvr: [str(day) for day in days] for cvr in COMPANIES}

    async def decided() -> bool:
        by_company: dict[str, list[str]] = {cvr: [] for cvr in COMPANIES}
        for row in await seen(line.world.bonus):
            by_company[row.cvr].append(row.detail)
        return by_company == expected

    await until(decided, what="all is decided once and in order")


def times(said: list[EventDict], action: str) -> int:
    return sum(line["event"] == action for line in said)


async def test_a_group_moved_forward_by_hand_skips_nothing(line: Line) -> None:
    consumer = await line.add_consumer()
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await consumer.stop()
    await tell(line, [3, 4])
    move_to_the_end(line, consumer.name)
    with capture_logs() as said:
        await line.add_consumer()
        await all_decided(line, [1, 2, 3, 4])
    assert [each["records"] for each in said if each["event"] == "records_read_again"] == [20]
    await tell(line, [5])
    await all_decided(line, [1, 2, 3, 4, 5])


async def test_a_database_restored_while_nobody_heard_catches_up(
    line: Line, owner: Database
) -> None:
    consumer = await line.add_consumer()
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await consumer.stop()
    await set_back(owner)
    await all_decided(line, [1, 2])
    await line.add_consumer()
    await all_decided(line, [1, 2, 3, 4])


@pytest.mark.parametrize("more", [[], [5]])
async def test_a_stand_by_that_lacks_the_last_transactions_catches_up(
    line: Line, owner: Database, more: list[int]
) -> None:
    """Also when nothing more is told that would show it."""
    consumer = await line.add_consumer()
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    with capture_logs() as said:
        await set_back(owner)
        await tell(line, more)
        await all_decided(line, [1, 2, 3, 4, *more])
    assert times(said, "decisions_lost") > 0
    assert consumer.failure() is None
    await tell(line, [6])
    await all_decided(line, [1, 2, 3, 4, *more, 6])
    await until(_has_no_lag(consumer), what="it stands at the end")


async def test_a_database_that_is_empty_hears_everything(line: Line, owner: Database) -> None:
    await keep(owner)
    consumer = await line.add_consumer()
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await consumer.stop()
    await set_back(owner)
    await line.add_consumer()
    await all_decided(line, [1, 2])


async def test_what_was_heard_before_offsets_were_kept_is_not_heard_again(
    line: Line, owner: Database
) -> None:
    consumer = await line.add_consumer()
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("UPDATE heard_topic SET from_the_first = false")
        for table in ("decided_offset", "inbox"):
            await connection.execute(f"TRUNCATE {table}")
    await line.add_consumer()
    await tell(line, [3])
    await all_decided(line, [1, 2, 3])


def _has_no_lag(consumer: Consumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return (await consumer.progress()).lag == 0

    return check
