"""Offsets on the brokers that go beyond what a database has decided: nothing is passed over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec
from structlog.testing import capture_logs

from shared.database import Database
from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import OffsetGapError
from tests.integration.kafka.line import COMPANIES, PARTITIONS, Line, open_line
from tests.support.buses import READER
from tests.support.kafka_bus import TIMES, KafkaBus
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


async def keep(owner: Database) -> None:
    """Take a copy of what is decided."""
    async with owner.transaction() as connection:
        for table in DECIDED:
            await connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")


async def set_back(owner: Database) -> None:
    """Put the copy in the place of what is decided, as a restored backup does."""
    async with owner.transaction() as connection:
        for table in DECIDED:
            await connection.execute(f"TRUNCATE {table}")
            await connection.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}"  # noqa: S608
            )


def ends(line: Line) -> list[TopicPartition]:
    """Each partition with the offset its next record will have."""
    places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    answers = line.bus.admin.list_offsets(dict.fromkeys(places, OffsetSpec.latest()))
    return [TopicPartition(TOPIC, p.partition, end.result().offset) for p, end in answers.items()]


async def remove_all(line: Line) -> None:
    """What retention does to records nobody has heard for too long."""
    for end in ends(line):
        await line.bus.delete_records(TOPIC, partition=end.partition, before=end.offset)


def move_to_the_end(line: Line, group: str) -> None:
    """What `kafka-consumer-groups --reset-offsets --to-latest` does."""
    change = ConsumerGroupTopicPartitions(group, ends(line))
    for answer in line.bus.admin.alter_consumer_group_offsets([change]).values():
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

    async def agrees() -> bool:
        by_company: dict[str, list[str]] = {cvr: [] for cvr in COMPANIES}
        for row in await seen(line.world.bonus):
            by_company[row.cvr].append(row.detail)
        return by_company == expected

    await until(agrees, what="all is decided once and in order")


async def open_reader(line: Line, *, look_seconds: float) -> KafkaTransport:
    """Bonus's way to the brokers, with looks so far apart."""
    reader = KafkaTransport(line.bus.access(READER), times=TIMES, look_seconds=look_seconds)
    await reader.start()
    line.stack.push_async_callback(reader.close)
    return reader


async def decided(line: Line, *days: int) -> Consumer:
    """A member that has decided these days."""
    consumer = await line.add_consumer()
    await tell(line, days)
    await all_decided(line, days)
    return consumer


async def stops_for_a_gap(line: Line) -> None:
    """A member that is added says that records are gone, and nothing is passed over."""
    consumer = await line.add_consumer()
    await until(lambda: consumer.failure() is not None, what="it stops")
    assert isinstance(consumer.failure(), OffsetGapError)


async def test_a_group_moved_forward_by_hand_skips_nothing(line: Line) -> None:
    consumer = await decided(line, 1, 2)
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
    consumer = await decided(line, 1, 2)
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await consumer.stop()
    await set_back(owner)
    await all_decided(line, [1, 2])
    await line.add_consumer()
    await all_decided(line, [1, 2, 3, 4])


@pytest.mark.parametrize("more", [[], [5]])
@pytest.mark.parametrize("kept", ["before_it_was_heard", "before_the_first_batch", "later"])
async def test_a_stand_by_that_lacks_the_last_transactions_catches_up(
    line: Line, owner: Database, kept: str, more: list[int]
) -> None:
    """Also when nothing more is told that would show it."""
    if kept == "before_it_was_heard":
        await keep(owner)
    consumer = await line.add_consumer()
    if kept == "before_the_first_batch":
        await keep(owner)
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    if kept == "later":
        await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    with capture_logs() as said:
        await set_back(owner)
        await tell(line, more)
        await all_decided(line, [1, 2, 3, 4, *more])
    assert any(each["event"] == "decisions_lost" for each in said)
    assert consumer.failure() is None
    await tell(line, [6])
    await all_decided(line, [1, 2, 3, 4, *more, 6])
    await until(_has_no_lag(consumer), what="it stands at the end")


async def test_a_member_that_has_decided_nothing_yet_notices_as_well(
    line: Line, owner: Database
) -> None:
    """By the next batch: it looks long after the test."""
    before = await decided(line, 1, 2)
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await before.stop()
    line.reader = await open_reader(line, look_seconds=300.0)
    consumer = await line.add_consumer()
    await until(_has_no_lag(consumer), what="it stands at the end")
    await set_back(owner)
    await tell(line, [5])
    await all_decided(line, [1, 2, 3, 4, 5])


async def test_a_database_that_is_empty_hears_everything(line: Line, owner: Database) -> None:
    await keep(owner)
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    await set_back(owner)
    await line.add_consumer()
    await all_decided(line, [1, 2])


async def test_what_was_heard_before_offsets_were_kept_is_not_heard_again(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("UPDATE heard_topic SET from_the_first = false")
        for table in ("decided_offset", "inbox"):
            await connection.execute(f"TRUNCATE {table}")
    await line.add_consumer()
    await tell(line, [3])
    await all_decided(line, [1, 2, 3])


async def test_records_gone_beyond_what_is_decided_stop_a_group_that_is_forgotten(
    line: Line,
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    line.bus.admin.delete_consumer_groups([consumer.name])[consumer.name].result()
    await tell(line, [3])
    await remove_all(line)
    await stops_for_a_gap(line)


async def test_records_gone_beyond_what_is_committed_stop_who_has_decided_nothing(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("TRUNCATE decided_offset")
    await tell(line, [3])
    await remove_all(line)
    await stops_for_a_gap(line)


def _has_no_lag(consumer: Consumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        progress = await consumer.progress()
        return len(progress.positions) == PARTITIONS and progress.lag == 0

    return check
